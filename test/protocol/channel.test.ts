// Laws of the channel over a transport whose every hesitation is chosen by the test.
import assert from "node:assert/strict";
import fc from "fast-check";
import { Channel, type ChannelHandler } from "#brood/protocol/channel.js";
import { FrameType, HEADER_BYTES } from "#brood/protocol/frame.js";
import { encodePacked } from "#brood/protocol/payload.js";
import type { Transport } from "#brood/protocol/transport.js";
import type { InvalidMessage } from "#brood/errors/kinds.js";
import { suite } from "../harness/law.js";

const law = suite("channel");
const runs = process.env["BROOD_FULL"] === undefined ? 100 : 2_000;

/** Keeps what it is given until the test lets some of it through, in pieces of the test's choice. */
class Slow implements Transport {
  readonly chunks: Uint8Array[] = [];
  ahead = 0;
  ended = false;
  destroyed = false;
  most = 0;
  delivered = 0;
  peer: Channel | undefined;

  write(bytes: Uint8Array): boolean {
    this.chunks.push(bytes);
    this.ahead += bytes.length;
    this.most = Math.max(this.most, this.ahead);
    return false;
  }
  soon(work: () => void): void {
    queueMicrotask(work);
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }

  /** Delivers up to `bytes`; whether there was anything. */
  deliver(bytes: number, own: Channel): boolean {
    const chunk = this.chunks.shift();
    if (chunk === undefined) return false;
    const now = chunk.subarray(0, bytes);
    if (now.length < chunk.length) this.chunks.unshift(chunk.subarray(bytes));
    this.ahead -= now.length;
    this.delivered += now.length;
    this.peer?.received(now.slice());
    own.drained();
    return true;
  }
}

/** As a socket, which takes a head and a body as they are, and writes them when it can. */
class SlowSocket extends Slow {
  writeBoth(head: Uint8Array, body: Uint8Array): boolean {
    this.write(head);
    return this.write(body);
  }
}

interface Got {
  readonly type: number;
  readonly context: number;
  readonly bytes: number;
  readonly first: number;
}

class Ear implements ChannelHandler {
  readonly got: Got[] = [];
  breaches: (InvalidMessage | undefined)[] = [];
  message(type: number, _flags: number, context: number, payload: Uint8Array): void {
    this.got.push({ type, context, bytes: payload.length, first: payload[0] ?? -1 });
  }
  closed(breach: InvalidMessage | undefined): void {
    this.breaches.push(breach);
  }
}

function pair([out, back]: readonly [Slow, Slow] = [new Slow(), new Slow()]) {
  const [near, far] = [new Ear(), new Ear()];
  const here = new Channel(out, near);
  const there = new Channel(back, far);
  out.peer = there;
  back.peer = here;
  const settle = (bytes: () => number): void => {
    let moved = true;
    while (moved) {
      here.flush();
      there.flush();
      moved = out.deliver(bytes(), here);
      moved = back.deliver(bytes(), there) || moved;
    }
  };
  return { out, back, near, far, here, there, settle };
}

type Sum = readonly [length: number, first: number | undefined, sum: number];

const sumOf = (bytes: Uint8Array): Sum => [bytes.length, bytes[0], bytes.reduce((sum, byte) => sum + byte, 0)];

const message = fc.record({
  type: fc.constantFrom(FrameType.Start, FrameType.Return, FrameType.Yield, FrameType.Cancel, FrameType.Log),
  context: fc.integer({ min: 1, max: 6 }),
  bytes: fc.oneof({ weight: 6, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(300_000) }),
});

law("messages of one context arrive whole and in order, however the transport hesitates", () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 60 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 100_000 })),
      (messages, pieces) => {
        const { out, here, far, settle } = pair();
        messages.forEach(({ type, context, bytes }, index) =>
          here.send(type, 0, context, new Uint8Array(bytes).fill(index)),
        );
        settle(() => pieces.next().value as number);
        assert.equal(far.got.length, messages.length);
        for (const context of new Set(messages.map((one) => one.context))) {
          assert.deepEqual(
            far.got.filter((one) => one.context === context),
            messages.flatMap((one, index) =>
              one.context === context
                ? [{ type: one.type, context, bytes: one.bytes, first: one.bytes === 0 ? -1 : index }]
                : [],
            ),
          );
        }
        assert.deepEqual(far.breaches, []);
        // What the transport was given ahead: the limit, and at most one buffer of frames that was being filled.
        const control = messages.reduce(
          (sum, one) =>
            sum + (one.type === FrameType.Cancel || one.type === FrameType.Log ? one.bytes + HEADER_BYTES : 0),
          0,
        );
        assert.ok(out.most <= 256 * 1024 + 128 * 1024 + control, `${out.most} bytes ahead`);
      },
    ),
    { numRuns: runs },
  );
});

law("bytes arrive as they were when they were sent, while memory of those before them is used again", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 16_000, max: 66_000 }), fc.nat(300_000)), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 200_000 })),
      fc.infiniteStream(fc.nat(3)),
      (lengths, pieces, pauses) => {
        const { out, here, far, settle } = pair([new SlowSocket(), new Slow()]);
        const sent: Sum[] = [];
        const got: Sum[] = [];
        far.message = (_type, _flags, _context, payload) => got.push(sumOf(payload));
        for (const [index, length] of lengths.entries()) {
          const bytes = new Uint8Array(length).fill(index + 1);
          sent.push(sumOf(bytes));
          const { payload, flags } = encodePacked(bytes, "message");
          bytes.fill(0);
          here.send(FrameType.Yield, flags, 1, payload);
          here.flush();
          for (let times = pauses.next().value as number; times > 0; times--)
            out.deliver(pieces.next().value as number, here);
        }
        settle(() => pieces.next().value as number);
        assert.deepEqual(got, sent);
      },
    ),
    { numRuns: runs },
  );
});

law("a control frame waits behind what the transport was given, and behind no data that waits", () => {
  const { out, here, far } = pair();
  for (let index = 0; index < 60; index += 1) here.send(FrameType.Yield, 0, 2 * index + 1, new Uint8Array(1024 * 1024));
  here.flush();
  const given = out.ahead;
  here.send(FrameType.Cancel, 0, 1_001, new Uint8Array(1));
  here.flush();
  while (far.got.length === 0) assert.equal(out.deliver(10_000, here), true);
  assert.equal(far.got[0]?.type, FrameType.Cancel);
  assert.ok(out.delivered <= given + 10_000, `${out.delivered} bytes before it, ${given} were given`);
});

law("the error of a whole actor goes before data that waits, and is delivered also where the channel then ends", () => {
  const { out, here, far } = pair();
  for (let index = 0; index < 60; index += 1) here.send(FrameType.Yield, 0, 2 * index + 1, new Uint8Array(1024 * 1024));
  here.send(FrameType.Error, 0, 0, new Uint8Array(1));
  here.close();
  while (out.deliver(10_000, here));
  assert.deepEqual(
    far.got.map(({ type, context }) => [type, context]),
    [[FrameType.Error, 0]],
  );
});

law("a long message of one context does not hold up a short one of another", () => {
  const { here, far, settle } = pair();
  here.send(FrameType.Yield, 0, 1, new Uint8Array(8 * 1024 * 1024));
  here.send(FrameType.Yield, 0, 3, new Uint8Array(10));
  settle(() => 50_000);
  assert.deepEqual(
    far.got.map((one) => one.context),
    [3, 1],
  );
});

law("a thousand long messages at once are never more than the receiver accepts", () => {
  const { here, far, settle } = pair();
  for (let index = 0; index < 1_500; index += 1) here.send(FrameType.Yield, 0, 2 * index + 1, new Uint8Array(70_000));
  settle(() => 1_000_000);
  assert.equal(far.got.length, 1_500);
  assert.deepEqual(far.breaches, []);
});

law("two thousand calls pass a window of 256 without loss, and the window is whole again", () => {
  const { here, far, there, near, settle } = pair();
  for (let index = 0; index < 2_000; index += 1) here.send(FrameType.Start, 0, 2 * index + 1, new Uint8Array(100));
  settle(() => 10_000);
  assert.equal(far.got.length, 2_000);
  for (let index = 0; index < 2_000; index += 1) there.send(FrameType.Return, 0, 2 * index + 1, new Uint8Array(100));
  settle(() => 10_000);
  assert.equal(near.got.length, 2_000);
});

law("a call that waits for credit or room can be taken back, and one that is on its way cannot", () => {
  const { out, here, far, settle } = pair();
  for (let index = 0; index < 300; index += 1) here.send(FrameType.Start, 0, 2 * index + 1, new Uint8Array(10));
  assert.equal(here.withdraw(1), false);
  assert.equal(here.withdraw(2 * 299 + 1), true);
  settle(() => 10_000);
  assert.equal(far.got.length, 299);
  assert.equal(out.destroyed, false);
});

law("what a stream still waits to send is never taken back for the start of its context", () => {
  const { out, here, far, settle } = pair();
  here.send(FrameType.Start, 0, 1, new Uint8Array(10));
  while (out.ahead < 256 * 1024) {
    here.send(FrameType.Yield, 0, 3, new Uint8Array(60_000));
    here.flush();
  }
  here.send(FrameType.Yield, 0, 1, new Uint8Array(10));
  here.flush();
  assert.equal(here.withdraw(1), false);
  settle(() => 10_000);
  assert.deepEqual(
    far.got.filter(({ context }) => context === 1).map(({ type }) => type),
    [FrameType.Start, FrameType.Yield],
  );
});

law("whatever garbage arrives, the channel closes once with an InvalidMessage and never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (garbage) => {
      const { there, far, back } = pair();
      there.received(garbage);
      there.received(garbage);
      there.ended();
      assert.equal(far.breaches.length, 1);
      assert.equal(back.destroyed, true);
    }),
    { numRuns: runs },
  );
});

law("a channel that ends in the middle of a frame says that it was torn", () => {
  const { there, far } = pair();
  there.received(new Uint8Array([5, 0, 0]));
  there.ended();
  assert.equal(far.breaches[0]?.code, "ERR_BROOD_INVALID_MESSAGE");
});

law("a message over 64 MiB is refused at the sender and harms nothing", () => {
  const { here, far, settle } = pair();
  assert.throws(() => here.send(FrameType.Yield, 0, 1, new Uint8Array(64 * 1024 * 1024 + 1)), {
    code: "ERR_BROOD_INVALID_MESSAGE",
  });
  here.send(FrameType.Yield, 0, 1, new Uint8Array(1));
  settle(() => 100);
  assert.equal(far.got.length, 1);
});

law("why an actor fails goes to the transport at once, whatever waits for room", () => {
  const { out, here } = pair();
  for (let count = 0; count < 10; count++) here.send(FrameType.Yield, 0, 1, new Uint8Array(100_000));
  here.flush();
  const before = out.ahead;
  here.send(FrameType.Error, 0, 0, new Uint8Array(10));
  here.flush();
  assert.equal(out.ahead, before + HEADER_BYTES + 10);
});

law("nothing is sent after the channel was closed", () => {
  const { out, here, near } = pair();
  here.close();
  here.send(FrameType.Yield, 0, 1, new Uint8Array(1));
  here.flush();
  assert.equal(out.chunks.length, 0);
  assert.deepEqual(near.breaches, [undefined]);
});

law.run();
