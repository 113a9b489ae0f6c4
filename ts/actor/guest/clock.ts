// Monotonic time in ms since the instance began, and `performance` made of it. QuickJS has a `performance` of its own, but its
// origin is that of the build: a snapshot carries the clock of the machine that made it, and times come out negative.
const native = (globalThis as { performance?: { now(): number } }).performance;
const wall = Date.now;

let origin = read();
let last = 0;
let began = wall();

/** Ms since the instance began; it never goes back. */
export function now(): number {
  const time = read() - origin;
  if (time > last) last = time;
  return last;
}

/** The instance begins: its time starts at 0. */
export function startClock(): void {
  origin = read();
  last = 0;
  began = wall();
}

export const performance = {
  now,
  get timeOrigin(): number {
    return began;
  },
  toJSON(): object {
    return { timeOrigin: began };
  },
};

function read(): number {
  return native === undefined ? wall() : native.now();
}
