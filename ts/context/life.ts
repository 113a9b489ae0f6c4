// The life of one context, held by one of its ends: only what the table allows happens to it.
import type { StreamLink } from "../stream/link.js";
import { isAbsorbed, isSettled, nextLife, OPENING, type ContextEvent, type ContextState } from "./state.js";

export class Life {
  #life = OPENING;

  get state(): ContextState {
    return this.#life.state;
  }
  get settled(): boolean {
    return isSettled(this.#life.state);
  }
  get requested(): boolean {
    return this.#life.requested;
  }
  get acknowledged(): boolean {
    return this.#life.acknowledged;
  }
  get absorbed(): boolean {
    return isAbsorbed(this.#life);
  }

  /** Takes note of an event; false: it must not happen now. */
  step(event: ContextEvent): boolean {
    const next = nextLife(this.#life, event);
    if (next === undefined) return false;
    this.#life = next;
    return true;
  }

  /** Takes note of what has come for the stream; false: it must not come now. Of all messages only the first changes anything. */
  hears(event: "received" | "credited" | "stopped"): boolean {
    const { state, receiving } = this.#life;
    return (event !== "stopped" && state === "streaming" && receiving === "open") || this.step(event);
  }

  /** What the stream stands on, where its end is taken note of. */
  notingStop(link: StreamLink): StreamLink {
    const stop = (): void => {
      this.step("ended");
      link.stop();
    };
    return { ...link, stop };
  }
}
