// A program that forks itself, as examples/live-index does for every heavy query: each fork answers from the index as it was when it was forked, and the
// host goes on with everything else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as turn } from "node:timers/promises";
import { rejection } from "#brood/testing/gate.js";
import { indexOf } from "../examples/live-index/editor.js";
import { findHeavy, LONGEST } from "../examples/live-index/heavy.js";
import { httpGet } from "../examples/live-index/http-get.js";
import { findLight } from "../examples/live-index/light.js";
import type { Outcome } from "../examples/live-index/once.js";
import { parseOptions } from "../examples/live-index/options.js";
import { readPages, type SourcePage } from "../examples/live-index/pages.js";
import { SearchIndex } from "../examples/live-index/search-index.js";
import { ROOT } from "./harness/checkout.js";
import { suite } from "./harness/law.js";
import { run, type Ran } from "./harness/run.js";

const program = join(ROOT, "build", "examples", "live-index", "main.js");
const launcher = ["sh", join(ROOT, "bin", "brood"), "run"];

const law = suite("live-index");

// What brood run calls Node is this one, and HOME tells whose process one is.
const home = mkdtempSync(join(tmpdir(), "live-index-"));
const env = { ...process.env, HOME: home, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` };
law.after(() => rmSync(home, { recursive: true, force: true }));

const live = (...args: string[]): Promise<Ran> =>
  run(launcher[0]!, [...launcher.slice(1), "--enable-source-maps", program, ...args], { cwd: ROOT, env });

/** Processes whose environment has that HOME. */
function left(): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`);
    } catch {
      return false;
    }
  });
}

/** A host that serves. */
async function serve(): Promise<{ readonly url: URL; stop(): Promise<number | null> }> {
  const child = spawn(launcher[0]!, [...launcher.slice(1), program], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit").then(([code]: (number | null)[]) => code ?? null);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout)
      .on("line", (line) => /http:\S+/.exec(line)?.forEach(resolve))
      .on("close", () => reject(new Error("it has ended without an address")));
  });
  return {
    url: new URL(url),
    async stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

// One run serves all laws that look at its result.
const json = join(home, "outcome.json");
const finished = live("--once", "--every", "20", "--json", json).then((ran) => {
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  return { ...ran, left: left(), outcome: JSON.parse(readFileSync(json, "utf8")) as Outcome };
});
finished.catch(() => {});
const forksOf = ({ heavy }: Outcome): Outcome["heavy"] => heavy.filter(({ by }) => by === "fork");

law("a heavy answer is what the same search finds in an index built of the pages of its edition", async () => {
  const { heavy, equal } = (await finished).outcome;
  assert.equal(heavy.length, 6);
  for (const { query, answer } of heavy) assert.ok(answer.places > 0 && answer.hits.length > 0, query);
  // The host has compared all of them; this process, which knows nothing of it, compares one.
  assert.equal(equal, heavy.length);
  const { query, answer } = heavy[0]!;
  assert.deepEqual(answer, findHeavy(indexOf(await readPages(join(ROOT, "node_modules")), answer.edition), query));
});

law("a fork answers from the edition that it was forked from, though its host has made others since", async () => {
  for (const { query, answer, editionNow } of forksOf((await finished).outcome))
    assert.ok(answer.edition < editionNow, `${query}: ${answer.edition}, ${editionNow}`);
});

law("while forks search, their host answers; while it searches itself, nobody is answered", async () => {
  const { outcome } = await finished;
  for (const { query, light, pause, took } of forksOf(outcome)) {
    assert.ok(light.answered >= 3, `${query}: ${light.answered}`);
    assert.ok(pause < took, `${query}: stood still for ${pause} ms of ${took} ms`);
  }
  const host = outcome.heavy.find(({ by }) => by === "host");
  assert.equal(host!.light.answered, 1);
  assert.ok(host!.light.slowest >= host!.took);
});

law("a fork has in common with its host what neither has written since", async () => {
  const { heap, heavy } = (await finished).outcome;
  assert.ok(heap > 20 * 2 ** 20, `${heap} bytes of heap`);
  assert.ok(heavy.some(({ memory }) => memory !== undefined && memory.shared > heap && memory.own < heap / 2));
  for (const { by, memory } of heavy) {
    assert.equal(memory === undefined, by === "host");
    if (memory === undefined) continue;
    assert.ok(memory.own >= memory.written && memory.shared + memory.own === memory.resident, JSON.stringify(memory));
    assert.ok(memory.proportional > memory.own && memory.proportional < memory.resident, JSON.stringify(memory));
  }
});

law("a run that asks once tells each query in a line, and leaves nothing", async () => {
  const { stdout, stderr, outcome, left } = await finished;
  assert.equal(stderr, "");
  assert.ok(!stdout.includes("\u001b"));
  for (const { query } of outcome.heavy) assert.match(stdout, new RegExp(`^${query} +(fork|host) `, "m"));
  assert.match(stdout, /^6 of 6 heavy answers are what the host itself finds/m);
  assert.deepEqual(left, []);
});

law("an option that cannot be followed is refused by its name, with what it got and what is accepted", () => {
  const whole = (name: string, got: string, least: number, most: number): string =>
    `${name}: got ${JSON.stringify(got)}. Accepted: a whole number from ${least} to ${most}.`;
  const path = "Accepted: the path of a file, which need not be there yet.";
  for (const [args, message] of [
    [["--port", "99999"], whole("--port", "99999", 0, 65_535)],
    [["--port=-1"], whole("--port", "-1", 0, 65_535)],
    [["--port", ""], whole("--port", "", 0, 65_535)],
    [["--every", "1.5"], whole("--every", "1.5", 10, 3_600_000)],
    [["--every=9"], whole("--every", "9", 10, 3_600_000)],
    [["--json", json], "--json: got a file, but no --once. Accepted: with --once only."],
    [["--once", "--port", "0"], '--port: got "0" with --once. Accepted: without --once only.'],
    [["--once", "--json", home], `--json: got ${JSON.stringify(home)}. ${path}`],
    [["--once", "--json="], `--json: got "". ${path}`],
    [["--bogus"], "Unknown option '--bogus'. Accepted: --port, --every, --once, --json, --help."],
    [["extra"], "Unexpected argument 'extra'. Accepted: --port, --every, --once, --json, --help."],
  ] as const)
    assert.throws(() => parseOptions(args), { name: "UsageError", message });
  assert.deepEqual(parseOptions([]), { port: 0, every: 1000, once: false, json: undefined, help: false });
  assert.deepEqual(parseOptions(["--once", "-h"]), { port: 0, every: 100, once: true, json: undefined, help: true });
});

law("a command line that cannot be followed ends with code 2 and the usage, and does nothing", async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.defer(() => taken.close());
  await once(taken, "listening");
  const port = String((taken.address() as AddressInfo).port);
  for (const [args, why] of [
    [["--every", "often"], '--every: got "often". Accepted: '],
    [["--port", port], `--port: got ${port}. listen EADDRINUSE`],
  ] as const) {
    const { code, stdout, stderr } = await live(...args);
    assert.equal(code, 2, args.join(" "));
    assert.ok(stderr.startsWith(why), stderr);
    assert.match(stderr, /\n\nUsage: brood run /);
    assert.equal(stdout, "");
  }
  assert.match((await live("--help")).stdout, /^Usage: brood run [^]*--every MS/);
});

law("a program that brood run did not start says so in one line", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [program, "--once"], { cwd: ROOT, env });
  assert.equal(code, 1);
  assert.match(stderr, /^unsupported: spawn method main_thread_forkserver: .*not started for it; .*brood run.*\n$/);
  assert.equal(stdout, "");
});

law("a request that cannot be answered is told why", async (t) => {
  const { url, stop } = await serve();
  t.defer(stop);
  const agent = new Agent();
  t.defer(() => agent.destroy());
  const ask = (path: string) => httpGet(new URL(path, url), agent);
  for (const [path, status, why] of [
    ["/nowhere", 404, "there is nothing at /nowhere. Accepted: /, /search?q=..., /heavy?q=..., /status."],
    ["/search", 400, 'q: got "". Accepted: 1 to 60 characters.'],
    [`/heavy?q=${"x".repeat(61)}`, 400, `q: got "${"x".repeat(61)}". Accepted: 1 to 60 characters.`],
    ["/heavy?q=x&by=me", 400, 'by: got "me". Accepted: fork, host.'],
  ] as const)
    assert.deepEqual(await ask(path), { status, text: JSON.stringify({ error: why }) });
  // Each takes far longer than all of them take to arrive.
  const crowd = await Promise.all(Array.from({ length: 6 }, () => ask(`/heavy?q=${"crowded ".repeat(3)}`)));
  assert.deepEqual(crowd.map(({ status }) => status).sort(), [200, 200, 200, 200, 503, 503]);
  assert.equal((await ask("/")).status, 200);
});

law("it serves until it is stopped, then ends the forks that are at work, and has ended well", async () => {
  const { url, stop } = await serve();
  const before = left().length;
  const agent = new Agent();
  const unanswered = rejection(httpGet(new URL(`/heavy?q=${"stopped ".repeat(7)}`, url), agent));
  while (left().length === before) await turn();
  assert.equal(await stop(), 0);
  assert.deepEqual(left(), []);
  assert.match(String(await unanswered), /socket hang up|ECONNRESET/);
  agent.destroy();
});

law("what is removed from an index is found no more, and a page that comes again is found once", () => {
  const page = (slug: string, text: string): SourcePage => ({ slug, name: slug, version: "1", description: "", text });
  const index = new SearchIndex();
  index.edit({ add: [page("one", "red green"), page("two", "green blue")] });
  assert.deepEqual([index.edition, index.words, index.terms.size], [1, 6, 5]);
  index.edit({ remove: ["one", "three"], add: [page("two", "blue")] });
  assert.deepEqual([index.edition, index.words, [...index.terms.keys()]], [2, 2, ["two", "blue"]]);
  assert.equal(findLight(index, "green").pages, 0);
  assert.deepEqual(
    findLight(index, "bl").hits.map(({ name }) => name),
    ["two"],
  );
});

law("a heavy query finds wrong, missing, added and swapped letters, and counts them", () => {
  const index = new SearchIndex();
  index.edit({ add: [{ slug: "p", name: "p", version: "1", description: "", text: "Of Worker threads: many" }] });
  const found = (query: string): [string, number] | undefined => {
    const [hit] = findHeavy(index, query).hits;
    return hit && [hit.excerpt.found, hit.errors];
  };
  assert.deepEqual(found("worker threads"), ["Worker threads", 0]);
  assert.deepEqual(found("warker threads"), ["Worker threads", 1]);
  assert.deepEqual(found("worker thrads"), ["Worker threads", 1]);
  assert.deepEqual(found("worker thhreads"), ["Worker threads", 1]);
  assert.deepEqual(found("wokrer thraeds"), ["Worker threads", 2]);
  assert.deepEqual(found("worker lopo"), undefined);
  assert.deepEqual(found("wrkr thrds"), undefined);
  // Lower case has more letters than this; the query may not.
  assert.deepEqual(found("\u0130".repeat(LONGEST)), undefined);
});

law.run();
