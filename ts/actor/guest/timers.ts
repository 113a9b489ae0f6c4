// setTimeout and setInterval over the one timer that a host keeps for a guest. The host is asked for the earliest deadline
// only, and only when that changes; setting and clearing cost log n however many there are; due callbacks run in the order of
// their deadlines, and of two with one deadline the older first. Timers that were set while the actor was built begin with
// the instance.
import { now } from "./clock.js";
import { host, NEVER } from "./host.js";
import { run } from "./unawaited.js";

/** As in Node: a time that is none of this range is 1. */
const MAX_DELAY = 2 ** 31 - 1;

interface Timer {
  readonly id: number;
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
  readonly delay: number;
  readonly repeats: boolean;
  deadline: number;
  /** Its place among those with one deadline. */
  turn: number;
  /** Where it is in the heap; -1 when it is not. */
  at: number;
}

/** A binary heap, the earliest first. */
const heap: Timer[] = [];
const byId = new Map<number, Timer>();
let lastId = 0;
let lastTurn = 0;

/** The deadline that the host knows, and the id under which it does. */
let asked = Infinity;
let wakeId = 0;
/** In a batch of due timers the host is asked once, at its end. */
let running = false;

export function setTimeout(callback: (...args: unknown[]) => unknown, delay?: unknown, ...args: unknown[]): number {
  return set(callback, delay, args, false);
}

export function setInterval(callback: (...args: unknown[]) => unknown, delay?: unknown, ...args: unknown[]): number {
  return set(callback, delay, args, true);
}

/** Clears a timeout or an interval; anything else is ignored. */
export function clearTimer(id?: unknown): void {
  const timer = byId.get(typeof id === "number" ? id : Number(id));
  if (timer === undefined) return;
  byId.delete(timer.id);
  if (timer.at >= 0) remove(timer.at);
  ask();
}

/** The host's timer has fired. */
export function due(id: number): void {
  // One that was replaced meanwhile.
  if (id !== wakeId || asked === Infinity) return;
  asked = Infinity;
  running = true;
  try {
    // What callbacks set is for the next round, so that none can keep the actor from reading its frames.
    const until = now();
    const newest = lastTurn;
    for (let timer = heap[0]; timer !== undefined; timer = heap[0]) {
      if (timer.deadline > until || timer.turn > newest) break;
      remove(0);
      if (timer.repeats) {
        // From its start, as in Node: a slow callback delays all that follow.
        timer.deadline = now() + timer.delay;
        timer.turn = ++lastTurn;
        add(timer);
      } else byId.delete(timer.id);
      // The actor ends.
      if (!run(timer.callback, undefined, timer.args)) return;
    }
  } finally {
    running = false;
    ask();
  }
}

/** The instance begins: what was set at build time is due its whole delay from now. */
export function startTimers(): void {
  asked = Infinity;
  for (const timer of heap) timer.deadline = now() + timer.delay;
  heap.sort((a, b) => a.deadline - b.deadline || a.turn - b.turn);
  heap.forEach((timer, at) => (timer.at = at));
  ask();
}

function set(
  callback: (...args: unknown[]) => unknown,
  delay: unknown,
  args: readonly unknown[],
  repeats: boolean,
): number {
  if (typeof callback !== "function") throw new TypeError(`a timer's callback is a function, not ${typeof callback}`);
  const ms = Number(delay);
  const whole = ms >= 1 && ms <= MAX_DELAY ? Math.trunc(ms) : 1;
  const timer: Timer = {
    id: ++lastId,
    callback,
    args,
    delay: whole,
    repeats,
    deadline: now() + whole,
    turn: ++lastTurn,
    at: -1,
  };
  byId.set(timer.id, timer);
  add(timer);
  ask();
  return timer.id;
}

/** Tells the host the earliest deadline, unless it knows. */
function ask(): void {
  if (running || !host.live) return;
  const earliest = heap[0]?.deadline ?? Infinity;
  if (earliest === asked) return;
  asked = earliest;
  wakeId = (wakeId + 1) >>> 0;
  host.wake(wakeId, earliest === Infinity ? NEVER : Math.max(0, Math.ceil(earliest - now())));
}

function before(a: Timer, b: Timer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.turn < b.turn);
}

function put(timer: Timer, at: number): void {
  heap[at] = timer;
  timer.at = at;
}

function add(timer: Timer): void {
  put(timer, heap.length);
  rise(timer);
}

function remove(at: number): void {
  const gone = heap[at] as Timer;
  const last = heap.pop() as Timer;
  gone.at = -1;
  if (last === gone) return;
  put(last, at);
  rise(last);
  sink(last);
}

function rise(timer: Timer): void {
  let at = timer.at;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above] as Timer;
    if (!before(timer, parent)) break;
    put(parent, at);
    at = above;
  }
  put(timer, at);
}

function sink(timer: Timer): void {
  let at = timer.at;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && before(heap[below + 1] as Timer, heap[below] as Timer)) below++;
    const child = heap[below] as Timer;
    if (!before(child, timer)) break;
    put(child, at);
    at = below;
  }
  put(timer, at);
}
