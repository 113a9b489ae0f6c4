// The errors of what runs inside this process: what a guest may not do, where it ended of itself, and why it was not let in.
// `why` is each one's reason without the actor; brood finds it there for a StartFailed.
import { BroodError } from "./base.js";
import { at, sentence, type Whereabouts } from "./kinds.js";
import type { ActorId } from "./identity.js";

/** An actor used more CPU time than it was allowed, and was ended. */
export class CpuLimitExceeded extends BroodError {
  static readonly code = "ERR_BROOD_CPU_LIMIT";
  readonly code = CpuLimitExceeded.code;
  override readonly name = "CpuLimitExceeded";
  readonly actor: ActorId;
  readonly path: string;
  /** Of one call (`limits.cpu`), or of its whole life (`limits.cpuTotal`). */
  readonly per: "call" | "life";
  /** In ms. */
  readonly limit: number;
  /** CPU time of its whole life, in ms. */
  readonly used: number;
  readonly why: string;

  constructor(where: Whereabouts, limits: { per: "call" | "life"; limit: number; used: number }) {
    const { per, limit, used } = limits;
    const why =
      per === "call"
        ? `it used more than ${limit} ms of CPU in one call (${used} ms since its start)`
        : `it used ${used} ms of CPU since its start, and had ${limit}`;
    super(`cpu limit exceeded:${at(where)} ${why}. Give it more time, or less to do.`);
    this.actor = where.actor;
    this.path = where.path;
    this.per = per;
    this.limit = limit;
    this.used = used;
    this.why = why;
  }
}

/** An actor lived longer than it was allowed, and was ended. */
export class WallLimitExceeded extends BroodError {
  static readonly code = "ERR_BROOD_WALL_LIMIT";
  readonly code = WallLimitExceeded.code;
  override readonly name = "WallLimitExceeded";
  readonly actor: ActorId;
  readonly path: string;
  /** In ms. */
  readonly limit: number;
  readonly why: string;

  constructor(where: Whereabouts, limit: number) {
    const why = `it lived longer than ${limit} ms`;
    super(`wall limit exceeded:${at(where)} ${why}. Give it a longer life, or end it before.`);
    this.actor = where.actor;
    this.path = where.path;
    this.limit = limit;
    this.why = why;
  }
}

/** What ended a guest of itself: its stack, an instruction that traps, too much handed to the host at once, too many handles. */
export type TrapKind = "stack" | "trap" | "fuel" | "handles";

/** A guest's own code brought it to an end. Its instance is discarded. */
export class GuestTrapped extends BroodError {
  static readonly code = "ERR_BROOD_TRAP";
  readonly code = GuestTrapped.code;
  override readonly name = "GuestTrapped";
  readonly actor: ActorId;
  readonly path: string;
  readonly trap: TrapKind;
  readonly why: string;
  /** The guest's stack, one frame per line; empty where it is not known. */
  readonly frames: string;

  constructor(where: Whereabouts, trap: TrapKind, why: string, frames = "") {
    super(`guest trapped:${at(where)} ${sentence(why)} The fault is in the component: mend it, or start it anew.`);
    this.actor = where.actor;
    this.path = where.path;
    this.trap = trap;
    this.why = why;
    this.frames = frames;
  }
}

/** Why a component was refused. */
export type RefusalReason =
  | "core-module"
  | "malformed"
  | "refused"
  | "compile"
  | "compile-time"
  | "compile-memory"
  | "world";

/** Why a built actor was not started. */
export type ArtifactReason =
  | "missing"
  | "unreadable"
  | "stale"
  | "protocol"
  | "truncated"
  | "not-wasm"
  | "core-module"
  | "not-an-actor"
  | "build-failed";

/** The component that lies beside an actor's module is not one that was built of it as it is now, for this release. */
export class ArtifactRefused extends BroodError {
  static readonly code = "ERR_BROOD_ARTIFACT";
  readonly code = ArtifactRefused.code;
  override readonly name = "ArtifactRefused";
  readonly actor: ActorId;
  readonly path: string;
  /** Its path. */
  readonly component: string;
  readonly reason: ArtifactReason;
  /** With the command to run. */
  readonly why: string;

  constructor(where: Whereabouts, component: string, reason: ArtifactReason, why: string) {
    super(`artifact refused:${at(where)} ${sentence(why)}`);
    this.actor = where.actor;
    this.path = where.path;
    this.component = component;
    this.reason = reason;
    this.why = why;
  }
}

/** A component was not let in: it is none, it is beyond what brood loads, or it could not be compiled within its bounds. */
export class CompileRefused extends BroodError {
  static readonly code = "ERR_BROOD_COMPILE_REFUSED";
  readonly code = CompileRefused.code;
  override readonly name = "CompileRefused";
  readonly actor: ActorId;
  readonly path: string;
  /** The file, or "(bytes)". */
  readonly component: string;
  readonly reason: RefusalReason;
  readonly why: string;

  constructor(where: Whereabouts, component: string, reason: RefusalReason, why: string) {
    super(`compile refused:${at(where)} ${sentence(why)}`);
    this.actor = where.actor;
    this.path = where.path;
    this.component = component;
    this.reason = reason;
    this.why = why;
  }
}

/** A component imports what it was not granted. */
export class NotGranted extends BroodError {
  static readonly code = "ERR_BROOD_NOT_GRANTED";
  readonly code = NotGranted.code;
  override readonly name = "NotGranted";
  readonly actor: ActorId;
  readonly path: string;
  /** The file, or "(bytes)"; the actor's name, where it is about what that does. */
  readonly component: string;
  /** What it imports and is not granted, as `acme:host/log@1.0.0`; or what it does, as `actors.exec`. */
  readonly imports: readonly string[];
  readonly why: string;

  constructor(
    where: Whereabouts,
    component: string,
    imports: readonly string[],
    why = `${component} imports ${imports.join(", ")}, which it is not granted. ` +
      "This version grants WASI 0.2 without any rights, and actors of its own: build it without that import",
  ) {
    super(`not granted:${at(where)} ${why}.`);
    this.actor = where.actor;
    this.path = where.path;
    this.component = component;
    this.imports = imports;
    this.why = why;
  }
}

/** All places for actors in this process are taken, and none came free in time. */
export class HouseFull extends BroodError {
  static readonly code = "ERR_BROOD_FULL";
  readonly code = HouseFull.code;
  override readonly name = "HouseFull";
  readonly actor: ActorId;
  readonly path: string;
  readonly maxActors: number;
  /** How long it waited, in ms. */
  readonly waited: number;
  readonly why: string;

  constructor(where: Whereabouts, maxActors: number, waited: number) {
    const why =
      `all ${maxActors} places of this process are taken, and none came free within ${waited} ms. ` +
      "End some actors, or allow more: configure({ maxActors })";
    super(`house full:${at(where)} ${why}.`);
    this.actor = where.actor;
    this.path = where.path;
    this.maxActors = maxActors;
    this.waited = waited;
    this.why = why;
  }
}

/** brood's own engine failed. The actor is gone; others live on. */
export class EngineFailed extends BroodError {
  static readonly code = "ERR_BROOD_ENGINE";
  readonly code = EngineFailed.code;
  override readonly name = "EngineFailed";
  readonly actor: ActorId;
  readonly path: string;
  readonly why: string;

  constructor(where: Whereabouts, why: string) {
    super(`engine failed:${at(where)} ${sentence(why)} This is a fault of brood: please report it.`);
    this.actor = where.actor;
    this.path = where.path;
    this.why = why;
  }
}
