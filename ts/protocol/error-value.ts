// Errors taken apart and put together again. Taking apart never throws, whatever was thrown and however hostile its getters
// are; putting together never runs code of the data's, and sets no property that an error of that class does not have.
import { InvalidMessage } from "../errors/kinds.js";

/** Most characters of each text of an error that cross: enough for any stack that a person reads. */
export const MAX_TEXT = 64 * 1024;

/** What can be read of a thrown thing without a risk. */
export interface ErrorParts {
  /** False for a thrown string, number, plain object and so on. */
  readonly isError: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code: string | number | undefined;
  /** Own enumerable data properties besides those above, `cause` and `errors`. */
  readonly fields: readonly (readonly [key: string, value: unknown])[];
  readonly hasCause: boolean;
  readonly cause: unknown;
  /** Members of an AggregateError. */
  readonly errors: readonly unknown[] | undefined;
}

/** The name of what was thrown when it is not an error. */
export const NOT_AN_ERROR = "NonError";

const STANDARD = new Set(["name", "message", "stack", "code", "cause", "errors"]);

// More own fields than this are nobody's idea of an error.
const MAX_FIELDS = 256;

// More members than this are counted by whoever shows the error, never read; it bounds the work for a hostile `length`.
const MAX_MEMBERS = 10_000;

/** Whether `value` is an error of any realm. Never throws. */
export function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false; // a revoked proxy
  }
}

/** Takes apart anything that was thrown. Never throws. */
export function errorParts(thrown: unknown): ErrorParts {
  if (!isErrorLike(thrown)) return nonErrorParts(thrown);
  const code = read(thrown, "code");
  const errors = read(thrown, "errors");
  const hasCause = has(thrown, "cause");
  return {
    isError: true,
    name: nameOf(thrown),
    message: text(read(thrown, "message")) ?? "",
    stack: text(read(thrown, "stack")) ?? "",
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    fields: ownFields(thrown),
    hasCause,
    cause: hasCause ? read(thrown, "cause") : undefined,
    errors: isList(errors) ? copyList(errors) : undefined,
  };
}

/**
 * The name of an error: its `name`, or that of its class where nobody gave it one and `name` is only what a built-in class
 * left to it.
 */
function nameOf(error: Error): string {
  const name = text(read(error, "name"));
  if (name !== undefined && !CLASSES.has(name)) return name;
  const ofClass = className(error);
  if (name === undefined) return ofClass ?? "Error";
  return ofClass === undefined || ofClass === name || hasOwn(error, "name") ? name : ofClass;
}

/** Cuts a text to what crosses, saying so at its end. */
export function cut(value: string, most: number = MAX_TEXT): string {
  return value.length <= most ? value : `${value.slice(0, Math.max(0, most - 24))}... (${value.length} in all)`;
}

/** A thrown value that is no error: its text as far as it has one; the value itself is the field `value`. */
function nonErrorParts(thrown: unknown): ErrorParts {
  return {
    isError: false,
    name: NOT_AN_ERROR,
    message: describeThrown(thrown),
    stack: "",
    code: undefined,
    fields: [["value", thrown]],
    hasCause: false,
    cause: undefined,
    errors: undefined,
  };
}

function describeThrown(thrown: unknown): string {
  switch (typeof thrown) {
    case "string":
      return cut(thrown);
    case "function":
      return "a function";
    case "symbol":
      return cut(thrown.toString());
    case "bigint":
      return thrown >= -MAX_PRINTED && thrown <= MAX_PRINTED ? `${thrown}n` : "a very large bigint";
    case "object": {
      if (thrown === null) return "null";
      const message = text(read(thrown, "message"));
      if (message !== undefined) return message;
      const name = className(thrown);
      return name === undefined || name === "Object" ? "an object" : `an object of class ${name}`;
    }
    default:
      return String(thrown);
  }
}

// Printing a bigint takes time that grows with the square of its length; this one has a thousand bits.
const MAX_PRINTED = 2n ** 1000n;

function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function hasOwn(from: object, key: string): boolean {
  try {
    return Object.hasOwn(from, key);
  } catch {
    return true;
  }
}

function has(from: object, key: string): boolean {
  try {
    return key in from;
  } catch {
    return false;
  }
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? cut(value) : undefined);

/** The name of the class of an object, where that can be told without harm. */
export function className(value: object): string | undefined {
  try {
    const constructor = (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor;
    const name = typeof constructor === "function" ? (constructor.name as unknown) : undefined;
    return typeof name === "string" && name !== "" ? cut(name, 200) : undefined;
  } catch {
    return undefined;
  }
}

function ownFields(error: object): [string, unknown][] {
  const fields: [string, unknown][] = [];
  try {
    for (const key of Object.keys(error)) {
      if (STANDARD.has(key)) continue;
      if (fields.length === MAX_FIELDS) break;
      const property = Object.getOwnPropertyDescriptor(error, key);
      if (property !== undefined && "value" in property) fields.push([key, property.value]);
    }
  } catch {
    // A proxy that throws has the fields that it has shown so far.
  }
  return fields;
}

function isList(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function copyList(list: readonly unknown[]): unknown[] | undefined {
  const copy: unknown[] = [];
  try {
    const length = Math.min(list.length, MAX_MEMBERS);
    for (let i = 0; i < length; i++) copy.push(list[i]);
  } catch {
    // As far as it goes.
  }
  return copy;
}

/** An error that travels as a value, as its extension carries it. */
export interface ErrorValue {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map<string, new (message: string) => Error>([
  ["Error", Error],
  ["EvalError", EvalError],
  ["RangeError", RangeError],
  ["ReferenceError", ReferenceError],
  ["SyntaxError", SyntaxError],
  ["TypeError", TypeError],
  ["URIError", URIError],
]);

/**
 * An error that arrived as a value: of the same built-in class, or an Error with the name of its class.
 * @throws InvalidMessage when `data` is not an {@link ErrorValue}
 */
export function rebuildErrorValue(data: unknown): Error {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new InvalidMessage("an error is not an object");
  const { name, message, stack, code, fields, errors } = data as Record<string, unknown>;
  if (typeof name !== "string" || typeof message !== "string")
    throw new InvalidMessage("an error without name and message");
  if (stack !== undefined && typeof stack !== "string") throw new InvalidMessage("an error whose stack is not a text");
  if (code !== undefined && typeof code !== "string" && typeof code !== "number")
    throw new InvalidMessage("an error whose code is no string and no number");
  if (fields !== undefined && (typeof fields !== "object" || fields === null || Array.isArray(fields)))
    throw new InvalidMessage("an error whose fields are not an object");
  if (errors !== undefined && !Array.isArray(errors)) throw new InvalidMessage("an error whose errors are not a list");
  const error = errors === undefined ? new (CLASSES.get(name) ?? Error)(message) : new AggregateError(errors, message);
  if (error.name !== name) define(error, "name", name, false);
  define(error, "stack", stack ?? "", false);
  if (Object.hasOwn(data, "cause")) define(error, "cause", (data as { cause: unknown }).cause, false);
  if (code !== undefined) define(error, "code", code, true);
  if (fields !== undefined) {
    for (const key of Object.keys(fields)) {
      // `fields` never holds these: whoever puts them there wants to say two things at once.
      if (STANDARD.has(key)) throw new InvalidMessage(`an error with ${key} among its fields`);
      define(error, key, (fields as Record<string, unknown>)[key], true);
    }
  }
  return error;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
