// Section 5: streams and back-pressure.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Portal } from "../../context/surface.js";
import { ActorDied, Cancelled, InvalidMessage, InvalidOption, ProtocolError, StartFailed } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { StreamBusy, StreamClosed } from "../../errors/stream.js";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { WINDOW_BYTES, WINDOW_MESSAGES } from "../../protocol/credit.js";
import { FrameType, MAX_MESSAGE } from "../../protocol/frame.js";
import type { Messages } from "../../stream/surface.js";
import { bounded } from "../bounded.js";
import { ChannelBreaker, type BreakableChannel, type Break, type ChannelEnd, type Frame } from "../channel-breaker.js";
import { gate, rejection, until } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { Marked } from "../marked.js";
import { Notes } from "../notes.js";

const what = actor<typeof import("../actors/streams.js")>(new URL("../actors/streams.js", import.meta.url));

export const streams = section(5);
const law = bounded(streams);

type Peer = typeof what extends { readonly endpoints?: infer E } ? Portal<E> : never;

function withPeer(
  env: LawEnv,
  body: (peer: Peer) => Promise<unknown>,
  more: Parameters<LawEnv["options"]>[1] = {},
): Promise<unknown> {
  return withNursery(async (scope) => body((await scope.start(what, env.options("peer", more))) as Peer));
}

/** All that comes until the end. */
async function all<T>(messages: Messages<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** How far a sender of the peer's has come, once it comes no further. */
async function parked(peer: Peer, key: string): Promise<number> {
  let last = -1;
  await until("the sender waits", async () => {
    const { sent } = (await peer.call("progress", key)) ?? { sent: -2 };
    const stands = sent === last;
    last = sent;
    return stands;
  });
  return last;
}

law("Ping-pong of ten values keeps order and ends at both sides by the stop of one", async (env) => {
  await withPeer(env, async (peer) => {
    // By the opener's stop.
    const echoed = await peer.open("echo");
    for (let i = 0; i < 10; i++) {
      await echoed.stream.send({ i });
      assert.deepEqual(await echoed.stream.next(), { done: false, value: { i } });
    }
    await echoed.stream.end();
    assert.deepEqual(await echoed.stream.next(), { done: true, value: undefined });
    assert.equal(await echoed.result(), 10);
    // By the peer's: the other direction is open until its own end.
    const some = await peer.open("echoSome", 10);
    const got: unknown[] = [];
    let sent = 0;
    await some.stream.send(sent++);
    for await (const message of some.stream) {
      got.push(message);
      if (sent < 10) await some.stream.send(sent++);
    }
    assert.deepEqual(got, upTo(10));
    await some.stream.send("late");
    await some.stream.end();
    assert.equal(await some.result(), 11);
  });
});

law("A peer that returns without using its stream is seen as started, end of stream, result", async (env) => {
  await withPeer(env, async (peer) => {
    const opened = await peer.open("silent", "result");
    assert.equal(opened.startedValue, undefined);
    assert.deepEqual(await all(opened.stream), []);
    assert.equal(await opened.result(), "result");
    const refused = await rejection(opened.stream.send(1));
    assert.ok(refused instanceof StreamClosed);
    assert.equal(refused.by, "peer");
    assert.match(refused.message, /^stream closed: silent: peer \(\/peer\): the peer has returned\.$/);
    await opened.stream.end();
  });
});

law(
  "End of stream ends for await; a remote failure outranks it; use after one's own close is StreamClosed by you",
  async (env) => {
    await withPeer(env, async (peer) => {
      for (const stop of [false, true]) {
        const failing = await peer.open("sendAndFail", 3, stop);
        const got: unknown[] = [];
        const error = await rejection(
          (async () => {
            await until("it has failed", () => peer.stats.open === 0);
            for await (const message of failing.stream) got.push(message);
          })(),
        );
        // What it had sent before is read first.
        assert.deepEqual(got, [0, 1, 2]);
        assert.ok(isRemote(error, "RangeError"), String(error));
        assert.equal(await rejection(failing.stream.next()), error);
        assert.ok(isRemote(await rejection(failing.stream.send(1)), "RangeError"));
        assert.ok(isRemote(await rejection(failing.result()), "RangeError"));
      }
      const own = await peer.open("echo");
      await own.stream.end();
      await own.stream.end();
      const refused = await rejection(own.stream.send(1));
      assert.ok(refused instanceof StreamClosed);
      assert.equal(refused.by, "you");
      assert.equal(await own.result(), 0);
      const peers = await peer.open("afterEnd");
      assert.deepEqual(await peers.result(), ["StreamClosed by you"]);
    });
  },
);

law("A stream used before started is an error at that line", async (env) => {
  await withPeer(env, async (peer) => {
    for (const how of ["send", "read"] as const) {
      const error = await rejection(peer.open("early", how));
      assert.ok(error instanceof ProtocolError, String(error));
      assert.equal(error.endpoint, "early");
      assert.match(error.message, /its stream was used before task\.started\(\)/);
    }
    // Where the dialogue declares none, the first use sends it.
    const implied = await peer.open("echoSome", 1);
    assert.equal(implied.startedValue, undefined);
    assert.equal(await implied.cancel(), true);
  });
});

law("A stream opens once; used after a cancel it throws that cancel", async (env) => {
  await withPeer(env, async (peer) => {
    const opened = await peer.open("echo");
    const { stream } = opened;
    assert.equal(opened.stream, stream);
    const reading = rejection(stream.next());
    assert.equal(await opened.cancel("no more"), true);
    for (const error of [
      await reading,
      await rejection(stream.next()),
      await rejection(stream.send(1)),
      await rejection(all(opened.stream)),
    ]) {
      assert.ok(error instanceof Cancelled, String(error));
      assert.deepEqual([error.scope, error.reason], ["context", "no more"]);
    }
    const fresh = await peer.open("echo");
    await fresh.cancel("before its use");
    assert.ok((await rejection(fresh.stream.next())) instanceof Cancelled);
  });
});

law(
  "With a receiver that never reads, or never opens its stream, the sender parks at the window and memory stays flat",
  async (env) => {
    await withPeer(env, async (peer) => {
      // The host never reads: by messages, and by bytes.
      const small = await peer.open("flood", "small");
      const large = await peer.open("flood", "large", 16 * 1024);
      assert.equal(await parked(peer, "small"), WINDOW_MESSAGES);
      const largest = await parked(peer, "large");
      assert.ok(largest > 0 && largest <= WINDOW_BYTES / (16 * 1024), `${largest} are under way`);
      // One that is larger than the window may go when nothing is outstanding.
      const huge = await peer.open("flood", "huge", 2 * WINDOW_BYTES);
      assert.equal(await parked(peer, "huge"), 1);
      // The peer never reads, and has never touched its stream.
      const stalled = await peer.open("stall", "never");
      let sent = 0;
      const sending = (async () => {
        for (;;) {
          await stalled.stream.send(sent);
          sent++;
        }
      })();
      const stopped = rejection(sending);
      await until("the sender waits", async () => {
        const before = sent;
        await peer.call("add", 1, 1);
        return sent === before && sent > 0;
      });
      assert.equal(sent, WINDOW_MESSAGES);
      assert.equal(await peer.call("add", 1, 2), 3);
      for (const one of [small, large, huge, stalled]) assert.equal(await one.cancel(), true);
      assert.ok((await stopped) instanceof Cancelled);
    });
  },
);

law(
  "However many messages go to a slow receiver, neither end keeps more than a window of them",
  async (env) => {
    const MIB = 1024 * 1024;
    // All of them together are some times what V8 may take before it collects what nobody has any more.
    const [count, bytes] = process.env["BROOD_FULL"] ? [1_000_000, 4 * 1024] : [30_000, 16 * 1024];
    const allowed = 192 * MIB;
    await withPeer(
      env,
      async (peer) => {
        const flood = await peer.open("flood", "many", bytes, count);
        await parked(peer, "many");
        const before = { host: process.memoryUsage().rss, peer: await peer.call("memory") };
        let read = 0;
        for await (const message of flood.stream) {
          assert.equal((message as Uint8Array).length, bytes);
          if (++read % (count / 20) !== 0) continue;
          const grown = {
            host: process.memoryUsage().rss - before.host,
            peer: (await peer.call("memory")) - before.peer,
          };
          for (const [end, growth] of Object.entries(grown))
            assert.ok(
              growth < allowed,
              `after ${read} messages the ${end} has grown by ${Math.round(growth / MIB)} MiB`,
            );
        }
        assert.equal(read, count);
        assert.equal(await flood.result(), count);
      },
      { limits: { memory: "64MiB" } },
    );
  },
  { deadline: 180_000 },
);

law(
  "A parked sender is freed by credit, cancel, abort, peer return, peer failure or channel loss, each with its own error",
  async (env) => {
    const controller = new AbortController();
    const stalling = async (
      peer: Peer,
      key: string,
    ): Promise<{ context: Awaited<ReturnType<typeof open>>; stopped: Promise<unknown>; sent(): number }> => {
      const open = () => peer.open("stall", key);
      const context = await open();
      let sent = 0;
      const sending = (async () => {
        for (;;) {
          await context.stream.send(sent);
          sent++;
        }
      })();
      await until("the sender waits", () => sent === WINDOW_MESSAGES);
      return { context, stopped: rejection(sending), sent: () => sent };
    };
    await withNursery(async (scope) => {
      const peer = (await scope.start(what, env.options("peer"))) as Peer;
      const credit = await stalling(peer, "credit");
      await peer.call("release", "credit", "read");
      await until("it goes on", () => credit.sent() > 2 * WINDOW_MESSAGES);
      await credit.context.cancel("enough");
      assert.ok((await credit.stopped) instanceof Cancelled);

      const abort = await stalling(peer.with({ signal: controller.signal }) as Peer, "abort");
      controller.abort("gave up");
      const aborted = await abort.stopped;
      assert.ok(aborted instanceof Cancelled);
      assert.deepEqual([aborted.via, aborted.reason], ["signal", "gave up"]);

      const returns = await stalling(peer, "return");
      await peer.call("release", "return", "return");
      const returned = await returns.stopped;
      assert.ok(returned instanceof StreamClosed);
      assert.equal(returned.by, "peer");
      assert.equal(await returns.context.result(), 0);

      const fails = await stalling(peer, "fail");
      await peer.call("release", "fail", "fail");
      assert.ok(isRemote(await fails.stopped, "RangeError"));
      assert.ok(isRemote(await rejection(fails.context.result()), "RangeError"));

      const victim = (await scope.start(what, { ...env.options("victim"), onDeath: "report" })) as Peer;
      const lost = await stalling(victim, "lost");
      await victim.kill();
      assert.ok((await lost.stopped) instanceof ActorDied);

      // And the peer's own: by each of these.
      const floods = await peer.open("flood", "own");
      await parked(peer, "own");
      await floods.cancel("of the peer");
      assert.match((await peer.call("progress", "own"))?.error ?? "", /^Cancelled: /);
    });
  },
);

law("A cancel is acknowledged within its bound while every data window is full", async (env) => {
  await withPeer(env, async (peer) => {
    const streams = await Promise.all(upTo(8).map((i) => peer.open("flood", `full ${i}`, 60_000)));
    const stalled = await Promise.all(upTo(4).map((i) => peer.open("stall", `never ${i}`)));
    const filling = new Uint8Array(60_000);
    const sending = stalled.map(async (one) => {
      for (;;) await one.stream.send(filling);
    });
    const stopped = sending.map((one) => rejection(one));
    await Promise.all(upTo(8).map((i) => parked(peer, `full ${i}`)));
    for (const one of [...streams, ...stalled]) assert.equal(await one.cancel(), true);
    for (const error of await Promise.all(stopped)) assert.ok(error instanceof Cancelled);
    // The actor too.
    const last = await peer.open("flood", "last", 60_000);
    await parked(peer, "last");
    assert.equal(await peer.cancel(), true);
    assert.ok((await rejection(last.result())) instanceof Cancelled);
  });
});

law("A stalled stream delays no other stream and no call of the channel", async (env) => {
  await withPeer(env, async (peer) => {
    const stalled = await peer.open("flood", "stalled", 60_000);
    await parked(peer, "stalled");
    const echoed = await peer.open("echo");
    for (let i = 0; i < 1_000; i++) {
      await echoed.stream.send(i);
      assert.equal((await echoed.stream.next()).value, i);
    }
    assert.equal(await peer.call("add", 1, 2), 3);
    // It has lost nothing meanwhile.
    assert.equal(((await stalled.stream.next()).value as Uint8Array).length, 60_000);
    await echoed.cancel();
    await stalled.cancel();
  });
});

law(
  "Two streams and several calls on one portal never mix; two tasks run a dialogue and a feed over one stream",
  async (env) => {
    await withPeer(env, async (peer) => {
      const dialogue = async (name: string): Promise<void> => {
        const echoed = await peer.open("echo");
        for (let i = 0; i < 200; i++) {
          await echoed.stream.send(`${name} ${i}`);
          assert.equal((await echoed.stream.next()).value, `${name} ${i}`);
        }
        await echoed.stream.end();
        assert.equal(await echoed.result(), 200);
      };
      const calls = async (): Promise<void> => {
        for (let i = 0; i < 200; i++) assert.equal(await peer.call("add", i, 1), i + 1);
      };
      await Promise.all([dialogue("a"), dialogue("b"), calls(), calls()]);

      const both = await peer.open("feedAndAnswer", 1_000);
      const feed: number[] = [];
      const answers: unknown[] = [];
      const reading = (async () => {
        for await (const message of both.stream) {
          if ("feed" in message) feed.push(message.feed);
          else answers.push(message.answer);
          if (answers.length === 100) await both.stream.end();
        }
      })();
      for (let i = 0; i < 100; i++) await both.stream.send(i);
      await reading;
      assert.deepEqual(feed, upTo(1_000));
      assert.deepEqual(answers, upTo(100));
      assert.equal(await both.result(), "both done");
    });
  },
);

law("An async generator endpoint is a one-way stream: what it yields, then what it returns or throws", async (env) => {
  await withPeer(env, async (peer) => {
    const counted = await peer.open("count", 1_000);
    assert.deepEqual(await all(counted.stream), upTo(1_000));
    assert.equal(await counted.result(), "counted");
    const failing = await peer.open("countAndFail", 3);
    const got: number[] = [];
    const error = await rejection(
      (async () => {
        for await (const i of failing.stream) got.push(i);
      })(),
    );
    assert.deepEqual(got, [0, 1, 2]);
    assert.ok(isRemote(error, "RangeError"));
    assert.ok(isRemote(await rejection(failing.result()), "RangeError"));
    // What it cannot send is thrown at its yield.
    const survivor = await peer.open("yieldUnsendable");
    const [one, told] = await all(survivor.stream as Messages<unknown>);
    assert.equal(one, 1);
    assert.match(told as string, /message\.list\[0\]: a function cannot be sent/);
    assert.equal(await survivor.result(), "survived");
    const refused = await rejection((peer as Portal<any>).call("count", 1));
    assert.match((refused as Error).message, /it is an async generator: use portal\.open\("count", \.\.\.\)/);
  });
});

law("break in a loop over a remote generator runs the remote finally; abort stops an infinite one", async (env) => {
  const notes = new Notes();
  await withPeer(
    env,
    async (peer) => {
      const left = await peer.open("forever");
      for await (const i of left.stream) if (i === 3) break;
      assert.deepEqual(notes.words, ["finally"]);
      assert.ok(left.absorbed);
      // A scope that is left does the same.
      const value = await peer.withContext("forever", [], async (opened) => (await opened.stream.next()).value);
      assert.equal(value, 0);
      assert.deepEqual(notes.words, ["finally", "finally"]);
      const controller = new AbortController();
      const endless = await peer.with({ signal: controller.signal }).open("forever");
      const error = await rejection(
        (async () => {
          for await (const i of endless.stream) if (i === 300) controller.abort("enough");
        })(),
      );
      assert.ok(error instanceof Cancelled);
      assert.deepEqual([error.via, error.reason], ["signal", "enough"]);
      await until("its finally has run", () => notes.words.length === 3);
      assert.equal(peer.stats.open, 0);
    },
    { stdio: notes.hear },
  );
});

law("Twenty local subscribers each get every message once, in order", async (env) => {
  await withPeer(env, async (peer) => {
    const echoed = await peer.open("echo");
    const readers = upTo(20).map(() => all(echoed.stream.subscribe()));
    for (let i = 0; i < 500; i++) await echoed.stream.send(i);
    await echoed.stream.end();
    for (const got of await Promise.all(readers)) assert.deepEqual(got, upTo(500));
    assert.equal(await echoed.result(), 500);
  });
});

law("A subscriber that leaves frees the pace, the rest lose nothing; subscribing after close throws", async (env) => {
  await withPeer(env, async (peer) => {
    const counted = await peer.open("count", 2_000);
    const slow = counted.stream.subscribe();
    const quick = counted.stream.subscribe();
    const got: number[] = [];
    const reading = (async () => {
      for await (const i of quick) got.push(i);
    })();
    assert.equal((await slow.next()).value, 0);
    // The quick one has what the slow one has been given, and waits with it.
    await until("the quick one waits", async () => {
      const before = got.length;
      await peer.call("add", 1, 1);
      return got.length === before && before > 0;
    });
    assert.ok(got.length <= 2, `it has ${got.length}`);
    const busy = await rejection(counted.stream.next());
    assert.ok(busy instanceof StreamBusy, String(busy));
    slow.close();
    slow.close();
    assert.deepEqual(await slow.next(), { done: true, value: undefined });
    await reading;
    assert.deepEqual(got, upTo(2_000));
    assert.throws(() => counted.stream.subscribe(), StreamClosed);
    assert.throws(() => counted.stream.subscribe({ lag: 0 }), InvalidOption);
    assert.equal(await counted.result(), "counted");
  });
});

law("In lag mode the missed count is exact, and reading goes on with the oldest kept", async (env) => {
  await withPeer(env, async (peer) => {
    const counted = await peer.open("count", 1_000);
    const lagging = counted.stream.subscribe({ lag: 10 });
    const every = all(counted.stream.subscribe());
    assert.deepEqual(await every, upTo(1_000));
    assert.equal(lagging.missed, 990);
    assert.deepEqual(await all(lagging), upTo(1_000).slice(990));
    assert.equal(lagging.missed, 990);
    // It paces nobody, also alone.
    const alone = await peer.open("count", 5_000);
    const last = alone.stream.subscribe({ lag: 1 });
    assert.equal(await alone.result(), "counted");
    await until("all has come", () => last.missed === 4_999);
    assert.deepEqual(await all(last), [4_999]);
  });
});

law("A consumer replaced in mid-stream loses no value", async (env) => {
  await withPeer(env, async (peer) => {
    const echoed = await peer.open("echo");
    const sending = (async () => {
      for (let i = 0; i < 400; i++) await echoed.stream.send(i);
      await echoed.stream.end();
    })();
    const got: unknown[] = [];
    for (let round = 0; got.length < 400; round++) {
      // Loops, single reads and subscriptions take turns.
      if (round % 3 === 0) {
        let count = 0;
        for await (const message of echoed.stream) {
          got.push(message);
          if (++count === 7) break;
        }
      } else if (round % 3 === 1) {
        const { done, value } = await echoed.stream.next();
        if (done !== true) got.push(value);
      } else {
        let count = 0;
        for await (const message of echoed.stream.subscribe()) {
          got.push(message);
          if (++count === 5) break;
        }
      }
    }
    await sending;
    assert.deepEqual(got, upTo(400));
    assert.equal(await echoed.result(), 400);
    // One that leaves while it waits takes nothing with it.
    const idle = await peer.open("echo");
    const waiting = idle.stream.subscribe();
    const nothing = waiting.next();
    waiting.close();
    assert.deepEqual(await nothing, { done: true, value: undefined });
    await idle.stream.send("kept");
    assert.deepEqual(await idle.stream.next(), { done: false, value: "kept" });
    await idle.cancel();
  });
});

law(
  "A publisher with two subscriber actors changes topics live; nothing on an old topic follows the acknowledgement",
  async (env) => {
    await withNursery(async (scope) => {
      const publisher = (await scope.start(what, env.options("publisher"))) as Peer;
      const readers = (await Promise.all(
        ["first", "second"].map((name) => scope.start(what, env.options(name))),
      )) as Peer[];
      const published = await publisher.open("publish", "a");
      const changed = gate();
      let topic = "a";
      const relays = readers.map(async (reader) => {
        // From the beginning, each of them.
        const subscription = published.stream.subscribe();
        const echoed = await reader.open("echo");
        let count = 0;
        for await (const message of subscription) {
          await echoed.stream.send(message);
          assert.deepEqual((await echoed.stream.next()).value, message);
          count++;
        }
        await echoed.stream.end();
        assert.equal(await echoed.result(), count);
        return count;
      });
      const watching = (async () => {
        for await (const message of published.stream.subscribe()) {
          if ("changed" in message) {
            topic = message.changed;
            if (topic === "c") changed.open();
          } else {
            assert.equal(message.topic, topic);
          }
        }
      })();
      await published.stream.send("b");
      await published.stream.send("c");
      await changed.promise;
      await published.stream.end();
      await watching;
      const counts = await Promise.all(relays);
      assert.equal(counts[0], counts[1]);
      assert.ok((counts[0] as number) > 0);
      assert.equal(await published.result(), "c");
    });
  },
);

law(
  "Messages of 16 bytes and 64 KiB arrive exact; one over the cap rejects in the sender, the channel lives",
  async (env) => {
    await withPeer(env, async (peer) => {
      const measured = await peer.open("measure");
      for (const length of [0, 1, 16, 65_530, 65_536, 65_537, 200_000]) {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 7) % 251);
        await measured.stream.send(bytes);
        const sum = bytes.reduce((total, byte) => (total + byte) % 65_521, 0);
        assert.deepEqual((await measured.stream.next()).value, [length, sum]);
      }
      const refused = await rejection(measured.stream.send(new Uint8Array(MAX_MESSAGE + 1)));
      assert.ok(refused instanceof InvalidMessage, String(refused));
      const unsendable = await rejection(measured.stream.send({ deep: [() => 1] }));
      assert.ok(unsendable instanceof InvalidMessage);
      assert.equal(unsendable.at, "message.deep[0]");
      await measured.stream.send(new Uint8Array([1, 2]));
      assert.deepEqual((await measured.stream.next()).value, [2, 3]);
      await measured.stream.end();
      await measured.result();
    });
  },
);

law("Large bytes arrive as they were when they were sent, with many under way in both directions", async (env) => {
  await withPeer(env, async (peer) => {
    const dialogues = await Promise.all([peer.open("echo"), peer.open("echo"), peer.open("echo")]);
    const exchange = async ({ stream }: (typeof dialogues)[number], which: number): Promise<void> => {
      const lengths = Array.from({ length: 60 }, (_, i) => 15_000 + (((i + which) * 7_919) % 52_000));
      const sendAll = async (): Promise<void> => {
        const memory = new Uint8Array(70_000);
        for (const [i, length] of lengths.entries()) {
          const sent = stream.send(memory.subarray(0, length).fill(i + 60 * which));
          // It is the sender's again at once.
          memory.fill(255);
          await sent;
        }
      };
      const readAll = async (): Promise<void> => {
        for (const [i, length] of lengths.entries()) {
          const bytes = (await stream.next()).value as Uint8Array;
          assert.equal(bytes.length, length);
          assert.ok(
            bytes.every((byte) => byte === i + 60 * which),
            `message ${i} of ${which}`,
          );
        }
      };
      await Promise.all([sendAll(), readAll()]);
      await stream.end();
    };
    await Promise.all(dialogues.map(exchange));
    await Promise.all(dialogues.map((dialogue) => dialogue.result()));
  });
});

law("A stream is one of the web's too: piped, ended by close, left by cancel", async (env) => {
  await withPeer(env, async (peer) => {
    const echoed = await peer.open("echo");
    const { readable, writable } = echoed.stream;
    assert.equal(echoed.stream.readable, readable);
    const sent = new ReadableStream<number>({
      start(controller) {
        for (let i = 0; i < 600; i++) controller.enqueue(i);
        controller.close();
      },
    });
    const piping = sent.pipeTo(writable);
    const got: unknown[] = [];
    for await (const message of readable as unknown as AsyncIterable<unknown>) got.push(message);
    await piping;
    assert.deepEqual(got, upTo(600));
    assert.equal(await echoed.result(), 600);
    assert.ok((await rejection(echoed.stream.next())) instanceof StreamBusy);
    const endless = await peer.open("forever");
    const reader = endless.stream.readable.getReader();
    assert.equal((await reader.read()).value, 0);
    await reader.cancel();
    assert.ok(endless.absorbed);
    // A writer that gives up cancels the context.
    const aborted = await peer.open("echo");
    await aborted.stream.writable.abort("gave up");
    assert.ok(aborted.absorbed);
  });
});

// What becomes of a channel that breaks.

const severed = actor<typeof import("../actors/severed.js")>(new URL("../actors/severed.js", import.meta.url));

type Severed = typeof severed extends { readonly endpoints?: infer E } ? Portal<E> : never;

/** Who sees the end of a channel that is cut. */
const ENDS: readonly (readonly ChannelEnd[])[] = [["host", "actor"], ["host"], ["actor"]];

/** How long a cut may take to end everything: the channel's own drain, and a busy machine. */
const SEVERED = 3_000;

law(
  "A channel cut at any message, at either or both ends, gives each side channel lost and ends the tree",
  async (env) => {
    const breaker = new ChannelBreaker();
    env.defer(() => breaker.remove());
    let count = 0;
    const dialogue = async (below: boolean, rule?: Break) => {
      const marked = new Marked();
      env.defer(() => marked.endAll());
      const notes = join(env.directory, `severed-${++count}`);
      const errors: unknown[] = [];
      let channel: Promise<BreakableChannel> | undefined;
      await withNursery(
        async (scope) => {
          channel = breaker.next(rule);
          const tree = below ? { SEVERED_BELOW: env.method } : {};
          const given = { ...marked.env, ...tree, SEVERED_NOTES: notes };
          let portal: Severed;
          try {
            portal = (await scope.start(severed, env.options("severed", { env: given }))) as Severed;
          } catch (error) {
            assert.ok(error instanceof StartFailed, String(error));
            errors.push(error);
            return;
          }
          try {
            const opened = await portal.open("echo");
            for (let i = 0; i < 2; i++) {
              await opened.stream.send(i);
              assert.deepEqual(await opened.stream.next(), { done: false, value: i });
            }
            await opened.stream.end();
            assert.equal(await opened.result(), 2);
            assert.equal(await portal.call("add", 1, 2), 3);
          } catch (error) {
            errors.push(error);
          }
          if (rule === undefined) return;
          const exit = await portal.exited;
          assert.ok(["exited", "failed", "lost"].includes(exit.kind), exit.kind);
          for (const error of errors) assert.ok(error instanceof ActorDied, String(error));
          assert.ok((await rejection(portal.call("add", 1, 2))) instanceof ActorDied);
        },
        { onDeath: "report" },
      );
      await marked.gone(SEVERED);
      return { channel: await (channel as Promise<BreakableChannel>), left: existsSync(notes), errors };
    };
    const whole = await dialogue(false);
    assert.deepEqual(whole.errors, []);
    const ready = whole.channel.frames("host").findIndex(({ type }) => type === FrameType.Ready) + 1;
    for (const to of ["host", "actor"] as const) {
      // Its cancel at the end of the scope is no part of the dialogue.
      const last = whole.channel
        .frames(to)
        .findIndex(({ type, context }) => context === 0 && (type === FrameType.Cancel || type === FrameType.CancelAck));
      assert.ok(last > 3, `${last} frames to the ${to}`);
      for (let at = 1; at <= last; at++) {
        const ends = ENDS[at % ENDS.length] as readonly ChannelEnd[];
        const how = at % 2 === 0 ? "cut" : "tear";
        const { channel, left } = await dialogue(at % 4 === 0, { to, at, how, ends });
        const what = `frame ${at} to the ${to}, seen by ${ends.join(" and ")}`;
        assert.equal(channel.frames(to).length, at - 1, what);
        // An actor that sees the end leaves by itself, and what it has deferred runs; another is ended, as is one whose host was told
        // nonsense, at once.
        const told = how === "tear" && to === "host" && ends.includes("host");
        if (channel.frames("host").length >= ready && !told) assert.equal(left, ends.includes("actor"), what);
      }
    }
  },
  { deadline: 120_000, needs: ["process", "nested nurseries"] },
);

law(
  "A frame half sent when its sender is cancelled is completed or the channel closes; nothing follows a torn frame",
  async (env) => {
    const breaker = new ChannelBreaker();
    env.defer(() => breaker.remove());
    const isMessage = ({ type, length }: Frame): boolean => type === FrameType.Yield && length > 10_000;
    const withSevered = (body: (peer: Severed, channel: BreakableChannel) => Promise<unknown>): Promise<unknown> =>
      withNursery(
        async (scope) => {
          const next = breaker.next();
          const options = env.options("severed", { env: { SEVERED_NOTES: "/dev/null" }, cancelTimeout: 1_000 });
          await body((await scope.start(severed, options)) as Severed, await next);
        },
        { onDeath: "report" },
      );
    // Completed: the host's, then the actor's.
    await withSevered(async (peer, channel) => {
      const opened = await peer.open("echo");
      channel.breakAt({ to: "actor", at: isMessage, how: "stall" });
      await opened.stream.send(new Uint8Array(900_000));
      await channel.broken;
      const cancelled = opened.cancel("half sent");
      assert.equal(channel.isTorn("actor"), true);
      channel.resume("actor");
      assert.equal(await cancelled, true);
      assert.equal(channel.isTorn("actor"), false);
      assert.equal(await peer.call("add", 1, 2), 3);
    });
    await withSevered(async (peer, channel) => {
      channel.breakAt({ to: "host", at: isMessage, how: "stall" });
      const opened = await peer.open("flood", 200_000);
      await channel.broken;
      const cancelled = opened.cancel("half sent");
      assert.equal(channel.isTorn("host"), true);
      channel.resume("host");
      assert.equal(await cancelled, true);
      assert.equal(await peer.call("add", 1, 2), 3);
    });
    // Not completed: its sender is ended, and its channel with it.
    await withSevered(async (peer, channel) => {
      channel.breakAt({ to: "host", at: isMessage, how: "stall" });
      const opened = await peer.open("flood", 200_000);
      await channel.broken;
      const before = channel.frames("host").length;
      assert.equal(await opened.cancel("never completed"), false);
      await peer.exited;
      assert.equal(channel.isTorn("host"), true);
      assert.equal(channel.frames("host").length, before);
    });
    // Torn: whoever reads it hears nothing more, and says so.
    for (const to of ["host", "actor"] as const) {
      await withSevered(async (peer, channel) => {
        channel.breakAt({ to, at: isMessage, how: "tear" });
        const opened = await peer.open("echo");
        const sent = rejection(
          (async () => {
            for (;;) {
              await opened.stream.send(new Uint8Array(100_000));
              await opened.stream.next();
            }
          })(),
        );
        assert.ok((await sent) instanceof ActorDied);
        const exit = await peer.exited;
        if (to === "host") {
          assert.ok(exit.kind === "failed" && exit.error instanceof InvalidMessage, exit.kind);
          assert.match(exit.error.message, /ended within a frame/);
        } else {
          assert.ok(exit.kind === "exited" && exit.code !== 0, JSON.stringify(exit));
        }
        assert.equal(channel.isTorn(to), true);
      });
    }
  },
  { deadline: 30_000, needs: ["process"] },
);
