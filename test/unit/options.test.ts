// What is not accepted is refused: the text names the option, the value and what is accepted, and nothing is started.
import {
  actor,
  component,
  configure,
  InvalidOption,
  openNursery,
  source,
  UnknownEndpoint,
  Unsupported,
  withNursery,
  type BroodError,
  type Nursery,
  type Portal,
} from "brood";
import { context, defineActor, endpoint, type } from "brood/actor";
import * as assert from "uvu/assert";
import { allProcesses } from "#brood/testing/processes.js";
import { suite } from "../harness/law.js";

const law = suite("options");

type Any = (...args: any[]) => any;
const loose = (bound: unknown): Any => bound as Any;
const greeter = actor<typeof import("../actors/greeter.js")>(new URL("../actors/greeter.js", import.meta.url));

/** What was given, and what the refusal must say: the option, the value, what is accepted. */
interface Refusal {
  readonly because: string;
  readonly call: () => unknown;
  readonly option: string;
  readonly value: string;
  readonly accepted: RegExp;
}

async function refusalOf(call: () => unknown): Promise<BroodError> {
  try {
    await call();
  } catch (error) {
    return error as BroodError;
  }
  throw new Error("it was accepted");
}

const children = (): number[] =>
  allProcesses()
    .filter(({ ppid }) => ppid === process.pid)
    .map(({ pid }) => pid);

function refuses(group: string, cases: (scope: Nursery, portal: Portal<any>) => readonly Refusal[]): void {
  law(
    `${group}: what is not accepted is refused with InvalidOption, in words that help, and nothing is started`,
    async () => {
      await withNursery(async (scope) => {
        const portal = (await scope.start(greeter, { name: "greeter" })) as Portal<any>;
        const before = children();
        for (const { because, call, option, value, accepted } of cases(scope, portal)) {
          let pending: unknown;
          // Promises are never thrown at, functions that return none are.
          const error = await refusalOf(() => (pending = call()));
          assert.ok(error instanceof InvalidOption, `${because}: ${error}`);
          assert.is(error.code, "ERR_BROOD_INVALID_OPTION");
          assert.is(error.option, option, because);
          assert.is(error.message.split(". Accepted: ")[0], `invalid option: ${option}: got ${value}`, because);
          assert.match(error.accepted, accepted, because);
          assert.ok(error.message.includes(`. Accepted: ${error.accepted}`), because);
          assert.match(error.message, /[.?]$/, because);
          assert.not.match(error.message, /[.?]\.$/, because);
          void pending;
        }
        assert.equal(
          scope.children.map(({ id }) => id.name),
          ["greeter"],
        );
        assert.equal(children(), before);
        assert.equal([portal.stats.open, portal.stats.calls, portal.status], [0, 0, "running"]);
      });
    },
  );
}

const DURATION = /^a number of milliseconds above 0, at most 2147483647$/;
const NAME = /^a string of 1 to 200 characters without \/ and control characters$/;

/** What stands for a time in ms, and how a refusal shows it. */
const NO_DURATIONS: readonly [unknown, string][] = [
  [0, "0"],
  [-1, "-1"],
  [Number.NaN, "NaN"],
  [Infinity, "Infinity"],
  [2 ** 31, "2147483648"],
  ["100", '"100"'],
  [null, "null"],
  [10n, "10n"],
  [{}, "an object"],
];
const NO_NAMES: readonly [unknown, string][] = [
  ["", '""'],
  ["a/b", '"a/b"'],
  ["a\nb", '"a\\nb"'],
  ["x".repeat(201), `"${"x".repeat(77)}..."`],
  [1, "1"],
  [null, "null"],
];

/** Refusals of every time that a function takes. */
function times(what: string, call: (options: object) => unknown, options: readonly string[]): Refusal[] {
  return options.flatMap((name) =>
    NO_DURATIONS.map(([value, shown]) => ({
      because: `${name} ${shown}`,
      call: () => call({ [name]: value }),
      option: `${what}: ${name}`,
      value: shown,
      accepted: DURATION,
    })),
  );
}

/** Refusals of what is no object of options. */
function noObject(what: string, call: (options: any) => unknown): Refusal[] {
  return [
    [null, "null"],
    [5, "5"],
    ["name", '"name"'],
    [[], "an array"],
    [() => 1, "a function"],
  ].map(([value, shown]) => ({
    because: `options ${String(shown)}`,
    call: () => call(value),
    option: `${what}: options`,
    value: shown as string,
    accepted: /^an object of options$/,
  }));
}

function choices(what: string, call: (options: object) => unknown): Refusal[] {
  const one = (option: string, value: unknown, shown: string, accepted: RegExp): Refusal => ({
    because: `${option} ${shown}`,
    call: () => call({ [option]: value }),
    option: `${what}: ${option}`,
    value: shown,
    accepted,
  });
  return [
    one("onDeaf", "spare", '"spare"', /^"kill" or "report"$/),
    one("onDeaf", null, "null", /^"kill" or "report"$/),
  ];
}

for (const [what, open] of [
  ["openNursery", loose(openNursery)],
  ["withNursery", (options: any) => loose(withNursery)(async () => {}, options)],
] as const) {
  refuses(what, () => [
    ...noObject(what, open),
    ...times(what, open, ["startTimeout", "cancelTimeout", "killTimeout"]),
    ...choices(what, open),
    ...NO_NAMES.map(([value, shown]) => ({
      because: `name ${shown}`,
      call: () => open({ name: value }),
      option: `${what}: name`,
      value: shown,
      accepted: NAME,
    })),
    {
      because: "onDeath",
      call: () => open({ onDeath: "die" }),
      option: `${what}: onDeath`,
      value: '"die"',
      accepted: /^"fail" or "report"$/,
    },
    {
      because: "signals",
      call: () => open({ signals: "yes" }),
      option: `${what}: signals`,
      value: '"yes"',
      accepted: /^true or false$/,
    },
    {
      because: "a typo",
      call: () => open({ cancelTimeOut: 5 }),
      option: `${what}: cancelTimeOut`,
      value: "5",
      accepted: /^the options name, startTimeout, .*\. Did you mean cancelTimeout\?$/,
    },
    {
      because: "an option of start",
      call: () => open({ spawn: "exec" }),
      option: `${what}: spawn`,
      value: '"exec"',
      accepted: /^the options name, /,
    },
  ]);
}

refuses("withNursery's body", () =>
  [
    [undefined, "undefined"],
    [{}, "an object"],
    ["body", '"body"'],
  ].map(([value, shown]) => ({
    because: String(shown),
    call: () => loose(withNursery)(value),
    option: "withNursery: body",
    value: shown as string,
    accepted: /^a function that is given the nursery$/,
  })),
);

refuses("actor", () => [
  {
    because: "a relative path",
    call: () => loose(actor)("./greeter.js"),
    option: "actor: module",
    value: '"./greeter.js"',
    accepted: /^a URL, as new URL\("\.\/greeter\.js", import\.meta\.url\)$/,
  },
  {
    because: "the user's own path",
    call: () => loose(actor)("../crew/cook.js"),
    option: "actor: module",
    value: '"../crew/cook.js"',
    accepted: /new URL\("\.\.\/crew\/cook\.js", import\.meta\.url\)/,
  },
  {
    because: "a text of a URL",
    call: () => loose(actor)("file:///greeter.js"),
    option: "actor: module",
    value: '"file:///greeter.js"',
    accepted: /^a URL, as new URL\(/,
  },
  {
    because: "a package",
    call: () => actor(new URL("node:fs")),
    option: "actor: module",
    value: '"node:fs"',
    accepted: /^a URL with the protocol "file:"/,
  },
  {
    because: "a web address",
    call: () => actor(new URL("https://example.org/a.js")),
    option: "actor: module",
    value: '"https://example.org/a.js"',
    accepted: /"file:"/,
  },
  { because: "nothing", call: () => loose(actor)(), option: "actor: module", value: "undefined", accepted: /^a URL/ },
  {
    because: "a definition",
    call: () => loose(actor)({ endpoints: {} }),
    option: "actor: module",
    value: "an object",
    accepted: /^a URL/,
  },
]);

refuses("component", () => {
  const one = (because: string, args: unknown[], option: string, value: string, accepted: RegExp): Refusal => ({
    because,
    call: () => loose(component)(...args),
    option: `component: ${option}`,
    value,
    accepted,
  });
  const url = new URL("file:///a.wasm");
  return [
    one(
      "a relative path",
      ["./markdown.wasm"],
      "what",
      '"./markdown.wasm"',
      /^a URL, as new URL\("\.\/markdown\.wasm", import\.meta\.url\), an absolute path, or bytes$/,
    ),
    one("a web address", [new URL("https://example.org/a.wasm")], "what", '"https://example.org/a.wasm"', /"file:"/),
    one("nothing", [], "what", "undefined", /^a URL/),
    one("no bytes", [new Uint8Array(0)], "what", "an object", /^the bytes of a component/),
    one("a null character", ["/a\0.wasm"], "what", '"/a\\u0000.wasm"', /null characters/),
    one("compile", [url, { compile: "fast" }], "compile", '"fast"', /^"isolated" or "in-process"$/),
    one("a typo", [url, { compil: "isolated" }], "compil", '"isolated"', /Did you mean compile\?$/),
    one("options", [url, null], "options", "null", /^an object of options$/),
  ];
});

refuses("source", () => [
  {
    because: "nothing",
    call: () => loose(source)(),
    option: "source: code",
    value: "undefined",
    accepted: /^the text/,
  },
  { because: "empty", call: () => source(""), option: "source: code", value: '""', accepted: /^the text/ },
  {
    because: "a function",
    call: () => loose(source)(() => ({})),
    option: "source: code",
    value: "a function",
    accepted: /as \(\{ twice: /,
  },
]);

refuses("configure", () => {
  const one = (because: string, options: unknown, option: string, value: string, accepted: RegExp): Refusal => ({
    because,
    call: () => loose(configure)(options),
    option: `configure: ${option}`,
    value,
    accepted,
  });
  return [
    ...noObject("configure", loose(configure)),
    one("no threads", { engineThreads: 0 }, "engineThreads", "0", /^a whole number from 1 to /),
    one("half a thread", { engineThreads: 1.5 }, "engineThreads", "1.5", /^a whole number/),
    one("too many", { engineThreads: 1e6 }, "engineThreads", "1000000", /^a whole number/),
    one("no actors", { maxActors: 0 }, "maxActors", "0", /^a whole number from 1 to /),
    one("actors as text", { maxActors: "5" }, "maxActors", '"5"', /^a whole number/),
    one("a relative cache", { cacheDir: "cache" }, "cacheDir", '"cache"', /^an absolute path, or false/),
    one("true as cache", { cacheDir: true }, "cacheDir", "true", /^an absolute path, or false/),
    one("a cache of everybody's", { cacheDir: "/" }, "cacheDir", '"/"', /^a directory of this user's alone/),
    one("a typo", { maxActor: 5 }, "maxActor", "5", /Did you mean maxActors\?$/),
  ];
});

refuses("nursery.start in wasm", (scope) => {
  const begin = (options: object, what: unknown): unknown =>
    loose(scope.start.bind(scope))(what, { name: "refused", ...options });
  const code = source("({})");
  const one = (
    because: string,
    options: object,
    option: string,
    value: string,
    accepted: RegExp,
    what: unknown = code,
  ): Refusal => ({
    because,
    call: () => begin(options, what),
    option: `nursery.start: ${option}`,
    value,
    accepted,
  });
  const memory = /^a whole number of bytes from 1 to 4294967296, or a text as "64MiB"/;
  const kinds = [code, component(new URL("file:///a.wasm"))];
  return [
    ...kinds.map((what) =>
      one(
        "a process",
        { spawn: "exec" },
        "spawn",
        '"exec"',
        /^"wasm": a (source|component) runs as nothing else$/,
        what,
      ),
    ),
    one(
      "env",
      { env: { A: "1" } },
      "env",
      "an object",
      /env is one of spawn method forkserver, main_thread_forkserver, exec, and this is wasm$/,
    ),
    one("cwd", { cwd: "/" }, "cwd", '"/"', /^the options name, /),
    one("execArgv", { execArgv: [] }, "execArgv", "an array", /^the options name, /),
    one("killTimeout", { killTimeout: 5 }, "killTimeout", "5", /^the options name, /),
    one("inheritMain", { inheritMain: false }, "inheritMain", "false", /^the options name, /),
    one("env of an actor", { spawn: "wasm", env: {} }, "env", "an object", /^the options name, /, greeter),
    one("stdio", { stdio: "pipe" }, "stdio", '"pipe"', /^"forward", "ignore" or a function/),
    one("no limits", { limits: null }, "limits", "null", /^an object, as \{ memory: "64MiB", cpu: 500 \}$/),
    one("limits as text", { limits: "64MiB" }, "limits", '"64MiB"', /^an object/),
    one("a typo", { limits: { mem: 5 } }, "limits: mem", "5", /^the options memory, /),
    ...[0, -1, 1.5, NaN, 2 ** 32 + 1, "64 mib", "64MB", "-1MiB", "", "5GiB", null, 5n].map((value) =>
      one(`memory ${String(value)}`, { limits: { memory: value } }, "limits.memory", shownAs(value), memory),
    ),
    ...[-1, "1.5", 2 ** 31].map((value) =>
      one(
        `output ${value}`,
        { limits: { output: value } },
        "limits.output",
        shownAs(value),
        /^a whole number of bytes from 0/,
      ),
    ),
    ...(["cpu", "cpuTotal", "wall"] as const).flatMap((name) =>
      NO_DURATIONS.map(([value, shown]) =>
        one(`${name} ${shown}`, { limits: { [name]: value } }, `limits.${name}`, shown, DURATION),
      ),
    ),
    one("grants that are none", { grants: ["env"] }, "grants", "an array", /^an object, as \{ actors: \["wasm"\] \}$/),
    one(
      "a grant of a method that is none",
      { grants: { actors: ["wasm", "fork"] } },
      "grants.actors",
      "an array",
      /^an array of spawn methods: forkserver, main_thread_forkserver, exec, wasm$/,
    ),
    one("imports that are none", { imports: 5 }, "imports", "5", /^an object, which in this version is empty$/),
  ];
});

const shownAs = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : typeof value === "bigint" ? `${value}n` : String(value);

for (const verb of ["start", "run"] as const) {
  refuses(`nursery.${verb}`, (scope) => {
    const what = `nursery.${verb}`;
    const begin = (options: any, source: unknown = greeter): unknown =>
      verb === "start"
        ? loose(scope.start.bind(scope))(
            source,
            typeof options === "object" && options !== null && !Array.isArray(options)
              ? { name: "refused", ...options }
              : options,
          )
        : loose(scope.run.bind(scope))(source, "add", [1, 2], options);
    const one = (because: string, options: object, option: string, value: string, accepted: RegExp): Refusal => ({
      because,
      call: () => begin(options),
      option: `${what}: ${option}`,
      value,
      accepted,
    });
    return [
      ...noObject(what, begin),
      ...times(what, begin, ["startTimeout", "cancelTimeout", "killTimeout", ...(verb === "run" ? ["deadline"] : [])]),
      ...choices(what, begin),
      ...NO_NAMES.map(([value, shown]) => one(`name ${shown}`, { name: value }, "name", shown, NAME)),
      one(
        "no such method",
        { spawn: "thread" },
        "spawn",
        '"thread"',
        /^"forkserver" or "main_thread_forkserver" or "exec"/,
      ),
      one(
        "a method that is no text",
        { spawn: 1 },
        "spawn",
        "1",
        /^"forkserver" or "main_thread_forkserver" or "exec"/,
      ),
      one("a signal that is none", { signal: {} }, "signal", "an object", /^an AbortSignal$/),
      one("inheritMain", { inheritMain: 1 }, "inheritMain", "1", /^true or false$/),
      one("env", { env: "A=1" }, "env", '"A=1"', /^an object of strings$/),
      one("env as a list", { env: ["A"] }, "env", "an array", /^an object of strings$/),
      one("a number in env", { env: { A: 1 } }, "env.A", "1", /^a string, or undefined to leave it out$/),
      one("NODE_OPTIONS", { env: { NODE_OPTIONS: "--inspect" } }, "env.NODE_OPTIONS", '"--inspect"', /execArgv/),
      one("a name with =", { env: { "A=B": "1" } }, "env.A=B", '"1"', /^a name without =/),
      one("a null character", { env: { A: "\0" } }, "env.A", '"\\u0000"', /without null characters$/),
      one("a relative cwd", { cwd: "src" }, "cwd", '"src"', /absolute path/),
      one(
        "a cwd that is not there",
        { cwd: "/nowhere/at/all" },
        "cwd",
        '"/nowhere/at/all"',
        /absolute path of a directory/,
      ),
      one("a cwd that is a file", { cwd: process.execPath }, "cwd", JSON.stringify(process.execPath), /directory/),
      one("a cwd that is no text", { cwd: 1 }, "cwd", "1", /^an absolute path$/),
      one(
        "preload",
        { preload: "typescript" },
        "preload",
        '"typescript"',
        /^true for the actor's own module, or an array/,
      ),
      one("a number in preload", { preload: [5] }, "preload[0]", "5", /^an absolute path, "file:" URL or name/),
      one("a relative preload", { preload: ["./a.js"] }, "preload[0]", '"./a.js"', /^an absolute path, "file:" URL/),
      one("a preload from afar", { preload: ["https://a.b/c.js"] }, "preload[0]", '"https://a.b/c.js"', /"file:"$/),
      one("execArgv", { execArgv: "--inspect" }, "execArgv", '"--inspect"', /^an array of flags for Node$/),
      one("a flag that is no text", { execArgv: [1] }, "execArgv[0]", "1", /^a flag of Node/),
      ...["-e", "--eval=1", "--test", "--watch", "--inspect", "--inspect-brk=0", "-p", "--", ""].map((flag) =>
        one(
          `the flag ${flag}`,
          { execArgv: ["--no-warnings", flag] },
          "execArgv[1]",
          JSON.stringify(flag),
          /^a flag of Node/,
        ),
      ),
      one("stdio", { stdio: "pipe" }, "stdio", '"pipe"', /^"forward", "ignore" or a function/),
      one("a typo", { startTimout: 1 }, "startTimout", "1", /Did you mean startTimeout\?$/),
      one("an option of another method", { limits: { memory: "64MiB" } }, "limits", "an object", /^the options name, /),
      one(
        "an option of the other verb",
        verb === "start" ? { deadline: 5 } : { onDeath: "report" },
        verb === "start" ? "deadline" : "onDeath",
        verb === "start" ? "5" : '"report"',
        /^the options name, /,
      ),
      {
        because: "no actor",
        call: () => begin({}, {}),
        option: `${what}: what`,
        value: "an object",
        accepted: /^what actor\(\) returns: .*; or what component\(\) or source\(\) returns$/,
      },
    ];
  });
}

refuses("nursery.start without a name", (scope) => [
  {
    because: "no options",
    call: () => loose(scope.start.bind(scope))(greeter),
    option: "nursery.start: options",
    value: "undefined",
    accepted: /^an object of options$/,
  },
  {
    because: "no name",
    call: () => loose(scope.start.bind(scope))(greeter, {}),
    option: "nursery.start: name",
    value: "undefined",
    accepted: NAME,
  },
]);

refuses("nursery.run", (scope) => {
  const run = loose(scope.run.bind(scope));
  return [
    {
      because: "no endpoint",
      call: () => run(greeter),
      option: "nursery.run: endpoint",
      value: "undefined",
      accepted: /^the name of an endpoint$/,
    },
    {
      because: "an empty endpoint",
      call: () => run(greeter, "", []),
      option: "nursery.run: endpoint",
      value: '""',
      accepted: /^the name of an endpoint$/,
    },
    {
      because: "no arguments",
      call: () => run(greeter, "add"),
      option: "nursery.run: args",
      value: "undefined",
      accepted: /^an array of the endpoint's arguments$/,
    },
    {
      because: "arguments that are no list",
      call: () => run(greeter, "add", 1, 2),
      option: "nursery.run: args",
      value: "1",
      accepted: /^an array/,
    },
  ];
});

refuses("portal.call and portal.open", (_scope, portal) =>
  (["call", "open"] as const).flatMap((verb) =>
    [
      [undefined, "undefined"],
      ["", '""'],
      [7, "7"],
      [Symbol.iterator, "a symbol"],
      [{}, "an object"],
    ].map(([value, shown]) => ({
      because: `${verb} ${String(shown)}`,
      call: () => loose(portal[verb].bind(portal))(value),
      option: `portal.${verb}: endpoint`,
      value: shown as string,
      accepted: /^the name of an endpoint$/,
    })),
  ),
);

refuses("portal.withContext", (_scope, portal) => {
  const withContext = loose(portal.withContext.bind(portal));
  return [
    {
      because: "args",
      call: () => withContext("counting", 3, async () => {}),
      option: "withContext: args",
      value: "3",
      accepted: /^an array of the endpoint's arguments$/,
    },
    {
      because: "no body",
      call: () => withContext("counting", [3]),
      option: "withContext: body",
      value: "undefined",
      accepted: /^a function that is given the context$/,
    },
    {
      because: "endpoint",
      call: () => withContext("", [], async () => {}),
      option: "portal.open: endpoint",
      value: '""',
      accepted: /^the name of an endpoint$/,
    },
  ];
});

refuses("portal.with", (_scope, portal) => {
  const bound = loose(portal.with.bind(portal));
  return [
    ...noObject("portal.with", bound),
    {
      because: "undefined",
      call: () => bound(),
      option: "portal.with: options",
      value: "undefined",
      accepted: /^an object of options$/,
    },
    ...times("portal.with", bound, ["deadline"]),
    {
      because: "signal",
      call: () => bound({ signal: new AbortController() }),
      option: "portal.with: signal",
      value: "an object",
      accepted: /^an AbortSignal$/,
    },
    {
      because: "a typo",
      call: () => bound({ dedline: 5 }),
      option: "portal.with: dedline",
      value: "5",
      accepted: /^the options deadline, signal\. Did you mean deadline\?$/,
    },
    {
      because: "timeout",
      call: () => bound({ timeout: 5 }),
      option: "portal.with: timeout",
      value: "5",
      accepted: /^the options deadline, signal$/,
    },
  ];
});

refuses("defineActor, endpoint and context", () => {
  const define = loose(defineActor);
  const one = (because: string, call: () => unknown, option: string, value: string, accepted: RegExp): Refusal => ({
    because,
    call,
    option,
    value,
    accepted,
  });
  return [
    one("nothing", () => define(), "defineActor: endpoints", "undefined", /^an object of functions and endpoints$/),
    one(
      "a function",
      () => define(() => 1),
      "defineActor: endpoints",
      "a function",
      /^an object of functions and endpoints$/,
    ),
    one(
      "a number",
      () => define({ add: 1 }),
      "defineActor: add",
      "1",
      /^a function, an async generator, endpoint\(\.\.\.\) or context\(\.\.\.\)$/,
    ),
    one("an object", () => define({ add: { run: () => 1 } }), "defineActor: add", "an object", /^a function, an async/),
    one(
      "an endpoint without a name",
      () => define({ "": () => 1 }),
      "defineActor: endpoints",
      '""',
      /^endpoints with a name$/,
    ),
    one("hooks", () => define({}, null), "defineActor: hooks", "null", /^an object with setup, or nothing$/),
    one(
      "a hook that is none",
      () => define({}, { setUp: () => 1 }),
      "defineActor: hooks.setUp",
      "a function",
      /^setup\. Did you mean setup\?$/,
    ),
    one("setup", () => define({}, { setup: 1 }), "defineActor: hooks.setup", "1", /^a function$/),
    one(
      "endpoint of nothing",
      () => loose(endpoint)(),
      "endpoint",
      "undefined",
      /^a function, or \{ args: \[\.\.\.\], result \} and a function$/,
    ),
    one(
      "a generator that is not async",
      () => loose(endpoint)(function* () {}),
      "endpoint: run",
      "a function",
      /a generator is async$/,
    ),
    one(
      "such a generator by itself",
      () => define({ *ticks() {} }),
      "defineActor: ticks",
      "a function",
      /^a function, an async generator/,
    ),
    one(
      "a context of an async generator",
      () => loose(context)({}, async function* () {}),
      "context: run",
      "a function",
      /an async generator is an endpoint by itself/,
    ),
    one(
      "schemas without a function",
      () => loose(endpoint)({ args: [], result: type<void>() }),
      "endpoint: run",
      "undefined",
      /^a function that is given the task/,
    ),
    one(
      "no list of schemas",
      () => loose(endpoint)({ args: type<string>(), result: type<void>() }, () => {}),
      "endpoint: args",
      "an object",
      /^a list of schemas, one for each argument$/,
    ),
    one(
      "an argument without a schema",
      () => loose(endpoint)({ args: ["string"], result: type<void>() }, () => {}),
      "endpoint: args[0]",
      '"string"',
      /^type<T>\(\) or a schema/,
    ),
    one(
      "a word that endpoints do not know",
      () => loose(endpoint)({ args: [], results: type<void>() }, () => {}),
      "endpoint: results",
      "an object",
      /^args, result\. Did you mean result\?$/,
    ),
    one(
      "no result",
      () => loose(endpoint)({ args: [] }, () => {}),
      "endpoint: result",
      "undefined",
      /^a schema, or type<T>\(\)$/,
    ),
    one(
      "a schema of another version",
      () => loose(context)({ started: { "~standard": { version: 2, validate: () => ({}) } } }, async () => {}),
      "context: started",
      "an object",
      /^a schema of Standard Schema version 1$/,
    ),
    one(
      "context of nothing",
      () => loose(context)(),
      "context: dialogue",
      "undefined",
      /^an object, as \{ started: type<string>\(\) \}$/,
    ),
    one(
      "context without a function",
      () => loose(context)({ started: type<string>() }),
      "context: run",
      "undefined",
      /^a function that is given the task/,
    ),
    one(
      "a started that is no type",
      () => loose(context)({ started: String }, async () => {}),
      "context: started",
      "a function",
      /^type<T>\(\), or a schema/,
    ),
    one(
      "a typo",
      () => loose(context)({ startet: type<string>() }, async () => {}),
      "context: startet",
      "an object",
      /^started, receives, sends\. Did you mean started\?$/,
    ),
  ];
});

law("what a later version brings is refused as Unsupported, by name", async () => {
  const before = children();
  await withNursery(async (scope) => {
    for (const spawn of ["wasm_fork", "wasm_forkserver"]) {
      const error = await refusalOf(() => loose(scope.start.bind(scope))(greeter, { name: "refused", spawn }));
      assert.ok(error instanceof Unsupported, String(error));
      assert.is(error.feature, `spawn method ${spawn}`);
      assert.match(
        error.message,
        /this version does not have it yet; it has forkserver, main_thread_forkserver, exec, wasm/,
      );
    }
    const start = (options: object): unknown =>
      loose(scope.start.bind(scope))(source("({})"), { name: "refused", ...options });
    for (const [options, feature] of [
      [{ grants: { env: ["LANG"] } }, "grants.env"],
      [{ imports: { "acme:host/log": {} } }, "imports.acme:host/log"],
    ] as const) {
      const error = await refusalOf(() => start(options));
      assert.ok(error instanceof Unsupported, String(error));
      assert.is(error.feature, feature);
    }
  });
  assert.equal(children(), before);
});

law("BROOD_SPAWN_METHOD is checked as the option is, where it decides", async () => {
  await withNursery(async (scope) => {
    process.env["BROOD_SPAWN_METHOD"] = "thread";
    try {
      const error = await refusalOf(() => scope.run(greeter, "add", [1, 2]));
      assert.ok(error instanceof InvalidOption);
      assert.match(
        error.message,
        /^invalid option: BROOD_SPAWN_METHOD: got "thread"\. Accepted: "forkserver" or "main_thread_forkserver" or "exec"/,
      );
      // It overrides the default, never a choice.
      assert.is(await scope.run(greeter, "add", [1, 2], { spawn: "exec" }), 3);
    } finally {
      delete process.env["BROOD_SPAWN_METHOD"];
    }
  });
});

law(
  "an endpoint that is not there, or is there in the other form, is UnknownEndpoint with the right call",
  async () => {
    await withNursery(async (scope) => {
      const portal = (await scope.start(greeter, { name: "greeter" })) as Portal<any>;
      const cases: readonly [() => unknown, string, RegExp][] = [
        [
          () => portal.call("greeet"),
          "greeet",
          /^unknown endpoint "greeet": greeter \(\/greeter\): the actor has greet, .*\. Did you mean greet\?$/,
        ],
        [() => portal.call("x".repeat(100)), "x".repeat(100), /^unknown endpoint "x{77}\.\.\.": /],
        [() => portal.call("counting", 1), "counting", /it is a context: use portal\.open\("counting", \.\.\.\)\.$/],
        [() => portal.open("add", 1, 2), "add", /it is called, not opened: use portal\.call\("add", \.\.\.\)\.$/],
        [() => portal.withContext("add", [1, 2], async () => {}), "add", /use portal\.call\("add", \.\.\.\)\.$/],
        [() => loose(scope.run.bind(scope))(greeter, "nope", []), "nope", /the actor has /],
      ];
      for (const [call, name, words] of cases) {
        const error = await refusalOf(call);
        assert.ok(error instanceof UnknownEndpoint, String(error));
        assert.is(error.endpoint, name);
        assert.match(error.message, words);
      }
      assert.equal(portal.stats.calls, 0);
    });
  },
);

law("task.defer and task.openNursery refuse in the actor what is no function and no options", async () => {
  await withNursery(async (scope) => {
    const misuser = await scope.start(
      actor<typeof import("../actors/misuser.js")>(new URL("../actors/misuser.js", import.meta.url)),
      { name: "misuser" },
    );
    assert.equal(await misuser.call("defer"), [
      "InvalidOption",
      "invalid option: task.defer: cleanup: got undefined. Accepted: a function.",
    ]);
    const [name, message] = await misuser.call("openNursery");
    assert.is(name, "InvalidOption");
    assert.match(
      message,
      /^invalid option: task\.openNursery: cancelTimeout: got -1\. Accepted: a number of milliseconds above 0/,
    );
    assert.equal(await misuser.call("late"), ["ProtocolError", "protocol error: endpoint defer: the task has ended."]);
  });
});

law.run();
