// Plays a short life of an actor through in what is to be forked, over a channel of its own, so that what a fork does first has been
// compiled and has run before: it is in the memory that the fork shares.
import { loadForkserver } from "../native/load.js";
import { encodeCancel, encodeSpec, encodeStart } from "../protocol/bodies.js";
import { Channel } from "../protocol/channel.js";
import { FrameType } from "../protocol/frame.js";
import { SocketTransport } from "../spawn/socket-transport.js";
import { begin, type Loader } from "./actor-process.js";

/** How long it may take, in ms: it is a help and no need. */
const PATIENCE = 2_000;

const ID = { name: "rehearsal", uuid: "00000000-0000-4000-8000-000000000000", pid: 1 };

/** Lives that are played through before the first fork: more gain nothing. */
const BEFORE = 2;

/** As often as is worth it before the first fork. */
export async function rehearseAll(load: Loader["import"]): Promise<void> {
  for (let number = 1; number <= BEFORE; number++) await rehearse(number, load);
}

/** Once more, in a fork that has the time. */
export function rehearseAgain(load: Loader["import"]): Promise<void> {
  return rehearse(BEFORE + 1, load);
}

/** Resolves when it is over. @param number of the actor's module: each can be loaded for the first time once only */
async function rehearse(number: number, load: Loader["import"]): Promise<void> {
  const pair = loadForkserver().socketPair();
  const module = new URL(`./rehearsal-${number}.js`, import.meta.url).href;
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      host.destroy();
      resolve();
    };
    const timer = setTimeout(over, PATIENCE);
    const host = new SocketTransport(pair[0], {
      received: (bytes) => channel.received(bytes),
      drained: () => channel.drained(),
      ended: () => channel.ended(),
    });
    const channel: Channel = new Channel(host, {
      message(type) {
        if (type === FrameType.Hello) channel.send(FrameType.Spec, 0, 0, encodeSpec(specOf(module)));
        if (type === FrameType.Ready)
          channel.send(FrameType.Start, 0, 1, encodeStart({ endpoint: "answer", open: false, args: [] }));
        if (type === FrameType.Return) {
          const origin = { scope: "actor", via: "cancel", canceller: ID, reason: undefined } as const;
          channel.send(FrameType.Cancel, 0, 0, encodeCancel({ origin, within: PATIENCE }));
        }
      },
      closed: over,
    });
    begin({ import: load, ready() {}, rehearsed: over }, { token: "rehearsal", channel: pair[1] });
  });
}

function specOf(module: string): Parameters<typeof encodeSpec>[0] {
  return {
    actor: ID,
    parent: ID,
    root: ID,
    path: "/rehearsal",
    spawnMethod: "forkserver",
    logLevel: "info",
    module,
    inheritMain: false,
    cancelTimeout: PATIENCE,
  };
}
