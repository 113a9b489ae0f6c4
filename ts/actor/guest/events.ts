// Event, CustomEvent and EventTarget of the DOM standard, for targets that have no parent. A listener that throws does not keep the others
// from hearing; it ends the actor afterwards, as an uncaught error does in Node.
import { now } from "./clock.js";
import { queueMicrotask } from "./unawaited.js";

interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

/** What only a target may do with an event; a registry of its own, so that no member of the class gives it away. */
interface Dispatch {
  target: EventTarget | null;
  current: EventTarget | null;
  running: boolean;
  passive: boolean;
  stopped: boolean;
  stoppedAtOnce: boolean;
}

let dispatchOf: (event: Event) => Dispatch;

export class Event {
  static readonly NONE = 0;
  static readonly CAPTURING_PHASE = 1;
  static readonly AT_TARGET = 2;
  static readonly BUBBLING_PHASE = 3;

  static {
    dispatchOf = (event) => event.#dispatch;
  }

  readonly #type: string;
  readonly #init: EventInit;
  readonly #time = now();
  #prevented = false;
  readonly #dispatch: Dispatch = {
    target: null,
    current: null,
    running: false,
    passive: false,
    stopped: false,
    stoppedAtOnce: false,
  };

  constructor(type: string, init?: EventInit) {
    if (arguments.length === 0) throw new TypeError("new Event: it needs a type");
    this.#type = String(type);
    this.#init = { bubbles: !!init?.bubbles, cancelable: !!init?.cancelable, composed: !!init?.composed };
  }

  get type(): string {
    return this.#type;
  }

  get target(): EventTarget | null {
    return this.#dispatch.target;
  }

  get srcElement(): EventTarget | null {
    return this.#dispatch.target;
  }

  get currentTarget(): EventTarget | null {
    return this.#dispatch.current;
  }

  get eventPhase(): number {
    return this.#dispatch.running ? Event.AT_TARGET : Event.NONE;
  }

  get bubbles(): boolean {
    return this.#init.bubbles as boolean;
  }

  get cancelable(): boolean {
    return this.#init.cancelable as boolean;
  }

  get composed(): boolean {
    return this.#init.composed as boolean;
  }

  get defaultPrevented(): boolean {
    return this.#prevented;
  }

  get returnValue(): boolean {
    return !this.#prevented;
  }

  get cancelBubble(): boolean {
    return this.#dispatch.stopped;
  }

  set cancelBubble(value: unknown) {
    if (value) this.stopPropagation();
  }

  get timeStamp(): number {
    return this.#time;
  }

  get isTrusted(): boolean {
    return false;
  }

  preventDefault(): void {
    if (this.#init.cancelable && !this.#dispatch.passive) this.#prevented = true;
  }

  stopPropagation(): void {
    this.#dispatch.stopped = true;
  }

  stopImmediatePropagation(): void {
    this.#dispatch.stopped = true;
    this.#dispatch.stoppedAtOnce = true;
  }

  composedPath(): EventTarget[] {
    return this.#dispatch.running ? [this.#dispatch.target as EventTarget] : [];
  }

  get [Symbol.toStringTag](): string {
    return "Event";
  }
}

export class CustomEvent<T = unknown> extends Event {
  readonly #detail: T;

  constructor(type: string, init?: EventInit & { detail?: T }) {
    super(type, init);
    this.#detail = (init?.detail ?? null) as T;
  }

  get detail(): T {
    return this.#detail;
  }

  override get [Symbol.toStringTag](): string {
    return "CustomEvent";
  }
}

type Callback = ((this: any, event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: EventTarget & { readonly aborted: boolean };
}

interface Listener {
  readonly callback: Callback;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

/** Whether anybody listens. */
export let hasListeners: (target: EventTarget, type: string) => boolean;

export class EventTarget {
  static {
    hasListeners = (target, type) => target.#listeners?.has(type) ?? false;
  }

  /** Made with the first listener: most signals never have one. */
  #listeners: Map<string, Listener[]> | undefined;

  addEventListener(type: string, callback: Callback | null, options?: ListenerOptions | boolean): void {
    if (arguments.length < 2) throw new TypeError("addEventListener: it needs a type and a listener");
    if (callback === null || callback === undefined) return;
    if (typeof callback !== "function" && typeof callback !== "object")
      throw new TypeError(`addEventListener: the listener is neither a function nor an object but ${typeof callback}`);
    const { capture, once, passive, signal } = read(options);
    if (signal?.aborted) return;
    const name = String(type);
    this.#listeners ??= new Map();
    let list = this.#listeners.get(name);
    if (list === undefined) this.#listeners.set(name, (list = []));
    if (list.some((one) => one.callback === callback && one.capture === !!capture)) return;
    list.push({ callback, capture: !!capture, once: !!once, passive: !!passive, removed: false });
    signal?.addEventListener("abort", () => this.removeEventListener(name, callback, { capture: !!capture }), {
      once: true,
    });
  }

  removeEventListener(type: string, callback: Callback | null, options?: ListenerOptions | boolean): void {
    const name = String(type);
    const list = this.#listeners?.get(name);
    if (list === undefined) return;
    const capture = !!read(options).capture;
    const at = list.findIndex((one) => one.callback === callback && one.capture === capture);
    if (at < 0) return;
    (list[at] as Listener).removed = true;
    list.splice(at, 1);
    if (list.length === 0) this.#listeners?.delete(name);
  }

  dispatchEvent(event: Event): boolean {
    if (!(event instanceof Event)) throw new TypeError("dispatchEvent: that is no Event");
    const dispatch = dispatchOf(event);
    if (dispatch.running) throw new DOMException("The event is already being dispatched", "InvalidStateError");
    dispatch.target = this;
    dispatch.current = this;
    dispatch.running = true;
    // Capturing ones first, as at every target. A copy: one that is added meanwhile does not hear this event.
    const list = this.#listeners?.get(event.type);
    const heard = list === undefined ? [] : list.filter((one) => one.capture);
    if (list !== undefined) heard.push(...list.filter((one) => !one.capture));
    for (const one of heard) {
      if (dispatch.stoppedAtOnce) break;
      if (one.removed) continue;
      if (one.once) this.removeEventListener(event.type, one.callback, { capture: one.capture });
      dispatch.passive = one.passive;
      this.#tell(one.callback, event);
    }
    dispatch.passive = false;
    dispatch.running = false;
    dispatch.stopped = false;
    dispatch.stoppedAtOnce = false;
    dispatch.current = null;
    return !event.defaultPrevented;
  }

  get [Symbol.toStringTag](): string {
    return "EventTarget";
  }

  #tell(callback: Callback, event: Event): void {
    try {
      const result: unknown = typeof callback === "function" ? callback.call(this, event) : callback.handleEvent(event);
      if (result instanceof Promise) queueMicrotask(() => result);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

function read(options: ListenerOptions | boolean | undefined | null): ListenerOptions {
  return typeof options === "object" && options !== null ? options : { capture: !!options };
}
