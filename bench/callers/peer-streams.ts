// Messages of a worker thread, and of a child of `fork`, as many as are asked for.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ended, forked } from "../peers/forked.js";
import type { Streamer } from "./streamer.js";

type Take = { count: number; length: number; done(length: number): void } | undefined;

function taking(ask: (count: number) => void): { take: Streamer["take"]; came(message: Uint8Array): void } {
  let now: Take;
  return {
    take: (count) =>
      new Promise((resolve) => {
        now = { count, length: 0, done: resolve };
        ask(count);
      }),
    came(message) {
      if (now === undefined) return;
      now.length += message.length;
      if (--now.count > 0) return;
      const { done, length } = now;
      now = undefined;
      done(length);
    },
  };
}

export async function workerStream(bytes: number): Promise<Streamer> {
  const worker = new Worker(new URL("../peers/stream-worker.js", import.meta.url), { workerData: bytes });
  await once(worker, "online");
  const { take, came } = taking((count) => worker.postMessage(count));
  worker.on("message", came);
  return {
    take,
    async close() {
      await worker.terminate();
    },
  };
}

/** `advanced`: its default, JSON, carries no bytes. */
export async function forkStream(bytes: number): Promise<Streamer> {
  const child = forked(new URL("../peers/stream-fork.js", import.meta.url), "advanced", [String(bytes)]);
  await once(child, "message");
  const { take, came } = taking((count) => child.send(count));
  child.on("message", (message) => came(message as unknown as Uint8Array));
  return { take, close: () => ended(child) };
}
