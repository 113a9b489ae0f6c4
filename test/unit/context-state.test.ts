// The life of a context: the whole table, and what holds for every sequence of events.
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  isAbsorbed,
  isAsked,
  isSettled,
  nextLife,
  OPENING,
  type ContextEvent,
  type ContextLife,
  type ContextState,
} from "#brood/context/state.js";
import { suite } from "../harness/law.js";

const law = suite("context state");

const EVENTS = [
  "started",
  "used",
  "received",
  "credited",
  "ended",
  "stopped",
  "requested",
  "bounded",
  "acknowledged",
  "silent",
  "return",
  "error",
  "cancelled",
  "lost",
] as const satisfies readonly ContextEvent[];
const LIVE = ["opening", "started", "streaming"] as const satisfies readonly ContextState[];
const SETTLED = ["returned", "failed", "cancelled"] as const satisfies readonly ContextState[];

const none = undefined;
/** For each state and what was asked in it, what each event makes of it, in the order of EVENTS; undefined: it must not happen now. */
// prettier-ignore
const TABLE: Record<(typeof LIVE)[number], Record<"unasked" | "requested" | "bounded", readonly (ContextState | undefined)[]>> = {
  opening: {
    unasked:   ["started", none, none, none, none, none, "opening", "opening", none, none, none, "failed", "cancelled", "failed"],
    requested: ["started", none, none, none, none, none, "opening", none, "cancelled", "cancelled", none, "failed", "cancelled", "failed"],
    bounded:   ["started", none, none, none, none, none, "opening", "opening", "cancelled", "cancelled", none, "failed", "cancelled", "failed"],
  },
  started: {
    unasked:   [none, "streaming", "streaming", none, "streaming", "streaming", "started", "started", none, none, "returned", "failed", "cancelled", "failed"],
    requested: [none, "streaming", "streaming", none, "streaming", "streaming", "started", none, "cancelled", "cancelled", "returned", "failed", "cancelled", "failed"],
    bounded:   [none, "streaming", "streaming", none, "streaming", "streaming", "started", "started", "cancelled", "cancelled", "returned", "failed", "cancelled", "failed"],
  },
  streaming: {
    unasked:   [none, "streaming", "streaming", "streaming", "streaming", "streaming", "streaming", "streaming", none, none, "returned", "failed", "cancelled", "failed"],
    requested: [none, "streaming", "streaming", "streaming", "streaming", "streaming", "streaming", none, "cancelled", "cancelled", "returned", "failed", "cancelled", "failed"],
    bounded:   [none, "streaming", "streaming", "streaming", "streaming", "streaming", "streaming", "streaming", "cancelled", "cancelled", "returned", "failed", "cancelled", "failed"],
  },
};

const ASKED = {
  unasked: {},
  requested: { requested: true },
  bounded: { bounded: true },
} satisfies Record<string, Partial<ContextLife>>;

for (const state of LIVE) {
  for (const [asked, flags] of Object.entries(ASKED) as [keyof typeof ASKED, Partial<ContextLife>][]) {
    law(`from ${state}, ${asked}, every event leads where the table says`, () => {
      const life = { ...OPENING, state, ...flags };
      assert.equal(
        EVENTS.map((event) => nextLife(life, event)?.state),
        TABLE[state][asked],
      );
    });
  }
}

law("each direction of the stream ends once, and nothing comes behind its end", () => {
  const streaming: ContextLife = { ...OPENING, state: "streaming" };
  const ended = nextLife(streaming, "ended")!;
  assert.equal([ended.sending, ended.receiving], ["ended", "open"]);
  const stopped = nextLife(streaming, "stopped")!;
  assert.equal([stopped.sending, stopped.receiving], ["open", "ended"]);
  const refuses = (life: ContextLife) => EVENTS.filter((event) => nextLife(life, event) === undefined);
  assert.equal(refuses(streaming), ["started", "acknowledged", "silent"]);
  assert.equal(refuses(ended), ["started", "ended", "acknowledged", "silent"]);
  assert.equal(refuses(stopped), ["started", "received", "stopped", "acknowledged", "silent"]);
});

law("what is settled takes every event, and only the acknowledgement of its cancel changes it", () => {
  for (const state of SETTLED) {
    for (const flags of Object.values(ASKED)) {
      const life: ContextLife = { ...OPENING, state, sending: "ended", receiving: "ended", ...flags };
      for (const event of EVENTS) {
        const changed = event === "acknowledged" && isAsked(life);
        assert.equal(nextLife(life, event), { ...life, acknowledged: changed });
      }
    }
  }
});

law("exactly returned, failed and cancelled are settled", () => {
  assert.equal([...LIVE, ...SETTLED].filter(isSettled), [...SETTLED]);
});

law("an event that changes nothing makes no new life: a message costs none", () => {
  const streaming: ContextLife = { ...OPENING, state: "streaming", requested: true };
  for (const event of ["used", "received", "credited", "requested"] as const)
    assert.is(nextLife(streaming, event), streaming, event);
});

const sequences = fc.array(fc.constantFrom(...EVENTS), { maxLength: 16 });

/** All that a life passes through; what must not happen is left out, as a channel that it happens on ends. */
function livesOf(events: readonly ContextEvent[]): ContextLife[] {
  const lives: ContextLife[] = [OPENING];
  for (const event of events) lives.push(nextLife(lives.at(-1)!, event) ?? lives.at(-1)!);
  return lives;
}

const ORDER: readonly ContextState[] = ["opening", "started", "streaming"];

law("a life only moves forward, and settles at most once", () => {
  fc.assert(
    fc.property(sequences, (events) => {
      const lives = livesOf(events);
      for (const [index, life] of lives.entries()) {
        const before = lives[index - 1];
        if (before === undefined) continue;
        if (isSettled(before.state)) assert.is(life.state, before.state);
        else if (!isSettled(life.state)) assert.ok(ORDER.indexOf(life.state) >= ORDER.indexOf(before.state));
        for (const flag of ["requested", "bounded", "acknowledged"] as const) assert.ok(life[flag] || !before[flag]);
        for (const side of ["sending", "receiving"] as const)
          assert.ok(life[side] === "ended" || before[side] === "open");
      }
    }),
  );
});

law("a context returns only after it has started, and what is over has no direction open", () => {
  fc.assert(
    fc.property(sequences, (events) => {
      const lives = livesOf(events);
      const last = lives.at(-1)!;
      if (last.state === "returned") assert.ok(lives.some(({ state }) => state === "started" || state === "streaming"));
      if (isSettled(last.state)) assert.equal([last.sending, last.receiving], ["ended", "ended"]);
    }),
  );
});

law("a cancel is acknowledged only where one was asked for, and absorbed only where a user asked first", () => {
  fc.assert(
    fc.property(sequences, (events) => {
      const last = livesOf(events).at(-1)!;
      if (last.acknowledged) assert.ok(isAsked(last));
      if (isAbsorbed(last)) {
        const first = events.find((event) => event === "requested" || event === "bounded");
        assert.is(first, "requested");
      }
    }),
  );
});

law("whatever state it is in, the loss of the channel settles it", () => {
  fc.assert(fc.property(sequences, (events) => isSettled(nextLife(livesOf(events).at(-1)!, "lost")!.state)));
});

law.run();
