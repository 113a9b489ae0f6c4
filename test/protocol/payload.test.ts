// Values to bytes and back: what is sent arrives equal, and whatever arrives is a value or an InvalidMessage.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { InvalidMessage } from "#brood/errors/kinds.js";
import { Flag, HEADER_BYTES } from "#brood/protocol/frame.js";
import {
  decodeOwned,
  decodeValue,
  encodeJson,
  encodePacked,
  encodePlain,
  encodeValue,
} from "#brood/protocol/payload.js";
import { scan } from "#brood/protocol/scan.js";
import { isPlainJson } from "#brood/protocol/walk.js";
import { anyJson, anyValue, objectOf, runs, same } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("payload");

const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value, "value"));
const bytes = (...list: (number | readonly number[])[]): Uint8Array => Uint8Array.from(list.flat());
const textBytes = (text: string): number[] => [...new TextEncoder().encode(text)];

test("any value arrives as it was sent", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const before = structuredClone(value);
      assert.ok(same(roundTrip(value), value));
      assert.ok(same(value, before), "the sender's value was changed");
    }),
    runs(1500),
  );
});

test("any plain JSON arrives as it was sent, as JSON text and as msgpack", () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const json = encodeJson(value, "value");
      assert.ok(json !== undefined);
      assert.ok(same(decodeValue(json as Uint8Array, Flag.Json), value));
      assert.ok(same(roundTrip(value), value));
    }),
    runs(500),
  );
});

test("a value is plain JSON exactly when JSON loses nothing of it", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      if (!isPlainJson(value, "value")) return assert.is(encodeJson(value, "value"), undefined);
      assert.ok(same(JSON.parse(JSON.stringify(value)), value));
    }),
    runs(500),
  );
});

test("what JSON.stringify would not take as it is is no plain JSON", () => {
  const hidden = { value: () => "other", enumerable: false };
  for (const value of [
    Object.defineProperty({ a: 1 }, "toJSON", hidden),
    Object.defineProperty([1], "toJSON", hidden),
    { toJSON: 1 },
  ]) {
    assert.not(isPlainJson(value, "value"));
    assert.not(isPlainJson([[value]], "value"));
  }
});

test("bytes that are left free for a header are left free, and the payload follows", () => {
  fc.assert(
    fc.property(anyValue, fc.constantFrom(0, 1, HEADER_BYTES, 255), (value, reserve) => {
      const message = encodeValue(value, "value", reserve);
      assert.ok(same(decodeValue(message.subarray(reserve)), value));
      const json = encodeJson([1, "x".repeat(5000)], "value", reserve) as Uint8Array;
      assert.ok(same(decodeValue(json.subarray(reserve), Flag.Json), [1, "x".repeat(5000)]));
    }),
    runs(100),
  );
});

test("an encoded message is not written over by the next ones", () => {
  const values = Array.from({ length: 500 }, (_, i) => ({
    i,
    text: "x".repeat((i * 37) % 2000),
    bytes: new Uint8Array(i),
  }));
  const messages = values.map((value) => encodeValue(value, "value", HEADER_BYTES));
  messages.forEach((message, i) => assert.ok(same(decodeValue(message.subarray(HEADER_BYTES)), values[i])));
});

test("a decoded value shares no memory with what arrived", () => {
  const value = [
    Uint8Array.of(1, 2, 3),
    new Float32Array([1]),
    Uint8Array.of(9).buffer,
    new DataView(new ArrayBuffer(2)),
    "text",
    new Map([[1, Uint8Array.of(4)]]),
  ];
  for (const wrap of [(b: Uint8Array) => b, (b: Uint8Array) => Buffer.from(b)]) {
    const message = wrap(encodeValue(value, "value").slice());
    const got = decodeValue(message);
    message.fill(0xc1);
    assert.ok(same(got, value));
    assert.is(((got as unknown[])[0] as Uint8Array).buffer.byteLength, 3);
  }
});

test("an object keeps keys that have a meaning elsewhere", () => {
  const keys = [
    "__proto__",
    "constructor",
    "prototype",
    "toJSON",
    "hasOwnProperty",
    "__defineGetter__",
    "valueOf",
    "then",
    "0",
    "",
  ];
  const value = objectOf(keys.map((key, i) => [key, { i }]));
  assert.ok(same(roundTrip(value), value));
  assert.is(Object.getPrototypeOf(roundTrip(value)), Object.prototype);
  assert.is(({} as Record<string, unknown>)["i"], undefined);
});

test("an object of 70,000 keys arrives", () => {
  const value = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]));
  assert.ok(same(roundTrip(value), value));
});

test("texts of every length arrive, with and without marks and surrogates", () => {
  for (const length of [0, 1, 15, 16, 31, 32, 63, 64, 65, 255, 256, 65_535, 65_536, 70_000]) {
    for (const unit of ["x", "é", "€", "\u{1f41d}", "\ud800", "\ufeff"]) {
      const value = unit.repeat(length);
      assert.is(roundTrip(value), value);
      assert.ok(same(roundTrip({ [value]: value }), { [value]: value }));
      assert.is(decodeValue(encodeJson(value, "value") as Uint8Array, Flag.Json), value);
    }
  }
});

test("bigints of every size arrive", () => {
  for (let bits = 0n; bits < 300n; bits++) {
    for (const value of [2n ** bits, -(2n ** bits), 2n ** bits - 1n, -(2n ** bits) - 1n])
      assert.is(roundTrip(value), value);
  }
  const huge = -(7n ** 100_000n);
  assert.is(roundTrip(huge), huge);
});

test("integers and numbers at every border arrive as numbers", () => {
  for (let bits = 0; bits < 1024; bits += bits < 70 ? 1 : 50) {
    for (const n of [2 ** bits, 2 ** bits - 1, 2 ** bits + 1, -(2 ** bits), -(2 ** bits) - 1, 1 / 2 ** bits])
      assert.is(roundTrip(n), n);
  }
});

test("a message with as many values as are allowed arrives, whatever they are in", () => {
  const many = 999_998;
  const array = new Array<number>(many).fill(0);
  assert.is((roundTrip([array]) as unknown[][])[0]?.length, many);
  const odd = Object.fromEntries(Array.from({ length: 600_000 }, (_, i) => [i === 0 ? "__proto__" : `${i}`, 0]));
  assert.is(Object.keys(roundTrip(odd) as object).length, 600_000);
  assert.is((roundTrip(new Map(array.slice(0, 499_998).map((_, i) => [i, 0]))) as Map<number, number>).size, 499_998);
  refusal(() => encodeValue([array, 0, 0], "value"));
});

test("a plain JSON with as many values as are allowed arrives as JSON", () => {
  const list = Array.from({ length: 999_999 }, () => []);
  assert.is((decodeValue(encodeJson(list, "value") as Uint8Array, Flag.Json) as unknown[]).length, 999_999);
});

test("a message of exactly 64 MiB is sent, one byte more is refused", () => {
  const most = new Uint8Array(64 * 1024 * 1024 - 5);
  assert.is(encodeValue(most, "value").length, 64 * 1024 * 1024);
  assert.match(
    refusal(() => encodeValue(new Uint8Array(most.length + 1), "value")).message,
    "more than 67108864 bytes",
  );
  // Of these, the walk knows less than they take.
  assert.match(refusal(() => encodeValue("€".repeat(30_000_000), "value")).message, "more than 67108864 bytes");
  assert.match(refusal(() => encodeJson("€".repeat(30_000_000), "value")).message, "more than 67108864 bytes");
});

test("a large message does not make the small ones after it hold large buffers", () => {
  encodeValue("x".repeat(5_000_000), "value");
  assert.ok(encodeValue([1], "value").buffer.byteLength <= 64 * 1024);
  const middling = encodeValue("x".repeat(600_000), "value");
  assert.ok(middling.buffer.byteLength <= 2 * middling.length + 64);
});

test("a value that sends something itself while it is looked at does no harm", () => {
  let inner = 0;
  const noisy = (): object =>
    new Proxy(
      { a: 1, text: "y".repeat(100) },
      {
        ownKeys(target) {
          inner++;
          refusal(() => encodeValue([Symbol("s"), "z".repeat(5000)], "inner"));
          // These two change the buffer of the packer, or make it fail.
          assert.is(encodeValue("z".repeat(2_000_000), "inner").length, 2_000_005);
          refusal(() =>
            encodeValue(
              new Proxy({ a: 1 }, { get: (from, key) => (key === "a" ? Symbol("s") : Reflect.get(from, key)) }),
              "inner",
            ),
          );
          assert.equal(roundTrip({ inner: [new Date(1)] }), { inner: [new Date(1)] });
          assert.ok(isPlainJson([1], "inner"));
          return Reflect.ownKeys(target);
        },
      },
    );
  const value = [1, noisy(), "x".repeat(40_000), noisy(), new Date(2)];
  assert.equal(roundTrip(value), [
    1,
    { a: 1, text: "y".repeat(100) },
    "x".repeat(40_000),
    { a: 1, text: "y".repeat(100) },
    new Date(2),
  ]);
  assert.ok(inner >= 4);
});

test("a proxy that changes between looks gives a value or an InvalidMessage", () => {
  for (const second of [
    () => () => 1,
    () => Symbol("s"),
    (): unknown => ({
      get a() {
        throw new Error("x");
      },
    }),
  ]) {
    let looks = 0;
    const shifty = new Proxy(
      { a: 1 },
      {
        get: (target, key) => (key === "a" ? second() : Reflect.get(target, key)),
        getOwnPropertyDescriptor: (target, key) => (looks++, Reflect.getOwnPropertyDescriptor(target, key)),
      },
    );
    try {
      encodeValue([shifty], "value");
    } catch (error) {
      assert.instance(error, InvalidMessage);
    }
    assert.ok(looks > 0);
    assert.equal(roundTrip([1]), [1]);
  }
});

test("a cycle through any container is refused as a cycle", () => {
  const map = new Map<unknown, unknown>();
  map.set("a", [map]);
  assert.is(refusal(() => encodeValue(map, "value")).at, 'value.get("a")[0]');
  const set = new Set<unknown>();
  set.add({ set });
  assert.is(
    refusal(() => encodeValue({ x: set }, "value")).message,
    "invalid message: value.x.values[0].set: a cycle cannot be sent.",
  );
  const wide: unknown[] = Array.from({ length: 5000 }, () => ({ a: 1 }));
  wide.push(wide);
  assert.is(refusal(() => encodeValue(wide, "value")).message, "invalid message: value[5000]: a cycle cannot be sent.");
});

test("after a refusal the next value is walked from the beginning", () => {
  for (let i = 0; i < 50; i++) {
    refusal(() => encodeValue({ a: [[[Symbol("s")]]] }, "value"));
    assert.is(refusal(() => encodeValue([Symbol("s")], "v")).at, "v[0]");
    assert.equal(roundTrip([[i]]), [[i]]);
  }
});

// What a peer may send.

const nested = (levels: number, of: readonly number[]): Uint8Array =>
  bytes(Array.from({ length: levels }, () => of).flat(), 0xc0);

const hostile: Record<string, Uint8Array> = {
  "nothing at all": bytes(),
  "the token that is never used": bytes(0xc1),
  "two values": bytes(1, 2),
  "bytes after the end": bytes(0x91, 1, 0xc0),
  "an array of 4,294,967,295": bytes(0xdd, 0xff, 0xff, 0xff, 0xff),
  "an array of 65,535 with nothing in it": bytes(0xdc, 0xff, 0xff),
  "a map of 4,294,967,295": bytes(0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61),
  "a map of 2,147,483,648": bytes(0xdf, 0x80, 0, 0, 0),
  "a text of 4 GiB": bytes(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
  "4 GiB of binary": bytes(0xc6, 0xff, 0xff, 0xff, 0xff, 0x61),
  "an extension of 4 GiB": bytes(0xc9, 0xff, 0xff, 0xff, 0xff, 4, 0),
  "an array within an array within an array of many": bytes(...Array.from({ length: 30 }, () => [0xdc, 0x7f, 0xff])),
  "2,000 levels of arrays": nested(2000, [0x91]),
  "a million levels of arrays": nested(1_000_000, [0x91]),
  "2,000 levels of maps": nested(2000, [0x81, 0xa0]),
  "2,000 levels of Sets": nested(2000, [0xd4, 0x21, 0, 0x91]),
  "a tag on a tag on a tag": nested(5000, [0xd4, 0x21, 0]),
  "two million values": bytes(0xdd, 0, 0x1e, 0x84, 0x80, new Array<number>(2_000_000).fill(0)),
  "a map with a number for a key": bytes(0x81, 1, 1),
  "a map with nil for a key": bytes(0x81, 0xc0, 1),
  "a map with a map for a key": bytes(0x81, 0x80, 1),
  "a map with a UTF-16 text for a key": bytes(0x81, 0xc7, 2, 1, 0x61, 0, 1),
  "a map with the key __proto__": bytes(0x81, 0xa9, textBytes("__proto__"), 0x80),
  "a map with the key __proto__, as a longer text": bytes(0x81, 0xd9, 9, textBytes("__proto__"), 0x80),
  "an object with a number for a key": bytes(0xd4, 0x22, 0, 0x92, 1, 1),
  "an object with a date for a key": bytes(0xd4, 0x22, 0, 0x92, 0xc7, 8, 3, new Array<number>(8).fill(0), 1),
  "an object with a key and no value": bytes(0xd4, 0x22, 0, 0x91, 0xa1, 0x61),
  "a Map with a key and no value": bytes(0xd4, 0x20, 0, 0x91, 1),
  "a Map that is a map": bytes(0xd4, 0x20, 0, 0x81, 0xa1, 0x61, 1),
  "a Set that is a number": bytes(0xd4, 0x21, 0, 1),
  "a Set without anything": bytes(0xd4, 0x21, 0),
  "a Set of another form": bytes(0xc7, 1, 0x21, 0, 0x90),
  "a Set with another filler": bytes(0xd4, 0x21, 1, 0x90),
  "an error that is a list": bytes(0xd4, 0x23, 0, 0x90),
  "an error without a name": bytes(0xd4, 0x23, 0, 0x80),
  "an error with a number for a name": bytes(
    0xd4,
    0x23,
    0,
    0x82,
    0xa4,
    textBytes("name"),
    1,
    0xa7,
    textBytes("message"),
    0xa0,
  ),
  "an error with a field called stack": encodeError({ name: "Error", message: "m", fields: { stack: "x" } }),
  "an error with a list of fields": encodeError({ name: "Error", message: "m", fields: [] }),
  "an error with errors that are no list": encodeError({ name: "Error", message: "m", errors: {} }),
  "an error with an object for a code": encodeError({ name: "Error", message: "m", code: {} }),
  "undefined with another body": bytes(0xd4, 0, 1),
  "undefined of another form": bytes(0xc7, 1, 0, 0),
  "half a UTF-16 unit": bytes(0xc7, 3, 1, 0x61, 0, 0x62),
  "a bigint that fits 64 bits": bytes(0xc7, 3, 2, 0, 1, 1),
  "a bigint with leading zeros": bytes(0xc7, 10, 2, 0, 0, new Array<number>(8).fill(1)),
  "a bigint with a third sign": bytes(0xc7, 10, 2, 2, new Array<number>(9).fill(1)),
  "a date of four bytes": bytes(0xd6, 3, 0, 0, 0, 0),
  "a part of an element of a typed array": bytes(0xc7, 3, 0x17, 1, 2, 3),
  "an unknown extension": bytes(0xd4, 0x7f, 0),
  "a text with a byte order mark": bytes(0xd9, 70, 0xef, 0xbb, 0xbf, new Array<number>(67).fill(0x61)),
  // What msgpackr would understand by itself.
  "a record of msgpackr": bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1),
  "a record of msgpackr with two bytes": bytes(0xd5, 0x72, 0x40, 0, 0x91, 0xa1, 0x61, 1),
  "a reference of msgpackr": bytes(0x92, 0xd6, 0x69, 0, 0, 0, 1, 0x90, 0xd6, 0x70, 0, 0, 0, 1),
  "a bundle of texts of msgpackr": bytes(0xd6, 0x62, 0, 0, 0, 5, 0x90, 0xa0, 0xa0),
  "an error of msgpackr": bytes(0xd4, 0x65, 0, 0x93, 0xa5, textBytes("Error"), 0xa1, 0x6d, 0xc0),
  "a Set of msgpackr": bytes(0xd4, 0x73, 0, 0x90),
  "a regular expression of msgpackr": bytes(0xd4, 0x78, 0, 0x92, 0xa1, 0x61, 0xa0),
  "a typed array of msgpackr": bytes(0xc7, 2, 0x74, 1, 0),
  "a bigint of msgpackr": bytes(0xc7, 9, 0x42, new Array<number>(9).fill(1)),
  "a timestamp": bytes(0xd6, 0xff, 0, 0, 0, 1),
};

function encodeError(data: unknown): Uint8Array {
  return bytes(0xd4, 0x23, 0, [...encodeValue(data, "value")]);
}

for (const [what, payload] of Object.entries(hostile)) {
  test(`a payload with ${what} is refused`, () => {
    const before = process.memoryUsage().heapUsed;
    refusal(() => decodeValue(payload));
    // The shape of an error is looked at when it is rebuilt; everything else must not even get to msgpackr.
    if (what.startsWith("an error")) return;
    const { message } = refusal(() => scan(payload));
    if (what.includes(" levels of ")) assert.match(message, "levels deep");
    assert.ok(process.memoryUsage().heapUsed - before < 200e6);
    assert.equal(roundTrip([1]), [1]);
  });
}

test("a number where msgpackr has its records is a number", () => {
  for (let token = 0; token < 0x80; token++) assert.is(decodeValue(bytes(token)), token);
  assert.equal(decodeValue(bytes(0x92, 0x40, 0x41)), [0x40, 0x41]);
});

test("a payload that is cut off anywhere is refused", () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), (value, where) => {
      const whole = encodeValue(value, "value");
      refusal(() => decodeValue(whole.slice(0, where % whole.length)));
    }),
    runs(400),
  );
});

test("a payload with a few bytes changed is a value or an InvalidMessage, and a value can be sent on", () => {
  const change = fc.tuple(
    fc.nat(),
    fc.oneof(fc.nat({ max: 255 }), fc.integer({ min: 0xc0, max: 0xdf }), fc.integer({ min: 0, max: 0x30 })),
  );
  fc.assert(
    fc.property(anyValue, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
      const payload = encodeValue(value, "value").slice();
      for (const [where, byte] of changes) payload[where % payload.length] = byte;
      takes(payload);
    }),
    runs(2000),
  );
});

test("garbage is a value or an InvalidMessage", () => {
  const token = fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0xd4, 0xc7, 0x91, 0x81, 0x20, 0x21, 0x22, 0x23, 0, 0xa1, 0x92),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 60 }), (list) => takes(bytes(list))),
    runs(5000),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (payload) => takes(payload, Flag.Json)),
    runs(300),
  );
});

/** Decodes it; what comes out must be a value like any other. */
function takes(payload: Uint8Array, flags = 0): void {
  let value: unknown;
  try {
    value = decodeValue(payload, flags);
  } catch (error) {
    assert.instance(error, InvalidMessage);
    return;
  }
  assert.ok(same(roundTrip(value), value) || hasError(value));
}

/** Errors are compared elsewhere. */
function hasError(value: unknown): boolean {
  if (value instanceof Error) return true;
  if (value instanceof Map) return [...value].flat().some(hasError);
  if (value instanceof Set) return [...value].some(hasError);
  return (
    typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && Object.values(value).some(hasError)
  );
}

test("a scan takes a little more depth than a sender does, for what brood itself puts around a value", () => {
  scan(nested(1032, [0x91]));
  refusal(() => scan(nested(1033, [0x91])));
});

test("a scan takes everything that is encoded", () => {
  fc.assert(
    fc.property(anyValue, (value) => scan(encodeValue(value, "value"))),
    runs(300),
  );
});

// JSON.

const json = (text: string): unknown => decodeValue(new TextEncoder().encode(text), Flag.Json);

for (const text of [
  "",
  " ",
  "{",
  "[1,]",
  "undefined",
  "NaN",
  "'a'",
  "1 2",
  "\ufeff1",
  '{"a"}',
  '"\ud800',
  "[".repeat(100_000),
  '"\\'.repeat(2000),
]) {
  test(`JSON text ${JSON.stringify(text.slice(0, 20))} is refused`, () => {
    refusal(() => json(text));
  });
}

test("JSON that is not UTF-8 is refused", () => {
  refusal(() => decodeValue(bytes(0x22, 0xff, 0x22), Flag.Json));
});

test("JSON nested too deep or with too many values is refused", () => {
  assert.match(refusal(() => json(`${"[".repeat(5000)}${"]".repeat(5000)}`)).message, "levels deep");
  assert.match(refusal(() => json(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`)).message, "levels deep");
  assert.match(refusal(() => json(`[${"0,".repeat(3_000_000)}0]`)).message, "more than 1000000");
});

test("brackets and commas within a text of JSON are no levels and no values", () => {
  const value = ["[".repeat(5000), '\\"{'.repeat(5000), ",".repeat(3_000_000), '\\\\"'.repeat(3000)];
  assert.equal(json(JSON.stringify(value)), value);
});

test("a key __proto__ in JSON is a key like any other", () => {
  const value = json('{"__proto__":{"polluted":1}}') as Record<string, unknown>;
  assert.is(Object.getPrototypeOf(value), Object.prototype);
  assert.ok(Object.hasOwn(value, "__proto__"));
  assert.is(value["polluted"], undefined);
});

test("bytes go as they are, whatever the sender writes else, and share nothing with it", () => {
  for (const encode of [encodePacked, encodePlain]) {
    for (const length of [0, 1, 16, 5_000]) {
      const sent = Uint8Array.from({ length }, (_, i) => i % 256);
      const { payload, flags } = encode(sent, "message");
      assert.is(flags, Flag.Bytes);
      const before = sent.slice();
      sent.fill(1);
      for (const got of [decodeValue(payload, flags), decodeOwned(payload, flags)] as Uint8Array[]) {
        assert.is(Object.getPrototypeOf(got), Uint8Array.prototype);
        assert.equal(got, before);
      }
      assert.not(decodeValue(payload, flags) === payload);
    }
    // A Buffer is one, a view on a part of memory is that part; other views are not.
    assert.equal(decodeValue(encode(Buffer.from("ab"), "m").payload, Flag.Bytes), new Uint8Array([97, 98]));
    assert.equal(
      decodeValue(encode(new Uint8Array([1, 2, 3, 4]).subarray(1, 3), "m").payload, Flag.Bytes),
      new Uint8Array([2, 3]),
    );
    for (const other of [new Uint16Array([1]), new DataView(new ArrayBuffer(2)), new Int8Array([1])])
      assert.is(encode(other, "m").flags, 0);
    assert.throws(() => encode(new Uint8Array(new SharedArrayBuffer(2)), "m"), /SharedArrayBuffer cannot be sent/);
  }
});

test("a payload of two encodings at once is refused", () => {
  assert.throws(() => decodeValue(new Uint8Array([1]), Flag.Bytes | Flag.Json), /two encodings at once/);
});

test.run();
