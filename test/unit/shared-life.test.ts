// The life of a shared resource: the whole table, and that no key is ever wedged, in whatever order its users come, cancel and go.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { nextShared, UNOPENED, type SharedAct, type SharedEvent, type SharedLife } from "#brood/nursery/shared-life.js";
import { suite } from "../harness/law.js";

const law = suite("shared life");

const EVENTS: readonly SharedEvent[] = ["ask", "opened", "failed", "withdraw", "give up", "leave", "closed", "end"];

/** A life and, in the order of EVENTS, what each event makes of it: status, users, waiting, act. */
const TABLE: readonly [string, Partial<SharedLife>, readonly [string, number, number, SharedAct][]][] = [
  [
    "closed",
    {},
    [
      ["opening", 0, 0, "open"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "nothing"],
      ["closed", 0, 0, "forget"],
    ],
  ],
  [
    "opening, with two who wait",
    { status: "opening", waiting: 2, wanted: true },
    [
      ["opening", 0, 3, "nothing"],
      ["open", 3, 0, "admit"],
      ["opening", 0, 1, "open"],
      ["opening", 0, 2, "abort"],
      ["opening", 0, 1, "nothing"],
      ["opening", 0, 2, "nothing"],
      ["opening", 0, 2, "nothing"],
      ["opening", 0, 0, "abort"],
    ],
  ],
  [
    "opening, not wanted any more, with two who wait",
    { status: "opening", waiting: 2, wanted: false },
    [
      ["opening", 0, 3, "nothing"],
      ["closing", 0, 2, "close"],
      ["opening", 0, 1, "open"],
      ["opening", 0, 2, "nothing"],
      ["opening", 0, 1, "nothing"],
      ["opening", 0, 2, "nothing"],
      ["opening", 0, 2, "nothing"],
      ["opening", 0, 0, "nothing"],
    ],
  ],
  [
    "open, with one user",
    { status: "open", users: 1 },
    [
      ["open", 2, 0, "admit"],
      ["open", 1, 0, "nothing"],
      ["open", 1, 0, "nothing"],
      ["open", 1, 0, "nothing"],
      ["open", 1, 0, "nothing"],
      ["closing", 0, 0, "close"],
      ["open", 1, 0, "nothing"],
      ["closing", 1, 0, "close"],
    ],
  ],
  [
    "closing, with one who waits",
    { status: "closing", waiting: 1 },
    [
      ["closing", 0, 2, "nothing"],
      ["closing", 0, 1, "nothing"],
      ["closing", 0, 1, "nothing"],
      ["closing", 0, 1, "nothing"],
      ["closing", 0, 0, "nothing"],
      ["closing", 0, 1, "nothing"],
      ["opening", 0, 0, "open"],
      ["closing", 0, 0, "nothing"],
    ],
  ],
];

for (const [what, life, rows] of TABLE) {
  law(`${what}: every event leads where the table says`, () => {
    assert.equal(
      EVENTS.map((event) => {
        const { life: next, act } = nextShared({ ...UNOPENED, ...life }, event);
        return [next.status, next.users, next.waiting, act];
      }),
      rows,
    );
  });
}

law("once the nursery ends, nobody is let in, and the last thing that happens is that it is forgotten", () => {
  const ended: SharedLife = { ...UNOPENED, status: "closing", ended: true };
  assert.equal(nextShared(ended, "ask"), { life: ended, act: "nothing" });
  assert.is(nextShared(ended, "closed").act, "forget");
  assert.is(nextShared({ ...ended, status: "opening" }, "failed").act, "forget");
});

/** A world around the table: users that come, cancel and leave, and work on its way whose end may come at any time. */
class World {
  life = UNOPENED;
  /** Users by where they are. */
  opener: "wants" | "cancelled" | undefined;
  waiting = 0;
  users = 0;
  pending: "open" | "close" | undefined;
  opens = 0;
  closes = 0;

  step(event: SharedEvent): void {
    const { life, act } = nextShared(this.life, event);
    this.life = life;
    switch (act) {
      case "open":
        assert.is(this.pending, undefined);
        this.pending = "open";
        this.opens++;
        // Who asks, or who waits longest.
        if (event !== "ask") this.waiting--;
        this.opener = "wants";
        break;
      case "close":
        assert.is(this.pending, undefined);
        this.pending = "close";
        this.closes++;
        break;
      case "admit":
        if (event === "ask") this.users++;
        else this.users += 1 + this.waiting;
        if (event === "opened") {
          this.waiting = 0;
          this.opener = undefined;
        }
        break;
      default:
    }
    if (event === "ask" && act === "nothing" && !life.ended) this.waiting++;
  }

  act(what: string): void {
    const { pending } = this;
    switch (what) {
      case "come":
        return this.step("ask");
      case "the opener cancels":
        if (this.opener !== "wants") return;
        this.opener = "cancelled";
        return this.step("withdraw");
      case "one that waits cancels":
        if (this.waiting === 0) return;
        this.waiting--;
        return this.step("give up");
      case "one leaves":
        if (this.users === 0) return;
        this.users--;
        return this.step("leave");
      case "the work succeeds":
      case "the work fails":
        if (pending === undefined) return;
        this.pending = undefined;
        if (pending === "close") return this.step("closed");
        if (what === "the work fails") {
          this.opener = undefined;
          return this.step("failed");
        }
        if (this.opener === "cancelled") this.opener = undefined;
        return this.step("opened");
      default:
        this.waiting = 0;
        return this.step("end");
    }
  }

  holds(): void {
    assert.is(this.life.waiting, this.waiting);
    assert.is(this.life.users, this.users);
    assert.is(
      this.pending,
      { opening: "open", closing: "close", open: undefined, closed: undefined }[this.life.status],
    );
    // Nobody waits for nothing.
    if (this.waiting > 0) assert.not.equal(this.pending, undefined);
    if (this.life.status === "open") assert.ok(this.users > 0);
  }
}

const ACTS = [
  "come",
  "the opener cancels",
  "one that waits cancels",
  "one leaves",
  "the work succeeds",
  "the work fails",
] as const;

law(
  "fast cancels of users in any order never wedge the key: whoever waits, waits for something that is under way",
  () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ACTS), { maxLength: 80 }), (acts) => {
        const world = new World();
        for (const act of acts) {
          world.act(act);
          world.holds();
        }
        // When all work succeeds, everybody who still wants it has it, or it is closed.
        for (let turn = 0; turn < 10 && world.pending !== undefined; turn++) {
          world.act("the work succeeds");
          world.holds();
        }
        assert.is(world.pending, undefined);
        assert.is(world.waiting, 0);
        while (world.users > 0) world.act("one leaves");
        if (world.pending !== undefined) world.act("the work succeeds");
        assert.is(world.life.status, "closed");
      }),
      { numRuns: 1_000 },
    );
  },
);

law("what was opened is closed once, also where the nursery ends in between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...ACTS), { maxLength: 40 }),
      fc.array(fc.constantFrom(...ACTS), { maxLength: 10 }),
      (before, after) => {
        const world = new World();
        let opened = 0;
        const act = (what: string): void => {
          if (what === "the work succeeds" && world.pending === "open") opened++;
          world.act(what);
        };
        for (const what of before) act(what);
        act("end");
        const opens = world.opens;
        for (const what of after) act(what);
        for (let turn = 0; turn < 3; turn++) act("the work succeeds");
        assert.is(world.pending, undefined);
        assert.is(world.life.status, "closed");
        assert.is(world.opens, opens, "it was opened after the end");
        assert.is(world.closes, opened);
      },
    ),
    { numRuns: 1_000 },
  );
});

law.run();
