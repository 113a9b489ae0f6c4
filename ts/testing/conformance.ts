// The conformance suite: one function over a spawn method. Every law is one body, named by its sentence; what a method cannot
// do is refused by a typed error that a law checks, what a law needs and a method lacks is listed with the reason, and what is
// not there yet is listed as pending with the part that brings it.
import type { SpawnMethod } from "../context/surface.js";
import { cancel } from "./laws/cancel.js";
import { componentCalls } from "./laws/component-calls.js";
import { context } from "./laws/context.js";
import { errors } from "./laws/errors.js";
import { kills, limits, links } from "./laws/guest-ends.js";
import { forks } from "./laws/forks.js";
import { guestStarts } from "./laws/guest-starts.js";
import { nursery } from "./laws/nursery.js";
import { observing } from "./laws/observing.js";
import { pools } from "./laws/pools.js";
import { portal } from "./laws/portal.js";
import { streams } from "./laws/streams.js";
import { schemas } from "./laws/schemas.js";
import { signals } from "./laws/signals.js";
import { starting } from "./laws/starting.js";
import { supervisors } from "./laws/supervisors.js";
import type { Law, LawEnv, LawStart, Observer, PendingLaw } from "./law.js";
import { lackOf, type Lack, type Thread } from "./needs.js";

const SECTIONS = [
  nursery,
  portal,
  componentCalls,
  context,
  links,
  streams,
  cancel,
  kills,
  errors,
  limits,
  starting,
  forks,
  guestStarts,
  signals,
  schemas,
  pools,
  supervisors,
  observing,
];

/** A law that is not run, and why. */
export interface LackingLaw {
  readonly law: Law;
  readonly lack: Lack;
}

/** What the suite makes of a method. */
export interface Conformance {
  /** The laws to run. */
  readonly laws: readonly Law[];
  /** The others. */
  readonly lacking: readonly LackingLaw[];
}

/** The laws for a method, where the suite runs in this thread. */
export function conformance(method: SpawnMethod, thread: Thread = "main thread"): Conformance {
  const laws: Law[] = [];
  const lacking: LackingLaw[] = [];
  for (const law of allLaws()) {
    const lack = lackOf(method, thread, law.needs ?? []);
    if (lack === undefined) laws.push(law);
    else lacking.push({ law, lack });
  }
  return { laws, lacking };
}

/** Every law, whatever it needs. */
export function allLaws(): readonly Law[] {
  return SECTIONS.flatMap(({ laws }) => laws);
}

/** The laws that wait for a later part under every method. */
export function pending(): readonly PendingLaw[] {
  return SECTIONS.flatMap((one) => one.pending);
}

export interface LawSettings extends Pick<LawEnv, "directory" | "defer"> {
  /** brood itself, or these two functions of it. */
  readonly observer: Observer;
  /** Where the suite runs. Default: the main thread. */
  readonly thread?: Thread | undefined;
}

/** What a law is given, for one run of it. */
export function lawEnv(
  method: SpawnMethod,
  { directory, defer, observer, thread = "main thread" }: LawSettings,
): LawEnv {
  const has: LawEnv["has"] = (need) => lackOf(method, thread, [need]) === undefined;
  return {
    method,
    has,
    directory,
    defer,
    dumpTree: (options) => observer.dumpTree(options),
    formatTree: (dump) => observer.formatTree(dump),
    options(name, more = {}) {
      const { killTimeout, limits, ...rest } = more;
      const own = has("process")
        ? { ...(killTimeout === undefined ? {} : { killTimeout }) }
        : { grants: { actors: [method] }, ...(limits === undefined ? {} : { limits }) };
      return { spawn: method, ...rest, ...own, name } as LawStart;
    },
  };
}
