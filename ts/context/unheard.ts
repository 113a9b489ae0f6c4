// Failures of contexts that nobody has met yet: neither asked for the result, nor read the signal's reason, nor disposed. One that nobody
// can meet any more, because its context is garbage or the nursery is over, is told once, and so never lost without a word.

interface Failure {
  readonly error: Error;
  readonly tell: (error: Error) => void;
  readonly among: Set<Failure>;
}

const garbage = new FinalizationRegistry<Failure>(tellOnce);
const failures = new WeakMap<object, Failure>();

/** Those of one nursery. */
export class UnheardFailures {
  readonly #failures = new Set<Failure>();

  /** `context` has failed with `error`, and nobody has met that yet. */
  add(context: object, error: Error, tell: (error: Error) => void): void {
    const failure = { error, tell, among: this.#failures };
    this.#failures.add(failure);
    failures.set(context, failure);
    garbage.register(context, failure, context);
  }

  /** The nursery is over. */
  end(): void {
    for (const failure of this.#failures) tellOnce(failure);
  }
}

/** Somebody has met the failure of this context, if it has one. */
export function met(context: object): void {
  const failure = failures.get(context);
  if (failure === undefined) return;
  failure.among.delete(failure);
  failures.delete(context);
  garbage.unregister(context);
}

function tellOnce(failure: Failure): void {
  if (failure.among.delete(failure)) failure.tell(failure.error);
}
