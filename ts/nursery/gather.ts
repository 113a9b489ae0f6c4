// Several scopes at once: all are entered side by side, or none is left open. They are left in reverse order, also where one of
// them could not be entered, or fails to be left.
import { Cancelled, InvalidOption } from "../errors/kinds.js";
import { closerOf } from "./closer.js";

/** Enters one scope. Its signal aborts when another one could not be entered. */
export type Entry = (signal: AbortSignal) => unknown;

/** What was entered, in the order of the entries. Disposing it leaves all of it, last first. */
export type Gathered<E extends readonly Entry[]> = {
  readonly [K in keyof E]: Awaited<ReturnType<E[K]>>;
} & AsyncDisposable;

/**
 * Enters several scopes at once: `await using both = await gather([() => openNursery(), () => openDatabase()])`, and
 * `const [nursery, database] = both`.
 * @param entries functions whose results have `Symbol.asyncDispose` or `Symbol.dispose`, or are null or undefined
 * @throws what an entry threw, after those entered were left: bare if it is the only one, an AggregateError if there are several
 */
export async function gather<const E extends readonly Entry[]>(entries: E): Promise<Gathered<E>> {
  check(entries);
  const controller = new AbortController();
  const closers: (() => unknown)[] = [];
  const errors: unknown[] = [];
  const enter = async (entry: Entry, index: number): Promise<unknown> => {
    try {
      const value = await entry(controller.signal);
      closers[index] = closerOf(`gather: entries[${index}]`, value);
      return value;
    } catch (error) {
      if (errors.length === 0 || !broughtAbout(error, errors[0])) errors.push(error);
      controller.abort(errors[0]);
      return undefined;
    }
  };
  const values = await Promise.all(entries.map(enter));
  if (errors.length > 0) {
    await leave(closers, errors);
    throw combine(errors);
  }
  let left: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const failed: unknown[] = [];
    await leave(closers, failed);
    if (failed.length > 0) throw combine(failed);
  };
  Object.defineProperty(values, Symbol.asyncDispose, { value: () => (left ??= close()) });
  return values as unknown as Gathered<E>;
}

function check(entries: unknown): asserts entries is readonly Entry[] {
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new InvalidOption(
      "gather: entries",
      entries,
      "an array with at least one function, as [() => openNursery(), () => openDatabase()]; where there may be nothing to enter, do not gather",
    );
  }
  for (const [index, entry] of entries.entries()) {
    if (typeof entry !== "function")
      throw new InvalidOption(
        `gather: entries[${index}]`,
        entry,
        "a function that enters a scope, as () => openNursery()",
      );
  }
}

/** Last first, one after the other, all of them. */
async function leave(closers: readonly ((() => unknown) | undefined)[], errors: unknown[]): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close?.();
    } catch (error) {
      errors.push(error);
    }
  }
}

/** Whether an entry failed only because another one had, whose error its signal told. */
function broughtAbout(error: unknown, first: unknown): boolean {
  if (error === first) return true;
  if (error instanceof Cancelled) return error.reason === first;
  return error instanceof Error && error.name === "AbortError" && error.cause === first;
}

const combine = (errors: readonly unknown[]): unknown =>
  errors.length === 1 ? errors[0] : new AggregateError(errors, `gather: ${errors.length} entries failed`);
