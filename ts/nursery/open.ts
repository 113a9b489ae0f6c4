// The two ways to open a nursery.
import { observe } from "../errors/observed-promise.js";
import type { Nursery, NurseryOptions } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { ActorNursery, type TaskBound } from "./nursery.js";
import { checkNurseryOptions } from "./options.js";

/**
 * Opens a nursery; close it, or hold it by `await using`.
 * @throws InvalidOption
 */
export async function openNursery(options: NurseryOptions = {}): Promise<Nursery> {
  checkNurseryOptions("openNursery", options);
  return new ActorNursery(options);
}

/**
 * Runs `body` in a nursery: when it returns or throws, every actor is ended, and only then does this settle.
 * @returns what the body returned
 * @throws the body's error or the nursery's failure, bare if there is one, AggregateError if there are several (the body's first)
 */
export function withNursery<T>(body: (nursery: Nursery) => Promise<T>, options: NurseryOptions = {}): Promise<T> {
  const work = async (): Promise<T> => {
    if (typeof body !== "function")
      throw new InvalidOption("withNursery: body", body, "a function that is given the nursery");
    checkNurseryOptions("withNursery", options);
    return new ActorNursery(options).around(body);
  };
  return observe(work(), () => false);
}

/** A nursery that hangs on a task inside an actor. */
export async function openTaskNursery(options: NurseryOptions, bound: TaskBound): Promise<Nursery> {
  checkNurseryOptions("task.openNursery", options);
  return new ActorNursery(options, bound);
}
