// What a wasm actor may use: checked in full, and completed with its defaults.
import type { Limits } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { checkDuration, checkKnown } from "../portal/check.js";
import type { ActorLimits } from "../spawn/method.js";

const MEMORY = 64 * 1024 ** 2;
/** What a memory of 32 bits can have at all. */
const MAX_MEMORY = 4 * 1024 ** 3;
const OUTPUT = 1024 ** 2;
const MAX_OUTPUT = 1024 ** 3;

/** @throws InvalidOption naming the limit */
export function checkLimits(what: string, limits: Limits | undefined): ActorLimits {
  const option = `${what}: limits`;
  const given = limits === undefined ? {} : limits;
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new InvalidOption(option, given, 'an object, as { memory: "64MiB", cpu: 500 }');
  checkKnown(option, given, ["memory", "cpu", "cpuTotal", "wall", "output"]);
  const time = (name: "cpu" | "cpuTotal" | "wall"): number => {
    checkDuration(`${option}.${name}`, given[name]);
    return given[name] ?? 0;
  };
  return {
    memory: bytesOf(`${option}.memory`, given.memory, MEMORY, 1, MAX_MEMORY),
    cpu: time("cpu"),
    cpuTotal: time("cpuTotal"),
    wall: time("wall"),
    output: bytesOf(`${option}.output`, given.output, OUTPUT, 0, MAX_OUTPUT),
  };
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function bytesOf(option: string, value: unknown, byDefault: number, least: number, most: number): number {
  if (value === undefined) return byDefault;
  const bytes = typeof value === "string" ? parse(value) : value;
  if (typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= least && bytes <= most) return bytes;
  throw new InvalidOption(
    option,
    value,
    `a whole number of bytes from ${least} to ${most}, or a text as "64MiB" (B, KiB, MiB, GiB)`,
  );
}

function parse(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?) ?(B|KiB|MiB|GiB)$/.exec(text);
  return match === null ? undefined : Math.floor(Number(match[1]) * (UNITS[match[2] as string] as number));
}
