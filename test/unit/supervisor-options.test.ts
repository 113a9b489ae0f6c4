// What supervisors do not accept is refused: the text names the option, the value and what is accepted, at every depth, and nothing is
// started.
import { actor, InvalidOption, openNursery, openSupervisor, source, Unsupported, withNursery } from "brood";
import * as assert from "uvu/assert";
import { allProcesses } from "#brood/testing/processes.js";
import { suite } from "../harness/law.js";

const law = suite("options of supervisors");

const open = openSupervisor as (options?: unknown) => Promise<unknown>;
const greeter = actor<typeof import("../actors/greeter.js")>(new URL("../actors/greeter.js", import.meta.url));
const script = source("({})");

async function refusalOf(call: () => unknown): Promise<InvalidOption> {
  try {
    await call();
  } catch (error) {
    assert.instance(error, InvalidOption, String(error));
    return error as InvalidOption;
  }
  throw new Error("it was accepted");
}

const children = (): number[] =>
  allProcesses()
    .filter(({ ppid }) => ppid === process.pid)
    .map(({ pid }) => pid);

const SUPERVISOR: readonly [string, unknown, RegExp][] = [
  ["options", null, /^an object of options$/],
  ["options", [], /^an object of options$/],
  ["options", 5, /^an object of options$/],
];
const OPTIONS: readonly [string, unknown, RegExp][] = [
  ["strategy", "one_for_two", /^"one_for_one" or "one_for_all" or "rest_for_one"$/],
  ["strategy", null, /^"one_for_one"/],
  ["intensity", -1, /^a whole number from 0 to 1000000$/],
  ["intensity", 1.5, /^a whole number/],
  ["intensity", "3", /^a whole number/],
  ["intensity", Infinity, /^a whole number/],
  ["period", 0, /^a number of milliseconds above 0/],
  ["period", "5s", /^a number of milliseconds above 0/],
  ["autoShutdown", "any", /^"never" or "any_significant" or "all_significant"$/],
  ["name", "a/b", /^a string of 1 to 200 characters/],
  ["children", {}, /^an array of children$/],
  ["intensitiy", 5, /Did you mean intensity\?$/],
  ["nursery", {}, /^a nursery, as openNursery\(\) or task\.openNursery\(\) gives it$/],
];
const BACKOFF: readonly [string, unknown, RegExp][] = [
  ["initial", -1, /^a number of milliseconds above 0/],
  ["factor", 0.5, /^a number from 1 to 1000$/],
  ["max", "1", /^a number of milliseconds above 0/],
  ["maxx", 1, /Did you mean max\?$/],
];
const CHILD: readonly [string, object, unknown, RegExp][] = [
  ["id", { id: "a/b" }, "a/b", /^a string of 1 to 200 characters/],
  ["id", { id: undefined }, undefined, /^a string of 1 to 200 characters/],
  ["what", { what: undefined }, undefined, /^what actor\(\) returns/],
  ["what", { what: new URL("file:///a.js") }, new URL("file:///a.js"), /^wrap it: actor\(url\)/],
  ["restart", { restart: "always" }, "always", /^"permanent" or "transient" or "temporary"$/],
  ["significant", { significant: "yes" }, "yes", /^true or false$/],
  ["significant", { significant: true }, true, /^false for a permanent child/],
  ["significant", { significant: true, restart: "transient" }, true, /autoShutdown: "any_significant" or/],
  ["shutdown", { shutdown: 0 }, 0, /^a number of milliseconds above 0.*; or "kill"$/],
  ["shutdown", { shutdown: "brutal_kill" }, "brutal_kill", /; or "kill"$/],
  ["shutdown", { shutdown: "infinity" }, "infinity", /the end of an actor is always bounded/],
  ["shutdown", { shutdown: 5, options: { cancelTimeout: 5 } }, 5, /^nothing beside options\.cancelTimeout/],
  ["restarts", { restarts: 1 }, 1, /Did you mean restart\?$/],
];
const OWN: readonly [string, object, unknown, RegExp][] = [
  ["onDeath", { onDeath: "fail" }, "fail", /^nothing: what the death of a child does is the supervisor's/],
  ["signal", { signal: AbortSignal.abort() }, AbortSignal.abort(), /^nothing: a start is ended by terminateChild/],
  ["startTimeout", { startTimeout: 0 }, 0, /^a number of milliseconds above 0/],
  ["spawn", { spawn: "thread" }, "thread", /"exec"/],
  ["limits", { spawn: "exec", limits: {} }, {}, /limits is one of spawn method wasm, and this is exec$/],
  ["name", { name: "" }, "", /^a string of 1 to 200 characters/],
  ["startTimout", { startTimout: 1 }, 1, /Did you mean startTimeout\?$/],
];

law(
  "what a supervisor does not accept is refused with InvalidOption, in words that help, and nothing is started",
  async () => {
    await withNursery(async (nursery) => {
      const before = children();
      const good = { id: "good", what: greeter };
      const check = async (options: unknown, option: string, value: unknown, accepted: RegExp): Promise<void> => {
        const error = await refusalOf(() => open(options));
        assert.is(error.option, `openSupervisor: ${option}`);
        assert.equal(error.value, value, option);
        assert.match(error.accepted, accepted);
        assert.match(error.message, /[.?]$/);
        assert.equal(children(), before, option);
      };
      for (const [option, value, accepted] of SUPERVISOR) await check(value, option, value, accepted);
      for (const [option, value, accepted] of OPTIONS)
        await check({ nursery, children: [good], [option]: value }, option, value, accepted);
      for (const [option, value, accepted] of BACKOFF)
        await check({ children: [good], backoff: { [option]: value } }, `backoff: ${option}`, value, accepted);
      await check({ backoff: { initial: 5, max: 4 } }, "backoff: max", 4, /^at least initial, which is 5$/);
      for (const [option, more, value, accepted] of CHILD) {
        const child = { id: "bad", what: greeter, ...more };
        await check({ children: [good, child] }, `children[1]: ${option}`, value, accepted);
        await check(
          { children: [good, { id: "inner", supervisor: { children: [child] } }] },
          `children[1]: supervisor: children[0]: ${option}`,
          value,
          accepted,
        );
      }
      for (const [option, options, value, accepted] of OWN)
        await check(
          { children: [good, { id: "bad", what: greeter, options }] },
          `children[1].options: ${option}`,
          value,
          accepted,
        );
      await check({ children: [good, 5] }, "children[1]", 5, /^a child, as \{ id, what \}$/);
      await check({ children: [good, good] }, "children[1]: id", "good", /^an id that no other child/);
      await check(
        { children: [{ id: "a", what: greeter, supervisor: {} }] },
        "children[0]: what",
        greeter,
        /^nothing beside supervisor/,
      );
      await check(
        { children: [{ id: "a", supervisor: { nursery } }] },
        "children[0]: supervisor: nursery",
        nursery,
        /^the options name, strategy/,
      );
      await check(
        { children: [{ id: "a", supervisor: {}, shutdown: 0 }] },
        "children[0]: shutdown",
        0,
        /"kill" or "infinity"$/,
      );
      assert.equal(nursery.children, []);
    });
  },
);

law("what an open supervisor is asked is checked as well, and changes nothing", async () => {
  const supervisor = (await openSupervisor({ children: [{ id: "a", what: script }] })) as any;
  const cases: readonly [string, () => unknown, RegExp][] = [
    ["supervisor.child: id", () => supervisor.child("b"), /^the id of a child: a\. Did you mean a\?$/],
    ["supervisor.child: id", () => supervisor.child(5), /^the id of a child: a$/],
    ["supervisor.waitForChild: id", () => supervisor.waitForChild("b"), /^the id of a child/],
    ["supervisor.waitForChild: deadline", () => supervisor.waitForChild("a", { deadline: 0 }), /^a number of milli/],
    ["supervisor.waitForChild: signal", () => supervisor.waitForChild("a", { signal: {} }), /^an AbortSignal$/],
    ["supervisor.waitForChild: dedline", () => supervisor.waitForChild("a", { dedline: 1 }), /Did you mean deadline/],
    ["supervisor.startChild", () => supervisor.startChild(null), /^a child, as \{ id, what \}$/],
    ["supervisor.startChild: id", () => supervisor.startChild({ id: "a", what: script }), /^an id that no other/],
    ["supervisor.startChild: restrt", () => supervisor.startChild({ id: "b", what: script, restrt: 1 }), /restart\?$/],
    ["supervisor.terminateChild: id", () => supervisor.terminateChild("b"), /^the id of a child/],
    ["supervisor.restartChild: id", () => supervisor.restartChild("a"), /is stopped; this one is running$/],
    ["supervisor.deleteChild: id", () => supervisor.deleteChild("a"), /terminateChild\("a"\) stops it$/],
  ];
  for (const [option, call, accepted] of cases) {
    const error = await refusalOf(call);
    assert.is(error.option, option);
    assert.match(error.accepted, accepted);
  }
  assert.equal(
    supervisor.whichChildren().map(({ id, status }: { id: string; status: string }) => [id, status]),
    [["a", "running"]],
  );
  await supervisor.close();
  const empty = await openSupervisor();
  assert.match((await refusalOf(() => empty.child("a"))).accepted, /this supervisor has none$/);
  await empty.close();
});

law("a method that this version does not have is refused before anything is started", async () => {
  const nursery = await openNursery();
  const bad = { id: "a", what: greeter, options: { spawn: "wasm_fork" } };
  try {
    await open({ nursery, children: [{ id: "good", what: script }, bad] });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Unsupported);
  }
  await nursery.close();
});

law.run();
