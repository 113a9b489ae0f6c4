// What a spawn method is: the one interface behind which every kind of actor stands.
import type { Birth, Body, BodySink } from "../protocol/body.js";

/** What is to be started. */
export type Source =
  | { readonly kind: "actor"; readonly module: URL }
  | { readonly kind: "component"; readonly origin: Origin }
  | { readonly kind: "source"; readonly code: string };

/** Where a component comes from. Its object is its identity. */
export type Origin =
  | { readonly file: string; readonly bytes: undefined; readonly isolated: boolean }
  | { readonly file: undefined; readonly bytes: Uint8Array; readonly isolated: boolean };

/** What a wasm actor may use; 0 ms: without limit. */
export interface ActorLimits {
  /** In bytes. */
  readonly memory: number;
  /** In ms. */
  readonly cpu: number;
  readonly cpuTotal: number;
  readonly wall: number;
  /** In bytes. */
  readonly output: number;
}

/** The options of a start that concern the body and not the actor. */
export interface BodyOptions {
  readonly env?: { readonly [name: string]: string | undefined } | undefined;
  readonly cwd?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
  /** `true`: the actor's own module. Else URLs of files, and names of packages. */
  readonly preload?: boolean | readonly string[] | undefined;
}

/** What a method is given to make a body. */
export interface BodyRequest extends Birth {
  readonly source: Source;
  readonly options: BodyOptions;
  /** The user has named the method: it is no default. */
  readonly explicit: boolean;
  readonly limits: ActorLimits;
  /** One line of the actor's output. */
  output(stream: "stdout" | "stderr", text: string): void;
  readonly sink: BodySink;
}

export interface SpawnMethodImplementation {
  /** Refuses options that this method cannot honour, before anything is started. @throws InvalidOption, Unsupported */
  check(what: string, options: BodyOptions): void;
  /** Makes a body. @throws where not even that is possible; nothing is left then */
  spawn(request: BodyRequest): Body;
}
