// Spawn method `wasm`: an actor is a component's instance inside this process, on the engine's threads. A JavaScript actor speaks
// frames; of any other component the exports are called. The instance ends at once when it is killed, and its end is told when
// nothing of it is left.
import { isBroodError } from "../errors/base.js";
import { ArtifactRefused, EngineFailed, HouseFull } from "../errors/guest.js";
import { InvalidMessage, Unsupported, type Whereabouts } from "../errors/kinds.js";
import { EngineEvent, type EngineFailure } from "../native/engine.js";
import type { Body, BodyEnd, Exports, Lateness } from "../protocol/body.js";
import { ArtifactError } from "./artifact.js";
import { useComponent, type LoadedComponent } from "./components.js";
import { engine, engineSettings } from "./engine.js";
import type { ActorListener, EngineEvents } from "./engine-events.js";
import { EngineTransport } from "./engine-transport.js";
import { builtFrom, shipped, unmapped, type MapStack } from "./guests.js";
import { Tail } from "./lines.js";
import type { BodyRequest, Origin, SpawnMethodImplementation } from "./method.js";
import { loadError, statusOf } from "./wasm-ends.js";

/** The engine stops waiting for a place a little before the start does, so that it can say why: this share, and at most so
 *  many ms. */
const HEADROOM = 0.1;
const MOST_HEADROOM = 50;
/** From a kill to giving up on hearing of the end, in ms: nobody waits for an engine that is stuck. */
const GIVE_UP = 5_000;

export const wasm: SpawnMethodImplementation = {
  check(): void {
    // Its options are limits, checked as values before; no system refuses any of them.
  },

  spawn(request: BodyRequest): Body {
    return new WasmBody(request, engine());
  },
};

class WasmBody implements Body, ActorListener, Exports {
  readonly pid = undefined;
  readonly gone: Promise<BodyEnd>;
  readonly #request: BodyRequest;
  readonly #events: EngineEvents;
  readonly #born = performance.now();
  readonly #tail = new Tail();
  #resolve!: (end: BodyEnd) => void;
  #stage: "loading" | "starting" | "running" | "over" = "loading";
  #actor = 0;
  /** How the component is named in messages. */
  #name = "";
  #loaded: LoadedComponent | undefined;
  #transport: EngineTransport | undefined;
  #stopWaiting: (() => void) | undefined;
  #giveUp: ReturnType<typeof setTimeout> | undefined;

  constructor(request: BodyRequest, events: EngineEvents) {
    this.#request = request;
    this.#events = events;
    this.gone = new Promise((resolve) => (this.#resolve = resolve));
  }

  begin(): void {
    this.#events.hold();
    try {
      const { source } = this.#request;
      if (source.kind === "component") return this.#load(source.origin, undefined);
      const found = source.kind === "actor" ? builtFrom(source.module) : shipped();
      if (!(found instanceof Promise)) return this.#load(found.origin, found.mapStack);
      this.#name = source.kind === "actor" ? source.module.pathname : "";
      found.then(
        ({ origin, mapStack }) => this.#load(origin, mapStack),
        (error: unknown) => this.#notStarted(error),
      );
    } catch (error) {
      this.#notStarted(error);
    }
  }

  doing(): Lateness | undefined {
    switch (this.#stage) {
      case "loading":
        return { phase: "load", got: `${this.#name} was still being loaded and compiled` };
      case "starting": {
        const { maxActors } = engineSettings();
        if (this.#events.addon.stats().actors < maxActors)
          return { phase: "load", got: "its instance was still being made" };
        const cause = new HouseFull(this.#where, maxActors, this.#request.startTimeout);
        return { phase: "spawn", got: cause.why, cause };
      }
      default:
        return undefined;
    }
  }

  /** There is no signal that a guest could hear. */
  terminate(): void {
    this.kill();
  }

  kill(): void {
    if (this.#stage === "over" || this.#giveUp !== undefined) return;
    if (this.#stage === "loading") return this.#over({ kind: "lost" });
    this.#events.addon.kill(this.#actor);
    this.#giveUp = setTimeout(() => this.#over({ kind: "lost" }), GIVE_UP);
  }

  // Exports.

  get table(): Exports["table"] {
    return (this.#loaded as LoadedComponent).exports;
  }

  call(call: number, name: string, args: readonly unknown[]): void {
    try {
      this.#events.addon.call(this.#actor, call, name, args);
    } catch (error) {
      throw callError(error, name);
    }
  }

  withdraw(call: number): boolean {
    return this.#events.addon.withdraw(this.#actor, call);
  }

  stop(): void {
    this.#events.addon.stop(this.#actor);
  }

  // What the engine tells.

  event(kind: number, number: number, value: unknown): void {
    const { sink } = this.#request;
    switch (kind) {
      case EngineEvent.Result:
        return sink.returned(number, value);
      case EngineEvent.Bytes:
        return sink.received(value as Uint8Array);
      case EngineEvent.Failed:
        return sink.threw(number, value);
      case EngineEvent.Refused: {
        const { code, message } = value as EngineFailure;
        return sink.refused(number, callError({ code, message }, "the call"));
      }
      case EngineEvent.Drained:
        this.#transport?.drainedTo(number);
        return sink.drained();
      case EngineEvent.Started:
        this.#stage = "running";
        if (this.#transport === undefined) sink.offers(this);
        return;
      case EngineEvent.Output: {
        const text = value as string;
        if (number === 2) this.#tail.push(text);
        return this.#request.output(number === 2 ? "stderr" : "stdout", text);
      }
      case EngineEvent.Log:
        return sink.logged(number, value as string);
      case EngineEvent.Ended:
        return this.#over(this.#statusOf(value as EngineFailure, number));
    }
  }

  #load(origin: Origin, mapStack: MapStack | undefined): void {
    if (this.#stage !== "loading") return;
    this.#name = origin.file ?? "(bytes)";
    try {
      this.#stopWaiting = useComponent(origin, {
        loaded: (component) => this.#start(component, mapStack),
        failed: (failure) => this.#unborn(loadError(failure, this.#where, this.#name)),
      });
    } catch (error) {
      this.#notStarted(error);
    }
  }

  /** There is nothing to start. */
  #notStarted(error: unknown): void {
    if (error instanceof ArtifactError) {
      const { file, reason, message } = error;
      return this.#unborn(new ArtifactRefused(this.#where, file, reason, message.replace(/\.$/, "")));
    }
    if (isBroodError(error)) return this.#unborn(error);
    const { code, message } = error as NodeJS.ErrnoException;
    // The system's errors have an errno; anything else is a fault of the engine's or ours.
    this.#unborn(
      code !== undefined && /^E[A-Z0-9]+$/.test(code)
        ? new Error(`${this.#name} cannot be read: ${message}`, { cause: error })
        : new EngineFailed(this.#where, message),
    );
  }

  #start(component: LoadedComponent, mapStack: MapStack | undefined): void {
    if (this.#stage !== "loading") return;
    const { addon } = this.#events;
    const { limits, startTimeout, sink } = this.#request;
    if (mapStack !== undefined && component.kind !== "actor") {
      const why = `${this.#name} is no actor: it exports ${[...component.exports.keys()].join(", ") || "nothing"}`;
      return this.#unborn(loadError({ code: "world", message: why }, this.#where, this.#name));
    }
    this.#loaded = component;
    this.#stage = "starting";
    this.#actor = this.#events.enter(this);
    const left = startTimeout - (performance.now() - this.#born);
    const remaining = Math.max(1, left - Math.min(left * HEADROOM, MOST_HEADROOM));
    const start = (first: Uint8Array | null): void =>
      addon.start(this.#actor, component.number, limits, remaining, first);
    try {
      if (component.kind === "component") return start(null);
      this.#transport = new EngineTransport(addon);
      // Its Spec is written to the transport at once, and goes with the start.
      sink.speaks(this.#transport, { mapStack: mapStack ?? unmapped, memory: limits.memory });
      this.#transport.begin(this.#actor, start);
      sink.drained();
    } catch (error) {
      this.#notStarted(error);
    }
  }

  get #where(): Whereabouts {
    return { actor: this.#request.id, path: this.#request.path };
  }

  #statusOf(failure: EngineFailure, used: number): BodyEnd["status"] {
    return statusOf(failure, {
      where: this.#where,
      component: this.#name,
      limits: this.#request.limits,
      used,
      started: this.#stage === "running",
      startTimeout: this.#request.startTimeout,
      maxActors: engineSettings().maxActors,
    });
  }

  #unborn(error: Error): void {
    this.#over({ kind: "unborn", phase: "load", error });
  }

  #over(status: BodyEnd["status"]): void {
    if (this.#stage === "over") return;
    this.#stage = "over";
    clearTimeout(this.#giveUp);
    this.#stopWaiting?.();
    this.#events.leave(this.#actor);
    this.#events.release();
    this.#resolve({ status, stderr: this.#tail.lines });
  }
}

/** Why a call was not made, as its caller is told. */
function callError(error: unknown, name: string): Error {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = String(message).replace(/\.$/, "");
  switch (code) {
    case "argument": {
      const [, place, why] = /^(args\S*): (.*)$/s.exec(text) ?? [];
      return new InvalidMessage(why ?? text, place);
    }
    case "unsupported":
      return new Unsupported(`a call of ${name}`, text);
    default:
      return error instanceof Error ? error : new Error(text);
  }
}
