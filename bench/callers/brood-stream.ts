// A stream of an actor's, started by one of the spawn methods.
import { actor, openNursery, type SpawnMethod } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Streamer } from "./streamer.js";

const MODULE = new URL("../actors/streams.js", import.meta.url);
const streams = actor<typeof import("../actors/streams.js")>(MODULE);

export async function broodStream(spawn: SpawnMethod, bytes: number): Promise<Streamer> {
  if (spawn === "wasm") await built(MODULE);
  const nursery = await openNursery();
  const portal = await nursery.start(streams, { name: "source", spawn, startTimeout: COMPILE_TIMEOUT });
  const { stream } = await portal.open("source", bytes);
  return {
    async take(count) {
      await stream.send(count);
      let taken = 0;
      let length = 0;
      for await (const message of stream) {
        length += message.length;
        if (++taken === count) break;
      }
      return length;
    },
    close: () => nursery.close(),
  };
}

/** A stream that sends back what it is sent: one round trip. */
export async function broodEcho(
  spawn: SpawnMethod,
): Promise<{ trip(message: Uint8Array): Promise<number>; close(): Promise<void> }> {
  const nursery = await openNursery();
  const portal = await nursery.start(streams, { name: "echo", spawn });
  const { stream } = await portal.open("echo");
  return {
    async trip(message) {
      await stream.send(message);
      return ((await stream.next()).value as Uint8Array).length;
    },
    close: () => nursery.close(),
  };
}
