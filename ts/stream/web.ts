// A stream as the web's two streams, where the runtime has those. They hold no messages of their own, so that credit is what it was.
import { Unsupported } from "../errors/kinds.js";
import type { Stream } from "./surface.js";

const web = globalThis as {
  ReadableStream?: typeof ReadableStream;
  WritableStream?: typeof WritableStream;
};

const missing = (what: string): Unsupported =>
  new Unsupported(what, "this actor's engine has no streams of the web; use send(), end() and for await");

/** @param leave nobody reads any more */
export function readableOf(next: Stream<unknown, unknown>["next"], leave: () => Promise<void>): ReadableStream {
  if (web.ReadableStream === undefined) throw missing("stream.readable");
  return new web.ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = await next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );
}

/** @param abort the writer has given up, for this reason */
export function writableOf(
  { send, end }: Pick<Stream<unknown, unknown>, "send" | "end">,
  abort: (reason: unknown) => Promise<void>,
): WritableStream {
  if (web.WritableStream === undefined) throw missing("stream.writable");
  return new web.WritableStream<unknown>({ write: send, close: end, abort }, { highWaterMark: 1 });
}
