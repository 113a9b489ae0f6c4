// Schemas of values that travel: run in the actor only, once per value. Any library that keeps to Standard Schema will do; a `type<T>()`
// checks nothing.
import type { Schema } from "../context/surface.js";
import { describeValue, InvalidMessage, InvalidOption, type RefusedValue } from "../errors/kinds.js";

/** What a value becomes, now or later. @throws what the schema's library throws */
export type Check = (value: unknown) => Verdict | PromiseLike<Verdict>;

/** As Standard Schema says: a value, or what is wrong with it. */
export type Verdict = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Where a value stands in a dialogue. */
export type Place = Pick<RefusedValue, "endpoint" | "kind" | "index">;

/** Issues that are told: one that has a thousand is not read. */
const SHOWN = 5;

/** The check of a schema; undefined for a type. @throws InvalidOption it is neither */
export function checkOf(option: string, schema: Schema | undefined): Check | undefined {
  if (schema === undefined) return undefined;
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null)
    throw new InvalidOption(option, schema, "type<T>() or a schema, as z.string()");
  if (!("~standard" in schema)) {
    if (typeof schema === "object" && Object.keys(schema).length === 0) return undefined;
    throw new InvalidOption(option, schema, "type<T>(), or a schema of a library that keeps to Standard Schema");
  }
  const standard = schema["~standard"] as { version?: unknown; validate?: unknown } | undefined;
  if (standard?.version !== 1 || typeof standard.validate !== "function")
    throw new InvalidOption(option, schema, "a schema of Standard Schema version 1");
  return (value) => (standard.validate as (value: unknown) => Verdict)(value);
}

/**
 * Runs a schema on a value: at once where the schema answers at once, so that a refusal has the stack of who gave the value.
 * @returns what the schema makes of it, or a promise of that
 * @throws InvalidMessage it is not what the schema allows
 */
export function run(check: Check, value: unknown, place: Place): unknown {
  const verdict = check(value);
  if ("then" in verdict) return Promise.resolve(verdict).then((later) => judge(later, value, place));
  return judge(verdict, value, place);
}

function judge(verdict: Verdict, value: unknown, place: Place): unknown {
  if (verdict.issues === undefined) return verdict.value;
  throw refusal(place, value, verdict.issues);
}

function refusal(place: Place, value: unknown, issues: readonly Issue[]): InvalidMessage {
  const first = keysOf(issues[0]?.path);
  const told = issues.slice(0, SHOWN).map(({ message, path }, i) => {
    const at = i === 0 ? "" : pathOf(keysOf(path));
    return at === "" ? message : `${at.replace(/^\./, "")}: ${message}`;
  });
  const more = issues.length > SHOWN ? `, and ${issues.length - SHOWN} more` : "";
  const expected = `${told.join("; ")}${more}`.replace(/\.$/, "");
  const received = describeValue(valueAt(value, first));
  return new InvalidMessage(`${expected} (got ${received})`, `${rootOf(place)}${pathOf(first)}`, {
    ...place,
    expected,
    received,
  });
}

function rootOf({ kind, index }: Place): string {
  switch (kind) {
    case "argument":
      return `args[${index}]`;
    case "message":
      return `message[${index}]`;
    case "started value":
      return "started";
    case "result":
      return "result";
  }
}

const keysOf = (path: Issue["path"] = []): PropertyKey[] =>
  path.map((step) => (typeof step === "object" ? step.key : step));

const pathOf = (keys: readonly PropertyKey[]): string =>
  keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");

/** What stands there; what arrives has neither accessors nor proxies. */
function valueAt(value: unknown, keys: readonly PropertyKey[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<PropertyKey, unknown>)[key];
  }
  return found;
}
