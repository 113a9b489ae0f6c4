// What ties a child that is forked to its host: its channel, its two outputs, and its lifeline. Made before there is a child; until the
// child's owner takes the host's ends over, one call closes them all.
import { Socket } from "node:net";
import type { Lifeline } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import type { TransportSink } from "../protocol/transport.js";
import { ProcessOutput } from "./process-output.js";
import { SocketTransport } from "./socket-transport.js";

/** The host's ends in use. */
export interface OpenEnds {
  readonly transport: SocketTransport;
  readonly output: ProcessOutput;
}

export class ForkEnds {
  /** The host's ends. */
  readonly channel: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly lifeline: Lifeline;
  readonly #theirs: readonly number[];

  /** @throws where there is no room for more descriptors: then there are none */
  constructor() {
    const native = loadForkserver();
    const pairs: [number, number][] = [];
    try {
      for (let count = 0; count < 3; count++) pairs.push(native.socketPair());
      this.lifeline = new native.Lifeline();
    } catch (error) {
      for (const fd of pairs.flat()) native.closeFd(fd);
      throw error;
    }
    [this.channel, this.stdout, this.stderr] = pairs.map(([ours]) => ours) as [number, number, number];
    this.#theirs = pairs.map(([, theirs]) => theirs);
  }

  /** The child's ends, as a request for a fork names them. @param input its standard input; -1: that of what is forked */
  given(input = -1): { lifeline: number; stdio: [number, number, number]; descriptors: [number] } {
    const [channel, stdout, stderr] = this.#theirs as [number, number, number];
    return { lifeline: this.lifeline.readFd, stdio: [input, stdout, stderr], descriptors: [channel] };
  }

  /** The request is on its way, with copies of the child's ends. Once. */
  handedOver(): void {
    for (const fd of this.#theirs) loadForkserver().closeFd(fd);
    this.lifeline.handedOver();
  }

  /** Takes the host's ends into use, but for the lifeline. Once, in place of {@link drop}. */
  open(sink: TransportSink, output: ConstructorParameters<typeof ProcessOutput>[2]): OpenEnds {
    const native = loadForkserver();
    const transport = new SocketTransport(this.channel, sink);
    native.takeFd(this.channel);
    const streams = [this.stdout, this.stderr].map((fd) => {
      const stream = new Socket({ fd, readable: true, writable: false });
      native.takeFd(fd);
      return stream;
    }) as [Socket, Socket];
    return { transport, output: new ProcessOutput(...streams, output) };
  }

  /** Nobody has taken the host's ends over, and nobody will: a child that has the others ends. Once. */
  drop(): void {
    for (const fd of [this.channel, this.stdout, this.stderr]) loadForkserver().closeFd(fd);
    this.lifeline.release();
  }
}
