// The body of an actor, a process or an instance, and what it and its owner tell each other. A body either speaks frames, over a
// transport, or it has exports, which are called as they are, with no frame in between.
import type { ActorId } from "../errors/identity.js";
import type { Transport, TransportSink } from "./transport.js";

/** How an actor's body ended, as the system or the engine tells it. */
export type BodyEnd = {
  readonly status:
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "signalled"; readonly signal: string }
    | { readonly kind: "lost" }
    /** What hosts it has ended it: a limit, a trap, a breach of the protocol. */
    | { readonly kind: "failed"; readonly error: Error }
    /** There never was a body: why, and whether its code was at fault or the place for it. */
    | { readonly kind: "unborn"; readonly error: Error; readonly phase?: "load" | "spawn" };
  /** The last lines of standard error, oldest first. */
  readonly stderr: readonly string[];
  /** Set where the body died of its memory limit: why, in words. */
  readonly memory?: string;
};

/** How far a start had come when its time was over, and what it waited for, in words. */
export interface Lateness {
  readonly phase: "spawn" | "hello" | "load";
  readonly got: string;
  /** Where that has an error of its own. */
  readonly cause?: Error;
}

/** What was made in place of what was asked for. */
export interface Instead {
  /** A spawn method. */
  readonly method: "exec";
  /** Why, in words. */
  readonly reason: string;
}

/** A started body. One owner: the actor's control. */
export interface Body {
  /** undefined as long as there is no process. */
  readonly pid: number | undefined;
  /** Set where another method had to make it; before it speaks. */
  readonly instead?: Instead | undefined;
  /** For the error of a start that takes too long: how far a body that does not speak yet has come. */
  doing?(): Lateness | undefined;
  /** It can be nobody else: what it is told need not wait until it has proved itself. */
  readonly known?: boolean;
  /** Its module as it is to load it, where its owner knows that by another name; before it speaks. */
  readonly module?: string | undefined;
  /** How long this process stood still to make it, in ms, where it did. */
  readonly pause?: number | undefined;
  /** It has ended, and only how is not known yet: `gone` follows. */
  readonly ended?: boolean;
  /** Its owner listens: from here on its sink is told. Once. */
  begin(): void;
  /** Asks by the system's means (SIGTERM, and SIGCONT so that a stopped process hears it). */
  terminate(): void;
  /** Ends it, and whatever it started in its group. Final. */
  kill(): void;
  /** Settles once, when it is gone, its output is read (within 500 ms) and its group is empty. Never rejects. */
  readonly gone: Promise<BodyEnd>;
}

/** What every body is told before it speaks: who it is to be, and the token that proves it. */
export interface Birth {
  readonly id: ActorId;
  /** Its place in the tree. */
  readonly path: string;
  readonly token: string;
  /** In how many ms it must be ready. */
  readonly startTimeout: number;
}

/** What a body tells its owner. */
export interface BodySink extends TransportSink {
  /** It speaks frames over `transport`; a guest is one that this process itself holds. Once, before anything is received. */
  speaks(transport: Transport, guest?: Guest): void;
  /** It has exports to be called, and is ready. Once. */
  offers(exports: Exports): void;
  /** A call of an export has its value. */
  returned(call: number, value: unknown): void;
  /** A call of an export has the error that its `result` carries. */
  threw(call: number, payload: unknown): void;
  /** A call of an export was not made after all. */
  refused(call: number, error: Error): void;
  /** A record of the actor's own log. */
  logged(level: number, text: string): void;
}

/** A JavaScript actor inside this process: it need not prove who it is, and its parser and printer of JSON are its fastest. */
export interface Guest {
  /** Gives the stack of one of its errors the lines of its sources. */
  readonly mapStack: (stack: string) => string;
  /** Bytes that it can have at all; what it has not sent to the end is among them. */
  readonly memory: number;
}

/** The exports of a component. */
export interface Exports {
  readonly table: ExportTable;
  /** @param name in full @throws InvalidMessage, Unsupported: nothing was called then */
  call(call: number, name: string, args: readonly unknown[]): void;
  /** Takes back a call that has not begun. False: it has. */
  withdraw(call: number): boolean;
  /** Lets the running call finish, drops the others, and ends the instance. */
  stop(): void;
}

/** What can be called, by full name: `add`, `acme:md/api@0.1.0#render`. */
export type ExportTable = ReadonlyMap<string, ExportEntry>;

export interface ExportEntry {
  /** Why it cannot be called, where it cannot: a type and its place. */
  readonly unsupported: string | undefined;
}
