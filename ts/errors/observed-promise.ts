// The promise that brood hands out. It notes whether anybody listens to it, so that a failure which the user has met in a
// `catch` is not thrown at them a second time by the end of the scope. What is derived from it is an ordinary promise.
//
// How it notes: `then`, `await`, `Promise.all` and their kin read a promise's `constructor` first (ECMA-262, SpeciesConstructor and
// PromiseResolve), and nothing else does: printing it does not. So `constructor` is a getter that notes, and answers Promise.
// An overridden `then` would note as well, but make every `await` take two promises and a job more: a fifth of the time of a
// call among a thousand.
import { failureBehind } from "./silence.js";

const ignore = (): void => {};

export class ObservedPromise<T> extends Promise<T> {
  /** Whether somebody else than brood listens, or has listened, to it. */
  observed = false;

  /** Its outcome as an ordinary promise, for brood's own use: listening to that does not count as a listener. */
  unobserved(): Promise<T> {
    const { observed } = this;
    const outcome = this.then((value) => value);
    this.observed = observed;
    return outcome;
  }

  /** Marks a rejection as handled without counting as a listener. */
  silence(): void {
    const { observed } = this;
    this.then(undefined, ignore);
    this.observed = observed;
  }
}

// Class syntax has no getter of this name.
Object.defineProperty(ObservedPromise.prototype, "constructor", {
  configurable: true,
  get(this: ObservedPromise<unknown>) {
    this.observed = true;
    return Promise;
  },
});

/** An ObservedPromise with its two levers. */
export interface Deferred<T> {
  readonly promise: ObservedPromise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new ObservedPromise<T>((yes, no) => {
    resolve = yes as (value: T) => void;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** For each failure of a nursery: the promises that were rejected with it. */
const rejectedWith = new WeakMap<object, ObservedPromise<unknown>[]>();

/** From now on, promises rejected with `failure` are remembered. */
export function track(failure: object): void {
  if (!rejectedWith.has(failure)) rejectedWith.set(failure, []);
}

/** Notes that `promise` was rejected with `error`, where that or the failure behind it is tracked. */
export function noteRejection(promise: ObservedPromise<unknown>, error: unknown): void {
  for (const one of [error, failureBehind(error)]) {
    if (typeof one === "object" && one !== null) rejectedWith.get(one)?.push(promise);
  }
}

const read = new WeakSet<object>();

/** User code was given `error`, or the failure behind it, otherwise than by a promise. */
export function noteRead(error: unknown): void {
  for (const one of [error, failureBehind(error)]) if (typeof one === "object" && one !== null) read.add(one);
}

/** Whether user code listens to a promise that was rejected with `failure`, or was given it. */
export function wasMet(failure: object): boolean {
  return read.has(failure) || rejectedWith.get(failure)?.some((promise) => promise.observed) === true;
}

/**
 * Runs `work` and hands its outcome out as an ObservedPromise.
 * @param silent whether a rejection with this error is brood's own doing and must not count as unhandled
 */
export function observe<T>(work: Promise<T>, silent: (error: unknown) => boolean): ObservedPromise<T> {
  const { promise, resolve, reject } = deferred<T>();
  work.then(undefined, (error) => {
    noteRejection(promise, error);
    if (silent(error)) promise.silence();
  });
  // By its own levers, so that a stack shows who awaits it (`located.ts`).
  work.then(resolve, reject);
  return promise;
}
