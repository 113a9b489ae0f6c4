// What the engine says of an end or of a failed load, as exits and as errors for people.
import * as assert from "uvu/assert";
import {
  CompileRefused,
  CpuLimitExceeded,
  EngineFailed,
  GuestTrapped,
  HouseFull,
  NotGranted,
  WallLimitExceeded,
} from "#brood/errors/guest.js";
import { InvalidMessage, MemoryLimitExceeded } from "#brood/errors/kinds.js";
import type { EngineCode, EngineFailure } from "#brood/native/engine.js";
import { loadError, statusOf, type EndFacts } from "#brood/spawn/wasm-ends.js";
import { suite } from "../harness/law.js";

const law = suite("wasm ends");

const where = { actor: { name: "a", uuid: "u" }, path: "/a" };
const limits = { memory: 1_024, cpu: 5, cpuTotal: 50, wall: 500, output: 1 };
const facts: EndFacts = {
  where,
  component: "/a.wasm",
  limits,
  used: 7.4,
  started: true,
  startTimeout: 100,
  maxActors: 3,
};
const failure = (code: EngineCode, message = "the engine's words."): EngineFailure => ({
  code,
  message,
  frames: "at f",
});

function error(code: EngineCode, message?: string, started = true): Error {
  const status = statusOf(failure(code, message), { ...facts, started });
  assert.is(status.kind, started ? "failed" : "unborn", code);
  return (status as { error: Error }).error;
}

law("an actor that returned has exited with 0, one that was killed is lost until its control says by whom", () => {
  assert.equal(statusOf(failure("returned"), facts), { kind: "exited", code: 0 });
  assert.equal(statusOf(failure("killed"), facts), { kind: "lost" });
});

law("each limit is an error of its own, with the limit and what was used", () => {
  const perCall = error("cpu");
  assert.ok(perCall instanceof CpuLimitExceeded);
  assert.equal([perCall.per, perCall.limit, perCall.used], ["call", 5, 7]);
  const perLife = error("cpu-total");
  assert.ok(perLife instanceof CpuLimitExceeded);
  assert.equal([perLife.per, perLife.limit, perLife.used], ["life", 50, 7]);
  const memory = error("memory");
  assert.ok(memory instanceof MemoryLimitExceeded);
  assert.equal([memory.limit, memory.why], [1_024, "the engine's words"]);
  const wall = error("wall");
  assert.ok(wall instanceof WallLimitExceeded);
  assert.is(wall.limit, 500);
});

law("whatever a guest does to itself is a trap, of its kind, with the guest's stack", () => {
  for (const code of ["stack", "trap", "fuel", "handles"] as const) {
    const trapped = error(code);
    assert.ok(trapped instanceof GuestTrapped);
    assert.equal([trapped.trap, trapped.frames, trapped.why], [code, "at f", "the engine's words"]);
  }
  const instantiated = error("instantiate", undefined, false);
  assert.ok(instantiated instanceof GuestTrapped);
  assert.match(instantiated.message, /^guest trapped: a \(\/a\): it could not be instantiated: /);
});

law("a breach of the protocol is InvalidMessage, a fault of the engine EngineFailed", () => {
  assert.ok(error("breach") instanceof InvalidMessage);
  assert.ok(error("internal") instanceof EngineFailed);
});

law("what ends an instance before it runs is the cause of its failed start", () => {
  const status = statusOf(failure("memory"), { ...facts, started: false });
  assert.ok(status.kind === "unborn" && status.phase === "load" && status.error instanceof MemoryLimitExceeded);
});

law("a full house says how many places there are, and how long it waited", () => {
  const status = statusOf(failure("full"), { ...facts, started: false });
  assert.ok(status.kind === "unborn" && status.phase === "spawn" && status.error instanceof HouseFull);
  assert.equal([status.error.maxActors, status.error.waited], [3, 100]);
  assert.match(status.error.message, /configure\(\{ maxActors \}\)/);
});

law("each reason why a component is not let in is an error of its own, which names the component", () => {
  for (const code of [
    "core-module",
    "malformed",
    "refused",
    "compile",
    "compile-time",
    "compile-memory",
    "world",
  ] as const) {
    const refused = loadError(failure(code), where, "/a.wasm");
    assert.ok(refused instanceof CompileRefused);
    assert.equal([refused.reason, refused.component], [code, "/a.wasm"]);
    assert.match(refused.message, /^compile refused: a \(\/a\): \/a\.wasm /);
  }
  const texts = new Set(
    (["core-module", "malformed", "refused", "compile", "not-cached", "world", "io"] as const).map(
      (code) => loadError(failure(code), where, "/a.wasm").message,
    ),
  );
  assert.is(texts.size, 7);
});

law("an import that nobody gives is named", () => {
  const text = "it imports acme:host/log@1.0.0, which nobody gives it";
  const refused = loadError(failure("import", text), where, "/a.wasm");
  assert.ok(refused instanceof NotGranted);
  assert.equal(refused.imports, ["acme:host/log@1.0.0"]);
  assert.ok(loadError(failure("import", "types differ"), where, "/a.wasm") instanceof CompileRefused);
});

law.run();
