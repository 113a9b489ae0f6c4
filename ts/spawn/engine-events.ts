// The one pump of what the engine tells this environment: woken once however much has come, it hands a bounded batch to whom it
// concerns, in order, and gives the event loop a turn when that has taken long. What a listener throws is told as an uncaught
// error and stops neither the pump nor anybody else's events. The event loop is held open while something lives or loads.
import { EngineEvent, type ComponentInfo, type EngineAddon, type EngineFailure } from "../native/engine.js";

/** How long one turn of the event loop may be spent here, in ms. */
const TURN = 4;
/** Events between two looks at the clock. */
const LOOK = 16;
/** An event is this many elements of what `drain` gives. */
const WIDTH = 4;
/** A timer must end some day: the longest that Node has, in ms. */
const FOR_EVER = 2 ** 31 - 1;

/** Who hears of an actor: `kind` is one of the actor's events, `number` and `value` as that says. */
export interface ActorListener {
  event(kind: number, number: number, value: unknown): void;
}

/** Who hears of a load. */
export interface LoadListener {
  loaded(component: number, info: ComponentInfo): void;
  failed(failure: EngineFailure): void;
}

/** Numbers of actors and requests are unsigned integers of 32 bits to the engine. */
const NUMBERS = 2 ** 32;

export class EngineEvents {
  readonly addon: EngineAddon;
  readonly #actors = new Map<number, ActorListener>();
  readonly #loads = new Map<number, LoadListener>();
  #actor = 0;
  #request = 0;
  #held = 0;
  #hold: ReturnType<typeof setInterval> | undefined;
  /** What was drained and not handed out yet. */
  #batch: readonly unknown[] = [];
  #at = 0;
  /** There is more to drain than that. */
  #woken = false;
  /** It was another process's. */
  #inherited = false;
  #resting = false;
  readonly #turn = (): void => {
    this.#resting = false;
    this.#pump();
  };

  /** @param before those of the process that this one was forked from: their numbers are not given again */
  constructor(addon: EngineAddon, before?: EngineEvents) {
    this.addon = addon;
    if (before !== undefined) [this.#actor, this.#request] = [before.#actor, before.#request];
    addon.onWake(() => {
      // A wake-up that was on its way at the fork.
      if (this.#inherited) return;
      this.#woken = true;
      // The rest of the last batch comes first, in its own turn.
      if (!this.#resting) this.#pump();
    });
  }

  /** In a process that was forked of the one that all this was for. */
  forgetInherited(): void {
    this.#inherited = true;
    this.addon.forgetInherited();
  }

  /** A number for a new actor, whose events `listener` hears. */
  enter(listener: ActorListener): number {
    do this.#actor = (this.#actor + 1) % NUMBERS;
    while (this.#actors.has(this.#actor));
    this.#actors.set(this.#actor, listener);
    return this.#actor;
  }

  /** Nothing of this actor is told any more. */
  leave(actor: number): void {
    this.#actors.delete(actor);
  }

  /** Loads a component from a file or from bytes. */
  load(file: string | undefined, bytes: Uint8Array | undefined, isolated: boolean, listener: LoadListener): void {
    do this.#request = (this.#request + 1) % NUMBERS;
    while (this.#loads.has(this.#request));
    this.addon.load(this.#request, file ?? null, bytes ?? null, isolated);
    this.#loads.set(this.#request, listener);
    this.hold();
  }

  /** Something lives: the event loop goes on. */
  hold(): void {
    if (this.#held++ === 0) this.#hold = setInterval(() => {}, FOR_EVER);
  }

  /** It lives no more. */
  release(): void {
    if (--this.#held === 0) clearInterval(this.#hold);
  }

  #pump(): void {
    const until = performance.now() + TURN;
    if (this.#at === this.#batch.length) {
      this.#woken = false;
      this.#batch = this.addon.drain();
      this.#at = 0;
    }
    const batch = this.#batch;
    for (let looks = 0; this.#at < batch.length; looks++) {
      if (looks % LOOK === LOOK - 1 && performance.now() > until) return this.#rest();
      const at = this.#at;
      this.#at += WIDTH;
      try {
        this.#tell(batch[at] as number, batch[at + 1] as number, batch[at + 2] as number, batch[at + 3]);
      } catch (error) {
        // A fault of ours, or of a function of the user's: theirs to hear of.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    this.#batch = [];
    this.#at = 0;
    if (this.#woken) this.#rest();
  }

  #rest(): void {
    this.#resting = true;
    setImmediate(this.#turn);
  }

  #tell(kind: number, subject: number, number: number, value: unknown): void {
    if (kind !== EngineEvent.Loaded && kind !== EngineEvent.LoadFailed) {
      this.#actors.get(subject)?.event(kind, number, value);
      return;
    }
    const listener = this.#loads.get(subject);
    if (listener === undefined) return;
    this.#loads.delete(subject);
    this.release();
    if (kind === EngineEvent.Loaded) listener.loaded(number, value as ComponentInfo);
    else listener.failed(value as EngineFailure);
  }
}
