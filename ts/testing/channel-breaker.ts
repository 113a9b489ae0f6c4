// Breaks the channels of real process actors where a test says: it cuts, stalls or corrupts them at a chosen frame, for the host, the actor
// or both. It stands between both ends as a relay of whole frames, so that neither end has a part in it: while it is installed, the pair of
// sockets that a channel is made of is two pairs, with the relay in their middle. Until it is told to break something it changes nothing.
import { Socket } from "node:net";
import { loadForkserver } from "../native/load.js";
import { FrameType, HEADER_BYTES, MAX_FRAME_PAYLOAD } from "../protocol/frame.js";
import { dropSpares } from "../spawn/templates.js";

export type ChannelEnd = "host" | "actor";

/** What happens to a channel, and when. */
export interface Break {
  /** Who is to read the frame. */
  readonly to: ChannelEnd;
  /** Which frame of that direction, counted from 1; or the first for which this holds. */
  readonly at: number | ((frame: Frame) => boolean);
  /**
   * `cut`: the frame is lost, and the ends see the end of the channel. `tear`: the same behind half of the frame. `stall`: half of the frame
   * arrives, and the rest of the direction waits until `resume`. `corrupt`: the frame arrives with a type that does not exist.
   */
  readonly how: "cut" | "tear" | "stall" | "corrupt";
  /** Which ends see a cut; the other hears nothing more, not even an end. Default: both. */
  readonly ends?: readonly ChannelEnd[];
}

/** A frame that passes. */
export interface Frame {
  /** As in `FrameType`. */
  readonly type: number;
  readonly context: number;
  /** Bytes of its payload. */
  readonly length: number;
}

const BOTH: readonly ChannelEnd[] = ["host", "actor"];

/** The channel of one actor. */
export class BreakableChannel {
  readonly #lanes: Readonly<Record<ChannelEnd, Lane>>;
  readonly #sockets: Readonly<Record<ChannelEnd, Socket>>;
  #broken = false;
  #tellBroken!: () => void;
  /** Resolves when a break has happened. */
  readonly broken: Promise<void> = new Promise((resolve) => (this.#tellBroken = resolve));

  /** @param host @param actor the relay's sides of both */
  constructor(host: Socket, actor: Socket) {
    this.#sockets = { host, actor };
    this.#lanes = {
      host: new Lane(actor, host, (rule) => this.#break(rule)),
      actor: new Lane(host, actor, (rule) => this.#break(rule)),
    };
    for (const socket of [host, actor]) {
      socket.on("error", () => {});
      // An end that is gone is gone for the other as well, unless that is what was broken.
      socket.on("close", () => {
        if (!this.#broken) this.#close(BOTH);
      });
    }
  }

  /** Frames that this end was given so far. */
  frames(to: ChannelEnd): readonly Frame[] {
    return this.#lanes[to].passed;
  }

  /** Whether what this end was given stops within a frame. */
  isTorn(to: ChannelEnd): boolean {
    return this.#lanes[to].torn;
  }

  /** From now on; one break for each direction. */
  breakAt(rule: Break): void {
    this.#lanes[rule.to].rule = rule;
  }

  /** At once. */
  cut(ends: readonly ChannelEnd[] = BOTH): void {
    this.#broken = true;
    for (const lane of Object.values(this.#lanes)) lane.deafen();
    this.#close(ends);
    this.#tellBroken();
  }

  /** Lets a direction that stalls go on. */
  resume(to: ChannelEnd): void {
    this.#lanes[to].resume();
  }

  #break({ how, ends = BOTH }: Break): void {
    if (how === "cut" || how === "tear") this.cut(ends);
    else this.#tellBroken();
  }

  #close(ends: readonly ChannelEnd[]): void {
    // What was passed on before still arrives.
    for (const end of ends) this.#sockets[end].destroySoon();
  }
}

/** One direction: whole frames, in order. */
class Lane {
  readonly passed: Frame[] = [];
  torn = false;
  rule: Break | undefined;
  #deaf = false;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #breaks: (rule: Break) => void;
  #have: Buffer = Buffer.alloc(0);
  /** What of a frame is held back, while the direction stalls. */
  #held: Buffer | undefined;

  constructor(from: Socket, to: Socket, breaks: (rule: Break) => void) {
    this.#from = from;
    this.#to = to;
    this.#breaks = breaks;
    from.on("data", (bytes: Buffer) => {
      if (this.#deaf) return;
      this.#have = Buffer.concat([this.#have, bytes]);
      this.#pass();
    });
    from.on("end", () => {
      if (this.#deaf || this.#have.length === 0) return;
      // The sender has ended within a frame, by itself.
      this.torn = true;
      this.#to.write(this.#have);
    });
    to.on("drain", () => {
      if (this.#held === undefined) from.resume();
    });
  }

  /** Passes on nothing more. It reads on all the same, or it would not see the end of who sends. */
  deafen(): void {
    this.#deaf = true;
    this.#from.resume();
  }

  resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.torn = false;
    this.#to.write(held);
    this.#from.resume();
    this.#pass();
  }

  #pass(): void {
    while (this.#held === undefined && !this.#deaf && this.#have.length >= HEADER_BYTES) {
      const length = this.#have.readUInt32LE(0);
      const type = this.#have[4] as number;
      if (type === 0 || type > FrameType.Timer || length > MAX_FRAME_PAYLOAD) {
        // A fork that was made ahead is told who it is by other bytes, before the first frame: they pass as they are.
        const bytes = this.#have;
        this.#have = Buffer.alloc(0);
        this.#to.write(bytes);
        return;
      }
      const whole = HEADER_BYTES + length;
      if (this.#have.length < whole) return;
      const bytes = this.#have.subarray(0, whole);
      this.#have = this.#have.subarray(whole);
      this.#give(bytes, { type, context: bytes.readUInt32LE(6), length });
    }
  }

  #give(bytes: Buffer, frame: Frame): void {
    const rule = this.rule;
    const breaks =
      rule !== undefined && (typeof rule.at === "number" ? this.passed.length + 1 === rule.at : rule.at(frame));
    if (!breaks) {
      this.passed.push(frame);
      if (!this.#to.write(bytes)) this.#from.pause();
      return;
    }
    this.rule = undefined;
    const half = bytes.length >> 1;
    if (rule.how === "tear" || rule.how === "stall") {
      this.torn = true;
      this.#to.write(bytes.subarray(0, half));
    }
    if (rule.how === "stall") {
      this.passed.push(frame);
      this.#held = bytes.subarray(half);
      this.#from.pause();
    } else if (rule.how === "corrupt") {
      const wrong = Buffer.from(bytes);
      wrong[4] = 0xff;
      this.#to.write(wrong);
    }
    this.#breaks(rule);
  }
}

export class ChannelBreaker {
  readonly #remove: () => void;
  readonly #awaited: { readonly rule: Break | undefined; readonly tell: (channel: BreakableChannel) => void }[] = [];

  /** Installs it, for the process actors that this process starts from now on. One at a time. */
  constructor() {
    const native = loadForkserver();
    const own = native.socketPair;
    const pair = (): [number, number] => own.call(native);
    const socketOf = (fd: number): Socket => {
      const socket = new Socket({ fd, readable: true, writable: true });
      native.takeFd(fd);
      return socket;
    };
    // A fork has two pairs more, for its output, made in the same turn and after its channel.
    let turn = false;
    native.socketPair = () => {
      if (turn) return pair();
      turn = true;
      queueMicrotask(() => (turn = false));
      const [host, forHost] = pair();
      const [forActor, actor] = pair();
      const channel = new BreakableChannel(socketOf(forHost), socketOf(forActor));
      const awaited = this.#awaited.shift();
      if (awaited?.rule !== undefined) channel.breakAt(awaited.rule);
      awaited?.tell(channel);
      return [host, actor];
    };
    this.#remove = () => {
      native.socketPair = own;
      dropSpares();
    };
  }

  /** The channel of the process actor that is started next; call it just before. @param rule for that channel, from its first frame on */
  next(rule?: Break): Promise<BreakableChannel> {
    // What was forked ahead has its channel already.
    dropSpares();
    return new Promise((tell) => this.#awaited.push({ rule, tell }));
  }

  /** What is started from now on has an ordinary channel. Idempotent. */
  remove(): void {
    this.#remove();
  }
}
