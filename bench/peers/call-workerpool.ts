// The worker of callers/workerpool.ts.
import workerpool from "workerpool";
import { add, echo } from "./endpoints.js";

workerpool.worker({ add, echo });
