// Runs in a process actor before anything else, flags of the user's included: from here on the end of the host is the end of
// this process and its group, also while it loops for ever. It comes by --require, which workers and processes that the
// actor forks may inherit: there it does nothing.
import { isMainThread } from "node:worker_threads";
import { loadForkserver } from "../native/load.js";
import { CHANNEL_VARIABLE, LIFELINE_FD } from "../protocol/entry-contract.js";

if (isMainThread && process.env[CHANNEL_VARIABLE] !== undefined) {
  loadForkserver().armLifeline(LIFELINE_FD);
  // Nobody below needs to know of this flag.
  const at = process.execArgv.findIndex((flag, index) => flag === "--require" && process.execArgv[index + 1] === __filename);
  if (at >= 0) process.execArgv.splice(at, 2);
}
