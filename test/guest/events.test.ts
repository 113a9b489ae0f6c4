// Events, signals and controllers of a guest: the same laws over those of Node, so that they are laws and not our opinion.
// oxlint-disable unicorn/prefer-add-event-listener -- the handler is what is tried
import * as assert from "uvu/assert";
import * as guestAbort from "#brood/actor/guest/abort.js";
import * as guestEvents from "#brood/actor/guest/events.js";
import { attach } from "#brood/actor/guest/host.js";
import { suite } from "../harness/law.js";
import { fakeHost } from "./fake-host.js";

const law = suite("guest events");

const host = fakeHost();
attach(host);

const Node = {
  Event,
  EventTarget,
  AbortController,
  AbortSignal,
  CustomEvent: (globalThis as unknown as { CustomEvent?: typeof guestEvents.CustomEvent }).CustomEvent,
};
type Kind = typeof guestEvents & typeof guestAbort;

for (const [whose, kind] of [
  ["a guest's", { ...guestEvents, ...guestAbort }],
  ["Node's", Node as unknown as Kind],
] as const) {
  const { Event, EventTarget, CustomEvent, AbortController, AbortSignal } = kind;
  const same = (sentence: string, run: () => unknown): void => law(`${whose}: ${sentence}`, run);

  same("listeners hear an event in the order in which they were added, each once", () => {
    const target = new EventTarget();
    const heard: string[] = [];
    const first = (): unknown => heard.push("first");
    target.addEventListener("x", first);
    target.addEventListener("x", () => heard.push("second"));
    target.addEventListener("x", first);
    target.addEventListener("y", () => heard.push("other"));
    assert.is(target.dispatchEvent(new Event("x")), true);
    assert.equal(heard, ["first", "second"]);
  });

  same("a listener that is removed, also by another, hears nothing; one that is added meanwhile hears the next", () => {
    const target = new EventTarget();
    const heard: string[] = [];
    const gone = (): unknown => heard.push("gone");
    target.addEventListener(
      "x",
      () => {
        heard.push("a");
        target.removeEventListener("x", gone);
        target.addEventListener("x", () => heard.push("late"), { once: true });
      },
      { once: true },
    );
    target.addEventListener("x", gone);
    target.dispatchEvent(new Event("x"));
    assert.equal(heard, ["a"]);
    target.dispatchEvent(new Event("x"));
    target.dispatchEvent(new Event("x"));
    assert.equal(heard, ["a", "late"]);
  });

  same("an object hears through handleEvent, a function with the target as this", () => {
    const target = new EventTarget();
    const heard: unknown[] = [];
    const object = {
      handleEvent(this: unknown, event: { type: string }) {
        heard.push(this, event.type);
      },
    };
    target.addEventListener("x", object);
    target.addEventListener("x", function (this: unknown) {
      heard.push(this);
    });
    target.dispatchEvent(new Event("x"));
    assert.is(heard[0], object);
    assert.is(heard[1], "x");
    assert.is(heard[2], target);
  });

  same("capture makes another listener of the same function", () => {
    const target = new EventTarget();
    let heard = 0;
    const listener = (): unknown => heard++;
    target.addEventListener("x", listener, true);
    target.addEventListener("x", listener, { capture: false });
    target.dispatchEvent(new Event("x"));
    assert.is(heard, 2);
    target.removeEventListener("x", listener, true);
    target.dispatchEvent(new Event("x"));
    assert.is(heard, 3);
  });

  same("preventDefault counts where an event is cancelable and its listener is not passive", () => {
    const target = new EventTarget();
    target.addEventListener("x", (event) => event.preventDefault());
    assert.is(target.dispatchEvent(new Event("x")), true);
    const event = new Event("x", { cancelable: true });
    assert.is(target.dispatchEvent(event), false);
    assert.is(event.defaultPrevented, true);
    assert.is(event.returnValue, false);
  });

  same("stopImmediatePropagation is the end of an event", () => {
    const target = new EventTarget();
    let heard = 0;
    target.addEventListener("x", (event) => event.stopImmediatePropagation());
    target.addEventListener("x", () => heard++);
    target.dispatchEvent(new Event("x"));
    assert.is(heard, 0);
  });

  same("an event knows its target while it is dispatched, and afterwards", () => {
    const target = new EventTarget();
    const event = new Event("x", { bubbles: true });
    assert.equal(
      [event.target, event.currentTarget, event.eventPhase, event.composedPath().length],
      [null, null, 0, 0],
    );
    const seen: unknown[] = [];
    target.addEventListener("x", (event) =>
      seen.push(
        event.target === target,
        event.currentTarget === target,
        event.eventPhase,
        event.composedPath()[0] === target,
      ),
    );
    target.dispatchEvent(event);
    assert.equal(seen, [true, true, 2, true]);
    assert.ok(event.target === target);
    assert.equal(
      [event.currentTarget, event.eventPhase, event.bubbles, event.composed, event.type],
      [null, 0, true, false, "x"],
    );
  });

  same("an event cannot be dispatched in its own dispatch, and only events can be", () => {
    const target = new EventTarget();
    let name = "";
    target.addEventListener("x", (event) => {
      try {
        target.dispatchEvent(event);
      } catch (error) {
        name = (error as Error).name;
      }
    });
    target.dispatchEvent(new Event("x"));
    assert.ok(name !== "");
    assert.throws(
      () => target.dispatchEvent({ type: "x" } as never),
      (error: unknown) => error instanceof TypeError,
    );
    assert.throws(
      () => Reflect.construct(Event, []),
      (error: unknown) => error instanceof TypeError,
    );
  });

  same("a listener with a signal leaves when that aborts, and never comes if it has", () => {
    const target = new EventTarget();
    const controller = new AbortController();
    let heard = 0;
    target.addEventListener("x", () => heard++, { signal: controller.signal });
    target.dispatchEvent(new Event("x"));
    controller.abort();
    target.dispatchEvent(new Event("x"));
    target.addEventListener("x", () => heard++, { signal: controller.signal });
    target.dispatchEvent(new Event("x"));
    assert.is(heard, 1);
  });

  if (CustomEvent !== undefined) {
    same("a custom event carries its detail", () => {
      const detail = { a: 1 };
      assert.is(new CustomEvent("x", { detail }).detail, detail);
      assert.is(new CustomEvent("x").detail, null);
      assert.ok(new CustomEvent("x") instanceof Event);
    });
  }

  same("a signal aborts once, with the reason that it was given first", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const heard: string[] = [];
    signal.onabort = (event: { type: string }) => heard.push(`on ${event.type}`);
    signal.addEventListener("abort", () => heard.push("listener"));
    assert.equal([signal.aborted, signal.reason], [false, undefined]);
    signal.throwIfAborted();
    const reason = new Error("enough");
    controller.abort(reason);
    controller.abort(new Error("more"));
    assert.is(signal.aborted, true);
    assert.is(signal.reason, reason);
    assert.equal(heard, ["on abort", "listener"]);
    try {
      signal.throwIfAborted();
      assert.unreachable();
    } catch (error) {
      assert.is(error, reason);
    }
  });

  same("onabort can be replaced and taken away", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    controller.signal.onabort = () => heard.push("first");
    controller.signal.onabort = () => heard.push("second");
    controller.abort();
    assert.equal(heard, ["second"]);
    const other = new AbortController();
    other.signal.onabort = () => heard.push("never");
    other.signal.onabort = null;
    other.abort();
    assert.equal(heard, ["second"]);
  });

  same("without a reason it is an AbortError of the DOM", () => {
    const controller = new AbortController();
    controller.abort();
    const { reason } = controller.signal as { reason: DOMException };
    assert.equal([reason.name, reason.code, reason.message], ["AbortError", 20, "This operation was aborted"]);
    assert.ok(reason instanceof DOMException);
    assert.is((AbortSignal.abort().reason as DOMException).name, "AbortError");
    assert.is(AbortSignal.abort("why").reason, "why");
    assert.is(AbortSignal.abort("why").aborted, true);
  });

  same("signals are made by controllers only", () => {
    assert.throws(
      () => Reflect.construct(AbortSignal, []),
      (error: unknown) => error instanceof TypeError,
    );
    assert.ok(new AbortController().signal instanceof AbortSignal);
    assert.ok(new AbortController().signal instanceof EventTarget);
    assert.ok(Object.getOwnPropertyDescriptor(AbortSignal.prototype, "reason")?.get);
  });

  if (typeof AbortSignal.any === "function") {
    same("any follows the first of its sources that aborts", () => {
      const [a, b] = [new AbortController(), new AbortController()];
      const any = AbortSignal.any([a.signal, b.signal]);
      const heard: unknown[] = [];
      any.addEventListener("abort", () => heard.push(any.reason));
      b.abort("b");
      a.abort("a");
      assert.equal(heard, ["b"]);
      assert.is(AbortSignal.any([a.signal, b.signal]).reason, "a");
      assert.is(AbortSignal.any([]).aborted, false);
    });

    same("what any is given must be signals", () =>
      assert.throws(
        () => AbortSignal.any([{} as never]),
        (error: unknown) => error instanceof TypeError,
      ),
    );
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

law("what a listener throws keeps nobody from hearing, and is fatal afterwards", async () => {
  const target = new guestEvents.EventTarget();
  const heard: string[] = [];
  target.addEventListener("x", () => {
    throw new Error("thrown");
  });
  target.addEventListener("x", async () => {
    throw new Error("rejected");
  });
  target.addEventListener("x", { handleEvent: undefined as never });
  target.addEventListener("x", () => heard.push("last"));
  assert.is(target.dispatchEvent(new guestEvents.Event("x")), true);
  assert.equal(heard, ["last"]);
  assert.equal(host.errors, []);
  await nextTurn();
  assert.equal(
    host.errors.splice(0).map((error) => (error as Error).message.split(" ")[0]),
    ["thrown", "callback.handleEvent", "rejected"],
  );
});

law("any of any follows the first sources, and all have their reason before anybody hears", () => {
  const controller = new guestAbort.AbortController();
  const one = guestAbort.AbortSignal.any([controller.signal]);
  const two = guestAbort.AbortSignal.any([one, new guestAbort.AbortController().signal]);
  const seen: unknown[] = [];
  controller.signal.addEventListener("abort", () => seen.push("source", one.aborted, two.aborted));
  two.addEventListener("abort", () => seen.push("two"));
  one.addEventListener("abort", () => seen.push("one"));
  controller.abort();
  assert.equal(seen, ["source", true, true, "one", "two"]);
});

law("preventDefault of a passive listener does not count", () => {
  const target = new guestEvents.EventTarget();
  target.addEventListener("x", (event) => event.preventDefault(), { passive: true });
  assert.is(target.dispatchEvent(new guestEvents.Event("x", { cancelable: true })), true);
});

law("a signal of timeout aborts with a TimeoutError at its time", async () => {
  const { due } = await import("#brood/actor/guest/timers.js");
  host.wakes.length = 0;
  const signal = guestAbort.AbortSignal.timeout(5);
  const [asked] = host.wakes;
  // Less, where this process stood still meanwhile.
  assert.ok(asked !== undefined && asked.ms >= 0 && asked.ms <= 5, `${asked?.ms}`);
  await new Promise((resolve) => setTimeout(resolve, 10));
  due((asked as { id: number }).id);
  assert.is((signal.reason as DOMException).name, "TimeoutError");
  for (const wrong of [-1, NaN, "5", undefined])
    assert.throws(() => guestAbort.AbortSignal.timeout(wrong as never), RangeError.name);
});

law("a signal of any that nobody holds or hears is not kept by its sources", async () => {
  const controller = new guestAbort.AbortController();
  const refs: WeakRef<object>[] = [];
  const make = (): void => {
    const any = guestAbort.AbortSignal.any([controller.signal]);
    const listener = (): void => {};
    any.addEventListener("abort", listener);
    any.removeEventListener("abort", listener);
    refs.push(new WeakRef(any));
  };
  for (let i = 0; i < 100; i++) make();
  let heard = 0;
  (() => guestAbort.AbortSignal.any([controller.signal]).addEventListener("abort", () => heard++))();
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let i = 0; i < 10 && refs.some((ref) => ref.deref() !== undefined); i++) {
    await nextTurn();
    gc();
  }
  assert.is(refs.filter((ref) => ref.deref() !== undefined).length, 0);
  controller.abort();
  assert.is(heard, 1);
});

law.run();
