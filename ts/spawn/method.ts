// What a spawn method is: the one interface behind which every kind of actor stands.
import type { Birth, Body, TransportSink } from "../protocol/transport.js";

/** The options of a start that concern the body and not the actor. */
export interface BodyOptions {
  readonly env?: { readonly [name: string]: string | undefined } | undefined;
  readonly cwd?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
}

/** What a method is given to make a body. */
export interface BodyRequest extends Birth {
  readonly options: BodyOptions;
  /** One line of the actor's output. */
  output(stream: "stdout" | "stderr", text: string): void;
  readonly sink: TransportSink;
}

export interface SpawnMethodImplementation {
  /** Refuses options that this method cannot honour, before anything is started. @throws InvalidOption, Unsupported */
  check(what: string, options: BodyOptions): void;
  /** Makes a body. @throws where not even that is possible; nothing is left then */
  spawn(request: BodyRequest): Body;
}
