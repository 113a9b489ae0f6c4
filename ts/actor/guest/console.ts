// console: every line becomes a log record of the host, with a level. What the level silences is not rendered. The values themselves may
// hold anything: the host cleans what it prints.
import { now } from "./clock.js";
import { format, inspect } from "./format.js";
import { host, Level } from "./host.js";
import { table } from "./table.js";

/** Deeper indentation nobody reads. */
const MAX_INDENT = 20;

let groups = 0;
const counts = new Map<string, number>();
const timers = new Map<string, number>();

/** Formats only what is wanted. */
function say(level: number, values: readonly unknown[], before = ""): void {
  if (host.wants(level)) line(level, before + format(values));
}

function line(level: number, text: string): void {
  const indent = "  ".repeat(Math.min(groups, MAX_INDENT));
  host.log(level, groups === 0 ? text : `${indent}${text.replace(/\n/g, `\n${indent}`)}`);
}

function elapsed(label: string, values: readonly unknown[]): boolean {
  const since = timers.get(label);
  if (since === undefined) say(Level.warn, [`No such label '${label}' for console.time()`]);
  else say(Level.info, values, `${label}: ${(now() - since).toFixed(0)}ms${values.length > 0 ? " " : ""}`);
  return since !== undefined;
}

export const console = {
  log: (...values: unknown[]): void => say(Level.info, values),
  info: (...values: unknown[]): void => say(Level.info, values),
  debug: (...values: unknown[]): void => say(Level.debug, values),
  warn: (...values: unknown[]): void => say(Level.warn, values),
  error: (...values: unknown[]): void => say(Level.error, values),

  trace(...values: unknown[]): void {
    if (!host.wants(Level.info)) return;
    const lines = (new Error("").stack ?? "").split("\n").filter((one) => one.startsWith("    at "));
    line(Level.info, [`Trace${values.length > 0 ? `: ${format(values)}` : ""}`, ...lines.slice(1)].join("\n"));
  },

  assert(holds?: unknown, ...values: unknown[]): void {
    if (holds) return;
    const [first, ...rest] = values;
    if (values.length === 0) say(Level.error, ["Assertion failed"]);
    else if (typeof first === "string") say(Level.error, [`Assertion failed: ${first}`, ...rest]);
    else say(Level.error, ["Assertion failed:", ...values]);
  },

  dir(value?: unknown, options?: { depth?: number | null }): void {
    if (host.wants(Level.info)) line(Level.info, inspect(value, options?.depth === null ? Infinity : options?.depth));
  },
  dirxml: (...values: unknown[]): void => say(Level.info, values),

  table(rows?: unknown, columns?: readonly string[]): void {
    if (host.wants(Level.info)) line(Level.info, table(rows, columns) ?? format([rows]));
  },

  count(label: unknown = "default"): void {
    const name = String(label);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    say(Level.info, [`${name}: ${count}`]);
  },
  countReset(label: unknown = "default"): void {
    if (!counts.delete(String(label))) say(Level.warn, [`Count for '${String(label)}' does not exist`]);
  },

  time(label: unknown = "default"): void {
    const name = String(label);
    if (timers.has(name)) say(Level.warn, [`Label '${name}' already exists for console.time()`]);
    else timers.set(name, now());
  },
  timeLog(label: unknown = "default", ...values: unknown[]): void {
    elapsed(String(label), values);
  },
  timeEnd(label: unknown = "default"): void {
    if (elapsed(String(label), [])) timers.delete(String(label));
  },

  group(...values: unknown[]): void {
    if (values.length > 0) say(Level.info, values);
    groups++;
  },
  groupCollapsed: (...values: unknown[]): void => console.group(...values),
  groupEnd(): void {
    if (groups > 0) groups--;
  },
};
