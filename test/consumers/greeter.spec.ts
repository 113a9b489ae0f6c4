// A user's test under Vitest: TypeScript that nobody compiled, and an actor beside it.
import { expect, test } from "vitest";
import { actor, withNursery } from "brood";

const greeter = actor<typeof import("./greeter.js")>(new URL("./greeter.js", import.meta.url));
const execArgv = process.env["WITH_TSX"] ? ["--import", "tsx"] : [];

test("greets", async () => {
  const said = await withNursery(async (nursery) => {
    const portal = await nursery.start(greeter, { name: "greeter", spawn: "exec", execArgv });
    return portal.call("greet", "Vitest");
  });
  expect(said).toContain("Vitest");
});
