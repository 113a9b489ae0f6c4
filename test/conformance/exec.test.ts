// The suite over exec.
import { conform } from "./conform.js";

conform("exec");
