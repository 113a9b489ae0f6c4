// The actor whose type the host is given; its module is never evaluated there.
import { context, defineActor, endpoint, type } from "brood/actor";

export default defineActor({
  greet: endpoint(async (task, name: string) => {
    task.signal.throwIfAborted();
    const left: number | undefined = task.remaining();
    return `hello ${name}, within ${left} ms`;
  }),
  add: (a: number, b: number) => a + b,
  later: async (text: string, times = 2) => text.repeat(times),
  nothing: () => {},
  never: () => process.exit(0),
  counting: context({ started: type<string>() }, async (task, to: number) => {
    await task.started("counting");
    return to;
  }),
  /** Without a declared started value. */
  plain: context({}, async (task, times?: number) => {
    await task.started();
    return { times: times ?? 1 };
  }),
  anything: (value: any): any => value,
});
