// Arms the lifeline before the modules that flags of the user's preload. It comes by --require, only where there are such flags,
// and workers and processes that the actor forks may inherit it: there it does nothing.
import { isMainThread } from "node:worker_threads";
import { CHANNEL_VARIABLE } from "../protocol/entry-contract.js";
import { armLifeline } from "./arm.js";

if (isMainThread && process.env[CHANNEL_VARIABLE] !== undefined) {
  armLifeline();
  // Nobody below needs to know of this flag.
  const at = process.execArgv.findIndex(
    (flag, index) => flag === "--require" && process.execArgv[index + 1] === __filename,
  );
  if (at >= 0) process.execArgv.splice(at, 2);
}
