// Which children a restart concerns, by strategy: tables, and what holds for every list of children. And what follows from an exit.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Exit } from "#brood/errors/exit.js";
import { comesBack, isNormal, shutsDown, type AutoShutdown } from "#brood/supervisor/exits.js";
import {
  concernedBy,
  startOrder,
  stopOrder,
  type Listed,
  type RestartType,
  type Strategy,
} from "#brood/supervisor/strategy.js";
import { suite } from "../harness/law.js";

const law = suite("strategy");

const STRATEGIES: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];
const RESTARTS: readonly RestartType[] = ["permanent", "transient", "temporary"];

const abcd: readonly Listed[] = [
  { id: "a", restart: "permanent" },
  { id: "b", restart: "temporary" },
  { id: "c", restart: "transient" },
  { id: "d", restart: "permanent" },
];

const TABLE: readonly [Strategy, string, { stop: string; start: string }][] = [
  ["one_for_one", "a", { stop: "a", start: "a" }],
  ["one_for_one", "c", { stop: "c", start: "c" }],
  ["one_for_all", "a", { stop: "dcba", start: "acd" }],
  ["one_for_all", "c", { stop: "dcba", start: "acd" }],
  ["rest_for_one", "a", { stop: "dcba", start: "acd" }],
  ["rest_for_one", "c", { stop: "dc", start: "cd" }],
  ["rest_for_one", "d", { stop: "d", start: "d" }],
];

const ids = (those: readonly Listed[]): string[] => those.map(({ id }) => id);

for (const [strategy, failed, { stop, start }] of TABLE) {
  law(`${strategy}: ${failed} of a, b, c and d fails, of which b is temporary: ${stop} stop, ${start} start`, () => {
    const concerned = new Set(concernedBy(strategy, abcd, failed));
    assert.equal(ids(stopOrder(abcd, concerned)), [...stop]);
    assert.equal(ids(startOrder(abcd, concerned)), [...start]);
  });
}

const lists = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 }).chain((ids) =>
  fc.record({
    children: fc.tuple(...ids.map((id) => fc.constantFrom(...RESTARTS).map((restart) => ({ id, restart })))),
    at: fc.nat(ids.length - 1),
    strategy: fc.constantFrom(...STRATEGIES),
  }),
);

law("whatever the list, each strategy concerns exactly its set, in start order", () => {
  fc.assert(
    fc.property(lists, ({ children, at, strategy }) => {
      const set = children.filter((_, index) =>
        strategy === "one_for_all" ? true : strategy === "rest_for_one" ? index >= at : index === at,
      );
      assert.equal(ids(concernedBy(strategy, children, children[at]!.id)), ids(set));
    }),
  );
});

law("whoever is concerned, they stop in reverse, and start in order but for the temporary", () => {
  fc.assert(
    fc.property(lists, fc.infiniteStream(fc.boolean()), ({ children }, choice) => {
      const concerned = new Set(children.filter(() => choice.next().value as boolean));
      const listed = children.filter((child) => concerned.has(child));
      assert.equal(ids(stopOrder(children, concerned)).reverse(), ids(listed));
      assert.equal(ids(startOrder(children, concerned)), ids(listed.filter(({ restart }) => restart !== "temporary")));
    }),
  );
});

law("a child that is not on the list concerns nobody", () => {
  for (const strategy of STRATEGIES) assert.equal(concernedBy(strategy, abcd, "e"), []);
});

const by = { name: "root", uuid: "00000000-0000-4000-8000-000000000000" };
const EXITS: readonly [Exit, boolean][] = [
  [{ kind: "returned" }, true],
  [{ kind: "cancelled", by, reason: undefined }, true],
  [{ kind: "exited", code: 0 }, true],
  [{ kind: "exited", code: 1 }, false],
  [{ kind: "killed", by }, false],
  [{ kind: "failed", error: new Error("x") }, false],
  [{ kind: "signalled", signal: "SIGKILL" }, false],
  [{ kind: "signalled", signal: "SIGTERM" }, false],
  [{ kind: "lost" }, false],
];

law("a permanent child always comes back, a transient one after an abnormal exit, a temporary one never", () => {
  for (const [exit, normal] of EXITS) {
    assert.is(isNormal(exit), normal, exit.kind);
    assert.equal(
      RESTARTS.map((restart) => comesBack(restart, exit)),
      [true, !normal, false],
      exit.kind,
    );
  }
});

law("the end of a significant child ends the supervisor never, at once, or with the last one", () => {
  const table: readonly [AutoShutdown, readonly boolean[], boolean][] = [
    ["never", [], false],
    ["never", [false], false],
    ["any_significant", [], true],
    ["any_significant", [true, true], true],
    ["all_significant", [], true],
    ["all_significant", [false, false], true],
    ["all_significant", [false, true], false],
  ];
  for (const [when, others, ends] of table) assert.is(shutsDown(when, others), ends, `${when} ${others}`);
});

law.run();
