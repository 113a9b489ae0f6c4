// What pools, clusters, shared resources and gather infer, and what must not compile.
import { actor, component, gather, openCluster, openNursery, pool, shared } from "brood";

const greeter = actor<typeof import("./greeter.js")>(new URL("./greeter.js", import.meta.url));
const markdown = component<{ render(text: string): string }>("/markdown.wasm");

await using nursery = await openNursery();
await using workers = pool(greeter, { size: 2, minSize: 0, idleTimeout: Infinity, nursery, preload: true });
const text: string = await workers.call("greet", "world");
const sum: number = await workers
  .with({ deadline: 5 })
  .with({ signal: AbortSignal.timeout(5) })
  .call("add", 1, 2);
const [child] = workers.children;
const again: string | undefined = await child?.call("greet", "world");
await using bare = pool(greeter);
await using boxed = pool(greeter, { spawn: "wasm", limits: { memory: "8MiB" } });
await using renderers = pool(markdown, { limits: { cpu: 5 }, maxQueue: 5, maxCallsPerActor: 5, concurrency: 2 });
const html: string = await renderers.call("render", "# title");

// @ts-expect-error wrong argument
await workers.call("greet", 1);
// @ts-expect-error unknown endpoint
await workers.call("nope");
// @ts-expect-error a context is opened, and a pool only calls
await workers.call("counting", 1);
// @ts-expect-error no such option of a call
workers.with({ timeout: 5 });
// @ts-expect-error a pool decides what a death does
pool(greeter, { onDeath: "fail" });
// @ts-expect-error a pool decides what becomes of the deaf
pool(greeter, { onDeaf: "report" });
// @ts-expect-error a process has no limits
pool(greeter, { limits: { memory: "8MiB" } });
// @ts-expect-error a component has no environment
pool(markdown, { env: { A: "1" } });
// @ts-expect-error a typo
pool(greeter, { sice: 2 });
// @ts-expect-error figures are read
workers.stats.size = 3;

await using cluster = await openCluster(greeter, { names: ["a", "b"], size: 2, nursery });
const named: Promise<number> | undefined = cluster.portals.get("a")?.call("add", 1, 2);
// @ts-expect-error one's death ends the rest
await openCluster(greeter, { onDeath: "report" });
// @ts-expect-error names are texts
await openCluster(greeter, { names: [1, 2] });

await using use = await shared(nursery, ["db", 1], async (signal) => {
  signal.throwIfAborted();
  return nursery.start(greeter, { name: "db" });
});
const greeting: string = await use.value.call("greet", "world");
const hit: boolean = use.hit;
await shared(nursery, "key", () => 5, { close: (value) => value.toFixed() });
// @ts-expect-error it is given what was opened
await shared(nursery, "key", () => 5, { close: (value: string) => value });
// @ts-expect-error no function
await shared(nursery, "key", 5);

await using both = await gather([() => openNursery(), async () => ({ async [Symbol.asyncDispose]() {}, port: 5 })]);
const [inner, { port }] = both;
const started: Promise<unknown> = inner.close();
const five: number = port;
const two: 2 = both.length;
// @ts-expect-error entries are functions
await gather([openNursery()]);

void [text, sum, again, html, named, greeting, hit, started, five, two, bare, boxed];
