// Monotonic time in ms since the instance began. It never goes back: where the engine has no monotonic clock, the wall clock is
// read, and what it loses is added.
const native = (globalThis as { performance?: { now?: () => number } }).performance;
const read: () => number = typeof native?.now === "function" ? () => (native.now as () => number)() : Date.now;

let origin = read();
let last = 0;

/** Ms since the instance began. */
export function now(): number {
  const time = read() - origin;
  if (time < last) {
    origin -= last - time;
    return last;
  }
  last = time;
  return time;
}

/** The instance begins: its time starts at 0. A snapshot carries the clock of the machine that made it. */
export function startClock(): void {
  origin = read();
  last = 0;
}
