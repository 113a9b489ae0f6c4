// An actor with the schemas of zod and valibot.
import * as v from "valibot";
import { z } from "zod";
import { context, defineActor, endpoint } from "brood/actor";

const Order = z.object({ id: z.number().int(), items: z.array(z.string()).max(3) });

export default defineActor({
  order: endpoint({ args: [Order], result: z.string().transform((text) => text.length) }, (_task, order) =>
    order.items.join(","),
  ),
  chat: context(
    { started: v.pipe(v.string(), v.trim()), receives: Order, sends: v.pipe(v.number(), v.minValue(0)) },
    async (task, greeting: string) => {
      await task.started(greeting);
      for await (const order of task.stream) await task.stream.send(order.items.length);
      return "over";
    },
  ),
});
