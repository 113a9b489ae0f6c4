// fork-call: process-call-text over a forked actor: a call with 1 KiB of text, and the same text back.
import { broodCaller } from "../callers/brood.js";
import { processCallText } from "./process-call-text.js";
import type { Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";
import { TEXT } from "./text.js";

export const forkCall: Row = {
  ...processCallText,
  name: "fork-call",
  what: "round trip of 1 KiB of ASCII text to a forked actor, one call after the other",
  brood: () => roundTrips(broodCaller("forkserver"), TEXT, (answer) => answer === TEXT),
};
