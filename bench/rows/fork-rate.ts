// fork-rate: forks per second of one template, one at a time: each is born, killed and reaped before the next is asked for.
import type { ForkedProcess, ForkOwner, ForkTicket, Template } from "#brood/spawn/template.js";
import { templateFor } from "#brood/spawn/templates.js";
import type { Contender, Row } from "../harness/row.js";
import { ended, forked } from "../peers/forked.js";
import { once } from "node:events";

/** In one sample. */
const EACH = 100;
const EACH_FORK = 3;

async function rate(count: number, one: () => Promise<void>): Promise<number> {
  const from = performance.now();
  for (let index = 0; index < count; index++) await one();
  return (count / (performance.now() - from)) * 1_000;
}

async function rounds(
  count: number,
  one: () => Promise<void>,
  close = async (): Promise<void> => {},
): Promise<Contender> {
  await one();
  return {
    async round(samples) {
      const rates: number[] = [];
      for (let sample = 0; sample < samples; sample++) rates.push(await rate(count, one));
      return rates;
    },
    close,
  };
}

/** Asks a template for children, one after the other: each is ended as soon as it is born. */
class Asker implements ForkOwner {
  #gone!: () => void;
  #failed!: (error: Error) => void;
  #ticket!: ForkTicket;
  #child: ForkedProcess | undefined;

  one(template: Template): Promise<void> {
    return new Promise((resolve, reject) => {
      [this.#gone, this.#failed] = [resolve, reject];
      this.#ticket = template.fork(this);
    });
  }

  birth(): Uint8Array {
    // As much as it needs to come to its first line.
    return Buffer.from(JSON.stringify({ token: "", env: {}, title: "bench", execArgv: [] }));
  }
  born(child: ForkedProcess): void {
    this.#child = child;
    this.#ticket.unwanted();
    child.handle.signal(9);
  }
  stillborn(error: Error): void {
    this.#failed(error);
  }
  exited(): void {
    this.#child?.handle.close();
    this.#child?.ends.drop();
    this.#gone();
  }
  orphaned(): void {
    this.#failed(new Error("the template is gone"));
  }
}

async function brood(): Promise<Contender> {
  const template = templateFor({ flags: [], env: {}, order: { preload: [] } });
  const asker = new Asker();
  // Nothing else holds the loop.
  const hold = setInterval(() => {}, 1_000_000);
  return rounds(
    EACH,
    () => asker.one(template),
    async () => {
      clearInterval(hold);
      template.retire();
    },
  );
}

export const forkRate: Row = {
  name: "fork-rate",
  unit: "forks/s",
  what: "forks per second of one template, one at a time: born, killed, reaped; fork to its first message and killed",
  rounds: 8,
  warmUp: 1,
  samples: 1,
  goals: [{ of: "p50", least: 250 }],
  brood,
  peers: {
    "child_process.fork": () =>
      rounds(EACH_FORK, async () => {
        const child = forked(new URL("../peers/tiny-fork.js", import.meta.url));
        await once(child, "message");
        await ended(child);
      }),
  },
};
