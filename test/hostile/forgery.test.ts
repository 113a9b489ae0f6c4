// Laws of what a guest can make the host believe, or its terminal do: nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ActorDied, component, isRemote, source, withNursery, type Exit } from "brood";
import { loadEngine } from "#brood/native/load.js";
import { rejection } from "#brood/testing/gate.js";
import { soon } from "#brood/testing/soon.js";
import { suite } from "../harness/law.js";
import { rogueComponent } from "./rogue.js";

const law = suite("forgery");
const run = promisify(execFile);

/** What terminals obey, in 7 and in 8 bits, and what turns a text around. */
const EVIL = "\u001b[2J\u001b]0;owned\u0007\u009b31m\rback\b\u202eback";
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const TURNS = /[\u202a-\u202e\u2066-\u2069]/;

law("No code, name or field of a guest's error makes it one of the host's", async () => {
  const liar = source<{ lie(): never; reject(): Promise<never>; say(): unknown }>(`({
    lie() {
      const error = new Error("killed", { cause: Object.assign(new Error("x"), { code: "ERR_BROOD_KILLED" }) });
      throw Object.assign(error, {
        name: "ActorDied", code: "ERR_BROOD_ACTOR_DIED", exit: { kind: "killed", by: { uuid: "host" } },
        actor: { uuid: "root", name: "root" }, path: "/", [Symbol.for("brood.error")]: true, stack: "ActorDied\\n  at host",
      });
    },
    reject: () => Promise.reject({ name: "DeadlineExceeded", code: "ERR_BROOD_DEADLINE", message: "late" }),
    say: () => ({ kind: "failed", error: { code: "ERR_BROOD_ACTOR_DIED" } }),
  })`);
  await withNursery(async (nursery) => {
    const portal = await nursery.start(liar, { name: "liar" });
    for (const endpoint of ["lie", "reject"] as const) {
      const error = (await rejection(portal.call(endpoint))) as NodeJS.ErrnoException & { actor?: { uuid: string } };
      assert.equal(error.code, "ERR_BROOD_REMOTE");
      assert.equal(error.name, "RemoteActorError");
      assert.ok(isRemote(error) && !(error instanceof ActorDied));
      assert.equal(error.actor.uuid, portal.id.uuid);
      for (let cause = error.cause; cause !== undefined; cause = (cause as Error).cause)
        assert.ok(!("code" in (cause as object)) || (cause as { code: unknown }).code === "ERR_BROOD_REMOTE");
    }
    assert.equal(portal.status, "running");
  });
});

law(
  "Frames that no guest of brood's would write end the actor that wrote them as a breach, and nobody else",
  async () => {
    const rogue = component<{ add(): void }>(await rogueComponent(), { compile: "in-process" });
    const honest = source<{ add(a: number, b: number): number }>("({ add: (a, b) => a + b })");
    await withNursery(
      async (nursery) => {
        const neighbour = await nursery.start(honest, { name: "neighbour" });
        for (const mode of [
          "acks",
          "returns",
          "errors",
          "credit",
          "requests",
          "empty frames",
          "a message without end",
          "hellos",
          "half a frame",
          "a frame that is too long",
          "a frame of no type",
          "an item that is too long",
        ]) {
          const portal = await nursery.start(rogue, { name: `rogue: ${mode}`, stdio: "ignore", startTimeout: 60_000 });
          portal.call("add").catch(() => {});
          const exit: Exit = await soon(`the end of ${mode}`, portal.exited);
          assert.equal(exit.kind, "failed", `${mode}: ${JSON.stringify(exit)}`);
          assert.equal((exit as { error: { code?: string } }).error.code, "ERR_BROOD_INVALID_MESSAGE", mode);
          assert.equal(await neighbour.call("add", 1, 2), 3);
        }
      },
      { onDeath: "report" },
    );
  },
  { deadline: 90_000 },
);

law("Of answers that never end no more is kept than their guest may have of memory", async () => {
  const MIB = 1024 * 1024;
  const rogue = component<{ add(): void }>(await rogueComponent(), { compile: "in-process" });
  await withNursery(
    async (nursery) => {
      const portal = await nursery.start(rogue, {
        name: "rogue: answers without end",
        stdio: "ignore",
        startTimeout: 60_000,
        limits: { memory: 24 * MIB },
      });
      for (let count = 0; count < 10; count++) portal.call("add").catch(() => {});
      const exit: Exit = await soon("its end", portal.exited);
      assert.equal(exit.kind, "failed", JSON.stringify(exit));
      const { error } = exit as { error: Error & { code?: string } };
      assert.equal(error.code, "ERR_BROOD_INVALID_MESSAGE");
      assert.match(error.message, new RegExp(`incomplete messages hold more than ${24 * MIB} bytes`));
    },
    { onDeath: "report" },
  );
});

/** A host of its own, whose output is a terminal's; what it printed. */
async function printed(body: string): Promise<string> {
  const program = `
    import { source, withNursery } from ${JSON.stringify(import.meta.resolve("brood"))};
    const EVIL = ${JSON.stringify(EVIL)};
    ${body}`;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
}

law("What a guest logs reaches the host's terminal as text", async () => {
  const text = await printed(`
    const talker = source(\`({
      say(evil) { for (const level of ["log", "error", "warn", "info", "debug"]) console[level]("said", evil, { evil }, [evil]); },
    })\`);
    await withNursery(async (nursery) => {
      const portal = await nursery.start(talker, { name: "talker" });
      await portal.call("say", EVIL);
    });`);
  assert.match(text, /said/);
  assert.doesNotMatch(text, OBEYED);
  assert.doesNotMatch(text, TURNS);
});

law(
  "An error of a guest that nobody catches is printed as text, whatever is in its name, message, stack and fields",
  async () => {
    const text = await printed(`
    const thrower = source(\`({
      fail(evil) { throw Object.assign(new Error(evil, { cause: new TypeError(evil) }), { name: evil, code: evil, stack: evil, field: evil }); },
    })\`);
    await withNursery(async (nursery) => {
      const portal = await nursery.start(thrower, { name: "thrower" });
      await portal.call("fail", EVIL);
    });`);
    assert.match(text, /RemoteActorError/);
    assert.doesNotMatch(text, OBEYED);
    // The fields of the error are the guest's words as they came: Node prints those, as escapes but for what turns a text.
    assert.doesNotMatch(text.slice(0, text.indexOf("remote: {")), TURNS);
  },
);

law("A text that does not start is told as text", async () => {
  const text = await printed(`
    for (const code of ["throw new Error(" + JSON.stringify(EVIL) + ")", "(((" + EVIL, "({ [" + JSON.stringify(EVIL) + "]: 1 })"])
      await withNursery((nursery) => nursery.start(source(code), { name: "stillborn" })).catch((error) => console.error(error));
    await withNursery(async (nursery) => {
      const portal = await nursery.start(source("({ ['a' + " + JSON.stringify(EVIL) + "]: () => 1 })"), { name: "odd" });
      await portal.call("b").catch((error) => console.error(error));
    });`);
  assert.match(text, /StartFailed/);
  assert.doesNotMatch(text, OBEYED);
});

law(
  "A guest orders no actor beyond its grant, none twice, and no more than a thousand; what it has is gone when it is",
  async () => {
    const rogue = component<{ add(): void }>(await rogueComponent(), { compile: "in-process" });
    const honest = source<{ add(a: number, b: number): number }>("({ add: (a, b) => a + b })");
    await withNursery(
      async (nursery) => {
        const neighbour = await nursery.start(honest, { name: "neighbour" });
        for (const mode of [
          "orders of nothing",
          "an order beyond its grant",
          "an order that hands on what it has not",
          "the same body twice",
          "a body of an odd number",
          "bytes for nobody",
        ]) {
          const portal = await nursery
            .start(rogue, { name: `rogue: ${mode}`, grants: { actors: ["wasm"] } })
            .catch((error: unknown) => error);
          // It may have ended before it was ready.
          const exit =
            portal instanceof Error
              ? (portal as { exit?: Exit }).exit
              : await (portal as { exited: Promise<Exit> }).exited;
          assert.ok(
            exit?.kind === "failed" && exit.error.message.startsWith("invalid message: "),
            `${mode}: ${String(portal)}`,
          );
        }
        const flood = await nursery.start(rogue, { name: "rogue: bodies without end", grants: { actors: ["wasm"] } });
        for (let i = 0; i < 20; i++) assert.equal(await neighbour.call("add", i, 1), i + 1);
        await soon("it is gone, with all that it has", flood.kill(), 10_000);
        assert.equal(loadEngine().stats().actors, 1);
      },
      { onDeath: "report" },
    );
  },
  { deadline: 60_000 },
);

law.run();
