// What ties a child that is forked to its host: its channel, its two outputs, and its lifeline. Made before there is a child; until the
// child's owner takes the host's ends over, one call closes them all.
import type { Lifeline } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";

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

  /** The child's ends, as a request for a fork names them: its standard input is the template's. */
  get given(): { lifeline: number; stdio: [number, number, number]; descriptors: [number] } {
    const [channel, stdout, stderr] = this.#theirs as [number, number, number];
    return { lifeline: this.lifeline.readFd, stdio: [-1, stdout, stderr], descriptors: [channel] };
  }

  /** The request is on its way, with copies of the child's ends. Once. */
  handedOver(): void {
    for (const fd of this.#theirs) loadForkserver().closeFd(fd);
    this.lifeline.handedOver();
  }

  /** Nobody has taken the host's ends over, and nobody will: a child that has the others ends. Once. */
  drop(): void {
    for (const fd of [this.channel, this.stdout, this.stderr]) loadForkserver().closeFd(fd);
    this.lifeline.release();
  }
}
