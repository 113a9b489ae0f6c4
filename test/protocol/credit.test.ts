// Flow control: the window bounds what is on its way, the ledger gives all of it back, and nobody waits for ever.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CreditLedger, CreditWindow, WINDOW_BYTES, WINDOW_MESSAGES, type Grant } from "#brood/protocol/credit.js";
import { runs } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("credit");

test("a window lets 256 messages go, and no more before a grant", () => {
  const window = new CreditWindow();
  for (let i = 0; i < 256; i++) assert.ok(window.take(1));
  assert.not(window.take(1));
  assert.not(window.take(0));
  window.grant(1, 1);
  assert.ok(window.take(1));
  assert.not(window.take(1));
});

test("a window lets 1 MiB go, and no more before a grant", () => {
  const window = new CreditWindow();
  assert.ok(window.take(WINDOW_BYTES / 2));
  assert.ok(window.take(WINDOW_BYTES / 2));
  assert.not(window.take(1));
  assert.ok(window.take(0));
  window.grant(1, WINDOW_BYTES / 2);
  assert.ok(window.take(WINDOW_BYTES / 2));
});

test("a message larger than the window goes when nothing is outstanding", () => {
  const window = new CreditWindow();
  assert.ok(window.take(64 * WINDOW_BYTES));
  assert.not(window.take(1));
  window.grant(1, 64 * WINDOW_BYTES);
  window.take(WINDOW_BYTES / 2);
  assert.not(window.take(2 * WINDOW_BYTES));
});

test("a grant beyond what is outstanding is refused and changes nothing", () => {
  const window = new CreditWindow();
  window.take(10);
  window.take(20);
  for (const [messages, bytes] of [
    [3, 30],
    [1, 31],
    [2, 29],
    [-1, 0],
    [0, -1],
    [NaN, 0],
    [0, NaN],
  ] as const) {
    assert.match(refusal(() => window.grant(messages, bytes)).message, "credit for");
  }
  window.grant(1, 10);
  window.grant(1, 20);
  assert.is(window.outstandingBytes, 0);
  refusal(() => window.grant(1, 0));
});

test("a ledger grants after a quarter of the messages, or of the bytes", () => {
  const ledger = new CreditLedger();
  for (let i = 1; i < WINDOW_MESSAGES / 4; i++) assert.is(ledger.consumed(2), undefined);
  assert.equal(ledger.consumed(3), { messages: 64, bytes: 129 });
  assert.is(ledger.consumed(WINDOW_BYTES / 4 - 1), undefined);
  assert.equal(ledger.consumed(1), { messages: 2, bytes: WINDOW_BYTES / 4 });
  assert.equal(ledger.consumed(2 * WINDOW_BYTES), { messages: 1, bytes: 2 * WINDOW_BYTES });
});

test("with a receiver that consumes everything, no message ever waits for good; what is on its way is bounded", () => {
  const size = fc.oneof(
    fc.nat({ max: 300 }),
    fc.nat({ max: 2 * WINDOW_BYTES }),
    fc.constantFrom(
      0,
      WINDOW_BYTES / 4 - 1,
      WINDOW_BYTES / 4,
      (WINDOW_BYTES / 4) * 3,
      (WINDOW_BYTES / 4) * 3 + 1,
      WINDOW_BYTES,
      WINDOW_BYTES + 1,
    ),
  );
  // How many of the messages on their way the receiver consumes before the sender is tried again.
  const patience = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(size, { maxLength: 400 }), patience, (sizes, pace) => {
      const window = new CreditWindow();
      const ledger = new CreditLedger();
      const way: number[] = [];
      let sum = 0; // the model: what is outstanding, counted plainly
      let count = 0;
      let turn = 0;
      let sent = 0;
      while (sent < sizes.length) {
        const bytes = sizes[sent] as number;
        const before = sum;
        if (window.take(bytes)) {
          way.push(bytes);
          sum += bytes;
          count++;
          sent++;
          assert.ok(count <= WINDOW_MESSAGES);
          assert.ok(
            sum <= WINDOW_BYTES || before < WINDOW_BYTES / 4,
            "more than the window, and not a large message alone",
          );
        } else {
          assert.ok(way.length > 0, "nothing is on its way, and still it may not go");
          for (let n = 1 + (pace[turn++ % pace.length] as number); n > 0 && way.length > 0; n--) {
            const grant: Grant | undefined = ledger.consumed(way.shift() as number);
            if (grant === undefined) continue;
            window.grant(grant.messages, grant.bytes);
            count -= grant.messages;
            sum -= grant.bytes;
          }
        }
        assert.is(window.outstandingBytes, sum);
        assert.is(window.outstandingMessages, count);
      }
    }),
    runs(300),
  );
});

test("windows of any size keep the same promises", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.nat({ max: 60 }), { maxLength: 100 }),
      (most, bytes, sizes) => {
        const window = new CreditWindow(most, bytes);
        const ledger = new CreditLedger(most, bytes);
        const way: number[] = [];
        for (const size of sizes) {
          while (!window.take(size)) {
            assert.ok(way.length > 0);
            const grant = ledger.consumed(way.shift() as number);
            if (grant !== undefined) window.grant(grant.messages, grant.bytes);
          }
          way.push(size);
          assert.ok(window.outstandingMessages <= most);
        }
      },
    ),
    runs(300),
  );
});

test.run();
