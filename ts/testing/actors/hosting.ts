// An actor that hosts guests of its own, and may know those of its host.
import { randomUUID } from "node:crypto";
import { context, defineActor, endpoint } from "../../actor/index.js";
import type { Context, Nursery, Portal } from "../../context/surface.js";
import { component, source } from "../../nursery/source.js";
import { plainComponent } from "../plain-component.js";

interface Guest {
  add(a: number, b: number): number;
  loop(): void;
}

export const guest = source<Guest>("({ add: (a, b) => a + b, loop: () => { for (;;); } })");

/** The same component with a name in it that none before had: no cache has it. */
export function freshComponent(): Uint8Array {
  const name = Buffer.from(randomUUID());
  return Buffer.concat([plainComponent(), Buffer.from([0, name.length + 1, name.length]), name]);
}

const nameOf = (error: unknown): string => (error as Error).name;

export default defineActor({
  /** Starts guests of its own: they answer, and one that takes too much CPU is ended. */
  guests: endpoint(async (task): Promise<unknown[]> => {
    const nursery = await task.openNursery({ onDeath: "report" });
    const portal = await nursery.start(guest, { name: "guest", limits: { cpu: 30 } });
    const sum = await portal.call("add", 1, 2);
    return [sum, await portal.call("loop").catch(nameOf), await nursery.run(guest, "add", [3, 4])];
  }),
  /** Compiles a component that no cache has, in this process. */
  compiled: endpoint(async (task): Promise<number> => {
    const nursery = await task.openNursery();
    const what = component<Guest>(freshComponent(), { compile: "in-process" });
    return nursery.run(what, "add", [1, 2]);
  }),
  "until cancelled": context({}, async (task): Promise<void> => {
    await task.started();
    await new Promise<void>((resolve) => task.signal.addEventListener("abort", () => resolve()));
  }),
  /** What it is told that tries to use what its host has. */
  others: endpoint(async (task): Promise<string[]> => {
    const { portal, nursery, opened } = task.inherited<{
      portal: Portal<Guest>;
      nursery: Nursery;
      opened: Context<any, unknown>;
    }>("the host's");
    const uses = [
      () => portal.call("add", 1, 2),
      () => portal.with({ deadline: 50 }).call("add", 1, 2),
      () => portal.cancel(),
      () => portal.kill(),
      () => portal.close(),
      () => opened.cancel(),
      () => opened.result(),
      () => nursery.run(guest, "add", [1, 2]),
      () => nursery.cancel(),
      () => nursery.join(),
      () => nursery.close(),
    ];
    return Promise.all(uses.map((use) => use().then(String, (error: Error) => error.message)));
  }),
});
