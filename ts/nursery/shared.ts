// One resource for all who want it: the first opens it, the last closes it, and waits for that. It is hosted by a nursery, which
// closes it where somebody still has it. What could not be opened is not kept: who waits opens it anew.
import { deferred, noteRejection, type Deferred, type ObservedPromise } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";
import type { Nursery } from "../context/surface.js";
import { Cancelled, InvalidOption, NurseryClosed } from "../errors/kinds.js";
import type { ScopeDump } from "../protocol/tree.js";
import { checkKnown, checkObject, checkSignal } from "../portal/check.js";
import { closerOf } from "./closer.js";
import { checkNursery } from "./inside.js";
import type { ActorNursery, MemberTie, NurseryMember } from "./nursery.js";
import { thisProcess } from "./runtime.js";
import { Keys } from "./shared-key.js";
import { nextShared, UNOPENED, type SharedEvent } from "./shared-life.js";

/** Options of `shared`. */
export interface SharedOptions<T> {
  /** Closes the resource. Default: its `Symbol.asyncDispose`, or its `Symbol.dispose`. */
  close?: ((value: T) => unknown) | undefined;
  /** This user does not want it any more: rejects with `Cancelled`. Has no effect once it is there. */
  signal?: AbortSignal | undefined;
}

/** One user's hold on a shared resource. Who is the last to let go closes it. */
export interface Use<T> extends AsyncDisposable {
  readonly value: T;
  /** Whether it was there, or somebody else was opening it. */
  readonly hit: boolean;
  /** Lets go; the last one waits until it is closed. Idempotent. @throws what closing threw, for the last one */
  close(): Promise<void>;
}

/**
 * Opens a resource, or shares the one that is open under the same key: `await using db = await shared(nursery, ["db", url], () =>
 * connect(url))`, and `db.value`.
 * @param nursery hosts it: when it ends, the resource is closed, whoever has it
 * @param key a value, or a list or object of values, as the arguments of `open`; what is no data is compared by identity
 * @param open opens it; its signal aborts when nobody wants it any more
 * @throws what `open` threw; Cancelled; NurseryClosed; InvalidOption
 */
export function shared<T>(
  nursery: Nursery,
  key: unknown,
  open: (signal: AbortSignal) => T | Promise<T>,
  options: SharedOptions<NoInfer<T>> = {},
): Promise<Use<T>> {
  const user = new User(open, options as SharedOptions<any>);
  try {
    const host = checkNursery("shared: nursery", nursery);
    if (typeof open !== "function") throw new InvalidOption("shared: open", open, "a function that opens the resource");
    checkObject("shared", options);
    checkKnown("shared", options, ["close", "signal"]);
    if (options.close !== undefined && typeof options.close !== "function")
      throw new InvalidOption("shared: close", options.close, "a function that closes the resource");
    checkSignal("shared: signal", options.signal);
    if (options.signal?.aborted === true) throw aborted(options.signal);
    resourceOf(host, key).ask(user);
  } catch (error) {
    user.reject(error as Error);
  }
  return user.promise as ObservedPromise<any>;
}

/** What a nursery hosts. */
interface Hosted {
  readonly keys: Keys;
  readonly resources: Map<string, Resource>;
}
const hosted = new WeakMap<ActorNursery, Hosted>();

function resourceOf(host: ActorNursery, key: unknown): Resource {
  let known = hosted.get(host);
  if (known === undefined) {
    known = { keys: new Keys(), resources: new Map() };
    hosted.set(host, known);
  }
  const { keys, resources } = known;
  const name = keys.nameOf(key);
  let resource = resources.get(name);
  if (resource === undefined) {
    resource = new Resource(host, name, () => resources.delete(name));
    resources.set(name, resource);
  }
  return resource;
}

const aborted = (signal: AbortSignal): Cancelled =>
  new Cancelled({ scope: "call", via: "signal", canceller: thisProcess().id, reason: signal.reason });

/** Somebody who wants the resource, until it is there. */
class User {
  readonly #deferred: Deferred<Use<unknown>> = deferred();
  #unlisten: (() => void) | undefined;

  constructor(
    readonly open: (signal: AbortSignal) => unknown,
    readonly options: SharedOptions<unknown>,
  ) {}

  get promise(): ObservedPromise<Use<unknown>> {
    return this.#deferred.promise;
  }

  /** Hears of its own abort, once. */
  listen(heard: () => void): void {
    const { signal } = this.options;
    if (signal === undefined) return;
    signal.addEventListener("abort", heard, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", heard);
  }

  resolve(use: Use<unknown>): void {
    this.#unlisten?.();
    this.#deferred.resolve(use);
  }

  reject(error: unknown): void {
    this.#unlisten?.();
    this.#deferred.reject(error);
    noteRejection(this.promise, error);
    if (isBroodsDoing(error)) this.promise.silence();
  }
}

class Resource implements NurseryMember {
  readonly #host: ActorNursery;
  readonly #name: string;
  #since = performance.now();
  readonly #tie: MemberTie;
  readonly #forget: () => void;
  #life = UNOPENED;
  /** Who opens it. */
  #opener: User | undefined;
  #controller = new AbortController();
  readonly #waiting: User[] = [];
  #value: unknown;
  #close: () => unknown = () => {};
  /** Settles when it is closed, with what that threw. */
  #closed: Promise<unknown> | undefined;
  /** Why the nursery ends. */
  #cause: Error | undefined;

  constructor(host: ActorNursery, name: string, forget: () => void) {
    this.#host = host;
    this.#name = name;
    this.#tie = host.adopt(this);
    this.#forget = forget;
  }

  ask(user: User): void {
    if (this.#cause !== undefined) throw new NurseryClosed(this.#host.name, "ending", this.#cause);
    const act = this.#step("ask");
    if (act === "admit") return this.#admit(user, true);
    user.listen(() => this.#withdraw(user));
    if (act === "open") this.#open(user);
    else this.#waiting.push(user);
  }

  // NurseryMember.

  interrupt(error: Error): void {
    this.#cause = error;
    for (const user of this.#waiting.splice(0)) user.reject(error);
  }

  end(): void {
    switch (this.#step("end")) {
      case "abort":
        return this.#controller.abort(this.#cause);
      case "close":
        // Those who have it do not hear of it here; it is the nursery that tells them.
        return void this.#closing().then((error) => {
          if (error !== undefined) this.#tie.fail(error as Error);
          this.#after("closed");
        });
      case "forget":
        return this.#leave();
      default:
    }
  }

  /** Nothing of it can be killed. */
  killAll(): void {}

  async describe(): Promise<ScopeDump> {
    const { status, users, waiting } = this.#life;
    return {
      kind: "shared",
      name: this.#name,
      status,
      for: performance.now() - this.#since,
      note: `${users} have it, ${waiting} wait for it`,
      actors: [],
      scopes: [],
      more: 0,
    };
  }

  // Opening.

  #open(user: User): void {
    this.#opener = user;
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const opening = async (): Promise<unknown> => {
      const value = await user.open(signal);
      const { close } = user.options;
      const more = ". Or say how it is closed: shared(nursery, key, open, { close: (value) => ... })";
      this.#close = close === undefined ? closerOf("shared: what open gave", value, more) : () => close(value);
      return value;
    };
    opening().then(
      (value) => this.#opened(value),
      (error: unknown) => this.#failed(error),
    );
  }

  #opened(value: unknown): void {
    this.#value = value;
    const opener = this.#opener as User;
    if (this.#step("opened") === "admit") {
      this.#opener = undefined;
      this.#admit(opener, false);
      for (const user of this.#waiting.splice(0)) this.#admit(user, true);
      return;
    }
    // Nobody wants it any more.
    void this.#closing().then((error) => {
      opener.reject(error ?? this.#whyNot(opener));
      this.#after("closed");
    });
  }

  #failed(error: unknown): void {
    const opener = this.#opener as User;
    opener.reject(this.#life.wanted ? error : this.#whyNot(opener));
    this.#after("failed");
  }

  /** Why who opened it does not get it. */
  #whyNot({ options }: User): Error {
    return this.#cause ?? aborted(options.signal as AbortSignal);
  }

  /** It does not want it any more. Who opens it is told when nothing is left of that. */
  #withdraw(user: User): void {
    if (user === this.#opener) {
      if (this.#step("withdraw") === "abort") this.#controller.abort(this.#whyNot(user));
      return;
    }
    const at = this.#waiting.indexOf(user);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#step("give up");
    user.reject(aborted(user.options.signal as AbortSignal));
  }

  #admit(user: User, hit: boolean): void {
    let letGo: Promise<void> | undefined;
    const close = (): Promise<void> => (letGo ??= this.#letGo());
    user.resolve({ value: this.#value, hit, close, [Symbol.asyncDispose]: close });
  }

  // Closing.

  async #letGo(): Promise<void> {
    if (this.#step("leave") === "close") {
      const error = await this.#closing();
      this.#after("closed");
      if (error !== undefined) throw error;
    } else if (this.#cause !== undefined) {
      // The nursery closes it, and hears how that went.
      await this.#closed;
    }
  }

  /** @returns what closing threw; undefined where it threw nothing */
  #closing(): Promise<unknown> {
    const close = this.#close;
    const closing = async (): Promise<unknown> => {
      try {
        await close();
        return undefined;
      } catch (error) {
        return error ?? new Error(`closing it threw ${String(error)}`);
      }
    };
    this.#value = undefined;
    this.#closed = closing();
    return this.#closed;
  }

  #after(event: "closed" | "failed"): void {
    this.#opener = undefined;
    const act = this.#step(event);
    if (act === "open") this.#open(this.#waiting.shift() as User);
    else if (act === "forget") this.#leave();
  }

  #leave(): void {
    this.#forget();
    this.#tie.left();
  }

  #step(event: SharedEvent): ReturnType<typeof nextShared>["act"] {
    const { life, act } = nextShared(this.#life, event);
    if (life.status !== this.#life.status) this.#since = performance.now();
    this.#life = life;
    return act;
  }
}
