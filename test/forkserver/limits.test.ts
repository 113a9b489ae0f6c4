// Where the system has no room, a start says so, typed; what runs goes on, and the next start works when there is room again.
import assert from "node:assert/strict";
import { actor, openNursery } from "brood";
import { answerOf, runProgram } from "#brood/testing/run-program.js";
import { livingTemplates } from "#brood/spawn/templates.js";
import { isAlive, processState } from "#brood/testing/processes.js";
import { Marked } from "#brood/testing/marked.js";
import { suite } from "../harness/law.js";
import { leakCheck } from "../harness/leaks.js";

const law = suite("forkserver: limits");
const leaks = leakCheck();
const preloaded = actor<typeof import("#brood/testing/actors/preloaded.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")),
);
const FULL = process.env["BROOD_FULL"] !== undefined;

law(
  "a host without free descriptors is told EMFILE, keeps its actors, and starts others when it has some again",
  async () => {
    const end = await runProgram(new URL("./programs/starve.js", import.meta.url), [], { descriptors: 80 });
    const { started, refused, again } = answerOf(end) as {
      started: number;
      refused: string[];
      again: string;
    };
    assert.ok(started >= 4, end.stdout.join("\n"));
    assert.deepEqual(refused, Array(2).fill("ERR_BROOD_START_FAILED ERR_BROOD_TEMPLATE fork EMFILE"));
    assert.equal(again, "forkserver");
  },
);

law(
  `${FULL ? 1_000 : 200} actors, one after the other and eight at once, leave host and template as they were`,
  async () => {
    await using nursery = await openNursery();
    const one = async (): Promise<void> => {
      const portal = await nursery.start(preloaded, { name: "one", spawn: "forkserver" });
      assert.equal(portal.spawnMethod, "forkserver", portal.spawnReason);
      await portal.kill();
      assert.equal(isAlive(portal.id.pid as number), false);
      assert.equal(processState(portal.id.pid as number), undefined, "it was not reaped");
    };
    await one();
    leaks.snapshot();
    const template = livingTemplates()[0];
    for (let round = 0; round < (FULL ? 1_000 : 200); round += 16) {
      for (let each = 0; each < 8; each++) await one();
      await Promise.all(Array.from({ length: 8 }, one));
    }
    await leaks.assertSame();
    assert.equal(livingTemplates()[0], template);
  },
  { deadline: 120_000 },
);

law("a program ends by itself when its actors have, though its template is there, and leaves nothing", async (t) => {
  const marked = new Marked();
  t.defer(() => marked.endAll());
  const end = await runProgram(new URL("./programs/starve.js", import.meta.url), [], { env: marked.env, ms: 1 });
  // Killed at once, in the middle of its first start.
  assert.ok(end.late || end.code === 0);
  await marked.gone(1_000);
});

law.run();
