// Options of a pool: checked in full before anything happens, and completed with their defaults.
import { availableParallelism } from "node:os";
import { InvalidOption } from "../errors/kinds.js";
import { checkCount, checkNursery } from "../nursery/inside.js";
import { checkLimits } from "../nursery/limits.js";
import type { ActorNursery } from "../nursery/nursery.js";
import { chooseMethod } from "../nursery/methods.js";
import { checkName, checkStartOptions, type AnyOptions } from "../nursery/options.js";
import { checkSource } from "../nursery/source.js";
import { checkDuration, checkObject } from "../portal/check.js";
import type { OwnPoolOptions } from "./pool-surface.js";

const IDLE_TIMEOUT = 30_000;
const MAX_QUEUE = 10_000;
/** What stands in the names of actors behind that of the pool. */
const NUMBER_LENGTH = 16;

/** What a pool is made with. */
export interface PoolSettings {
  readonly name: string;
  readonly nursery: ActorNursery | undefined;
  readonly size: number;
  readonly minSize: number;
  readonly idleTimeout: number;
  readonly maxQueue: number;
  readonly maxCallsPerActor: number;
  readonly concurrency: number;
  /** Of each start, but for its name. */
  readonly start: AnyOptions;
}

/** @throws InvalidOption, Unsupported */
export function poolSettings(what: unknown, options: OwnPoolOptions & AnyOptions): PoolSettings {
  const source = checkSource("pool", what);
  checkObject("pool", options);
  const { name: spawnMethod, method } = chooseMethod("pool", options.spawn, source.kind);
  for (const [option, why] of [
    ["onDeath", "an actor that dies is replaced"],
    ["onDeaf", "an actor that is deaf is killed and replaced"],
    ["signal", "a pool is ended by close() or cancel(), or with its nursery"],
  ] as const) {
    if (options[option] !== undefined) throw new InvalidOption(`pool: ${option}`, options[option], `nothing: ${why}`);
  }
  checkStartOptions("pool", options, "pool", spawnMethod);
  checkLimits("pool", options.limits);
  method.check("pool", options);
  const { name = "pool", nursery, size = availableParallelism(), minSize, idleTimeout, ...more } = options;
  const { maxQueue = MAX_QUEUE, maxCallsPerActor = Infinity, concurrency = 1, ...start } = more;
  checkName("pool: name", name);
  if (name.length > 200 - NUMBER_LENGTH)
    throw new InvalidOption("pool: name", name, `a string of at most ${200 - NUMBER_LENGTH} characters`);
  checkCount("pool: size", size, 1);
  checkCount("pool: minSize", minSize, 0, size);
  if (idleTimeout !== Infinity) checkDuration("pool: idleTimeout", idleTimeout);
  checkCount("pool: maxQueue", maxQueue, 0, Infinity);
  checkCount("pool: maxCallsPerActor", maxCallsPerActor, 1, Infinity);
  checkCount("pool: concurrency", concurrency, 1);
  return {
    name,
    nursery: nursery === undefined ? undefined : checkNursery("pool: nursery", nursery),
    size,
    minSize: minSize ?? 1,
    idleTimeout: idleTimeout ?? IDLE_TIMEOUT,
    maxQueue,
    maxCallsPerActor,
    concurrency,
    start,
  };
}
