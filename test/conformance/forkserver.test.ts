// The suite over forkserver.
import { conform } from "./conform.js";

conform("forkserver");
