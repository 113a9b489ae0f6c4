// The suite over wasm.
import { conform } from "./conform.js";

conform("wasm");
