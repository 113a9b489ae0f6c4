// What the engine says of an end or of a failed load, as an end of a body and as errors for people. Pure functions: the table of
// codes is here and nowhere else.
import {
  CompileRefused,
  CpuLimitExceeded,
  EngineFailed,
  GuestTrapped,
  HouseFull,
  NotGranted,
  WallLimitExceeded,
} from "../errors/guest.js";
import { InvalidMessage, MemoryLimitExceeded, type Whereabouts } from "../errors/kinds.js";
import type { EngineFailure } from "../native/engine.js";
import type { BodyEnd } from "../protocol/body.js";
import type { ActorLimits } from "./method.js";

export interface EndFacts {
  readonly where: Whereabouts;
  /** The component as it is named in a message. */
  readonly component: string;
  readonly limits: ActorLimits;
  /** ms of CPU since the start. */
  readonly used: number;
  /** It had begun to run. */
  readonly started: boolean;
  /** How long it may have waited for a place, in ms. */
  readonly startTimeout: number;
  readonly maxActors: number;
}

/** How an instance ended. */
export function statusOf(failure: EngineFailure, facts: EndFacts): BodyEnd["status"] {
  switch (failure.code) {
    case "returned":
      return { kind: "exited", code: 0 };
    case "killed":
      return { kind: "lost" };
    case "full":
      return {
        kind: "unborn",
        phase: "spawn",
        error: new HouseFull(facts.where, facts.maxActors, facts.startTimeout),
      };
  }
  const error = endError(failure, facts);
  return facts.started ? { kind: "failed", error } : { kind: "unborn", phase: "load", error };
}

function endError(failure: EngineFailure, facts: EndFacts): Error {
  const { where, limits } = facts;
  const used = Math.round(facts.used);
  const why = withoutStop(failure.message).replace(/^wasm trap: /, "");
  switch (failure.code) {
    case "cpu":
      return new CpuLimitExceeded(where, { per: "call", limit: limits.cpu, used });
    case "cpu-total":
      return new CpuLimitExceeded(where, { per: "life", limit: limits.cpuTotal, used });
    case "memory":
      return new MemoryLimitExceeded(where, why, limits.memory);
    case "wall":
      return new WallLimitExceeded(where, limits.wall);
    case "stack":
    case "trap":
    case "fuel":
    case "handles":
      return new GuestTrapped(
        where,
        failure.code,
        facts.started ? why : `it could not be instantiated: ${why}`,
        failure.frames,
      );
    case "instantiate":
      return new GuestTrapped(where, "trap", `it could not be instantiated: ${why}`, failure.frames);
    case "breach":
      return new InvalidMessage(why);
    default:
      return loadError(failure, where, facts.component);
  }
}

/** Why a component could not be loaded. */
export function loadError(failure: EngineFailure, where: Whereabouts, component: string): Error {
  const why = withoutStop(failure.message);
  const refused = (reason: CompileRefused["reason"], text: string): CompileRefused =>
    new CompileRefused(where, component, reason, text);
  switch (failure.code) {
    case "core-module":
      return refused(
        "core-module",
        `${component} is a core WebAssembly module and not a component. Make a component of it, as wasm-tools component new does`,
      );
    case "malformed":
      return refused(
        "malformed",
        `${component} is no component: ${why}. Build it anew, or see what has cut or changed it`,
      );
    case "refused":
      return refused("refused", `${component} is beyond what is loaded: ${why}`);
    case "compile":
      return refused("compile", `${component} could not be compiled: ${why}`);
    case "compile-time":
    case "compile-memory":
      return refused(failure.code, `${component} could not be compiled: ${why}. Make it smaller, or its functions`);
    case "not-cached":
      return refused(
        "compile",
        `${component} was changed, or its compiled form removed, while it was compiled. Start it anew`,
      );
    case "world":
      return refused("world", `${component} is no actor of brood's: ${why}`);
    case "import": {
      const [, name] = /^it imports (\S+), /.exec(failure.message) ?? [];
      return name === undefined
        ? refused("compile", `${component} does not fit this host: ${why}`)
        : new NotGranted(where, component, [name]);
    }
    case "io":
      return new Error(`${component} cannot be read: ${why}`);
    default:
      return new EngineFailed(where, why);
  }
}

const withoutStop = (text: string): string => text.replace(/\.$/, "");
