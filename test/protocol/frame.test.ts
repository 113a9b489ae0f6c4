// Frames: read as they were written however the bytes are split, and nothing else is taken for one.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidMessage } from "#brood/errors/kinds.js";
import {
  encodeFrame,
  Flag,
  FrameReader,
  FrameType,
  HEADER_BYTES,
  MAX_FRAME_PAYLOAD,
  sealFrame,
  writeHeader,
} from "#brood/protocol/frame.js";
import { cuts, runs } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("frame");

interface Frame {
  type: number;
  flags: number;
  context: number;
  payload: Uint8Array;
}

const frame: fc.Arbitrary<Frame> = fc.record(
  {
    type: fc.constantFrom<number>(...Object.values(FrameType)),
    flags: fc.integer({ min: 0, max: Flag.More | Flag.Json }),
    context: fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat()),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat({ max: MAX_FRAME_PAYLOAD }).map((length) => new Uint8Array(length).fill(length)),
    ),
  },
  { noNullPrototype: true },
);

const encode = ({ type, flags, context, payload }: Frame): Uint8Array => encodeFrame(type, flags, context, payload);

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function read(reader: FrameReader, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    reader.push(chunk, (type, flags, context, payload) =>
      frames.push({ type, flags, context, payload: payload.slice() }),
    );
  }
  return frames;
}

function* pieces(bytes: Uint8Array, ends: readonly number[]): Generator<Uint8Array> {
  let start = 0;
  for (const end of ends) {
    yield bytes.slice(start, end);
    start = end;
  }
}

const stream = fc.array(frame, { minLength: 1, maxLength: 6 }).chain((frames) => {
  const bytes = join(frames.map(encode));
  return fc.tuple(fc.constant(frames), fc.constant(bytes), cuts(bytes.length));
});

test("frames split anywhere are read as they were written", () => {
  fc.assert(
    fc.property(stream, ([frames, bytes, ends]) => {
      const reader = new FrameReader();
      assert.equal(read(reader, pieces(bytes, ends)), frames);
      reader.end();
    }),
    runs(150),
  );
});

test("frames that come byte by byte are read as they were written", () => {
  const frames: Frame[] = [
    { type: FrameType.Yield, flags: Flag.More | Flag.Json, context: 2 ** 32 - 2, payload: Uint8Array.of(1, 2, 3) },
    { type: FrameType.Stop, flags: 0, context: 0, payload: new Uint8Array(0) },
    { type: FrameType.Timer, flags: 0, context: 1, payload: new Uint8Array(2000).fill(7) },
  ];
  const bytes = join(frames.map(encode));
  assert.equal(
    read(
      new FrameReader(),
      pieces(
        bytes,
        Array.from(bytes, (_, i) => i + 1),
      ),
    ),
    frames,
  );
});

test("a frame that lies whole in its chunk is not copied", () => {
  const chunk = join([
    encodeFrame(FrameType.Log, 0, 0, Uint8Array.of(1)),
    encodeFrame(FrameType.Yield, 0, 1, Uint8Array.of(2, 3)),
  ]);
  const seen: Uint8Array[] = [];
  new FrameReader().push(chunk, (_type, _flags, _context, payload) => seen.push(payload));
  assert.ok(seen.every((payload) => payload.buffer === chunk.buffer));
});

test("a payload is a plain Uint8Array also when the chunk is a Buffer", () => {
  new FrameReader().push(
    Buffer.from(encodeFrame(FrameType.Log, 0, 0, Uint8Array.of(1))),
    (_type, _flags, _context, payload) => {
      assert.is(payload.constructor, Uint8Array);
    },
  );
});

test("a header is ten bytes, little endian", () => {
  const bytes = new Uint8Array(12);
  writeHeader(bytes, 1, 0x0102, FrameType.Return, Flag.Json, 0xa1b2c3d4);
  assert.equal([...bytes], [0, 2, 1, 0, 0, 10, 2, 0xd4, 0xc3, 0xb2, 0xa1, 0]);
});

test("a message behind reserved bytes becomes a frame where it stands", () => {
  const message = Uint8Array.of(...new Array<number>(HEADER_BYTES).fill(9), 1, 2, 3);
  assert.is(sealFrame(message, FrameType.Start, 0, 5), message);
  assert.equal(message, encodeFrame(FrameType.Start, 0, 5, Uint8Array.of(1, 2, 3)));
});

test("a payload of the largest size is read, one byte more is refused from its header alone", () => {
  const largest = encodeFrame(FrameType.Yield, 0, 1, new Uint8Array(MAX_FRAME_PAYLOAD));
  assert.is(read(new FrameReader(), [largest]).length, 1);
  const over = new Uint8Array(HEADER_BYTES);
  writeHeader(over, 0, MAX_FRAME_PAYLOAD + 1, FrameType.Yield, 0, 1);
  assert.match(refusal(() => read(new FrameReader(), [over])).message, "65537");
  writeHeader(over, 0, 0xffffffff, FrameType.Yield, 0, 1);
  assert.match(refusal(() => read(new FrameReader(), pieces(over, [3, 10]))).message, "4294967295");
});

test("an unknown type is refused", () => {
  const known = new Set<number>(Object.values(FrameType));
  for (let type = 0; type < 256; type++) {
    const bytes = new Uint8Array(HEADER_BYTES);
    writeHeader(bytes, 0, 0, type, 0, 1);
    if (known.has(type)) assert.is(read(new FrameReader(), [bytes]).length, 1);
    else assert.match(refusal(() => read(new FrameReader(), [bytes])).message, `type ${type}`);
  }
});

test("unknown flags are refused", () => {
  for (let flags = 0; flags < 256; flags++) {
    const bytes = new Uint8Array(HEADER_BYTES);
    writeHeader(bytes, 0, 0, FrameType.Yield, flags, 1);
    if (flags < 8) assert.is(read(new FrameReader(), [bytes]).length, 1);
    else assert.match(refusal(() => read(new FrameReader(), [bytes])).message, `flags ${flags}`);
  }
});

test("a stream that ends within a frame is refused, and one that ends between two is not", () => {
  fc.assert(
    fc.property(stream, fc.nat(), ([frames, bytes], where) => {
      const end = where % (bytes.length + 1);
      const reader = new FrameReader();
      const got = read(reader, [bytes.slice(0, end)]);
      assert.equal(got, frames.slice(0, got.length));
      const whole = got.reduce((sum, { payload }) => sum + HEADER_BYTES + payload.length, 0);
      if (whole === end) reader.end();
      else assert.match(refusal(() => reader.end()).message, "within a frame");
    }),
    runs(100),
  );
});

test("garbage is frames or an InvalidMessage, and never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(200), { maxLength: 4 }), (bytes, ends) => {
      const reader = new FrameReader();
      try {
        read(reader, pieces(bytes, [...ends.sort((a, b) => a - b), bytes.length]));
        reader.end();
      } catch (error) {
        assert.instance(error, InvalidMessage);
      }
    }),
    runs(500),
  );
});

test("a reader is dead after it has refused something", () => {
  const reader = new FrameReader();
  refusal(() => read(reader, [new Uint8Array(HEADER_BYTES)]));
  assert.match(refusal(() => read(reader, [encodeFrame(FrameType.Stop, 0, 1)])).message, "failed or ended");
  reader.end();
});

test("a reader is dead after its listener has thrown, and the error is the listener's", () => {
  for (const chunks of [1, 2]) {
    const reader = new FrameReader();
    const bytes = encodeFrame(FrameType.Yield, 0, 1, new Uint8Array(20));
    const mine = new Error("mine");
    let caught: unknown;
    try {
      for (const chunk of pieces(bytes, chunks === 1 ? [30] : [15, 30])) {
        reader.push(chunk, () => {
          throw mine;
        });
      }
    } catch (error) {
      caught = error;
    }
    assert.is(caught, mine);
    refusal(() => read(reader, [bytes]));
  }
});

test("a reader refuses to be entered by its own listener, and reads on", () => {
  const reader = new FrameReader();
  const bytes = encodeFrame(FrameType.Stop, 0, 1);
  let entered = 0;
  reader.push(join([bytes, bytes]), () => {
    entered++;
    assert.match(refusal(() => reader.push(bytes, () => assert.unreachable())).message, "entered");
  });
  assert.is(entered, 2);
  assert.is(read(reader, [bytes]).length, 1);
});

test("an ended reader takes nothing more", () => {
  const reader = new FrameReader();
  reader.end();
  refusal(() => read(reader, [encodeFrame(FrameType.Stop, 0, 1)]));
});

test.run();
