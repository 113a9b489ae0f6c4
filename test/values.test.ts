// Every row of the table of values, over a real actor of each spawn method: what crosses arrives as the table says, in arguments,
// results and started values; what does not is refused where it was to be sent, naming the path, and the actor lives on. A kind
// that only one side has is sent from there.
import assert from "node:assert/strict";
import { actor, InvalidMessage, isRemote, openNursery, type Nursery, type Portal, type EndpointsOf } from "brood";
import { PLAIN } from "#brood/testing/methods.js";
import { leakCheck } from "./harness/leaks.js";
import { suite } from "./harness/law.js";
import { rows } from "./protocol/values.table.js";

type Values = EndpointsOf<typeof import("./actors/values.js")>;
const values = actor<typeof import("./actors/values.js")>(new URL("./actors/values.js", import.meta.url));

const law = suite("values");
const leaks = leakCheck();
const portals = new Map<string, { readonly portal: Portal<Values>; readonly kinds: ReadonlySet<string> }>();
let nursery: Nursery;

law.before(async () => {
  nursery = await openNursery();
  for (const method of PLAIN) {
    // The largest rows are beyond what a message may have.
    const limits = method === "wasm" ? { limits: { memory: "1GiB" } } : {};
    const portal = await nursery.start(values, { name: method, spawn: method, ...limits } as never);
    // The first answer loads what then stays.
    portals.set(method, { portal, kinds: new Set(await portal.call("kinds")) });
  }
});
law.before.each(leaks.snapshot);
law.after.each(leaks.assertSame);
law.after(() => nursery.close());

async function rejected(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

/** As a path stands in a refusal: a long one is shortened in its middle. */
const shown = (path: string): string => (path.length <= 400 ? path : `${path.slice(0, 200)}...${path.slice(-200)}`);

for (const method of PLAIN) {
  for (const row of rows) {
    const { kind } = row;
    const its = () => portals.get(method) as { portal: Portal<Values>; kinds: ReadonlySet<string> };
    if ("arrives" in row) {
      law(`${method}: ${kind} arrives as ${row.as}`, async () => {
        const { portal, kinds } = its();
        if (kinds.has(kind)) {
          assert.equal(await portal.call("arrives", kind, row.make()), true, "as an argument");
          // A promise that an endpoint returns is awaited, whatever is in it.
          assert.ok(row.arrives(await portal.call("make", kind)), "as a result");
          assert.ok(row.arrives(await portal.call("makeLater", kind)), "as a later result");
          const opened = await portal.open("start", kind);
          assert.ok(row.arrives(opened.startedValue), "as a started value");
          assert.ok(row.arrives(await opened.result()), "as the result of a context");
        }
        assert.ok(row.arrives(await portal.call("echo", row.make())), "there and back");
      });
    } else {
      law(`${method}: ${kind} is refused: ${row.refused}`, async () => {
        const { portal, kinds } = its();
        const { open } = portal.stats;
        for (const refused of [portal.call("echo", row.make()), portal.open("start", row.make() as string)]) {
          const error = await rejected(refused);
          assert.ok(error instanceof InvalidMessage, String(error));
          assert.equal(error.why, row.refused);
          assert.equal(error.at, shown(`args[0]${row.at}`));
          assert.ok(error.message.includes(`${error.at}: ${row.refused}`), error.message);
        }
        assert.equal(portal.stats.open, open, "a refused call is no open call");
        if (!kinds.has(kind)) return;

        // What an endpoint gives back: the fault is the endpoint's, and its caller hears of it. A promise is awaited.
        if (!kind.startsWith("promise")) {
          const forms = { make: "result", makeLater: "result" } as const;
          for (const [endpoint, name] of Object.entries(forms) as [keyof typeof forms, string][]) {
            const error = await rejected(portal.call(endpoint, kind));
            assert.ok(isRemote(error, "InvalidMessage"), String(error));
            assert.equal(error.remote.code, "ERR_BROOD_INVALID_MESSAGE");
            assert.equal(error.remote.fields["why"], row.refused);
            assert.equal(error.remote.fields["at"], shown(`${name}${row.at}`));
          }
        }
        const started = await rejected(portal.open("start", kind));
        assert.ok(isRemote(started, "InvalidMessage"), String(started));
        assert.equal(started.remote.fields["at"], shown(`started${row.at}`));
        assert.equal(await portal.call("echo", true), true);
        assert.equal(portal.stats.open, open);
      });
    }
  }
}

law.run();
