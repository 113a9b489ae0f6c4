// All rows, in the order of the table.
import type { Row } from "./harness/row.js";
import { cancel25 } from "./rows/cancel-25.js";
import { execSpawn } from "./rows/exec-spawn.js";
import { processCallBytes } from "./rows/process-call-bytes.js";
import { processCallText } from "./rows/process-call-text.js";
import { processPipelined } from "./rows/process-pipelined.js";

export const ROWS: readonly Row[] = [execSpawn, processCallText, processCallBytes, processPipelined, cancel25];
