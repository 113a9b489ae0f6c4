// Messages of many frames: joined as they were split, and bounded whatever a peer does.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidMessage } from "#brood/errors/kinds.js";
import {
  frameCount,
  isControl,
  MAX_PARTIAL_BYTES,
  MAX_PARTIAL_MESSAGES,
  MessageAssembler,
  splitMessage,
} from "#brood/protocol/assembly.js";
import { Flag, FrameType, MAX_FRAME_PAYLOAD, MAX_MESSAGE } from "#brood/protocol/frame.js";
import { runs } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("assembly");
const { Yield, Return, Cancel } = FrameType;
const { More, Json } = Flag;
const full = new Uint8Array(MAX_FRAME_PAYLOAD);
const some = Uint8Array.of(1, 2, 3);

test("a message of one frame is its payload, not a copy", () => {
  const assembler = new MessageAssembler();
  assert.is(assembler.accept(Yield, 0, 1, some), some);
  assembler.accept(Yield, More, 2, some);
  assert.is(assembler.accept(Yield, 0, 1, some), some);
});

test("a message is split into frames and joined again, whatever its length", () => {
  const lengths = fc.oneof(
    fc.nat({ max: 4 * MAX_FRAME_PAYLOAD }),
    fc.constantFrom(
      0,
      1,
      MAX_FRAME_PAYLOAD - 1,
      MAX_FRAME_PAYLOAD,
      MAX_FRAME_PAYLOAD + 1,
      2 * MAX_FRAME_PAYLOAD,
      3 * MAX_FRAME_PAYLOAD,
    ),
  );
  fc.assert(
    fc.property(lengths, (length) => {
      const message = Uint8Array.from({ length }, (_, i) => i * 31);
      const assembler = new MessageAssembler();
      let got: Uint8Array | undefined;
      let frames = 0;
      for (const { start, end, more } of splitMessage(length)) {
        assert.is(got, undefined);
        assert.ok(end - start <= MAX_FRAME_PAYLOAD);
        frames++;
        // What the reader hands out is gone afterwards.
        const payload = message.slice(start, end);
        got = assembler.accept(Yield, more ? More : 0, 7, payload);
        if (more) payload.fill(0xff);
      }
      assert.is(frames, frameCount(length));
      assert.ok(got !== undefined && Buffer.compare(got, message) === 0);
      assert.is(assembler.heldBytes, 0);
    }),
    runs(40),
  );
});

test("messages of many contexts, interleaved frame by frame, do not mix", () => {
  const assembler = new MessageAssembler();
  const got = new Map<number, Uint8Array>();
  for (let step = 0; step < 4; step++) {
    for (let context = 0; context < 50; context++) {
      const message = assembler.accept(Yield, step < 3 ? More : 0, context, Uint8Array.of(context, step));
      if (message !== undefined) got.set(context, message);
    }
  }
  for (let context = 0; context < 50; context++)
    assert.equal([...(got.get(context) ?? [])], [context, 0, context, 1, context, 2, context, 3]);
});

test("a control message overtakes a message of many frames in its own context", () => {
  const assembler = new MessageAssembler();
  assembler.accept(Yield, More, 1, some);
  assert.is(assembler.accept(Cancel, 0, 1, some), some);
  assembler.accept(Cancel, More, 1, some);
  assert.equal(assembler.accept(Yield, 0, 1, some), Uint8Array.of(1, 2, 3, 1, 2, 3));
  assert.equal(assembler.accept(Cancel, 0, 1, some), Uint8Array.of(1, 2, 3, 1, 2, 3));
});

test("frames that tell the end of something are data, or they would overtake it", () => {
  assert.equal(Object.values(FrameType).filter(isControl), [
    FrameType.Credit,
    Cancel,
    FrameType.CancelAck,
    FrameType.Log,
    FrameType.Timer,
  ]);
});

test("a message that is cut off by one of another type is refused", () => {
  const assembler = new MessageAssembler();
  assembler.accept(Yield, More, 1, some);
  assert.match(refusal(() => assembler.accept(Return, 0, 1, some)).message, "cut off");
});

test("a message whose flags change is refused", () => {
  const assembler = new MessageAssembler();
  assembler.accept(Yield, More, 1, some);
  assert.match(refusal(() => assembler.accept(Yield, Json, 1, some)).message, "flags");
});

test("a message over the maximum is refused at the frame that passes it", () => {
  const assembler = new MessageAssembler();
  for (let i = 0; i < MAX_MESSAGE / MAX_FRAME_PAYLOAD; i++)
    assert.is(assembler.accept(Yield, More, 1, full), undefined);
  assert.match(refusal(() => assembler.accept(Yield, 0, 1, Uint8Array.of(1))).message, "over the maximum");
});

test("a message of exactly the maximum arrives", () => {
  const assembler = new MessageAssembler();
  let got: Uint8Array | undefined;
  let frames = 0;
  for (const { start, end, more } of splitMessage(MAX_MESSAGE)) {
    got = assembler.accept(Yield, more ? More : 0, 1, full.subarray(0, end - start));
    frames++;
  }
  assert.is(frames, 1024);
  assert.is(got?.length, MAX_MESSAGE);
  refusal(() => [...splitMessage(MAX_MESSAGE + 1)]);
});

test("what is held of incomplete messages is bounded over all contexts", () => {
  const assembler = new MessageAssembler();
  const small = full.subarray(0, 1);
  let held = 0;
  const error = refusal(() => {
    for (let context = 0; ; context = (context + 1) % 4) {
      assembler.accept(Yield, More, context, full);
      held += full.length;
    }
  });
  assert.match(error.message, "incomplete messages");
  assert.is(held, MAX_PARTIAL_BYTES);
  assert.is(assembler.heldBytes, MAX_PARTIAL_BYTES);
  assembler.forget(0);
  assert.is(assembler.heldBytes, (MAX_PARTIAL_BYTES / 4) * 3);
  assert.is(assembler.accept(Yield, More, 9, small), undefined);
});

test("the number of incomplete messages is bounded", () => {
  const assembler = new MessageAssembler();
  for (let context = 0; context < MAX_PARTIAL_MESSAGES; context++) assembler.accept(Yield, More, context, some);
  assert.match(refusal(() => assembler.accept(Yield, More, MAX_PARTIAL_MESSAGES, some)).message, "incomplete at once");
});

test("frames without a payload cannot go on for ever", () => {
  const assembler = new MessageAssembler();
  assembler.accept(Yield, More, 1, new Uint8Array(0));
  assert.match(refusal(() => assembler.accept(Yield, More, 1, new Uint8Array(0))).message, "empty frame");
});

test("what is forgotten of a context does not appear in its next message", () => {
  const assembler = new MessageAssembler();
  assembler.accept(Yield, More, 1, some);
  assembler.accept(Cancel, More, 1, some);
  assembler.forget(1);
  assembler.forget(2);
  assert.is(assembler.heldBytes, 0);
  assert.is(assembler.accept(Return, 0, 1, some), some);
});

test("any frames are messages or an InvalidMessage, and what is held is what was not yet given out", () => {
  const frame = fc.tuple(
    fc.constantFrom(...Object.values(FrameType)),
    fc.nat({ max: 3 }),
    fc.nat({ max: 3 }),
    fc.nat({ max: 50 }),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 60 }), (frames) => {
      const assembler = new MessageAssembler();
      let taken = 0;
      let given = 0;
      try {
        for (const [type, flags, context, length] of frames) {
          const message = assembler.accept(type, flags, context, new Uint8Array(length));
          taken += length;
          given += message?.length ?? 0;
          assert.is(assembler.heldBytes, taken - given);
        }
      } catch (error) {
        assert.instance(error, InvalidMessage);
      }
    }),
    runs(300),
  );
});

test.run();
