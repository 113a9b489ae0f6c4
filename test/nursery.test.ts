// Where a nursery's failure is thrown: in one place, once, and bare if there is one.
import { spawn } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  ActorDied,
  actor,
  Cancelled,
  isRemote,
  NurseryClosed,
  openNursery,
  StartFailed,
  withNursery,
  type Nursery,
  type OutputLine,
  type RemoteActorError,
} from "brood";
import * as assert from "uvu/assert";
import { leakCheck } from "./harness/leaks.js";
import { suite } from "./harness/law.js";

const law = suite("nursery");
/** Hosts that run beside the laws. */
const beside = new Set<number>();
const leaks = leakCheck(beside);

const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);
const scopes = actor<typeof import("#brood/testing/actors/scopes.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/scopes.js")),
);
const dialogue = actor<typeof import("#brood/testing/actors/dialogue.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/dialogue.js")),
);

law.before(() => withNursery((nursery) => nursery.run(worker, "add", [1, 2])));
law.before.each(() => leaks.snapshot());
law.after.each(() => leaks.assertSame());

/** What `body` throws; undefined where it throws nothing. */
async function thrownBy(body: () => Promise<unknown>): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error ?? new Error("threw nothing");
  }
  return undefined;
}

/** A nursery whose actor `dead` has died while nobody met it: only a floating call did. */
async function failed(): Promise<Nursery> {
  const nursery = await openNursery();
  await lose(nursery);
  return nursery;
}

/** Starts an actor that dies; only a floating call meets it. */
async function lose(nursery: Nursery): Promise<void> {
  const dead = await nursery.start(worker, { name: "dead" });
  void dead.call("leave", 3);
  await dead.exited;
}

const died = (error: unknown): boolean =>
  error instanceof ActorDied && error.exit.kind === "exited" && error.exit.code === 3;

law("a try/catch around `await using` catches the bare ActorDied that its body met", async () => {
  let after = 0;
  const error = await thrownBy(async () => {
    await using nursery = await openNursery();
    const sibling = await nursery.start(worker, { name: "sibling" });
    void sibling.call("wait");
    const dying = await nursery.start(worker, { name: "dying" });
    await dying.call("leave", 3);
    after++;
  });
  assert.ok(died(error), String(error));
  assert.is(after, 0);
});

law("the same where the body met it at a sibling's call, at a start in flight, or at the signal", async () => {
  const ways: Record<string, (nursery: Nursery) => Promise<unknown>> = {
    "a sibling's call": async (nursery) => {
      const sibling = await nursery.start(worker, { name: "sibling" });
      const dying = await nursery.start(worker, { name: "dying" });
      void dying.call("leave", 3);
      await sibling.call("wait");
    },
    "a context of a sibling": async (nursery) => {
      const sibling = await nursery.start(worker, { name: "sibling" });
      const dying = await nursery.start(worker, { name: "dying" });
      await sibling.withContext("linger", [], async (context) => {
        void dying.call("leave", 3);
        await context.result();
      });
    },
    "a one-shot": async (nursery) => {
      const dying = await nursery.start(worker, { name: "dying" });
      const waiting = nursery.run(worker, "wait", []);
      void dying.call("leave", 3);
      await waiting;
    },
    "a start in flight": async (nursery) => {
      const dying = await nursery.start(worker, { name: "dying" });
      const starting = nursery.start(worker, { name: "starting" });
      void dying.call("leave", 3);
      await starting;
    },
    "the signal of a context": async (nursery) => {
      const dying = await nursery.start(worker, { name: "dying" });
      await using context = await dying.open("linger");
      void dying.call("leave", 3);
      await dying.exited;
      throw context.signal.reason;
    },
    "the signal": async (nursery) => {
      await lose(nursery);
      nursery.signal.throwIfAborted();
    },
    "the signal's reason": async (nursery) => {
      await lose(nursery);
      throw nursery.signal.reason;
    },
  };
  for (const [name, way] of Object.entries(ways)) {
    const error = await thrownBy(async () => {
      await using nursery = await openNursery();
      await way(nursery);
    });
    assert.ok(died(error), `${name}: ${error}`);
  }
});

law("what the failure has brought about leaves the scope as it is, with the failure in it", async () => {
  const closed = await thrownBy(async () => {
    await using nursery = await openNursery();
    await lose(nursery);
    await nursery.start(worker, { name: "late" });
  });
  assert.instance(closed, NurseryClosed);
  assert.ok(died((closed as NurseryClosed).cause));
  const cancelled = await thrownBy(async () => {
    await using nursery = await openNursery();
    const sibling = await nursery.start(worker, { name: "sibling" });
    await lose(nursery);
    await sibling.exited;
    await sibling.call("add", 1, 2);
  });
  assert.instance(cancelled, ActorDied);
  const { exit } = cancelled as ActorDied;
  assert.ok(exit.kind === "cancelled" && died(exit.reason));
});

law("a body that handles the failure in a catch of its own leaves the scope without an error", async () => {
  const error = await thrownBy(async () => {
    await using nursery = await openNursery();
    const dying = await nursery.start(worker, { name: "dying" });
    assert.ok(died(await thrownBy(() => dying.call("leave", 3))));
  });
  assert.is(error, undefined);
});

law("a failure that only floating calls met is thrown by dispose, bare", async () => {
  const error = await thrownBy(async () => {
    await using nursery = await openNursery();
    const sibling = await nursery.start(worker, { name: "sibling" });
    const dying = await nursery.start(worker, { name: "dying" });
    // brood itself waits for these; that is not the user's listening.
    void sibling.withContext("linger", [], (context) => context.result());
    void sibling.withContext("linger", [], async () => {});
    void nursery.run(worker, "wait", []);
    void sibling.call("wait");
    void dying.call("leave", 3);
    await dying.exited;
  });
  assert.ok(died(error), String(error));
});

law("dispose of a failed nursery throws once, and not a second time", async () => {
  const nursery = await failed();
  assert.ok(died(await thrownBy(async () => nursery[Symbol.asyncDispose]())));
  assert.is(await thrownBy(async () => nursery[Symbol.asyncDispose]()), undefined);
});

law("close() throws the failure exactly once, also where the body has met it", async () => {
  const nursery = await failed();
  assert.ok(died(nursery.signal.reason));
  assert.ok(died(await thrownBy(() => nursery.close())));
  assert.is(await thrownBy(() => nursery.close()), undefined);
  assert.is(await thrownBy(() => nursery.join()), undefined);
  assert.is(await thrownBy(async () => nursery[Symbol.asyncDispose]()), undefined);
});

law("join() throws the failure, and close() does not throw it again", async () => {
  const nursery = await failed();
  assert.ok(died(await thrownBy(() => nursery.join())));
  assert.is(await thrownBy(() => nursery.close()), undefined);
});

law(
  "withNursery throws the failure exactly once and bare, whether its body met it, caught it, or knows nothing",
  async () => {
    const bodies: readonly ((nursery: Nursery) => Promise<unknown>)[] = [
      async (nursery) => (await nursery.start(worker, { name: "dying" })).call("leave", 3),
      async (nursery) => {
        const dying = await nursery.start(worker, { name: "dying" });
        await thrownBy(() => dying.call("leave", 3));
      },
      lose,
      // What the failure's cancel brought about says nothing beside it.
      async (nursery) => {
        const sibling = await nursery.start(worker, { name: "sibling" });
        const dying = await nursery.start(worker, { name: "dying" });
        void dying.call("leave", 3);
        await sibling.exited;
        await sibling.call("add", 1, 2);
      },
      async (nursery) => {
        await lose(nursery);
        await nursery.start(worker, { name: "late" });
      },
      async (nursery) => {
        const dying = await nursery.start(worker, { name: "dying" });
        void dying.call("leave", 3);
        await nursery.join();
      },
    ];
    for (const [at, body] of bodies.entries()) {
      const error = await thrownBy(() => withNursery(body as (nursery: Nursery) => Promise<void>));
      assert.ok(died(error), `body ${at}: ${error}`);
    }
  },
);

law(
  "two failures are an AggregateError of exactly two, in start order, from withNursery, close and dispose alike",
  async () => {
    // The second dies of its own accord although it is being cancelled: it is busy, and leaves when it is told by a file that is there.
    const twoDeaths = async (nursery: Nursery): Promise<void> => {
      const first = await nursery.start(scopes, { name: "first" });
      const second = await nursery.start(scopes, { name: "second" });
      void second.call("leave", 5);
      void first.call("leave", 4);
      await Promise.all([first.exited, second.exited]);
    };
    const check = (error: unknown): void => {
      assert.instance(error, AggregateError);
      const { errors, message } = error as AggregateError;
      assert.is(message, "nursery crew failed 2 times");
      assert.equal(
        errors.map((one: ActorDied) => [one.actor.name, (one.exit as { code: number }).code]),
        [
          ["first", 4],
          ["second", 5],
        ],
      );
    };
    check(await thrownBy(() => withNursery(twoDeaths, { name: "crew" })));
    check(
      await thrownBy(async () => {
        const nursery = await openNursery({ name: "crew" });
        await twoDeaths(nursery);
        await nursery.close();
      }),
    );
    check(
      await thrownBy(async () => {
        await using nursery = await openNursery({ name: "crew" });
        await twoDeaths(nursery);
      }),
    );
  },
);

law("the body's own error comes first, then the failures of the actors", async () => {
  const own = new Error("own");
  const error = await thrownBy(() =>
    withNursery(
      async (nursery) => {
        await lose(nursery);
        throw own;
      },
      { name: "crew" },
    ),
  );
  assert.instance(error, AggregateError);
  const { errors } = error as AggregateError;
  assert.is(errors.length, 2);
  assert.is(errors[0], own);
  assert.ok(died(errors[1]));
});

law("a failed start is thrown to whoever awaits it, and is no failure of the nursery", async () => {
  await withNursery(async (nursery) => {
    const absent = actor(new URL("./absent.js", import.meta.url));
    const error = await thrownBy(() => nursery.start(absent, { name: "absent", stdio: "ignore" }));
    assert.instance(error, StartFailed);
    assert.is(nursery.status, "open");
    assert.is(await nursery.run(worker, "add", [1, 2]), 3);
  });
});

law(
  'with onDeath: "report" a death rejects calls, settles exited, and spares the siblings and the nursery',
  async () => {
    await withNursery(async (nursery) => {
      const sibling = await nursery.start(worker, { name: "sibling" });
      const dying = await nursery.start(worker, { name: "dying", onDeath: "report" });
      assert.ok(died(await thrownBy(() => dying.call("leave", 3))));
      assert.equal(await dying.exited, { kind: "exited", code: 3 });
      assert.is(nursery.signal.aborted, false);
      assert.is(await sibling.call("add", 1, 2), 3);
    });
  },
);

law("an actor that leaves with code 0 unasked has died too", async () => {
  const error = await thrownBy(() =>
    withNursery(async (nursery) => (await nursery.start(worker, { name: "leaver" })).call("leave", 0)),
  );
  assert.instance(error, ActorDied);
  assert.equal((error as ActorDied).exit, { kind: "exited", code: 0 });
});

law(
  "what an actor of a cancelled nursery waits for is rejected with that cancel, and close() throws nothing",
  async () => {
    const nursery = await openNursery();
    const portal = await nursery.start(worker, { name: "worker" });
    const waiting = thrownBy(() => portal.call("wait"));
    await nursery.cancel("enough");
    const error = await waiting;
    assert.instance(error, Cancelled);
    assert.equal(
      [(error as Cancelled).scope, (error as Cancelled).via, (error as Cancelled).reason],
      ["nursery", "cancel", "enough"],
    );
    assert.is(await thrownBy(() => nursery.close()), undefined);
  },
);

/** Runs a program of test/programs; how it ended and what it said. */
function run(
  name: string,
  ...args: string[]
): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [new URL(`./programs/${name}.js`, import.meta.url).pathname, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 18_000,
    killSignal: "SIGKILL",
  });
  if (child.pid !== undefined) beside.add(child.pid);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })));
}

// It takes 5 s: the laws above and beside it need not wait for it.
const patient = run("patient-body");

law(
  "a hundred floating calls rejected by an actor's death, a cancel or the end of the scope do not crash the host",
  async () => {
    const { code, signal, stdout, stderr } = await run("floating");
    assert.equal([code, signal, stderr], [0, null, ""]);
    assert.equal(stdout.trim().split("\n"), [
      "death ActorDied",
      "cancel none",
      "close none",
      "starts none",
      "unanswered 400",
    ]);
  },
);

law("what an endpoint threw at a floating call stays an unhandled rejection", async () => {
  const { code, stderr } = await run("floating", "thrown");
  assert.is(code, 1);
  assert.match(stderr, /RemoteActorError: call fail failed: worker \(\/worker\): TypeError: nobody hears this/);
});

law(
  "what a peer throws after started is told once in the log when its context is garbage and nobody has asked for it",
  async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const lines: string[] = [];
    await withNursery(async (nursery) => {
      const stdio = ({ text }: OutputLine): void => void lines.push(text);
      const peer = await nursery.start(dialogue, { name: "peer", stdio });
      const opened = (async () => void (await peer.open("failThen", "key", "unheard")))();
      await opened;
      await peer.call("release", "key");
      for (let count = 0; lines.length === 0 && count < 200; count++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.is(lines.length, 1);
    });
    assert.is(lines.length, 1);
    assert.match(lines[0] as string, /^error: nobody awaits this any more: .*RangeError: unheard$/);
  },
);

law("a body that does not return for 5 s after its actors were ended is named in a warning", async () => {
  const { code, stdout, stderr } = await patient;
  assert.is(code, 0);
  const [fast, slow] = stdout.trim().split("\n");
  assert.is(fast, "fast 0");
  assert.match(
    slow as string,
    /^slow (5\d{3}|[6-9]\d{3}) BroodWarning BROOD_BODY_WAITS: nursery the slow one has ended its actors and waits for its body, which has not returned for 5 s$/,
  );
  assert.is(stderr, "");
});

law("a remote error that passes two actors is boxed once", async () => {
  const error = await thrownBy(() =>
    withNursery(async (nursery) => {
      const portal = await nursery.start(scopes, { name: "top" });
      await portal.call("tree", 1, {});
    }),
  );
  assert.ok(isRemote(error, "AggregateError"));
  const { errors } = error as RemoteActorError;
  assert.equal(
    (errors as RemoteActorError[]).map(({ remote, path }) => [remote.name, path.map(({ name }) => name)]),
    [
      ["RangeError", ["top", "left"]],
      ["RangeError", ["top", "right"]],
    ],
  );
});

law.run();
