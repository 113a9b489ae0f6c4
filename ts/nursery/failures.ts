// The failures of one nursery: kept all, in start order of the actors, each once; one is bare, several are an AggregateError.

interface Entry {
  readonly order: number;
  readonly error: Error;
}

export class Failures {
  readonly #entries: Entry[] = [];

  /** @param order the place of the actor among those started */
  add(order: number, error: Error): void {
    if (!this.#entries.some((entry) => entry.error === error)) this.#entries.push({ order, error });
  }

  get size(): number {
    return this.#entries.length;
  }

  /** In start order; what came first comes first within one actor. */
  get errors(): Error[] {
    return [...this.#entries].sort((a, b) => a.order - b.order).map((entry) => entry.error);
  }
}

/** One error bare, several together. */
export function combine(nursery: string, errors: readonly unknown[]): unknown {
  if (errors.length <= 1) return errors[0];
  return new AggregateError(errors, `nursery ${nursery} failed ${errors.length} times`);
}
