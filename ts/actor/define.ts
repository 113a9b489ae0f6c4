// How an actor module says what it offers. Marks are registered symbols with a protocol number, so that a definition made by
// one copy of brood is understood by another.
import type {
  ActorDefinition,
  ContextEndpoint,
  ContextTask,
  Dialogue,
  Endpoints,
  Exact,
  Task,
  TaskEndpoint,
  Type,
} from "../context/surface.js";
import { InvalidOption, Unsupported } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";

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
  | { readonly kind: "task"; readonly run: (task: Task, ...args: unknown[]) => unknown }
  | {
      readonly kind: "context";
      readonly declaresStarted: boolean;
      readonly run: (task: ContextTask<any>, ...args: unknown[]) => unknown;
    };

/** A type, and nothing at run time. */
export function type<T>(): Type<T> {
  return {};
}

/** An endpoint that is given its task, and so hears of a cancel. */
export function endpoint<A extends unknown[], R>(run: (task: Task, ...args: A) => R | Promise<R>): TaskEndpoint<A, R> {
  checkRun("endpoint", run);
  return mark({ kind: "task", run }) as unknown as TaskEndpoint<A, R>;
}

/** An endpoint that is opened: it first sends a started value, later returns a result. */
export function context<const D extends Dialogue, A extends unknown[], R>(
  dialogue: D & Exact<D>,
  run: (task: ContextTask<D>, ...args: A) => R | Promise<R>,
): ContextEndpoint<D, A, R> {
  if (typeof dialogue !== "object" || dialogue === null)
    throw new InvalidOption("context: dialogue", dialogue, "an object, as { started: type<string>() }");
  for (const [key, value] of Object.entries(dialogue)) {
    if (key !== "started")
      throw new InvalidOption(`context: ${key}`, value, `started.${didYouMean(["started"], key)}`.replace(/\.$/, ""));
    if (typeof value !== "object" || value === null) throw new InvalidOption(`context: ${key}`, value, "type<T>()");
    if ("~standard" in value) throw new Unsupported("payload schemas", "this version knows type<T>() only");
  }
  checkRun("context", run);
  return mark({ kind: "context", run, declaresStarted: "started" in dialogue }) as unknown as ContextEndpoint<D, A, R>;
}

/** Makes a definition of an actor: the default export of its module. */
export function defineActor<const E extends Endpoints>(endpoints: E, hooks: Hooks = {}): ActorDefinition<E> {
  if (typeof endpoints !== "object" || endpoints === null)
    throw new InvalidOption("defineActor: endpoints", endpoints, "an object of functions and endpoints");
  for (const [name, value] of Object.entries(endpoints)) {
    if (name === "") throw new InvalidOption("defineActor: endpoints", name, "endpoints with a name");
    if (runnable(value) === undefined)
      throw new InvalidOption(`defineActor: ${name}`, value, "a function, endpoint(...) or context(...)");
    if (isGenerator(value))
      throw new Unsupported(`endpoint ${name}`, "it is an async generator, and this version has no streams yet");
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
  if (typeof value === "function") return { kind: "bare", run: value as (...args: unknown[]) => unknown };
  if (typeof value === "object" && value !== null && ENDPOINT in value)
    return (value as { [ENDPOINT]: Runnable })[ENDPOINT];
  return undefined;
}

function mark(runnable: Runnable): object {
  return Object.defineProperty({}, ENDPOINT, { value: runnable });
}

function checkRun(what: string, run: unknown): asserts run is (...args: unknown[]) => unknown {
  if (typeof run !== "function")
    throw new InvalidOption(`${what}: run`, run, "a function that is given the task and the arguments");
  if (isGenerator(run)) throw new Unsupported(`${what} of an async generator`, "this version has no streams yet");
}

function isGenerator(value: unknown): boolean {
  return typeof value === "function" && Object.prototype.toString.call(value).includes("Generator");
}
