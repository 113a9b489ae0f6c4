// Makes and checks the values of the table, on the actor's side.
import { context, defineActor, type } from "brood/actor";
import { rows } from "../protocol/values.table.js";

const row = (kind: string): (typeof rows)[number] => {
  const found = rows.find((one) => one.kind === kind);
  if (found === undefined) throw new RangeError(`no row ${kind}`);
  return found;
};

export default defineActor({
  /** Whether the argument is what this row must arrive as. */
  arrives: (kind: string, value: unknown) => {
    const found = row(kind);
    if (!("arrives" in found)) throw new TypeError(`${kind} does not cross`);
    return found.arrives(value);
  },
  echo: (value: unknown) => value,
  make: (kind: string) => row(kind).make(),
  makeLater: async (kind: string) => {
    await Promise.resolve();
    return row(kind).make();
  },
  start: context({ started: type<unknown>() }, async (task, kind: string) => {
    await task.started(row(kind).make());
    return row(kind).make();
  }),
  /** The kinds that this runtime has. */
  kinds: () => rows.map(({ kind }) => kind),
});
