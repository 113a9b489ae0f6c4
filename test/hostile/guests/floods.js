// The text of an actor that floods: everything here begins at once and goes on until somebody ends it.
const long = "x".repeat(4_000);

// oxlint-disable-next-line no-unused-expressions -- the value of the text is the actor
({
  add: (a, b) => a + b,

  // --- by itself
  timers() {
    const again = () => setTimeout(again, 0);
    for (let count = 0; count < 1_000; count++) again();
  },
  intervals() {
    for (let count = 0; count < 1_000; count++) setInterval(() => {}, 0);
  },
  timersThatComeTooSoon() {
    const again = () => {
      for (let count = 0; count < 100; count++) clearTimeout(setTimeout(() => {}, count % 7));
      setTimeout(again, 0);
    };
    again();
  },
  microtasks() {
    const again = () => queueMicrotask(again);
    for (let count = 0; count < 100; count++) again();
  },
  async promises() {
    for (;;) await Promise.resolve();
  },
  logs() {
    for (;;) console.log(long);
  },
  logsInTurns() {
    const again = () => {
      for (let count = 0; count < 200; count++) console.error("a line", count);
      setTimeout(again, 0);
    };
    again();
  },
  garbage() {
    for (;;) Array.from({ length: 10_000 }, () => ({}));
  },
  messages() {
    for (;;) structuredClone({ long, list: [1, 2, 3] });
  },

  // --- in answers
  large: () => Array.from({ length: 60_000 }, (_, at) => ({ at, text: "abc" })),
  throws() {
    throw new AggregateError(
      Array.from({ length: 50 }, () => new Error(long, { cause: new TypeError(long) })),
      long,
    );
  },
  rejects: () => Promise.reject(Object.assign(new Error(long), { list: Array.from({ length: 1_000 }, () => long) })),
});
