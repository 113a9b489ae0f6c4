// All rows, in the order of the table.
import type { Row } from "./harness/row.js";
import { cancel25Rows } from "./rows/cancel-25.js";
import { componentBytes } from "./rows/component-bytes.js";
import { componentCall } from "./rows/component-call.js";
import { componentPipelined } from "./rows/component-pipelined.js";
import { execSpawn } from "./rows/exec-spawn.js";
import { forkCall } from "./rows/fork-call.js";
import { forkMemory, forkMemoryHeavy } from "./rows/fork-memory.js";
import { forkRate } from "./rows/fork-rate.js";
import { forkSpawn } from "./rows/fork-spawn.js";
import { forkSpawnHeavy } from "./rows/fork-spawn-heavy.js";
import { hostForkRows } from "./rows/host-fork.js";
import { poolCall, poolCallComponent } from "./rows/pool-call.js";
import { processCallBytes } from "./rows/process-call-bytes.js";
import { processCallText } from "./rows/process-call-text.js";
import { processPipelined } from "./rows/process-pipelined.js";
import { restartRows } from "./rows/restart.js";
import { sourceRun } from "./rows/source-run.js";
import { streamRows } from "./rows/streams.js";
import { treeTeardownRows } from "./rows/tree-teardown.js";
import { wasmCall } from "./rows/wasm-call.js";
import { wasmKill } from "./rows/wasm-kill.js";
import { wasmMany } from "./rows/wasm-many.js";
import { wasmMemory } from "./rows/wasm-memory.js";
import { wasmPipelined } from "./rows/wasm-pipelined.js";
import { wasmSpawn } from "./rows/wasm-spawn.js";
import { wasmSpawnComponent } from "./rows/wasm-spawn-component.js";

export const ROWS: readonly Row[] = [
  execSpawn,
  forkSpawn,
  forkSpawnHeavy,
  forkRate,
  forkCall,
  forkMemory,
  forkMemoryHeavy,
  ...hostForkRows,
  processCallText,
  processCallBytes,
  processPipelined,
  ...streamRows,
  poolCall,
  ...cancel25Rows,
  ...treeTeardownRows,
  ...restartRows,
  wasmSpawn,
  wasmSpawnComponent,
  sourceRun,
  wasmCall,
  wasmPipelined,
  componentCall,
  componentPipelined,
  componentBytes,
  poolCallComponent,
  wasmKill,
  wasmMemory,
  wasmMany,
];
