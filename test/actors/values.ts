// Makes and checks the values of the table, on the actor's side.
import { context, defineActor, type } from "brood/actor";
import { rows } from "../protocol/values.table.js";

const row = (index: number): (typeof rows)[number] => {
  const found = rows[index];
  if (found === undefined) throw new RangeError(`no row ${index}`);
  return found;
};

export default defineActor({
  /** Whether the argument is what this row must arrive as. */
  arrives: (index: number, value: unknown) => {
    const { kind, ...rest } = row(index);
    if (!("arrives" in rest)) throw new TypeError(`${kind} does not cross`);
    return rest.arrives(value);
  },
  echo: (value: unknown) => value,
  make: (index: number) => row(index).make(),
  makeLater: async (index: number) => {
    await Promise.resolve();
    return row(index).make();
  },
  start: context({ started: type<unknown>() }, async (task, index: number) => {
    await task.started(row(index).make());
    return row(index).make();
  }),
  alive: () => true,
});
