// A channel's transport over one end of a Unix socketpair, the same in the host and in a process actor. All of a process read into one
// buffer, which is used again for every chunk: who receives a chunk must be done with it when the call returns.
import { readSync } from "node:fs";
import { Socket } from "node:net";
import type { Transport, TransportSink } from "../protocol/transport.js";

/** Read at once: more than a socket of Linux holds (net.core.wmem_default is 208 KiB), so that most frames come in one piece. */
const READ_BYTES = 256 * 1024;

/** Of what is still read when the other end is gone: more than a socket holds, however large it was made. */
const MOST_LAST_BYTES = 1024 * 1024;

/** Made with the first. libuv reads for one socket at a time, and calls at once with what it has read. */
let shared: Uint8Array | undefined;

export class SocketTransport implements Transport {
  readonly #socket: Socket;
  /** Settles when nothing more will come. */
  readonly over: Promise<void>;

  constructor(fd: number, sink: TransportSink) {
    let over!: () => void;
    this.over = new Promise((resolve) => (over = resolve));
    const end = (): void => {
      over();
      sink.ended();
    };
    const buffer = (shared ??= new Uint8Array(READ_BYTES));
    this.#socket = new HearingSocket(() => readLast(fd, buffer, sink), {
      fd,
      readable: true,
      writable: true,
      onread: {
        buffer,
        callback: (bytes: number, chunk: Uint8Array): boolean => {
          sink.received(chunk.subarray(0, bytes));
          return true;
        },
      },
    } as SocketOptions);
    this.#socket.on("drain", () => sink.drained());
    // A reset or a broken pipe is an end like any other; `close` always follows.
    this.#socket.on("error", () => {});
    this.#socket.on("end", end);
    this.#socket.on("close", end);
    // With onread there is no flow to ask for: reading starts at once.
    this.#socket.read(0);
  }

  get ahead(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0;
  }

  writeBoth(head: Uint8Array, body: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(body);
    this.#socket.uncork();
    return this.#socket.writableLength === 0;
  }

  soon(work: () => void): void {
    process.nextTick(work);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

type SocketOptions = ConstructorParameters<typeof Socket>[0];

/** A socket that a failed write does not keep from what came before: Node closes it then, read or not. */
class HearingSocket extends Socket {
  readonly #hear: () => void;

  /** @param hear before it is closed on account of an error */
  constructor(hear: () => void, options: SocketOptions) {
    super(options);
    this.#hear = hear;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error !== null) this.#hear();
    // oxlint-disable-next-line no-underscore-dangle -- Node's name for what a kind of stream does at its end
    super._destroy(error, callback);
  }
}

/** What the other end has written before it was gone: how it ended is in there. Never waits. */
function readLast(fd: number, buffer: Uint8Array, sink: TransportSink): void {
  for (let left = MOST_LAST_BYTES; left > 0;) {
    let bytes: number;
    try {
      bytes = readSync(fd, buffer);
    } catch {
      // Nothing is there, and nothing will come.
      return;
    }
    if (bytes === 0) return;
    left -= bytes;
    sink.received(buffer.subarray(0, bytes));
  }
}
