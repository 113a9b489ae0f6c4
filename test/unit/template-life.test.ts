// The life of a template: the whole table, and what holds for every sequence of events.
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  NEWBORN,
  nextLife,
  type TemplateEvent,
  type TemplateLife,
  type TemplateStatus,
} from "#brood/spawn/template-life.js";
import { TemplateShelf } from "#brood/spawn/template-shelf.js";
import { suite } from "../harness/law.js";

const law = suite("template life");

const EVENTS = [
  "ready",
  "refused",
  "asked",
  "forked",
  "hello",
  "early",
  "gone",
  "aged",
  "retired",
  "eof",
  "deadline",
] as const satisfies readonly TemplateEvent[];
const STATUSES = ["starting", "ready", "draining", "dead"] as const satisfies readonly TemplateStatus[];
const LIMITS = { forks: 5, early: 3 };

/** Of one with two children, none of which is its last: what each event makes of it, in the order of EVENTS. */
const TABLE: Record<TemplateStatus, readonly TemplateStatus[]> = {
  starting: [
    "ready",
    "dead",
    "starting",
    "starting",
    "starting",
    "starting",
    "starting",
    "starting",
    "draining",
    "dead",
    "dead",
  ],
  ready: ["ready", "ready", "ready", "ready", "ready", "ready", "ready", "draining", "draining", "dead", "dead"],
  draining: [
    "draining",
    "dead",
    "draining",
    "draining",
    "draining",
    "draining",
    "draining",
    "draining",
    "draining",
    "dead",
    "dead",
  ],
  dead: ["dead", "dead", "dead", "dead", "dead", "dead", "dead", "dead", "dead", "dead", "dead"],
};

for (const status of STATUSES) {
  law(`from ${status} every event leads where the table says`, () => {
    const life: TemplateLife = { ...NEWBORN, status, living: 2 };
    assert.equal(
      EVENTS.map((event) => nextLife(life, event, LIMITS).status),
      TABLE[status],
    );
  });
}

const events = fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 });
const after = (sequence: readonly TemplateEvent[]): TemplateLife =>
  sequence.reduce((life, event) => nextLife(life, event, LIMITS), NEWBORN);

law("a life only goes forward, and what is dead stays dead", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let life = NEWBORN;
      for (const event of sequence) {
        const next = nextLife(life, event, LIMITS);
        assert.ok(STATUSES.indexOf(next.status) >= STATUSES.indexOf(life.status));
        life = next;
      }
    }),
  );
});

law("a draining template dies with its last child, and not before unless it fails", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const life = after(sequence);
      if (life.status === "draining") assert.ok(life.living > 0);
      const failed = sequence.some((event) => event === "eof" || event === "deadline" || event === "refused");
      if (life.status === "dead" && !failed) assert.ok(sequence.some((event) => event !== "ready"));
    }),
  );
});

law("it forks no more than it may, whatever happens", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      const life = after(sequence);
      if (life.forks >= LIMITS.forks) assert.is.not(life.status, "ready");
    }),
  );
});

law("so many early deaths in a row break it, and a child that speaks starts the count anew", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let row = 0;
      let most = 0;
      for (const event of sequence) {
        if (event === "early") row += 1;
        if (event === "hello") row = 0;
        most = Math.max(most, row);
      }
      assert.is(after(sequence).broken, most >= LIMITS.early);
    }),
  );
});

law("a broken template forks no more", () => {
  const life = after(["ready", "asked", "asked", "asked", "asked", "early", "early", "early"]);
  assert.equal([life.status, life.broken, life.living], ["draining", true, 1]);
  assert.is(nextLife(life, "gone", LIMITS).status, "dead");
});

law("the count of children is never below none", () => {
  fc.assert(fc.property(events, (sequence) => void assert.ok(after(sequence).living >= 0)));
});

const one = (): { serves: boolean } => ({ serves: true });

law("the shelf gives the same template for a key, and none that does not serve", () => {
  const shelf = new TemplateShelf<{ serves: boolean }>(4);
  const template = one();
  assert.equal(shelf.put("a", template), []);
  assert.is(shelf.take("a"), template);
  assert.is(shelf.take("b"), undefined);
  template.serves = false;
  assert.is(shelf.take("a"), undefined);
  assert.equal(shelf.all, []);
});

law("the fifth makes room by the least recently used", () => {
  const shelf = new TemplateShelf<{ serves: boolean }>(4);
  const templates = new Map(["a", "b", "c", "d"].map((key) => [key, one()]));
  for (const [key, template] of templates) assert.equal(shelf.put(key, template), []);
  shelf.take("a");
  assert.equal(shelf.put("e", one()), [templates.get("b")]);
  assert.is(shelf.take("a"), templates.get("a"));
});

law("whatever is put and taken, no more are there than may be, and each that left was handed out once", () => {
  const steps = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c", "d", "e", "f"), put: fc.boolean() }), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (sequence) => {
      const shelf = new TemplateShelf<{ serves: boolean }>(4);
      const here = new Set<object>();
      for (const { key, put } of sequence) {
        if (!put) {
          shelf.take(key);
          continue;
        }
        const template = one();
        for (const left of shelf.put(key, template)) assert.ok(here.delete(left));
        here.add(template);
        assert.ok(shelf.all.length <= 4);
        assert.equal(new Set(shelf.all), here);
      }
    }),
  );
});

law.run();
