// What a supervisor infers from its children, and what must not compile.
import {
  actor,
  component,
  openNursery,
  openSupervisor,
  source,
  type ActorChild,
  type ChildSpec,
  type ChildStatus,
  type Portal,
  type Supervisor,
  type SupervisorFailed,
} from "brood";

/** Fails to compile where the two are not the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

const greeter = actor<typeof import("./greeter.js")>(new URL("./greeter.js", import.meta.url));
const script = source<{ twice(x: number): number }>("({ twice: (x) => 2 * x })");
const markdown = component<{ render(text: string): string }>("/markdown.wasm");

await using nursery = await openNursery();
await using supervisor = await openSupervisor({
  nursery,
  name: "crew",
  strategy: "rest_for_one",
  intensity: 5,
  period: 1_000,
  backoff: { initial: 10, factor: 2, max: 100 },
  autoShutdown: "any_significant",
  children: [
    { id: "greeter", what: greeter, options: { spawn: "exec", env: { A: "1" } }, shutdown: 100 },
    { id: "script", what: script, options: { limits: { cpu: 5 } }, restart: "transient", significant: true },
    { id: "markdown", what: markdown, restart: "temporary", shutdown: "kill" },
    {
      id: "inner",
      supervisor: { strategy: "one_for_all", children: [{ id: "deep", what: script }] },
      shutdown: "infinity",
    },
  ],
});

// Children.
const hello: string = await supervisor.child("greeter").call("greet", "world");
const four: number = await supervisor.child("script").call("twice", 2);
const html: string = await (await supervisor.waitForChild("markdown", { deadline: 5 })).call("render", "# x");
const deep: number = await supervisor.child("inner").child("deep").call("twice", 2);
const again: number = await (await supervisor.restartChild("script")).call("twice", 2);
same<ReturnType<typeof inner>, Supervisor<{ deep: Portal<{ twice(x: number): number }> }>>(true);
const inner = () => supervisor.child("inner");
// One that was added, of whatever kind.
const added = await supervisor.startChild({ id: "added", what: script, restart: "temporary" });
const eight: number = await added.call("twice", 4);
const found = await supervisor.child("added").call("anything", 1);
same<typeof found, any>(true);
const typed: number = await supervisor.child<{ twice(x: number): number }>("added").call("twice", 4);
const nested = await supervisor.startChild({ id: "nested", supervisor: { children: [{ id: "x", what: greeter }] } });
const sum: number = await nested.child("x").call("add", 1, 2);
// A list whose members are not known one by one.
const list: ChildSpec[] = [{ id: "a", what: greeter }];
const loose = await openSupervisor({ children: list });
const whatever = await loose.child("a").call("anything");
const crew: ActorChild[] = [{ id: "a", what: greeter }];
await openSupervisor({ children: crew });
const empty: Supervisor = await openSupervisor();
// Any supervisor is one of unknown children.
const one: Supervisor = supervisor;

const status: ChildStatus | undefined = supervisor.whichChildren()[0]?.status;
const { specs, active, supervisors, actors }: Record<"specs" | "active" | "supervisors" | "actors", number> =
  supervisor.countChildren();
supervisor.deleteChild("added");
declare const failed: SupervisorFailed;
const times: number[] = failed.failures.map(({ time }) => time);

// @ts-expect-error wrong argument
await supervisor.child("greeter").call("greet", 1);
// @ts-expect-error no such endpoint
await supervisor.child("script").call("thrice", 1);
// @ts-expect-error a portal is no supervisor
supervisor.child("greeter").child("x");
// @ts-expect-error wrong argument, two levels down
await supervisor.child("inner").child("deep").call("twice", "2");
// @ts-expect-error the result is a number
const wrong: string = await added.call("twice", 4);
// @ts-expect-error no such strategy
await openSupervisor({ strategy: "one_for_none" });
// @ts-expect-error a typo
await openSupervisor({ intensitiy: 3 });
// @ts-expect-error a child has an id
await openSupervisor({ children: [{ what: greeter }] });
// @ts-expect-error a child is something
await openSupervisor({ children: [{ id: "a" }] });
// @ts-expect-error a typo in a child
await openSupervisor({ children: [{ id: "a", what: greeter, restarts: "transient" }] });
// @ts-expect-error no such type of restart
await openSupervisor({ children: [{ id: "a", what: greeter, restart: "always" }] });
// @ts-expect-error a typo in the options of a child
await openSupervisor({ children: [{ id: "a", what: greeter, options: { startTimout: 1 } }] });
// @ts-expect-error deaths are the supervisor's
await openSupervisor({ children: [{ id: "a", what: greeter, options: { onDeath: "fail" } }] });
// @ts-expect-error a text in a process
await openSupervisor({ children: [{ id: "a", what: script, options: { spawn: "exec" } }] });
// @ts-expect-error an option of another spawn method
await openSupervisor({ children: [{ id: "a", what: greeter, options: { spawn: "exec", limits: { cpu: 1 } } }] });
// @ts-expect-error the end of an actor is bounded
await openSupervisor({ children: [{ id: "a", what: greeter, shutdown: "infinity" }] });
// @ts-expect-error a child is an actor or a supervisor
await openSupervisor({ children: [{ id: "a", what: greeter, supervisor: {} }] });
// @ts-expect-error only the outermost hangs on a nursery
await openSupervisor({ children: [{ id: "a", supervisor: { nursery } }] });
// @ts-expect-error a typo, two levels down
await openSupervisor({ children: [{ id: "a", supervisor: { children: [{ id: "b", what: greeter, restrt: "x" }] } }] });
// @ts-expect-error a typo in a child that is added
await supervisor.startChild({ id: "a", what: greeter, signficant: true });
// @ts-expect-error a deadline is a number of milliseconds
await supervisor.waitForChild("script", { deadline: "5s" });
