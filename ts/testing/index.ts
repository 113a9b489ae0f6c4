// The public names of brood/testing, and nothing else: what brood's own tests are made of, for those who test programs with actors.
export { BreakableChannel, ChannelBreaker, type Break, type ChannelEnd, type Frame } from "./channel-breaker.js";
export {
  allLaws,
  conformance,
  lawEnv,
  pending,
  type Conformance,
  type LackingLaw,
  type LawSettings,
} from "./conformance.js";
export { DeadlinePassed, within, type WithinOptions } from "./deadline.js";
export type { Law, LawEnv, LawMore, LawOptions, LawStart, Observer, PendingLaw } from "./law.js";
export { leakCheck, type LeakCheck } from "./leaks.js";
export type { Lack, Need, Thread } from "./needs.js";
export { runLaw } from "./run-law.js";
export { VirtualClock, VirtualTimer } from "./virtual-clock.js";
export { warmUp } from "./warm-up.js";
