// What holds for all errors of brood: the page of codes is complete and true, and an error is known whoever made it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as brood from "brood";
import * as guest from "#brood/errors/guest.js";
import * as kinds from "#brood/errors/kinds.js";
import { StreamBusy, StreamClosed } from "#brood/errors/stream.js";
import { PoolClosed, PoolFull } from "#brood/errors/pool.js";
import { TemplateFailed } from "#brood/errors/template.js";
import { RemoteActorError } from "#brood/errors/remote.js";
import * as supervision from "#brood/errors/supervision.js";
import { ROOT } from "./harness/checkout.js";
import { suite } from "./harness/law.js";

const law = suite("errors");
const page = readFileSync(join(ROOT, "docs", "errors.md"), "utf8");

const who = { name: "worker", uuid: "00000000-0000-4000-8000-000000000000", pid: 1 };
const where = { actor: who, path: "/worker" };

const died = new kinds.ActorDied(where, { kind: "exited", code: 1 });
const failure: supervision.ChildFailure = { id: "worker", exit: died.exit, error: died, time: 0 };

/** One of each class. */
const samples: Error[] = [
  new kinds.ActorDied(where, { kind: "exited", code: 1 }),
  new guest.ArtifactRefused(where, "/a.wasm", "stale", "a.wasm is stale. Build it again: npx brood build a.ts"),
  new kinds.Cancelled({ scope: "actor", via: "cancel", canceller: who, reason: "enough" }, where, true),
  new guest.CompileRefused(where, "/a.wasm", "core-module", "/a.wasm is a core module"),
  new guest.CpuLimitExceeded(where, { per: "call", limit: 5, used: 6 }),
  new kinds.DeadlineExceeded(where, "add", 5),
  new guest.EngineFailed(where, "a thread could not be started"),
  new guest.HouseFull(where, 10, 500),
  new kinds.InvalidMessage("a function cannot be sent", "args[0]"),
  new kinds.InvalidOption("start: name", 5, "a string"),
  new kinds.MemoryLimitExceeded(where, "its heap is exhausted"),
  new kinds.NativeMissing("x.node", "linux-x64-gnu", [{ file: "/x.node", why: "no such file" }]),
  new guest.NotGranted(where, "/a.wasm", ["acme:host/log"]),
  new kinds.NurseryClosed("nursery", "closed", new Error("why")),
  new PoolClosed(where, "closed", new Error("why")),
  new PoolFull(where, "add", 10),
  new kinds.ProtocolError("count", "started was sent twice"),
  new RemoteActorError("call add", {
    remote: { name: "TypeError", message: "no", code: undefined, stack: "", fields: {} },
    actor: who,
    path: [who],
  }),
  new supervision.Restarted("crew", "worker", where, { kind: "exited", code: 1 }),
  new kinds.StartFailed(where, "load", "its module threw"),
  new StreamBusy("count", "its subscribers have it"),
  new StreamClosed("count", "peer", "the peer has returned", where),
  new supervision.SupervisorFailed("crew", { intensity: 0, period: 5_000 }, [failure], failure),
  new supervision.SupervisorClosed("crew", "closed", new Error("why")),
  new supervision.ChildStartFailed("crew", "worker", new kinds.StartFailed(where, "load", "its module threw")),
  new TemplateFailed("fork", 5, "EMFILE at the step receive", "EMFILE", "receive"),
  new guest.GuestTrapped(where, "trap", "wasm `unreachable` instruction executed"),
  new kinds.UnknownEndpoint(where, "ad", "the actor has add"),
  new kinds.Unsupported("spawn method wasm_fork", "this version does not have it yet"),
  new guest.WallLimitExceeded(where, 5),
];

/** The part of the page about one code. */
function sectionOf(code: string): string {
  const from = page.indexOf(`\n## ${code}\n`);
  assert.ok(from >= 0, `docs/errors.md has no section ${code}`);
  const to = page.indexOf("\n## ", from + 1);
  return page.slice(from, to < 0 ? undefined : to);
}

law("the page of errors has a section for every code, in order, and for nothing else", () => {
  const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(sections, [...brood.ERROR_CODES]);
});

law("its table links every code, and no other", () => {
  const rows = [...page.matchAll(/^\| \[`(ERR_BROOD_\w+)`\]\(#(\w+)\) \| `(\w+)` \|/gm)].map(
    ([, code, anchor, name]) => ({ code, anchor, name }),
  );
  assert.deepEqual(
    rows,
    samples.map((error) => ({
      code: (error as kinds.StartFailed).code,
      anchor: (error as kinds.StartFailed).code.toLowerCase(),
      name: error.name,
    })),
  );
});

law("every code that the page mentions anywhere exists", () => {
  for (const [code] of page.matchAll(/ERR_BROOD_\w+/g))
    assert.ok((brood.ERROR_CODES as readonly string[]).includes(code), code);
});

law("each code has one class, exported under the name that its section begins with", () => {
  assert.deepEqual(
    samples.map((error) => (error as kinds.StartFailed).code),
    [...brood.ERROR_CODES],
  );
  for (const error of samples) {
    const { code } = error as kinds.StartFailed;
    assert.match(sectionOf(code), new RegExp(`^\n## ${code}\n\n\`${error.name}\`\\. `));
    assert.equal((brood as Record<string, unknown>)[error.name], error.constructor, `${error.name} is not exported`);
  }
});

law("a section names every field of its error, and none that it does not have", () => {
  for (const error of samples) {
    const { code } = error as kinds.StartFailed;
    const text = sectionOf(code);
    const documented = new Set(
      [...text.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, names]) =>
        [...(names as string).matchAll(/\w+/g)].map(([name]) => name),
      ),
    );
    const own = Object.keys(error).filter((name) => !["code", "name"].includes(name));
    for (const name of own) assert.ok(documented.has(name), `${error.name}: ${name} is not documented`);
    for (const name of documented)
      assert.ok(own.includes(name) || ["cause", "stack"].includes(name), `${error.name} has no ${name}`);
    assert.match(text, /^What to do: /m, `${code}: what to do`);
  }
});

law("a text says what failed, which actor and why, and ends as a sentence", () => {
  for (const error of samples) {
    assert.match(error.message, /^[a-z].*: /, error.message);
    if (!(error instanceof RemoteActorError)) assert.match(error.message, /[^.]\.$|npm run build$/, error.message);
    if ("path" in error && typeof error.path === "string")
      assert.ok(error.message.includes("worker (/worker):"), error.message);
  }
});

law("an error of another copy of brood is known by code and by class", async () => {
  // A query makes it another module, as a second installation would.
  const copy = (await import(`${import.meta.resolve("#brood/errors/kinds.js")}?copy`)) as typeof kinds;
  const base = (await import(
    `${import.meta.resolve("#brood/errors/base.js")}?copy`
  )) as typeof import("#brood/errors/base.js");
  const theirs = new copy.StartFailed(where, "load", "why");
  assert.notEqual(theirs.constructor, brood.StartFailed);
  assert.ok(
    theirs instanceof brood.StartFailed &&
      theirs instanceof brood.BroodError &&
      brood.isBroodError(theirs) &&
      base.isBroodError(theirs),
  );
  assert.equal(theirs instanceof brood.ActorDied, false);
});

law("whatever a stranger puts into an error, its text and stack move no cursor and turn no line around", () => {
  const evil = "a\u001b[2Jb\u0007\u009b31m\u202ec\r\nd\te";
  const remote = { name: "E", message: evil, code: undefined, stack: `E: ${evil}\n    at f`, fields: {} };
  const error = new RemoteActorError("call add", { remote, actor: who, path: [who] });
  for (const text of [error.message, error.stack ?? "", new kinds.UnknownEndpoint(where, "add", evil).message]) {
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    assert.ok(text.includes("a\\x1b[2Jb\\x07\\x9b31m\\u202ec\\x0d\nd\te"), text);
  }
  // As data it stays what it was.
  assert.equal(error.remote.message, evil);
});

law("nothing else passes for an error of brood, whatever it says of itself", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const trap = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
    },
  );
  for (const value of [
    undefined,
    null,
    5,
    "ERR_BROOD_CANCELLED",
    {},
    Object.assign(new Error("x"), { code: "ERR_BROOD_CANCELLED", name: "Cancelled" }),
    proxy,
    trap,
  ]) {
    assert.equal(brood.isBroodError(value), false);
    assert.equal(value instanceof brood.Cancelled, false);
    assert.equal(value instanceof brood.BroodError, false);
  }
});

law.run();
