// A channel's transport into a guest of this process: frames are copied into its inbox. Until the guest has a place they are
// kept, and go with its start.
import type { Transport } from "../protocol/transport.js";
import type { EngineAddon } from "../native/engine.js";

export class EngineTransport implements Transport {
  readonly #addon: EngineAddon;
  /** What was written before the start. */
  #kept: Uint8Array[] | undefined = [];
  #actor = 0;
  #ended = false;
  ahead = 0;

  constructor(addon: EngineAddon) {
    this.#addon = addon;
  }

  /**
   * The guest is about to start.
   * @param start is given what shall stand in its inbox first
   */
  begin(actor: number, start: (first: Uint8Array | null) => void): void {
    const [first, ...rest] = this.#kept ?? [];
    this.#kept = undefined;
    this.#actor = actor;
    start(first ?? null);
    for (const bytes of rest) this.write(bytes);
  }

  /** So many bytes wait in its inbox. */
  drainedTo(bytes: number): void {
    this.ahead = bytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended) return true;
    if (this.#kept === undefined) {
      this.ahead = this.#addon.send(this.#actor, bytes);
    } else {
      this.#kept.push(bytes.slice());
      this.ahead += bytes.length;
    }
    return true;
  }

  soon(work: () => void): void {
    process.nextTick(work);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#kept === undefined) this.#addon.stop(this.#actor);
  }

  /** Whoever breaks the protocol is killed by its owner. */
  destroy(): void {
    this.#ended = true;
  }
}
