// The actor that most tests talk to.
import { context, defineActor, endpoint, type } from "brood/actor";

export default defineActor({
  add: (a: number, b: number) => a + b,
  echo: (value: unknown) => value,
  greet: endpoint(async (_task, name: string) => `hello ${name}`),
  fail: (message: string) => {
    throw Object.assign(new TypeError(message), { code: "E_TEST", detail: 7 });
  },
  counting: context({ started: type<string>() }, async (task, to: number) => {
    await task.started("counting");
    return to;
  }),
});
