// How an actor ended, decided from what is known once it is gone; and whether that was a death.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Exit } from "#brood/errors/exit.js";
import type { ActorId } from "#brood/errors/identity.js";
import { InvalidMessage, MemoryLimitExceeded } from "#brood/errors/kinds.js";
import { exitOf, isDeath, type Asked, type ExitFacts } from "#brood/portal/exit-of.js";
import { suite } from "../harness/law.js";

const law = suite("exit");

const by: ActorId = { name: "root", uuid: "r" };
const where = { actor: { name: "a", uuid: "a" }, path: "/a" };
const fatal = new RangeError("uncaught");
const breach = new InvalidMessage("a frame of no type");
const torn = new InvalidMessage("half a frame");
const unborn = new Error("EAGAIN");
const cancel: Asked = { kind: "cancel", by, reason: "enough" };
const kill: Asked = { kind: "kill", by };
const ret: Asked = { kind: "return" };
const code = (n: number) => ({ kind: "exited", code: n }) as const;
const signal = (name: string) => ({ kind: "signalled", signal: name }) as const;

/** What is not said is not so. */
function exit(
  status: ExitFacts["end"]["status"],
  facts: Partial<Omit<ExitFacts, "end">> & { memory?: string } = {},
): Exit {
  const { memory, ...rest } = facts;
  return exitOf({
    where,
    asked: undefined,
    acknowledged: false,
    forced: false,
    fatal: undefined,
    breach: undefined,
    torn: undefined,
    ...rest,
    end: { status, stderr: [], ...(memory === undefined ? {} : { memory }) },
  });
}

const CANCELLED = { kind: "cancelled", by, reason: "enough" } as const;
const KILLED = { kind: "killed", by } as const;

const TABLE: readonly [string, Exit, Exit][] = [
  ["left by itself: as the system says", exit(code(0)), code(0)],
  ["left with a code", exit(code(3)), code(3)],
  ["ended by a signal that nobody of brood sent", exit(signal("SIGSEGV")), signal("SIGSEGV")],
  ["nobody knows", exit({ kind: "lost" }), { kind: "lost" }],
  ["there never was a process", exit({ kind: "unborn", error: unborn }), { kind: "failed", error: unborn }],
  ["an uncaught error before exit code 1", exit(code(1), { fatal }), { kind: "failed", error: fatal }],
  [
    "a breach of the protocol, for which brood killed it",
    exit(signal("SIGKILL"), { breach }),
    { kind: "failed", error: breach },
  ],
  [
    "a breach says more than what the actor said of itself",
    exit(code(1), { breach, fatal }),
    { kind: "failed", error: breach },
  ],
  ["ended within a frame, by a signal of somebody else's", exit(signal("SIGKILL"), { torn }), signal("SIGKILL")],
  ["left with a code, within a frame", exit(code(3), { torn }), code(3)],
  ["an uncaught error, within a frame", exit(code(1), { torn, fatal }), { kind: "failed", error: fatal }],
  ["left within a frame, and nothing else tells why", exit(code(0), { torn }), { kind: "failed", error: torn }],
  ["nobody knows, but that it was within a frame", exit({ kind: "lost" }, { torn }), { kind: "failed", error: torn }],
  ["asked, and left within a frame", exit(code(0), { asked: cancel, torn }), code(0)],
  ["asked and acknowledged", exit(code(0), { asked: cancel, acknowledged: true }), CANCELLED],
  [
    "acknowledged, but had to be made to leave",
    exit(signal("SIGTERM"), { asked: cancel, acknowledged: true, forced: true }),
    CANCELLED,
  ],
  ["asked, silent, terminated", exit(signal("SIGTERM"), { asked: cancel, forced: true }), KILLED],
  [
    "asked, silent, terminated, and left with a code of its own",
    exit(code(7), { asked: cancel, forced: true }),
    KILLED,
  ],
  [
    "asked, and failed of itself before it could obey",
    exit(code(1), { asked: cancel, fatal }),
    { kind: "failed", error: fatal },
  ],
  [
    "asked, and broke the protocol before it could obey, for which brood killed it",
    exit(signal("SIGKILL"), { asked: cancel, breach }),
    { kind: "failed", error: breach },
  ],
  ["asked, and left of itself before it could obey", exit(code(4), { asked: cancel }), code(4)],
  ["killed", exit(signal("SIGKILL"), { asked: kill, forced: true }), KILLED],
  ["killed, and gone before the signal came", exit(code(0), { asked: kill, forced: true }), KILLED],
  [
    "killed while it obeyed a cancel",
    exit(signal("SIGKILL"), { asked: kill, acknowledged: true, forced: true }),
    KILLED,
  ],
  ["its one call is done", exit(code(0), { asked: ret, acknowledged: true }), { kind: "returned" }],
  [
    "its one call is done, and it had to be made to leave",
    exit(signal("SIGKILL"), { asked: ret, forced: true }),
    { kind: "returned" },
  ],
];

for (const [name, got, expected] of TABLE) law(name, () => assert.equal(got, expected));

law("a process that died of its heap limit failed with MemoryLimitExceeded", () => {
  const got = exit(signal("SIGABRT"), { memory: "its heap is exhausted" });
  assert.is(got.kind, "failed");
  const { error } = got as { error: Error };
  assert.instance(error, MemoryLimitExceeded);
  assert.is(error.message, "memory limit exceeded: a (/a): its heap is exhausted. Give it more memory, or less to do.");
});

const statuses = fc.oneof(
  fc.nat(255).map(code),
  fc.constantFrom("SIGTERM", "SIGKILL", "SIGSEGV", "SIGABRT").map(signal),
  fc.constant({ kind: "lost" } as const),
  fc.constant({ kind: "unborn", error: unborn } as const),
);
const facts = fc.record({
  asked: fc.constantFrom(undefined, cancel, kill, ret),
  acknowledged: fc.boolean(),
  forced: fc.boolean(),
  fatal: fc.constantFrom(undefined, fatal),
  breach: fc.constantFrom(undefined, breach),
  torn: fc.constantFrom(undefined, torn),
});

law("cancelled, killed and returned are said only of what was asked for, and name who asked", () => {
  fc.assert(
    fc.property(statuses, facts, (status, all) => {
      const got = exit(status, all);
      if (got.kind === "returned") assert.is(all.asked?.kind, "return");
      if (got.kind === "cancelled" || got.kind === "killed")
        assert.equal([all.asked === undefined, got.by], [false, by]);
      if (all.asked?.kind === "kill") assert.is(got.kind, "killed");
    }),
  );
});

law(
  "what nobody asked for is a death, however it ended; what was asked for is one only where it failed before it could obey",
  () => {
    fc.assert(
      fc.property(statuses, facts, (status, all) => {
        const got = exit(status, all);
        const death = isDeath(got, all.asked);
        if (all.asked === undefined) assert.is(death, true);
        else if (death) {
          assert.is(all.asked.kind, "cancel");
          assert.ok(!all.acknowledged && got.kind !== "killed");
        }
      }),
    );
  },
);

const DEATHS: readonly [string, Exit, boolean][] = [
  ["left with a code", code(4), true],
  ["left with code 0, as one that obeys may", code(0), false],
  ["failed", { kind: "failed", error: fatal }, true],
  ["crashed", signal("SIGSEGV"), true],
  ["was told by the system to end, at the same time", signal("SIGTERM"), false],
  ["is gone and nobody knows how", { kind: "lost" }, false],
  ["obeyed", CANCELLED, false],
  ["did not, and was made to", KILLED, false],
];
for (const [name, got, death] of DEATHS)
  law(`whether it died, asked to end: ${name}`, () => assert.is(isDeath(got, cancel), death));

law.run();
