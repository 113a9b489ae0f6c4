// Somebody who asks the host something light every few milliseconds while somebody else waits for something heavy: what this reader waits,
// every other one does.
import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { httpGet } from "./http-get.js";

/** What became of the light requests. */
export interface Light {
  /** How many were answered. */
  readonly answered: number;
  /** How long the slowest took, in ms, from when it was due: who cannot even ask because the host stands still waits too. */
  readonly slowest: number;
}

/** From one answer to the next request, in ms. */
const PACE = 5;

export class Reader {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #reading: Promise<void>;
  #answered = 0;
  #slowest = 0;
  #stopped = false;

  /** @param url of the light request */
  constructor(url: URL) {
    this.#reading = this.#read(url);
    // Whoever stops it is told.
    this.#reading.catch(() => {});
  }

  /** Resolves when the last answer is there. @throws what went wrong with a request */
  async stop(): Promise<Light> {
    this.#stopped = true;
    await this.#reading.finally(() => this.#agent.destroy());
    return { answered: this.#answered, slowest: this.#slowest };
  }

  async #read(url: URL): Promise<void> {
    let due = performance.now();
    while (!this.#stopped) {
      await httpGet(url, this.#agent);
      this.#answered += 1;
      this.#slowest = Math.max(this.#slowest, performance.now() - due);
      due = performance.now() + PACE;
      await sleep(PACE);
    }
  }
}
