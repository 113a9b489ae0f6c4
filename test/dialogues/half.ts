// What one end of a stream must show its user: the model that a dialogue is held against. It is told what its user does and what is
// delivered to it, and says at once how each promise settles.
import { CreditWindow } from "#brood/protocol/credit.js";

/** Why something was refused. */
export interface Cause {
  readonly name: string;
  readonly is: (error: unknown) => boolean;
}

export type Outcome = { readonly value: unknown } | { readonly cause: Cause };

/** Something that a user awaits. */
export interface Op {
  readonly what: string;
  /** As the model says; undefined: it must wait. */
  expected: Outcome | undefined;
  /** As it is; undefined: it waits. */
  actual: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

interface Parked {
  /** undefined: the end. */
  readonly id: number | undefined;
  readonly bytes: number;
  readonly ops: Op[];
}

const NOTHING: Outcome = { value: undefined };
const DONE: Outcome = { value: "done" };

export class Half {
  readonly #window = new CreditWindow();
  readonly #parked: Parked[] = [];
  #closed: Cause | undefined;
  #end: Op[] | undefined;
  /** What must stand on the wire, in this order. */
  readonly sent: (number | "end")[] = [];
  readonly #unread: number[] = [];
  readonly #readers: Op[] = [];
  /** All that has come and was not dropped. */
  readonly arrived: number[] = [];
  #over: { readonly cause: Cause | undefined } | undefined;
  #discarding = false;
  /** Who reads is not foreseen: there were subscribers. */
  shared = false;

  get ended(): boolean {
    return this.#over !== undefined;
  }
  get parked(): number {
    return this.#parked.length;
  }
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  send(op: Op, id: number, bytes: number): void {
    if (this.#closed !== undefined) {
      op.expected = { cause: this.#closed };
    } else if (this.#parked.length === 0 && this.#window.take(bytes)) {
      this.sent.push(id);
      op.expected = NOTHING;
    } else {
      this.#parked.push({ id, bytes, ops: [op] });
    }
  }

  endSending(op: Op, after: Cause): void {
    if (this.#end !== undefined) {
      const waits = this.#parked.find((one) => one.id === undefined);
      if (waits === undefined) op.expected = NOTHING;
      else waits.ops.push(op);
      return;
    }
    if (this.#closed !== undefined) {
      op.expected = NOTHING;
      return;
    }
    this.#closed = after;
    this.#end = [op];
    if (this.#parked.length > 0) {
      this.#parked.push({ id: undefined, bytes: 0, ops: this.#end });
    } else {
      this.sent.push("end");
      op.expected = NOTHING;
    }
  }

  granted(messages: number, bytes: number): void {
    this.#window.grant(messages, bytes);
    for (let next = this.#parked[0]; next !== undefined; next = this.#parked[0]) {
      if (next.id !== undefined && !this.#window.take(next.bytes)) return;
      this.#parked.shift();
      this.sent.push(next.id ?? "end");
      for (const op of next.ops) op.expected = NOTHING;
    }
  }

  read(op: Op): void {
    const id = this.#unread.shift();
    if (id !== undefined) op.expected = { value: id };
    else if (this.#over !== undefined) op.expected = this.#atEnd();
    else this.#readers.push(op);
  }

  arrives(id: number): void {
    if (this.#over !== undefined) return;
    this.arrived.push(id);
    if (this.#discarding) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#unread.push(id);
    else reader.expected = { value: id };
  }

  /** The other end is over, or sends nothing more: what has come is read first. */
  finish(cause: Cause | undefined, refusal?: Cause): void {
    if (refusal !== undefined) this.#close(refusal);
    if (this.#over === undefined || this.#over.cause === undefined) this.#over = { cause };
    for (const reader of this.#readers.splice(0)) reader.expected = this.#atEnd();
  }

  /** It is over at once. */
  cut(cause: Cause): void {
    this.#close(cause);
    if (this.#over !== undefined) return;
    this.#unread.length = 0;
    this.finish(cause);
  }

  /** The user's scope is over. */
  abandon(after: Cause): void {
    if (this.#closed === undefined) this.endSending({ what: "", expected: undefined, actual: undefined }, after);
    this.#discarding = true;
    this.#unread.length = 0;
  }

  #close(cause: Cause): void {
    this.#closed ??= cause;
    for (const { id, ops } of this.#parked.splice(0))
      for (const op of ops) op.expected = id === undefined ? NOTHING : { cause };
  }

  #atEnd(): Outcome {
    return this.#over?.cause === undefined ? DONE : { cause: this.#over.cause };
  }
}
