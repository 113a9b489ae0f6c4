// A dump as text: a line for each thing, aligned, in units that people think in; and nothing in it can act on a terminal.
import assert from "node:assert/strict";
import { formatTree, type ActorDump, type ScopeDump, type TreeDump } from "brood";
import { plain, size, time } from "#brood/observe/format.js";
import { encodePacked, encodePlain } from "#brood/protocol/payload.js";
import { readTitle, titleOf } from "#brood/protocol/title.js";
import { decodeAnswer, decodeQuestion, encodeAnswer, type Answer } from "#brood/protocol/describing.js";
import type { TaskDump } from "#brood/protocol/tree.js";
import { suite } from "./harness/law.js";

const law = suite("observe");

const actorDump = (more: Partial<ActorDump> = {}): ActorDump => ({
  name: "a",
  path: "/a",
  uuid: "1",
  spawnMethod: "exec",
  status: "running",
  for: 1_500,
  age: 2_000,
  asked: [],
  more: 0,
  total: 0,
  ...more,
});
const task: TaskDump = { context: 1, kind: "call", endpoint: "index", state: "running", age: 5 };

const dumpOf = (...actors: ActorDump[]): TreeDump => ({
  at: "2026-01-01T00:00:00.000Z",
  took: 3.4,
  name: "main.js",
  path: "",
  pid: 7,
  node: "v22.0.0",
  scopes: [{ kind: "nursery", name: "all", status: "open", for: 90_000, actors, scopes: [], more: 2 }],
});

law("a dump is a tree of lines, what is said of each in one column", () => {
  const stream = {
    sent: { messages: 256, bytes: 2_048 },
    sending: 1,
    sendingFor: 61_000,
    unread: 0,
    received: { messages: 1, bytes: 10 },
    reading: 2,
    readingFor: 20,
  };
  const asked = [
    { context: 1, kind: "call", endpoint: "index", state: "waiting", age: 7 },
    {
      context: 3,
      kind: "context",
      endpoint: "feed",
      state: "started",
      age: 7,
      cancel: { via: "deadline", acknowledged: undefined },
      stream,
    },
  ] as const;
  const inside = { tasks: [task], more: 0, scopes: [] };
  const figures = { state: "T", cpu: 1_200, busy: 0, memory: 3 * 2 ** 20, waitsIn: "do_signal_stop" };
  const text = formatTree(
    dumpOf(actorDump({ asked, inside }), actorDump({ path: "/b", pid: 9, silent: "no answer", process: figures })),
  );
  assert.equal(
    text,
    [
      "main.js (7)              node v22.0.0  2026-01-01T00:00:00.000Z, took 3 ms",
      "└─ nursery all           open 1 min 30 s",
      "   ├─ /a                 running 1.5 s  exec",
      "   │  ├─ asks index #1   call waiting 7 ms",
      "   │  ├─ asks feed #3    context started 7 ms  cancel asked (deadline), not acknowledged yet  " +
        "sent and not consumed 256 messages of 2 KiB  1 send waits for credit 1 min 1 s  " +
        "received 1 message of 10 B, unread 0  2 readers wait 20 ms",
      "   │  └─ runs index #1   call running 5 ms",
      "   ├─ /b                 running 1.5 s  exec  pid 9  stopped in do_signal_stop  0 % of a core  cpu 1.2 s  3 MiB  ! no answer",
      "   └─ and 2 more actors",
      "",
    ].join("\n"),
  );
  assert.match(formatTree({ ...dumpOf(), scopes: [] }), /└─ no nursery is open\n$/);
});

law(
  "a supervisor's children stand in start order, those that are down too; of pools and shared streams it is told what they wait for",
  () => {
    const child = {
      kind: "actor",
      status: "running",
      for: 1_000,
      up: true,
      restart: "permanent",
      restarts: 0,
    } as const;
    const nested: ScopeDump = {
      ...{ kind: "supervisor", name: "team", status: "running", for: 2_000, actors: [], scopes: [], more: 0 },
      supervision: { strategy: "one_for_all", restarts: 0, recent: 0, intensity: 3, period: 5_000, children: [] },
    };
    const boss: ScopeDump = {
      ...{ kind: "supervisor", name: "boss", status: "running", for: 3_000, more: 1 },
      supervision: {
        ...{ strategy: "one_for_one", restarts: 3, recent: 1, intensity: 5, period: 60_000 },
        children: [
          { ...child, id: "a", restarts: 2 },
          { ...child, id: "b", status: "restarting", up: false, restarts: 1 },
          { ...child, id: "team", kind: "supervisor", restart: "transient" },
          { ...child, id: "c" },
        ],
      },
      actors: [actorDump(), actorDump({ path: "/c" })],
      scopes: [nested],
    };
    const figures = { busy: 2, starting: 1, queued: 5, running: 2, calls: 9, failed: 1, replaced: 1 };
    const crew: ScopeDump = {
      ...{ kind: "pool", name: "crew", status: "open", for: 10, actors: [], scopes: [], more: 0 },
      pool: { size: 4, actors: 2, ...figures },
    };
    const [none, some] = [
      { messages: 0, bytes: 0 },
      { messages: 3, bytes: 12 },
    ];
    const stream = { sent: none, sending: 0, unread: 3, received: some, reading: 0 };
    const shared = { ...stream, subscribers: { count: 3, pacing: 1, unread: 7, missed: 2 } };
    const asked = [
      { context: 1, kind: "context", endpoint: "feed", state: "streaming", age: 7, stream: shared },
    ] as const;
    const dump = {
      ...dumpOf(),
      scopes: [boss, crew, { ...nested, ...{ actors: [actorDump({ asked })], scopes: [] } }],
    };
    assert.equal(
      formatTree(dump),
      [
        "main.js (7)             node v22.0.0  2026-01-01T00:00:00.000Z, took 3 ms",
        "├─ supervisor boss      running 3.0 s  one_for_one  3 restarts, 1 of at most 5 in 1 min 0 s",
        "│  ├─ /a                running 1.5 s  exec  permanent  restarted 2 times",
        "│  ├─ child b           restarting 1.0 s  permanent  restarted 1 time",
        "│  ├─ supervisor team   running 2.0 s  one_for_all  0 restarts, 0 of at most 3 in 5.0 s  transient",
        "│  ├─ /c                running 1.5 s  exec  permanent",
        "│  └─ and 1 more child",
        "├─ pool crew            open 10 ms  2 of 2 actors busy, at most 4  1 starting  5 calls wait  9 calls so far, 1 failed  1 actor replaced",
        "└─ supervisor team      running 2.0 s  one_for_all  0 restarts, 0 of at most 3 in 5.0 s",
        "   └─ /a                running 1.5 s  exec",
        "      └─ asks feed #1   context streaming 7 ms  received 3 messages of 12 B, unread 3  3 subscribers, 1 holds up the stream, the slowest has 7 unread, 2 missed",
        "",
      ].join("\n"),
    );
    const { payload, flags } = encodeAnswer(
      { number: 1, part: { tasks: [], more: 0, scopes: dump.scopes } },
      encodePlain,
    );
    assert.deepEqual(
      JSON.parse(JSON.stringify(decodeAnswer(payload, flags).part.scopes)),
      JSON.parse(JSON.stringify(dump.scopes)),
    );
  },
);

law("nothing of a dump reaches the terminal but letters", () => {
  const text = formatTree(dumpOf(actorDump({ path: "/\u001B[31mred\u202E\n", status: "\u009B2J" })));
  assert.ok(!/[\p{Cc}\p{Cf}]/u.test(text.replaceAll("\n", "")), JSON.stringify(text));
  assert.equal(text.split("\n").length, formatTree(dumpOf(actorDump())).split("\n").length);
  assert.ok(text.includes("\\u{1b}[31mred\\u{202e}\\u{a}"));
  assert.equal(plain("x".repeat(10_000)).length, 123);
});

law("times and sizes are told in the unit that they are thought in", () => {
  assert.deepEqual([0.4, 999, 1_000, 59_900, 61_000, 3_720_000, 3 * 86_400_000].map(time), [
    "0 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 1 s",
    "1 h 2 min",
    "3 days",
  ]);
  assert.deepEqual([0, 1_023, 1_024, 1_536, 3 * 2 ** 20, 5 * 2 ** 40].map(size), [
    "0 B",
    "1023 B",
    "1 KiB",
    "1.5 KiB",
    "3 MiB",
    "5120 GiB",
  ]);
});

law("a title says whose an actor is and which, also where it was cut off", () => {
  assert.deepEqual(readTitle(titleOf("/a b/c", 12)), { host: 12, path: "/a b/c" });
  assert.deepEqual(readTitle(titleOf("/a", 12).slice(0, -2)), { host: 12, path: "" });
  assert.equal(readTitle("node main.js"), undefined);
});

law("what an actor answers of itself is taken in its shape or not at all, by either encoding", () => {
  const actor = actorDump({ inside: { tasks: [], more: 0, scopes: [] } });
  const scopes = [
    { kind: "nursery", name: "n", status: "open", for: 1, actors: [actor], scopes: [], more: 0 } as const,
  ];
  const answer: Answer = { number: 3, part: { tasks: [task], more: 1, scopes } };
  for (const encode of [encodePacked, encodePlain]) {
    const { payload, flags } = encodeAnswer(answer, encode);
    const read = decodeAnswer(payload, flags);
    assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(answer)));
    const question = encode({ ask: "describe", number: 1, within: 5 }, "Request");
    assert.equal(decodeQuestion(question.payload, question.flags).within, 5);
  }
  const deep = (levels: number): unknown =>
    levels === 0 ? [] : [{ ...scopes[0], actors: [], scopes: deep(levels - 1) }];
  const bad: unknown[] = [
    { number: -1, part: answer.part },
    { number: 1 },
    { number: 1, part: { ...answer.part, tasks: [{ ...task, age: "old" }] } },
    { number: 1, part: { ...answer.part, tasks: Array.from({ length: 201 }, () => task) } },
    { number: 1, part: { ...answer.part, scopes: deep(70) } },
    { number: 1, part: { ...answer.part, more: Number.POSITIVE_INFINITY } },
  ];
  for (const one of bad) {
    const { payload, flags } = encodePacked(one, "Reply");
    assert.throws(() => decodeAnswer(payload, flags), { name: "InvalidMessage" }, JSON.stringify(one).slice(0, 100));
  }
});

law("an answer that would be too long goes without what is in it, and says how much that was", () => {
  const tasks = Array.from({ length: 200 }, () => ({ ...task, endpoint: "x".repeat(50_000) }));
  const { payload, flags } = encodeAnswer({ number: 1, part: { tasks, more: 5, scopes: [] } }, encodePacked);
  assert.deepEqual(decodeAnswer(payload, flags), { number: 1, part: { tasks: [], more: 205, scopes: [] } });
});

law.run();
