// How an actor module says what it offers. Marks are registered symbols with a protocol number, so that a definition made by
// one copy of brood is understood by another.
import type {
  ActorDefinition,
  ContextEndpoint,
  ContextTask,
  Dialogue,
  Endpoints,
  Exact,
  InputOf,
  InputsOf,
  OutputOf,
  OutputsOf,
  Schema,
  Signature,
  Task,
  TaskEndpoint,
  Type,
} from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";
import { checkOf, type Check } from "./schema.js";

const ENDPOINT = Symbol.for("brood.endpoint/1");
const DEFINITION = Symbol.for("brood.actor/1");

/** What runs once per start, before the actor is ready. */
export interface Hooks {
  /** Its task lives as long as the actor: what it defers and the nurseries it opens are the actor's. Throwing fails the start. */
  setup?(task: Task): unknown;
}

/** An endpoint as the task loop sees it. */
export type Runnable =
  | { readonly kind: "bare"; readonly run: (...args: unknown[]) => unknown }
  | {
      readonly kind: "task";
      readonly run: (task: Task, ...args: unknown[]) => unknown;
      readonly args?: readonly (Check | undefined)[] | undefined;
      readonly result?: Check | undefined;
    }
  | {
      readonly kind: "generator";
      readonly run: (task: Task, ...args: unknown[]) => AsyncGenerator<unknown, unknown, void>;
    }
  | {
      readonly kind: "context";
      readonly declaresStarted: boolean;
      readonly checks: Checks;
      readonly run: (task: ContextTask<any>, ...args: unknown[]) => unknown;
    };

/** What a dialogue's schemas check; undefined where it has a type only. */
export interface Checks {
  readonly started: Check | undefined;
  readonly receives: Check | undefined;
  readonly sends: Check | undefined;
}

const PARTS = ["started", "receives", "sends"] as const;

/** A type, and nothing at run time. */
export function type<T>(): Type<T> {
  return {};
}

/**
 * An endpoint that is given its task, and so hears of a cancel. With schemas, each argument and the result are checked in the actor, and
 * become what the schema makes of them. Of an async generator it makes a stream: it is opened.
 * @throws InvalidOption
 */
export function endpoint<const P extends readonly Schema[], S extends Schema>(
  signature: { readonly args: readonly [...P]; readonly result: S },
  run: (
    task: Task,
    ...args: OutputsOf<P> extends infer Q extends unknown[] ? Q : never
  ) => InputOf<S> | Promise<InputOf<S>>,
): TaskEndpoint<InputsOf<P> extends infer Q extends unknown[] ? Q : never, OutputOf<S>>;
export function endpoint<A extends unknown[], R>(run: (task: Task, ...args: A) => R | Promise<R>): TaskEndpoint<A, R>;
export function endpoint(first: unknown, second?: unknown): unknown {
  if (typeof first === "function") return mark(runnableOf("endpoint", first));
  const { args, result } = signatureOf(first);
  checkRun("endpoint", second);
  if (isGenerator(second))
    throw new InvalidOption(
      "endpoint: run",
      second,
      "a function that returns a result, where there are schemas of args and result",
    );
  return mark({ kind: "task", run: second, args, result });
}

/** An endpoint that is opened: it first sends a started value, then messages, and returns a result. @throws InvalidOption */
export function context<const D extends Dialogue, A extends unknown[], R>(
  dialogue: D & Exact<D>,
  run: (task: ContextTask<D>, ...args: A) => R | Promise<R>,
): ContextEndpoint<D, A, R> {
  if (typeof dialogue !== "object" || dialogue === null)
    throw new InvalidOption("context: dialogue", dialogue, "an object, as { started: type<string>() }");
  for (const [key, value] of Object.entries(dialogue)) {
    if (!(PARTS as readonly string[]).includes(key))
      throw new InvalidOption(
        `context: ${key}`,
        value,
        `${PARTS.join(", ")}.${didYouMean(PARTS, key)}`.replace(/\.$/, ""),
      );
  }
  checkRun("context", run);
  if (isGenerator(run))
    throw new InvalidOption(
      "context: run",
      run,
      "a function: an async generator is an endpoint by itself, as async *ticks() { ... }",
    );
  const { started, receives, sends } = dialogue as Dialogue;
  const checks = {
    started: checkOf("context: started", started),
    receives: checkOf("context: receives", receives),
    sends: checkOf("context: sends", sends),
  };
  return mark({ kind: "context", run, declaresStarted: "started" in dialogue, checks }) as ContextEndpoint<D, A, R>;
}

/** Makes a definition of an actor: the default export of its module. */
export function defineActor<const E extends Endpoints>(endpoints: E, hooks: Hooks = {}): ActorDefinition<E> {
  if (typeof endpoints !== "object" || endpoints === null)
    throw new InvalidOption("defineActor: endpoints", endpoints, "an object of functions and endpoints");
  for (const [name, value] of Object.entries(endpoints)) {
    if (name === "") throw new InvalidOption("defineActor: endpoints", name, "endpoints with a name");
    if (runnable(value) === undefined)
      throw new InvalidOption(
        `defineActor: ${name}`,
        value,
        "a function, an async generator, endpoint(...) or context(...)",
      );
  }
  if (typeof hooks !== "object" || hooks === null)
    throw new InvalidOption("defineActor: hooks", hooks, "an object with setup, or nothing");
  for (const key of Object.keys(hooks)) {
    if (key !== "setup")
      throw new InvalidOption(
        `defineActor: hooks.${key}`,
        (hooks as Record<string, unknown>)[key],
        `setup.${didYouMean(["setup"], key)}`.replace(/\.$/, ""),
      );
  }
  if (hooks.setup !== undefined && typeof hooks.setup !== "function")
    throw new InvalidOption("defineActor: hooks.setup", hooks.setup, "a function");
  const definition = { endpoints, hooks };
  Object.defineProperty(definition, DEFINITION, { value: true });
  return definition;
}

/** A definition as the task loop uses it. */
export interface Definition {
  readonly endpoints: Endpoints;
  readonly hooks: Hooks;
}

/** Finds the definition among a module's exports: `default`, then `default.default` (a CommonJS module seen from ESM). */
export function findDefinition(exports: Record<string, unknown>): Definition | undefined {
  for (const candidate of [
    exports["default"],
    (exports["default"] as { default?: unknown } | undefined | null)?.default,
  ]) {
    if (typeof candidate === "object" && candidate !== null && DEFINITION in candidate)
      return candidate as unknown as Definition;
  }
  return undefined;
}

/** The definition among a module's exports. @param what the module, in words @throws TypeError where there is none */
export function definitionOf(exports: Record<string, unknown>, what: string): Definition {
  const definition = findDefinition(exports);
  if (definition !== undefined) return definition;
  const names = Object.keys(exports);
  const fault = names.includes("default")
    ? "the default export was not made by defineActor()"
    : "there is no default export";
  throw new TypeError(
    `${fault}: ${what} exports ${names.length === 0 ? "nothing" : listNames(names)}. Write: export default defineActor({ ... })`,
  );
}

/** What the loop runs for an endpoint; undefined for what is none. */
export function runnable(value: unknown): Runnable | undefined {
  if (typeof value === "function") {
    const kind = tagOf(value);
    if (kind === "[object GeneratorFunction]") return undefined;
    if (kind !== "[object AsyncGeneratorFunction]")
      return { kind: "bare", run: value as (...args: unknown[]) => unknown };
    return { kind: "generator", run: (_task, ...args) => (value as (...args: unknown[]) => AsyncGenerator)(...args) };
  }
  if (typeof value === "object" && value !== null && ENDPOINT in value)
    return (value as { [ENDPOINT]: Runnable })[ENDPOINT];
  return undefined;
}

function runnableOf(what: string, run: unknown): Runnable {
  checkRun(what, run);
  return isGenerator(run) ? { kind: "generator", run: run as never } : { kind: "task", run };
}

function signatureOf(signature: unknown): Pick<Extract<Runnable, { kind: "task" }>, "args" | "result"> {
  if (typeof signature !== "object" || signature === null)
    throw new InvalidOption("endpoint", signature, "a function, or { args: [...], result } and a function");
  for (const [key, value] of Object.entries(signature)) {
    if (key !== "args" && key !== "result")
      throw new InvalidOption(
        `endpoint: ${key}`,
        value,
        `args, result.${didYouMean(["args", "result"], key)}`.replace(/\.$/, ""),
      );
  }
  const { args, result } = signature as Partial<Signature>;
  if (!Array.isArray(args)) throw new InvalidOption("endpoint: args", args, "a list of schemas, one for each argument");
  if (result === undefined) throw new InvalidOption("endpoint: result", result, "a schema, or type<T>()");
  return {
    args: (args as Schema[]).map((schema, i) => checkOf(`endpoint: args[${i}]`, schema)),
    result: checkOf("endpoint: result", result),
  };
}

function mark(runnable: Runnable): object {
  return Object.defineProperty({}, ENDPOINT, { value: runnable });
}

function checkRun(what: string, run: unknown): asserts run is (...args: unknown[]) => unknown {
  if (typeof run !== "function" || tagOf(run) === "[object GeneratorFunction]")
    throw new InvalidOption(
      `${what}: run`,
      run,
      "a function that is given the task and the arguments; a generator is async",
    );
}

const isGenerator = (run: unknown): boolean => tagOf(run) === "[object AsyncGeneratorFunction]";

const tagOf = (value: unknown): string => Object.prototype.toString.call(value);
