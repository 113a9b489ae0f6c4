// Laws that fail by themselves where what they wait for never comes: before their deadline, at which the runner ends the whole
// file and every law after them.
import type { section } from "./law.js";
import { soon } from "./soon.js";

type Section = ReturnType<typeof section>;

/** Of a law's deadline, in ms, where it names none; the runner's own default is 20,000. */
const BOUND = 15_000;

/** Declares laws of `one`, each bounded by three quarters of its deadline. */
export function bounded(one: Section): Section["law"] {
  return (sentence, run, options = {}) => {
    const ms = options.deadline === undefined ? BOUND : options.deadline * 0.75;
    one.law(sentence, (env) => soon("all that the law waits for", run(env), ms), options);
  };
}
