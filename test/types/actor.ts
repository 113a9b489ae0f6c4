// What the actor's side infers, and what must not compile there.
import { actor, openNursery } from "brood";
import {
  context,
  defineActor,
  endpoint,
  type,
  type ActorDefinition,
  type ActorInfo,
  type ContextTask,
  type Nursery,
  type Task,
  type TaskEndpoint,
} from "brood/actor";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

// A task.
const probing = endpoint(async (task, name: string) => {
  same<typeof task, Task>(true);
  const info: ActorInfo = task.actor;
  const left: number | undefined = task.remaining();
  task.log("a", 1, { b: 2 });
  task.defer(async () => {});
  const nursery: Nursery = await task.openNursery({ cancelTimeout: 10 });
  const index: Map<string, number> = task.inherited<Map<string, number>>("index");
  same<ReturnType<typeof task.inherited>, unknown>(true);
  task.log(index.size);
  // @ts-expect-error a key is a text
  task.inherited(Symbol("index"));
  // @ts-expect-error deferred work is a function
  task.defer("later");
  // @ts-expect-error the signal is the runtime's
  task.signal = AbortSignal.abort();
  // @ts-expect-error a call has nothing to start with
  task.started();
  return [name, info.path, left, nursery.name] as const;
});
same<typeof probing, TaskEndpoint<[name: string], readonly [string, string, number | undefined, string]>>(true);

// A context.
context({ started: type<{ at: number }>() }, async (task) => {
  same<typeof task, ContextTask<{ readonly started: { readonly "~type"?: { at: number } } }>>(true);
  await task.started({ at: 1 });
  // @ts-expect-error another started value
  await task.started("x");
  // @ts-expect-error none
  await task.started();
});
context({}, async (task) => {
  await task.started();
  // @ts-expect-error no value was declared
  await task.started("x");
});
// @ts-expect-error a typo
context({ start: type<number>() }, async () => 1);
// @ts-expect-error no schema
context({ started: 5 }, async () => 1);
// @ts-expect-error no function
context({ started: type<number>() });

// Definitions.
// @ts-expect-error a value is no endpoint
defineActor({ answer: 42 });
// @ts-expect-error no such hook
defineActor({}, { tearDown: () => {} });
defineActor({}, { setup: async (task) => task.defer(() => {}) });

// With isolatedDeclarations the type is written out.
interface Api {
  add(a: number): number;
  greet: TaskEndpoint<[name: string], string>;
}
const written: ActorDefinition<Api> = defineActor({
  add: (a: number) => a,
  greet: endpoint(async (_task, name: string) => name),
});
const nursery = await openNursery();
const portal = await nursery.start(actor<{ default: typeof written }>(new URL("file:///x.js")), { name: "x" });
const greeting: string = await portal.call("greet", "x");
const sum: number = await portal.call("add", 1);
// @ts-expect-error wrong argument
await portal.call("greet", 1);
