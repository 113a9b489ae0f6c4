// A channel's transport over one end of a Unix socketpair, the same in the host and in a process actor. All of a process read into one
// buffer, which is used again for every chunk: who receives a chunk must be done with it when the call returns.
import { Socket } from "node:net";
import type { Transport, TransportSink } from "../protocol/transport.js";

/** Read at once: more than a socket of Linux holds (net.core.wmem_default is 208 KiB), so that most frames come in one piece. */
const READ_BYTES = 256 * 1024;

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
    this.#socket = new Socket({
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
    } as ConstructorParameters<typeof Socket>[0]);
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
