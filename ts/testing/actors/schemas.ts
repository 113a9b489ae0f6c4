// The actor of laws about payload schemas: of its own making, as any library that keeps to Standard Schema makes them.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import type { StandardSchema } from "../../context/surface.js";

/** How often each of these schemas has run. */
const runs = { later: 0, name: 0 };

type Issue = { readonly message: string; readonly path?: readonly (string | number | { readonly key: string })[] };
type Verdict<T> = { readonly value: T } | { readonly issues: readonly Issue[] };

const schema = <I, O = I>(validate: (value: unknown) => Verdict<O> | Promise<Verdict<O>>): StandardSchema<I, O> => ({
  "~standard": { version: 1, vendor: "brood's laws", validate },
});

const isDigits = (value: unknown): value is string => typeof value === "string" && /^\d+$/.test(value);

/** A text of digits, which becomes its number. */
const digits = schema<string, number>((value) =>
  isDigits(value) ? { value: Number(value) } : { issues: [{ message: "expected digits" }] },
);

/** The same, decided in a later turn. */
const later = schema<string, number>(async (value) => {
  runs.later++;
  await new Promise((resolve) => setTimeout(resolve, 0));
  return isDigits(value) ? { value: Number(value) } : { issues: [{ message: "expected digits" }] };
});

/** A text, which becomes upper case. */
const name = schema<string>((value) => {
  runs.name++;
  return typeof value === "string" ? { value: value.toUpperCase() } : { issues: [{ message: "expected a string" }] };
});

interface User {
  readonly name: string;
  readonly tags: readonly string[];
}

const user = schema<User>((value) => {
  const { name: of, tags } = (value ?? {}) as Partial<User>;
  const issues: Issue[] = [];
  if (typeof value !== "object") issues.push({ message: "expected an object" });
  if (typeof of !== "string") issues.push({ message: "expected a string", path: [{ key: "name" }] });
  for (const [i, tag] of (tags ?? []).entries())
    if (typeof tag !== "string") issues.push({ message: "expected a string", path: ["tags", i] });
  return issues.length > 0 ? { issues } : { value: { name: (of as string).trim(), tags: tags ?? [] } };
});

export default defineActor({
  runs: () => runs,
  /** Arguments and result of three kinds. */
  register: endpoint({ args: [user, later, type<unknown>()], result: name }, async (_task, who, count, what) =>
    what === "bad result" ? (5 as never) : `${who.name} ${count} ${who.tags.length}`,
  ),
  dialogue: context({ started: name, receives: user, sends: digits }, async (task, first: string, plan: string) => {
    if (plan === "bad started") {
      try {
        await task.started(5 as never);
      } catch (error) {
        await task.started((error as Error).message);
        return "survived";
      }
    }
    await task.started(first);
    if (plan === "bad sent") {
      try {
        await task.stream.send("no digits");
      } catch (error) {
        return (error as Error).message;
      }
    }
    if (plan === "let through") await task.stream.send("no digits");
    const names: string[] = [];
    for await (const message of task.stream) {
      names.push(message.name);
      await task.stream.send(String(message.tags.length));
    }
    return names;
  }),
  slow: context({ receives: later, sends: later }, async (task) => {
    let sum = 0;
    const sent: Promise<void>[] = [];
    for await (const count of task.stream) {
      sum += count;
      sent.push(task.stream.send(String(count)));
    }
    await Promise.all(sent);
    return sum;
  }),
});
