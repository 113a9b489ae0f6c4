// stream-small, stream-64k: one way from an actor to its host, messages or bytes a second. stream-rtt: there and back.
import { bareSocket } from "../callers/bare-socket.js";
import { broodEcho, broodStream } from "../callers/brood-stream.js";
import { forkStream, workerStream } from "../callers/peer-streams.js";
import type { Streamer } from "../callers/streamer.js";
import type { Contender, Row } from "../harness/row.js";
import { repeated } from "../harness/samples.js";

const SMALL = 16;
const LARGE = 64 * 1024;
const MB = 1e6;

/** @param unit what one message counts as */
async function rates(streamers: Promise<Streamer>, count: number, bytes: number, unit: number): Promise<Contender> {
  const streamer = await streamers;
  const one = async (): Promise<number> => {
    const from = performance.now();
    const length = await streamer.take(count);
    const rate = (count * unit * 1_000) / (performance.now() - from);
    if (length !== count * bytes) throw new Error(`${length} bytes came`);
    return rate;
  };
  return { round: (samples) => repeated(samples, one), close: () => streamer.close() };
}

const small = (streamer: Promise<Streamer>, count = 20_000): Promise<Contender> => rates(streamer, count, SMALL, 1);
const large = (streamer: Promise<Streamer>, count = 3_000): Promise<Contender> =>
  rates(streamer, count, LARGE, LARGE / MB);

const RUNS = { rounds: 12, warmUp: 2, samples: 2 } as const;

const smallRow = (name: string, brood: Row["brood"], goals: Row["goals"], of: string): Row => ({
  name,
  unit: "messages/s",
  what: `messages of ${SMALL} bytes a second, from ${of}`,
  ...RUNS,
  goals,
  brood,
  peers: { worker_threads: () => small(workerStream(SMALL)), "fork-ipc": () => small(forkStream(SMALL)) },
});

async function trips(trippers: ReturnType<typeof broodEcho>): Promise<Contender> {
  const { trip, close } = await trippers;
  const message = new Uint8Array(SMALL);
  const one = async (): Promise<number> => {
    const from = performance.now();
    const length = await trip(message);
    const us = (performance.now() - from) * 1_000;
    if (length < SMALL) throw new Error(`${length} bytes came back`);
    return us;
  };
  return { round: (samples) => repeated(samples, one), close };
}

export const streamRows: readonly Row[] = [
  smallRow(
    "stream-small",
    () => small(broodStream("exec", SMALL)),
    [
      { of: "p50", least: 150_000 },
      { peer: "fork-ipc", ratio: 1.5 },
    ],
    "an exec actor",
  ),
  smallRow("stream-small-fork", () => small(broodStream("forkserver", SMALL)), [], "a forked actor"),
  smallRow(
    "stream-small-wasm",
    () => small(broodStream("wasm", SMALL), 5_000),
    [{ of: "p50", least: 25_000 }],
    "a JavaScript actor in wasm",
  ),
  {
    name: "stream-64k",
    unit: "MB/s",
    what: "bytes a second in messages of 64 KiB, from an exec actor",
    ...RUNS,
    goals: [
      { of: "p50", least: 800 },
      { peer: "fork-ipc", ratio: 2 },
    ],
    brood: () => large(broodStream("exec", LARGE)),
    peers: { worker_threads: () => large(workerStream(LARGE)), "fork-ipc": () => large(forkStream(LARGE), 1_000) },
  },
  {
    name: "stream-rtt",
    unit: "us",
    what: `a message of ${SMALL} bytes to an exec actor and back`,
    rounds: 15,
    warmUp: 3,
    samples: 1_000,
    goals: [{ peer: "bare socket", ratio: 1 / 1.3 }],
    brood: () => trips(broodEcho("exec")),
    peers: { "bare socket": () => trips(bareSocket()) },
  },
];
