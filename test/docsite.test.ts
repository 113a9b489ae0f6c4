// The main job: the site that examples/docsite makes of this checkout's node_modules is complete, and what hostile READMEs do is
// felt by nobody but their own pages.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withNursery, type Pool } from "brood";
import { marked } from "marked";
import { html } from "../examples/docsite/html.js";
import { findPackages, webAddress, type Package } from "../examples/docsite/packages.js";
import { fileOf, packagePage, README_END, README_START } from "../examples/docsite/page.js";
import { barLine } from "../examples/docsite/progress.js";
import { PartsMaker } from "../examples/docsite/parts.js";
import { percentile, type Summary } from "../examples/docsite/report.js";
import { Site } from "../examples/docsite/site.js";
import { whyNoFork } from "#brood/spawn/fork-support.js";
import * as team from "../examples/docsite/teams.js";
import { TRIES } from "../examples/docsite/tries.js";
import { suite } from "./harness/law.js";

const project = fileURLToPath(new URL("../../", import.meta.url));
const program = join(project, "build", "examples", "docsite", "main.js");
const hostileDir = join(project, "examples", "docsite", "hostile");
/** ms for a law that makes a whole site. */
const WHOLE = 120_000;

const law = suite("docsite");

interface Run {
  readonly child: ChildProcess;
  /** Where it writes to; also its HOME, by which its actors are recognised. */
  readonly home: string;
  readonly out: string;
  readonly json: string;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

function start(args: readonly string[] = []): Run {
  const home = mkdtempSync(join(tmpdir(), "brood-docsite-"));
  const [out, json] = [join(home, "site"), join(home, "summary.json")];
  const child = spawn(process.execPath, [program, "--out", out, "--json", json, ...args], {
    env: { ...process.env, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]!.setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
  const ended = once(child, "close").then(([code, signal]: (number | string | null)[]) => ({
    code: code as number | null,
    signal: signal as string | null,
    ...text,
  }));
  return { child, home, out, json, ended };
}

/** Processes whose environment has this HOME: the run itself, its actors, and theirs. */
function processesOf(run: Run): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${run.home}`);
    } catch {
      return false;
    }
  });
}

/** The host of the pools is the only actor that the run itself starts before its pages are there. */
const isPress = (pid: string, run: Run): boolean => parentOf(pid) === run.child.pid && isActor(pid);

/** What lists APIs: forks say what they are; fresh processes are those that the press has started. */
const isDescriber = (pid: string, run: Run): boolean =>
  whyNoFork() === undefined
    ? /\/describer-\d+$/.test(commandOf(pid)[0]!.trim())
    : isActor(pid) && isPress(String(parentOf(pid)), run);

const commandOf = (pid: string): string[] => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
/** Actors are named by their titles. */
const isActor = (pid: string): boolean => /^brood of \d+: \//.test(commandOf(pid)[0]!);
const parentOf = (pid: string): number =>
  Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);

/** Resolves when the run has said that so many tenths of its pages are there. */
async function tenthsOf(run: Run, tenths: number): Promise<void> {
  for (let seen = 0; seen < tenths;) {
    const told = await Promise.race([once(run.child.stderr!, "data") as Promise<[string]>, run.ended]);
    if (!Array.isArray(told)) assert.fail(`it ended before: ${told.stderr}`);
    seen += told[0].match(/^\d+ of \d+ pages$/gm)?.length ?? 0;
  }
}

/** What is left of a run that has ended. Its templates are ended by the kernel, a moment after it: at most a second. */
async function leftOf(run: Run): Promise<string[]> {
  const until = performance.now() + 1_000;
  let left = processesOf(run);
  while (left.length > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    left = processesOf(run);
  }
  return left;
}

// One whole run serves all laws that look at its result.
const first = start();
const finished = first.ended.then(async (end) => {
  const left = await leftOf(first);
  assert.equal(end.code, 0, end.stderr);
  return { ...end, left, summary: JSON.parse(readFileSync(first.json, "utf8")) as Summary };
});
finished.catch(() => {});
const packages = await findPackages(join(project, "node_modules"), hostileDir);
const isHostile = (of: Package): boolean => of.dir.startsWith(hostileDir);
const pageOf = (of: Package, out = first.out): string => readFileSync(join(out, "packages", fileOf(of)), "utf8");
const lengthOf = (of: Package): number => (of.readme === undefined ? 0 : readFileSync(of.readme).length);
law.after(() => rmSync(first.home, { recursive: true, force: true }));

law(
  "a run makes a page of every package, and its summary says what became of each",
  async () => {
    const { summary } = await finished;
    assert.ok(packages.filter((of) => of.readme !== undefined).length >= 100);
    assert.equal(summary.pages, packages.length);
    assert.equal(summary.rendered, packages.length - 2);
    assert.deepEqual(
      summary.killed.map(({ page, reason }) => [page, reason.split(":")[0]]),
      [
        ["hostile-staircase", "ERR_BROOD_CPU_LIMIT"],
        ["hostile-wide-table", "ERR_BROOD_MEMORY_LIMIT"],
      ],
    );
    assert.equal(summary.out, first.out);
    assert.deepEqual(readdirSync(join(first.out, "packages")).sort(), packages.map(fileOf).sort());
  },
  { deadline: WHOLE },
);

law("a hostile README is shorter than 4 KiB", () => {
  const sizes = packages.filter(isHostile).map((of) => readFileSync(of.readme!).length);
  assert.equal(sizes.length, 2);
  for (const size of sizes) assert.ok(size < 4096, `${size} bytes`);
});

law(
  "every README is rendered in a wasm actor of its own; one actor counts them all, and two processes list the APIs",
  async () => {
    const { spawn: methods, teams, starts, replaced, again, restarts } = (await finished).summary;
    const process = whyNoFork() === undefined ? "forkserver" : "exec";
    const sizes = packages.flatMap((of) => (of.readme === undefined ? [] : [readFileSync(of.readme).length]));
    const short = sizes.filter((size) => size <= team.SHORT).length;
    assert.deepEqual(
      teams.map((of) => [of.spawn, of.actors, of.pages, of.replaced]),
      [
        ["wasm", short, short - 2, 2],
        ["wasm", sizes.length - short, sizes.length - short, 0],
        ["wasm", 1, sizes.length, 0],
        [process, 2, packages.length, 0],
      ],
    );
    assert.deepEqual([replaced, again, restarts], [2, 0, 0]);
    assert.deepEqual(Object.fromEntries(Object.entries(methods).map(([name, { count }]) => [name, count])), {
      wasm: sizes.length + 1,
      [process]: 2,
    });
    // A fork of what has loaded the compiler starts at least five times as fast as what loads it.
    if (process === "forkserver")
      assert.ok(starts["forkserver"]!.p50 * 5 < starts["exec"]!.p50, JSON.stringify(starts));
    for (const { p50, p99 } of [...Object.values(starts), ...teams]) assert.ok(p50 > 0 && p50 <= p99, `${p50} ${p99}`);
    for (const { mean, max } of Object.values(methods)) assert.ok(mean > 0 && mean <= max, `${mean} ${max}`);
  },
  { deadline: WHOLE },
);

law(
  "the page of a README says how many words, headings and code blocks it has",
  async () => {
    await finished;
    let counted = 0;
    for (const of of packages) {
      const found = /README: ([\d,]+) words?, ([\d,]+) headings?, ([\d,]+) code blocks?/.exec(pageOf(of));
      assert.equal(found !== null, of.readme !== undefined, of.name);
      if (found !== null && found[1] !== "0") counted += 1;
    }
    assert.ok(counted >= 100, `${counted} READMEs`);
    const staircase = pageOf(packages.find((of) => of.name === "hostile-staircase")!);
    assert.match(staircase, /README: [\d,]+ words, 1 heading, 0 code blocks/);
  },
  { deadline: WHOLE },
);

law(
  "every README but the hostile ones is shown in full, text for text as marked gives it in the host",
  async () => {
    await finished;
    let compared = 0;
    for (const of of packages) {
      if (of.readme === undefined || isHostile(of)) continue;
      const page = pageOf(of);
      const article = page.slice(page.indexOf(README_START) + README_START.length, page.lastIndexOf(README_END));
      assert.equal(article, await marked.parse(readFileSync(of.readme, "utf8"), { gfm: true }), of.name);
      compared += 1;
    }
    assert.ok(compared >= 100, `${compared} READMEs`);
  },
  { deadline: WHOLE },
);

law(
  "the page of a hostile README says what ended it, and lists its API all the same",
  async () => {
    await finished;
    const [loop, memory] = packages.filter(isHostile).map((of) => pageOf(of));
    assert.match(loop!, /ERR_BROOD_CPU_LIMIT/);
    const staircase = packages.find(isHostile);
    assert.ok(
      loop!.includes(`used more than ${team.cpuFor(readFileSync(staircase!.readme!).length)} ms of CPU in one call`),
    );
    assert.match(loop!, /function answer\(letter: string, depth\?: number\): string/);
    assert.match(memory!, /ERR_BROOD_MEMORY_LIMIT/);
    assert.match(memory!, /its limit is 67108864/);
    assert.match(memory!, /function table\(columns: number, rows: number\): string\[\]\[\]/);
  },
  { deadline: WHOLE },
);

law("nothing of a run is left when it has ended", async () => assert.deepEqual((await finished).left, []), {
  deadline: WHOLE,
});

law(
  "every link of the index, and from page to page, leads to a file",
  async () => {
    await finished;
    const index = readFileSync(join(first.out, "index.html"), "utf8");
    const links = [...index.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => match[1]!);
    assert.ok(packages.every((of) => links.includes(`packages/${fileOf(of)}`)));
    for (const link of links) assert.ok(existsSync(join(first.out, link)), link);
    for (const of of packages) {
      const own = pageOf(of).split(README_START)[0]!;
      for (const [, link] of own.matchAll(/(?:href|src)="([^"#:]+)"/g))
        assert.ok(existsSync(join(first.out, "packages", link!)), `${of.name}: ${link}`);
      for (const [, id] of own.matchAll(/href="#([^"]+)"/g))
        assert.ok(
          own.includes(`id="${decodeURIComponent(id!)}"`) || /[&<>"']/.test(decodeURIComponent(id!)),
          `${of.name}: #${id}`,
        );
    }
  },
  { deadline: WHOLE },
);

law(
  "a package's API is listed from its declarations, and one without any says so",
  async () => {
    await finished;
    const named = (name: string): string => pageOf(packages.find((of) => of.name === name)!);
    for (const text of ["const test: uvu.Test&lt;Context&gt;", 'id="api:suite"', "uvu/index.d.ts"]) {
      assert.ok(named("uvu").includes(text), text);
    }
    assert.match(named("marked"), /<b>Lexer<\/b>[^]*class _Lexer/);
    assert.match(named("@types/node"), /module &quot;node:fs&quot;|module &quot;fs&quot;/);
    assert.match(named("pure-rand"), /pure-rand\/generator\/xoroshiro128plus/);
    assert.match(named("ms"), /no type declarations/);
  },
  { deadline: WHOLE },
);

law(
  "away from a terminal a run says how far it is in a dozen plain lines",
  async () => {
    const { stdout, stderr } = await finished;
    const lines = stderr.trimEnd().split("\n");
    assert.ok(lines.length >= 10 && lines.length <= 14, stderr);
    assert.ok(lines.includes(`${packages.length} of ${packages.length} pages`), stderr);
    assert.ok(!(stdout + stderr).includes("\u001b"));
    assert.ok(stdout.includes(join(first.out, "index.html")));
    assert.match(stdout, /start p50/);
    assert.match(
      stdout,
      /compiler loaded, one after the other, p50:\n( {2}forkserver +\d+\.\d ms .*\n)? {2}exec +\d+\.\d ms/,
    );
  },
  { deadline: WHOLE },
);

law(
  "SIGINT in the middle ends a run by that signal and leaves no process",
  async (t) => {
    const run = start();
    t.defer(() => rmSync(run.home, { recursive: true, force: true }));
    await once(run.child.stderr!, "data");
    run.child.kill("SIGINT");
    const { signal, stderr } = await run.ended;
    assert.equal(signal, "SIGINT");
    assert.match(stderr, /Interrupted\.\n$/);
    assert.deepEqual(await leftOf(run), []);
  },
  { deadline: WHOLE },
);

/** Resolves at the first of the pool's calls that runs. */
async function running(pool: Pool<any>): Promise<void> {
  while (pool.stats.running === 0) await new Promise((resolve) => setImmediate(resolve));
}

law(
  "processes that are killed from outside in mid-run are replaced, be it those that list APIs or their host, and no page is lost",
  async (t) => {
    const run = start();
    t.defer(() => rmSync(run.home, { recursive: true, force: true }));
    const kill = (are: typeof isPress): number => {
      const pids = processesOf(run).filter((pid) => are(pid, run));
      for (const pid of pids) process.kill(Number(pid), "SIGKILL");
      return pids.length;
    };
    // First the host of all, later some of what its successor hosts.
    await tenthsOf(run, 1);
    assert.equal(kill(isPress), 1);
    await tenthsOf(run, 3);
    assert.equal(kill(isDescriber), 2);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, stderr);
    const summary = JSON.parse(readFileSync(run.json, "utf8")) as Summary;
    assert.deepEqual(
      [summary.pages, summary.rendered, summary.killed.map(({ page }) => page)],
      [packages.length, packages.length - 2, ["hostile-staircase", "hostile-wide-table"]],
    );
    assert.deepEqual([summary.restarts, summary.teams[3]!.replaced, summary.teams[3]!.actors], [1, 2, 4]);
    assert.match(stdout, /replaced +\d+ actors that died, their host 1×; pages made again/);
    for (const of of packages)
      if (!isHostile(of)) assert.doesNotMatch(pageOf(of, run.out).split(README_START)[0]!, /ERR_BROOD/, of.name);
    assert.deepEqual(await leftOf(run), []);
  },
  // It starts the press twice, beside the run that all other laws look at.
  { deadline: 2 * WHOLE },
);

law(
  "a page whose renderer or describer is killed from outside while it works is made again, and is the same",
  async () => {
    await withNursery(async (nursery) => {
      const teams = await team.openTeams(nursery);
      const maker = new PartsMaker(teams);
      const largest = packages.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]!;
      const material = { dir: largest.dir, markdown: readFileSync(largest.readme!, "utf8") };
      const [renderers, describers] = [teams.long, teams.describers];

      let making = maker.make(material, nursery.signal);
      await running(renderers);
      await renderers.children[0]!.kill();
      const parts = await making;
      assert.ok(parts.readme?.ok === true && parts.counts?.ok === true && parts.api.ok);
      assert.equal(parts.readme.value, await marked.parse(material.markdown, { gfm: true }));
      assert.deepEqual([maker.figures.long.again, renderers.stats.died, renderers.stats.started], [1, 1, 2]);

      making = maker.make(material, nursery.signal);
      await running(describers);
      for (const { id } of describers.children) process.kill(id.pid!, "SIGKILL");
      assert.deepEqual(await making, parts);
      assert.equal(describers.stats.died, 2);
      // The second may have been given it before it was known that it is dead, too.
      assert.ok([1, 2].includes(maker.figures.describers.again), `${maker.figures.describers.again} more tries`);
    });
  },
);

law("a page that ends its own renderer is not tried again", async () => {
  await withNursery(async (nursery) => {
    const teams = await team.openTeams(nursery);
    const maker = new PartsMaker(teams);
    const markdown = readFileSync(packages.find((of) => of.name === "hostile-wide-table")!.readme!, "utf8");
    const { readme } = await maker.make({ dir: join(hostileDir, "wide-table"), markdown }, nursery.signal);
    assert.ok(readme?.ok === false && readme.failure.code === "ERR_BROOD_MEMORY_LIMIT");
    assert.deepEqual([maker.figures.short.again, teams.short.stats.started], [0, 1]);
  });
});

law("a page whose renderers are killed one after the other is given up after a few", async () => {
  await withNursery(async (nursery) => {
    const teams = await team.openTeams(nursery);
    const maker = new PartsMaker(teams);
    const markdown = readFileSync(packages.find((of) => of.name === "hostile-staircase")!.readme!, "utf8");
    const making = maker.make({ dir: join(hostileDir, "staircase"), markdown }, nursery.signal);
    for (let killed = 1; killed <= TRIES; killed += 1) {
      await running(teams.short);
      await teams.short.children[0]!.kill();
    }
    const { readme } = await making;
    assert.ok(readme?.ok === false && readme.failure.code === "ERR_BROOD_ACTOR_DIED");
    assert.deepEqual([maker.figures.short.again, teams.short.stats.died], [TRIES - 1, TRIES]);
  });
});

law("both renderers are asked for the same: a README in, HTML out", async () => {
  await withNursery(async (nursery) => {
    const markdown = "# One\n\ntwo three\n\n```\nfour\n```\n";
    const marked = await nursery.start(team.renderer, { ...team.rendererOptions(markdown.length), name: "marked" });
    const words = await nursery.start(team.counter, { ...team.counterOptions, name: "words" });
    assert.match(await marked.call("render", markdown), /^<h1>One<\/h1>/);
    const html = await words.call("brood:docsite/renderer#render", markdown);
    assert.equal(html, "<p>3 words, 1 headings, 1 code blocks</p>\n");
    assert.deepEqual(await words.call("brood:docsite/renderer#count", markdown), [3, 1, 1]);
  });
});

law("what a README contains can neither run in the reader's browser nor break out as text", async () => {
  const of: Package = {
    name: "<b>&\"'",
    version: "1",
    description: "<script>alert(1)</script>",
    licence: "<i>",
    repository: undefined,
    homepage: undefined,
    private: false,
    dir: "/",
    readme: "/README",
    slug: "x",
  };
  const failure = { code: "<u>", text: "<u>", actor: "<u>", stderr: ["</pre><u>"] };
  const page = packagePage(
    {
      of,
      readme: { ok: true, value: "<script>alert(2)</script>" },
      counts: { ok: false, failure },
      api: { ok: false, failure },
    },
    { previous: of, next: of, footer: "<u>", script: "ours()" },
  ).text;
  const [own, article] = page.split(README_START) as [string, string];
  assert.doesNotMatch(own, /<script|<u>|<i>|<b>/);
  assert.ok(article.startsWith("<script>alert(2)</script>"));
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(own)?.[1] ?? "";
  assert.match(policy, /default-src &#39;none&#39;/);
  assert.equal(policy.match(/script-src &#39;sha256-[^;]+&#39;;/g)?.length, 1);
  assert.doesNotMatch(policy, /unsafe/);
  assert.ok(own.indexOf("Content-Security-Policy") < own.indexOf("<link"));
  assert.equal(
    html`<a title="${'"&<>'}">${[1, false, undefined, html`<b></b>`]}</a>`.text,
    '<a title="&quot;&amp;&lt;&gt;">1<b></b></a>',
  );
});

law(
  "a page allows exactly one script, and that is its own",
  async () => {
    await finished;
    const index = readFileSync(join(first.out, "index.html"), "utf8");
    for (const page of [index, pageOf(packages.find((of) => of.name === "marked")!)]) {
      const script = /<script>([^]*?)<\/script>/.exec(page)![1]!;
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(script));
      assert.ok(page.includes(`script-src &#39;sha256-${Buffer.from(digest).toString("base64")}&#39;;`));
      assert.equal(page.match(/<script/g)!.length, 1);
    }
  },
  { deadline: WHOLE },
);

law("a command line that cannot be followed is refused with the usage and code 2", async (t) => {
  for (const [args, why] of [
    [["--bogus"], "--bogus"],
    [["extra"], "extra"],
    [["--out="], "--out"],
    [["--json", tmpdir()], "is a directory"],
    [["--out", project], "is not empty"],
    [["--out", join(project, "package.json")], "is not a directory"],
  ] as const) {
    const run = start(args);
    t.defer(() => rmSync(run.home, { recursive: true, force: true }));
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 2, args.join(" "));
    assert.ok(stderr.split("\n")[0]!.includes(why), stderr);
    assert.match(stderr, /Usage: npm run demo/);
    assert.equal(stdout, "");
  }
  const run = start(["--help"]);
  t.defer(() => rmSync(run.home, { recursive: true, force: true }));
  assert.match((await run.ended).stdout, /^Usage: npm run demo/);
});

law("a directory of somebody else's is not touched, and in our own only our files are replaced", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "brood-docsite-"));
  t.defer(() => rmSync(dir, { recursive: true, force: true }));
  const theirs = join(dir, "theirs", "notes.txt");
  mkdirSync(dirname(theirs));
  writeFileSync(theirs, "keep");
  await assert.rejects(Site.prepare(dirname(theirs)), /is not empty, and this command did not make it/);
  assert.deepEqual(readdirSync(dirname(theirs)), ["notes.txt"]);

  const ours = join(dir, "deep", "site");
  const site = await Site.prepare(ours);
  await site.writePackage("old.html", html``);
  writeFileSync(join(ours, "notes.txt"), "keep");
  await Site.prepare(ours);
  assert.deepEqual(readdirSync(join(ours, "packages")), []);
  assert.equal(readFileSync(join(ours, "notes.txt"), "utf8"), "keep");
});

law("packages are found scoped and nested, each version once, each with a file name of its own", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "brood-docsite-"));
  t.defer(() => rmSync(dir, { recursive: true, force: true }));
  const add = (path: string, json: object): void => {
    mkdirSync(join(dir, path), { recursive: true });
    writeFileSync(join(dir, path, "package.json"), JSON.stringify(json));
  };
  add("a", { name: "a", version: "2.0.0", license: { type: "MIT" } });
  add("@s/b", { name: "@s/b", version: "1.0.0" });
  add("@s/b/node_modules/a", { name: "a", version: "1.0.0" });
  add("@s/b/node_modules/c", { name: "c", version: "1.0.0" });
  add("c", { name: "c", version: "1.0.0" });
  add(".bin", { name: "bin" });
  mkdirSync(join(dir, "empty"));
  const found = await findPackages(dir);
  assert.deepEqual(
    found.map((of) => [of.name, of.version, of.slug, of.licence]),
    [
      ["@s/b", "1.0.0", "@s__b", ""],
      ["a", "1.0.0", "a@1.0.0", ""],
      ["a", "2.0.0", "a", "MIT"],
      ["c", "1.0.0", "c", ""],
    ],
  );
});

law("a package's addresses become https or nothing", () => {
  for (const [given, expected] of [
    ["git+https://github.com/a/b.git", "https://github.com/a/b"],
    ["git@github.com:a/b.git", "https://github.com/a/b"],
    ["a/b", "https://github.com/a/b"],
    ["gitlab:a/b", "https://gitlab.com/a/b"],
    ["git://github.com/a/b.git#main", "https://github.com/a/b"],
    ["javascript:alert(1)", undefined],
    [{}, undefined],
  ] as const)
    assert.equal(webAddress(given), expected);
});

law("the progress line is never as wide as the terminal", () => {
  for (const columns of [1, 5, 10, 20, 40, 80, 200])
    for (const done of [0, 1, 70, 139])
      assert.ok(
        barLine(done, 139, "a-package-with-a-rather-long-name", columns).join("").length < Math.max(columns, 1) ||
          columns === 1,
      );
  assert.equal(percentile([3, 1, 2], 50), 2);
  assert.equal(percentile([3, 1, 2], 99), 3);
});

law.run();
