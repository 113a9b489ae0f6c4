// brood's side of the streams: what peers/stream-*.ts are to the others.
import { context, defineActor, type } from "brood/actor";

export default defineActor({
  /** Sends the message so often, when it is asked to. */
  source: context({ receives: type<number>(), sends: type<Uint8Array>() }, async (task, bytes: number) => {
    const message = new Uint8Array(bytes).fill(7);
    await task.started();
    for await (const count of task.stream) for (let i = 0; i < count; i++) await task.stream.send(message);
  }),
  /** Sends back what comes. */
  echo: context({ receives: type<Uint8Array>(), sends: type<Uint8Array>() }, async (task) => {
    await task.started();
    for await (const message of task.stream) await task.stream.send(message);
  }),
});
