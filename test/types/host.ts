// What the host's side infers from the type of an actor module, and what must not compile.
import {
  actor,
  component,
  configure,
  offer,
  openNursery,
  source,
  withNursery,
  type ActorId,
  type Exit,
  type SpawnMethod,
} from "brood";

/** Fails to compile where the two are not the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

const greeter = actor<typeof import("./greeter.js")>(new URL("./greeter.js", import.meta.url));

await using nursery = await openNursery({ name: "crew", cancelTimeout: 100, onDeath: "report", signals: true });
const portal = await nursery.start(greeter, {
  name: "greeter",
  spawn: "exec",
  env: { A: "1", B: undefined },
  cwd: "/",
  execArgv: ["--no-warnings"],
  stdio: ({ text }) => void text.length,
});

// Calls.
same<ReturnType<typeof greet>, Promise<string>>(true);
const greet = () => portal.call("greet", "world");
const sum: number = await portal.with({ deadline: 5, signal: AbortSignal.timeout(5) }).call("add", 1, 2);
const text: string = await portal.call("later", "x");
const more: string = await portal.call("later", "x", 3);
const nothing: void = await portal.call("nothing");
const loose = await portal.call("anything", { whatever: 1 });
same<typeof loose, any>(true);
// Does not return, and is called all the same.
await portal.call("never").catch(() => {});

// @ts-expect-error wrong argument
await portal.call("greet", 1);
// @ts-expect-error missing argument
await portal.call("greet");
// @ts-expect-error one too many
await portal.call("add", 1, 2, 3);
// @ts-expect-error unknown endpoint
await portal.call("nope");
// @ts-expect-error a context is opened, not called
await portal.call("counting", 1);
// @ts-expect-error the result is a string
const wrong: number = await portal.call("greet", "world");
// @ts-expect-error no such option of a call
portal.with({ timeout: 5 });
// @ts-expect-error a deadline is a number of milliseconds
portal.with({ deadline: "5s" });

// Contexts.
await using counting = await portal.open("counting", 10);
same<typeof counting.startedValue, string>(true);
const result: number = await counting.result();
const acknowledged: boolean = await counting.cancel("enough");
const plain = await portal.open("plain");
same<typeof plain.startedValue, void>(true);
const { times }: { times: number } = await plain.result();
const body: { from: string } = await portal.withContext("counting", [3], async (context) => {
  const both: [string, number] = [context.startedValue, await context.result()];
  return { from: both[0] };
});

// @ts-expect-error a call is not opened
await portal.open("add", 1, 2);
// @ts-expect-error wrong argument
await portal.open("counting", "10");
// @ts-expect-error arguments are a list
await portal.withContext("counting", 3, async () => {});
// @ts-expect-error wrong argument in the list
await portal.withContext("counting", ["3"], async () => {});
// @ts-expect-error the opener has no started
await counting.started("x");
// @ts-expect-error what started says is read only
counting.startedValue = "x";

// One-shots.
const hello: string = await nursery.run(greeter, "greet", ["x"], { spawn: "exec", deadline: 100 });
const withoutOptions: number = await nursery.run(greeter, "add", [1, 2]);
// @ts-expect-error wrong arguments
await nursery.run(greeter, "greet", [1]);
// @ts-expect-error arguments are a list
await nursery.run(greeter, "greet", "x");
// @ts-expect-error a context has no one-shot
await nursery.run(greeter, "counting", [1]);
// @ts-expect-error a one-shot's death is its caller's
await nursery.run(greeter, "add", [1, 2], { onDeath: "report" });

// Options of a start.
// @ts-expect-error a name is required
await nursery.start(greeter, {});
// @ts-expect-error bad spawn method
await nursery.start(greeter, { name: "x", spawn: "thread" });
await nursery.start(greeter, { name: "x", spawn: "main_thread_forkserver" });
// @ts-expect-error a method that this version does not have
await nursery.start(greeter, { name: "x", spawn: "wasm_forkserver" });
await nursery.start(greeter, { name: "x", spawn: "forkserver", preload: ["typescript"] });
await nursery.start(greeter, { name: "x", preload: true });
// @ts-expect-error what has no process preloads nothing
await nursery.start(greeter, { name: "x", spawn: "wasm", preload: true });
// @ts-expect-error an option of another spawn method
await nursery.start(greeter, { name: "x", spawn: "exec", limits: { memory: 1 } });
// @ts-expect-error a typo
await nursery.start(greeter, { name: "x", startTimout: 1 });
// @ts-expect-error times are numbers
await nursery.start(greeter, { name: "x", startTimeout: "1s" });
// @ts-expect-error an actor travels by reference
await nursery.start({ endpoints: {} }, { name: "x" });
// @ts-expect-error as a URL
actor("./greeter.js");
// @ts-expect-error of an actor module
actor<{ default: number }>(new URL("x:y"));
// @ts-expect-error no such option of a nursery
await openNursery({ spawn: "exec" });

// A module whose type is not known: anything goes.
const unknown = await nursery.start(actor(new URL("file:///x.js")), { name: "x" });
const whatever = await unknown.call("whatever", 1, "2");
same<typeof whatever, any>(true);
const opened = await unknown.open("whatever", 1);
same<typeof opened.startedValue, any>(true);
const untyped = await opened.result();
same<typeof untyped, any>(true);
// A CommonJS module, seen from ESM.
const nested = await nursery.start(actor<{ default: typeof import("./greeter.js") }>(new URL("file:///x.cjs")), {
  name: "x",
});
const nestedSum: number = await nested.call("add", 1, 2);

// withNursery gives what its body gives.
const value: number = await withNursery(async (inner) => inner.run(greeter, "add", [1, 2]), { name: "inner" });
// @ts-expect-error a body is a function
await withNursery(greeter);

// Exits and identities.
const exit: Exit = await portal.exited;
same<typeof exit.kind, "returned" | "cancelled" | "killed" | "failed" | "exited" | "signalled" | "lost">(true);
switch (exit.kind) {
  case "exited": {
    const code: number = exit.code;
    break;
  }
  case "signalled": {
    const signal: string = exit.signal;
    break;
  }
  case "cancelled": {
    const by: ActorId = exit.by;
    break;
  }
  case "failed": {
    const error: Error = exit.error;
    // @ts-expect-error a failed actor has no exit code of its own
    const code = exit.code;
    break;
  }
}
const killed: Exit = await portal.kill();
const id: ActorId = portal.id;
// @ts-expect-error an identity is read only
portal.id.name = "other";
const method: SpawnMethod = portal.spawnMethod;
const names: string[] = nursery.children.map((child) => child.id.name);

// Components and texts: in wasm, without saying so.
interface Markdown {
  "acme:md/api#render"(text: string): string;
  toc(text: string, depth: number): Promise<string[]>;
}
const markdown = component<Markdown>(new URL("./markdown.wasm", import.meta.url));
const md = await nursery.start(markdown, { name: "md", limits: { memory: "64MiB", cpu: 500 }, stdio: "ignore" });
const html: string = await md.call("acme:md/api#render", "# x");
const toc: string[] = await md.call("toc", "# x", 2);
const once: string = await nursery.run(markdown, "acme:md/api#render", ["# x"], { limits: { wall: 5 }, deadline: 5 });
const bytes = await nursery.start(component(new Uint8Array(1), { compile: "in-process" }), {
  name: "x",
  spawn: "wasm",
});
same<Awaited<ReturnType<typeof anything>>, any>(true);
const anything = () => bytes.call("anything", 1, "2");
const script = await nursery.start(source<{ twice(x: number): number }>("({ twice: (x) => 2 * x })"), { name: "s" });
const four: number = await script.call("twice", 2);
const empty = await nursery.start(source("({})"), { name: "s", grants: {}, imports: {}, limits: {} });
await empty.call("whatever");
const inWasm = await nursery.start(greeter, { name: "x", spawn: "wasm", limits: { cpu: 1, cpuTotal: 2, output: 0 } });
const wasmSum: number = await inWasm.call("add", 1, 2);
declare const either: SpawnMethod;
await nursery.start(greeter, { name: "x", spawn: either });
configure({ engineThreads: 1, maxActors: 10, cacheDir: false });

// @ts-expect-error wrong argument
await md.call("acme:md/api#render", 1);
// @ts-expect-error no such export
await md.call("render", "# x");
// @ts-expect-error a component has no contexts
await md.open("toc", "# x", 2);
// @ts-expect-error a component in a process
await nursery.start(markdown, { name: "x", spawn: "exec" });
// @ts-expect-error a text in a process
await nursery.start(source("1"), { name: "x", spawn: "exec" });
// @ts-expect-error an option of processes
await nursery.start(markdown, { name: "x", env: {} });
// @ts-expect-error an option of processes
await nursery.start(greeter, { name: "x", spawn: "wasm", cwd: "/" });
// @ts-expect-error limits without a wasm spawn
await nursery.start(greeter, { name: "x", limits: { cpu: 1 } });
// @ts-expect-error limits in a process
await nursery.run(greeter, "add", [1, 2], { spawn: "exec", limits: { cpu: 1 } });
// @ts-expect-error a one-shot's death is its caller's
await nursery.run(markdown, "toc", ["x", 1], { onDeath: "report" });
// @ts-expect-error no such limit
await nursery.start(markdown, { name: "x", limits: { heap: 1 } });
// @ts-expect-error a way to compile that is none
component("/x.wasm", { compile: "fast" });
// @ts-expect-error a text is a string
source(() => ({}));
// @ts-expect-error no such setting
configure({ threads: 1 });
// @ts-expect-error a key is a text
offer(5, new Map());
using offered: Disposable = offer("index", new Map([["a", 1]]));
const pause: number | undefined = (await nursery.start(greeter, { name: "x" })).stats.pause;
