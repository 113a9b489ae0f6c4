// TextEncoder and TextDecoder of a guest against those of Node, over its host's text and, while it is built, without any.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { attach } from "#brood/actor/guest/host.js";
import { TextDecoder as GuestDecoder, TextEncoder as GuestEncoder } from "#brood/actor/guest/text.js";
import { suite } from "../harness/law.js";
import { fakeHost } from "./fake-host.js";

const law = suite("guest text");

const host = fakeHost();
attach(host);

const outcome = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return `${(error as Error).name} ${String((error as { code?: unknown }).code)}`;
  }
};

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("", "\ufeffx", "\ud800", "x\udc00\ud800", "é", "\u{1f41d}".repeat(3)),
);

// Bytes that are special somewhere in UTF-8.
const byte = fc.constantFrom(
  0,
  0x41,
  0x7f,
  0x80,
  0x8f,
  0x90,
  0x9f,
  0xa0,
  0xbb,
  0xbf,
  0xc0,
  0xc1,
  0xc2,
  0xdf,
  0xe0,
  0xed,
  0xef,
  0xf0,
  0xf4,
  0xf5,
  0xff,
);
const anyBytes = fc.oneof(
  fc.array(byte, { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes)),
  fc.uint8Array({ maxLength: 20 }),
  anyText.map((text) => new TextEncoder().encode(text)),
);

/** Node 24 and 26 take the mark of a byte order for one also after a broken character, in the next piece; the standard, and Node 20, do not. */
const TAKES_LATE_MARKS = ((decoder) => {
  decoder.decode(Uint8Array.of(0xc2), { stream: true });
  return !decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf), { stream: true }).includes("\ufeff");
})(new TextDecoder());
const hasLateMark = (pieces: readonly Uint8Array[]): boolean =>
  pieces.slice(1).some(([a, b, c]) => a === 0xef && b === 0xbb && c === 0xbf);

for (const [where, live] of [
  ["in an instance", true],
  ["while the actor is built", false],
] as const) {
  const within = (run: () => void) => () => {
    host.live = live;
    try {
      run();
    } finally {
      host.live = true;
    }
  };

  law(
    `${where}, a text has the bytes that it has in Node`,
    within(() =>
      fc.assert(
        fc.property(anyText, (text) =>
          assert.equal([...new GuestEncoder().encode(text)], [...new TextEncoder().encode(text)]),
        ),
        { numRuns: 500 },
      ),
    ),
  );

  law(
    `${where}, encodeInto reads and writes as much as in Node`,
    within(() =>
      fc.assert(
        fc.property(anyText, fc.nat(12), (text, room) => {
          const [ours, theirs] = [new Uint8Array(room), new Uint8Array(room)];
          assert.equal(new GuestEncoder().encodeInto(text, ours), { ...new TextEncoder().encodeInto(text, theirs) });
          assert.equal([...ours], [...theirs]);
        }),
        { numRuns: 500 },
      ),
    ),
  );

  law(
    `${where}, the mark of a byte order is a character like others where it does not come first`,
    within(() => {
      const decoder = new GuestDecoder();
      const pieces = [[0xc2], [0xef, 0xbb, 0xbf, 0x78]].map((bytes) =>
        decoder.decode(Uint8Array.from(bytes), { stream: true }),
      );
      assert.equal(pieces, ["", "\ufffd\ufeffx"]);
    }),
  );

  law(
    `${where}, bytes are read as in Node, in one piece and in many`,
    within(() =>
      fc.assert(
        fc.property(
          fc.array(anyBytes, { minLength: 1, maxLength: 5 }),
          fc.boolean(),
          fc.boolean(),
          (chunks, fatal, ignoreBOM) => {
            fc.pre(!TAKES_LATE_MARKS || !hasLateMark(chunks));
            const [ours, theirs] = [
              new GuestDecoder("utf-8", { fatal, ignoreBOM }),
              new TextDecoder("utf-8", { fatal, ignoreBOM }),
            ];
            for (const [i, chunk] of chunks.entries()) {
              const stream = i < chunks.length - 1;
              const [a, b] = [ours, theirs].map((one) => outcome(() => one.decode(chunk, { stream })));
              // What is left in a decoder that has thrown is another matter.
              assert.is(a, b);
              if (String(b).startsWith("TypeError")) return;
            }
            const [a, b] = [ours, theirs].map((one) => outcome(() => one.decode(chunks[0])));
            assert.is(a, b);
          },
        ),
        { numRuns: 3_000 },
      ),
    ),
  );
}

for (const label of ["utf8", "UTF-8", " utf-8 ", "unicode-1-1-utf-8", "x-unicode20utf8"]) {
  law(`${JSON.stringify(label)} is UTF-8`, () => assert.is(new GuestDecoder(label).encoding, "utf-8"));
}

for (const label of ["latin1", "utf-16le", "", "utf_8", null]) {
  law(`the label ${JSON.stringify(label)} is a RangeError that names it`, () =>
    assert.throws(
      () => new GuestDecoder(label),
      (error: Error) => error instanceof RangeError && error.message.includes(String(label)),
    ),
  );
}

law("any view and any buffer is read", () => {
  const { buffer } = Uint8Array.from([0x61, 0xc3, 0xa9, 0x62]);
  const decoder = new GuestDecoder();
  assert.is(decoder.decode(buffer), "aéb");
  assert.is(decoder.decode(new DataView(buffer, 1)), "éb");
  assert.is(decoder.decode(new Uint16Array(buffer, 0, 1)), "a\ufffd");
  assert.is(decoder.decode(), "");
  for (const wrong of ["text", 5, null, {}, [97]]) assert.throws(() => decoder.decode(wrong as never), /ArrayBuffer/);
});

law("what a decoder is can be read, and not written", () => {
  const decoder = new GuestDecoder("utf8", { fatal: true });
  assert.equal([decoder.encoding, decoder.fatal, decoder.ignoreBOM], ["utf-8", true, false]);
  assert.is(Object.prototype.toString.call(decoder), "[object TextDecoder]");
  assert.is(new GuestEncoder().encoding, "utf-8");
  assert.equal([...new GuestEncoder().encode()], []);
  assert.equal([...new GuestEncoder().encode(null)], [...new TextEncoder().encode("null")]);
});

law("a decoder that has thrown begins anew", () => {
  const decoder = new GuestDecoder("utf-8", { fatal: true });
  assert.throws(() => decoder.decode(Uint8Array.of(0xff)));
  assert.is(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "a");
});

law.run();
