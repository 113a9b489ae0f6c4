// Random dialogues of two ends of a channel, held against a model: whatever users do on either side, and however the bytes between them are
// delayed, cut into pieces or lost, order is kept, nothing is lost or doubled, no window is passed, every promise settles with the error
// that its cause demands, cancels are acknowledged, and nothing is left over at either end. The model is test/dialogues/dialogue.ts.
import fc from "fast-check";
import { Dialogue, type Asked, type Kind, type Peer } from "./dialogues/dialogue.js";
import { suite } from "./harness/law.js";

const law = suite("dialogues");
const RUNS = process.env["BROOD_FULL"] === undefined ? 200 : 6_000;

/** One thing that happens; how it reads in a counterexample, and whether it can happen now. */
class Act<A extends readonly unknown[]> implements fc.AsyncCommand<Dialogue, Dialogue> {
  constructor(
    readonly name: string,
    readonly args: A,
    readonly can: (dialogue: Dialogue) => boolean,
    readonly act: (dialogue: Dialogue, ...args: A) => unknown,
  ) {}

  check(dialogue: Readonly<Dialogue>): boolean {
    return this.can(dialogue as Dialogue);
  }
  async run(dialogue: Dialogue): Promise<void> {
    await this.act(dialogue, ...this.args);
    await dialogue.turn();
    dialogue.verify();
  }
  toString(): string {
    return `${this.name}(${this.args.map((arg) => JSON.stringify(arg)).join(", ")})`;
  }
}

function act<A extends readonly unknown[]>(
  weight: number,
  name: string,
  args: { [I in keyof A]: fc.Arbitrary<A[I]> },
  can: (dialogue: Dialogue) => boolean,
  run: (dialogue: Dialogue, ...args: A) => unknown,
): fc.WeightedArbitrary<Act<A>> {
  const all = fc.tuple(...(args as unknown as fc.Arbitrary<unknown>[])) as unknown as fc.Arbitrary<A>;
  return { weight, arbitrary: all.map((given) => new Act(name, given, can, run)) };
}

const one = fc.nat(9);
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
const size = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constant(20_000) },
  { weight: 4, arbitrary: fc.constant(150_000) },
  { weight: 1, arbitrary: fc.constant(1_200_000) },
);
const times = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 2, arbitrary: fc.constant(300) },
);
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1e9) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 2_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
);
const kind = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Kind>("declared") },
  { weight: 3, arbitrary: fc.constant<Kind>("implied") },
  { weight: 3, arbitrary: fc.constant<Kind>("feed") },
  { weight: 1, arbitrary: fc.constant<Kind>("wait") },
  { weight: 1, arbitrary: fc.constant<Kind>("echo") },
);
const deadline = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 900 }) },
);
const likely = fc.nat(5).map((n) => n > 0);
const rarely = fc.nat(9).map((n) => n === 0);

const contexts = (d: Dialogue): Asked[] => d.contexts;
const feeds = (d: Dialogue): Asked[] => d.contexts.filter((asked) => asked.kind === "feed");
const subscribed = (d: Dialogue): Asked[] => d.contexts.filter(({ subscriptions }) => subscriptions.length > 0);
const unsettled = (d: Dialogue): Asked[] => d.asked.filter(({ begun }) => begun.actual === undefined);
const tasks = (d: Dialogue): Peer[] => (d.actorGone ? [] : [...d.peers.values()].filter(({ over }) => !over));
const generators = (d: Dialogue): Peer[] => tasks(d).filter((peer) => peer.kind === "feed");
/** Tasks whose stream may be used. */
const speaking = (d: Dialogue): Peer[] =>
  tasks(d).filter(({ kind: is, started }) => is === "implied" || (is === "declared" && started));
const some =
  (list: (d: Dialogue) => unknown[]) =>
  (d: Dialogue): boolean =>
    list(d).length > 0;
const lives = (d: Dialogue): boolean => d.lives;

const acts = fc.oneof(
  act(
    6,
    "ask",
    [kind, likely, deadline],
    (d) => !d.host.closed && !d.interrupted && d.asked.length < 4,
    (d, ...how) => {
      d.ask(...how);
    },
  ),
  act(14, "deliverToActor", [bytes], lives, (d, most) => d.out.deliver(most)),
  act(14, "deliverToHost", [bytes], lives, (d, most) => d.back.deliver(most)),
  act(8, "deliverAll", [], lives, async (d) => {
    await d.quiet();
    d.verifyCredit();
  }),
  act(6, "hostSends", [one, size, times, rarely], some(contexts), (d, i, length, count, floats) => {
    for (let n = 0; n < count; n++) d.send(pick(contexts(d), i), length, floats);
  }),
  act(8, "hostReads", [one, times], some(contexts), (d, i, count) => {
    for (let n = 0; n < count; n++) d.read(pick(contexts(d), i));
  }),
  act(2, "hostEnds", [one], some(contexts), (d, i) => d.end(pick(contexts(d), i))),
  act(2, "hostAsksForResult", [one], some(contexts), (d, i) => d.result(pick(contexts(d), i))),
  act(2, "hostCancels", [one, one], some(contexts), (d, i, reason) =>
    d.cancel(pick(contexts(d), i), `reason ${reason}`),
  ),
  act(1, "hostAborts", [one, one], some(unsettled), (d, i, reason) =>
    d.abort(pick(unsettled(d), i), `reason ${reason}`),
  ),
  act(1, "hostAbortsContext", [one, one], some(contexts), (d, i, reason) =>
    d.abort(pick(contexts(d), i), `reason ${reason}`),
  ),
  act(2, "hostLeavesLoop", [one], some(feeds), (d, i) => d.leave(pick(feeds(d), i))),
  act(1, "hostLeavesScope", [one], some(contexts), (d, i) => d.leaveScope(pick(contexts(d), i))),
  act(
    4,
    "hostSubscribes",
    [one, fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 1 })],
    some(contexts),
    (d, i, lag) => d.subscribe(pick(contexts(d), i), lag),
  ),
  act(8, "subscriberReads", [one, one, times], some(subscribed), (d, i, which, count) => {
    for (let n = 0; n < count; n++) d.readSubscription(pick(subscribed(d), i), which);
  }),
  act(2, "subscriberLeaves", [one, one], some(subscribed), (d, i, which) =>
    d.closeSubscription(pick(subscribed(d), i), which),
  ),
  act(6, "actorStarts", [one], some(tasks), (d, i) => {
    const peer = pick(tasks(d), i);
    if (peer.kind === "declared" || peer.kind === "implied") d.start(peer);
  }),
  act(6, "actorSends", [one, size, times, rarely], some(speaking), (d, i, length, count, floats) => {
    for (let n = 0; n < count; n++) d.send(pick(speaking(d), i), length, floats);
  }),
  act(6, "actorReads", [one, times], some(speaking), (d, i, count) => {
    for (let n = 0; n < count; n++) d.read(pick(speaking(d), i));
  }),
  act(2, "actorEnds", [one], some(speaking), (d, i) => d.end(pick(speaking(d), i))),
  act(8, "actorYields", [one, size, times], some(generators), (d, i, length, count) => {
    for (let n = 0; n < count; n++) {
      const peer = generators(d)[i % Math.max(1, generators(d).length)];
      if (peer === undefined) return;
      const { id, value, length: on } = d.value(length);
      d.step(peer, { do: "yield", id, value, bytes: on });
    }
  }),
  act(2, "actorReturns", [one], some(tasks), (d, i) => d.finish(pick(tasks(d), i), "return")),
  act(2, "actorThrows", [one], some(tasks), (d, i) => d.finish(pick(tasks(d), i), "throw")),
  act(
    3,
    "timePasses",
    [fc.integer({ min: 1, max: 700 })],
    () => true,
    (d, ms) => d.clock.advance(ms),
  ),
  act(
    1,
    "actorIsCancelled",
    [],
    (d) => lives(d) && d.asked.length > 2,
    (d) => d.cancelActor("enough"),
  ),
  act(
    1,
    "nurseryFails",
    [],
    (d) => lives(d) && d.asked.length > 2,
    (d) => d.interrupt(),
  ),
  act(
    1,
    "channelBreaks",
    [fc.boolean(), fc.boolean(), bytes],
    (d) => lives(d) && d.asked.length > 2,
    (d, host, actor, keep) => d.cut(host || !actor, actor, keep),
  ),
) as fc.Arbitrary<Act<readonly unknown[]>>;

for (const guest of [false, true]) {
  law(
    `every dialogue ${guest ? "with a guest, in JSON," : "in msgpack"} goes as the model says, and leaves nothing behind`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.commands([acts], { maxCommands: 70, size: "max" }), async (commands) => {
          const dialogue = new Dialogue(guest);
          try {
            await fc.asyncModelRun(() => ({ model: dialogue, real: dialogue }), commands);
            await dialogue.close();
          } finally {
            dialogue.dispose();
          }
        }),
        { numRuns: RUNS, asyncReporter: tell, ...seeded() },
      );
    },
    { deadline: process.env["BROOD_FULL"] === undefined ? 60_000 : 900_000 },
  );
}

law.run();

/** The shortest dialogue found that fails, a line for each thing that happens. */
async function tell(details: fc.RunDetails<[Iterable<fc.AsyncCommand<Dialogue, Dialogue>>]>): Promise<void> {
  if (!details.failed) return;
  const { seed, numRuns, counterexample, errorInstance } = details;
  const steps = String(counterexample?.[0])
    .replace(/ ?\/\*.*\*\//, "")
    .split(/(?<=\)),(?=\w+\()/);
  const lines = steps.map((step, index) => `  ${index + 1}. ${step}`);
  throw new Error(
    [
      `BROOD_SEED=${seed}, dialogue ${numRuns}:`,
      ...lines,
      errorInstance instanceof Error ? errorInstance.message : "",
    ].join("\n"),
    { cause: errorInstance },
  );
}

/** A run that failed is repeated by its seed (BROOD_SEED). */
function seeded(): { seed?: number } {
  const seed = process.env["BROOD_SEED"];
  return seed === undefined ? {} : { seed: Number(seed) };
}
