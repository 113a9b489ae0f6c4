// What a spawn method is: the one interface behind which every kind of actor stands.
import type { ProcessOptions, SpawnMethod } from "../context/surface.js";
import type { Birth, Body, TransportSink } from "../protocol/transport.js";

/** What a method is given to make a body. */
export interface BodyRequest extends Birth {
  readonly options: ProcessOptions;
  /** One line of the actor's output. */
  output(stream: "stdout" | "stderr", text: string): void;
  readonly sink: TransportSink;
}

export interface SpawnMethodImplementation {
  readonly name: SpawnMethod;
  /** Refuses options that this method cannot honour, before anything is started. @throws InvalidOption, Unsupported */
  check(what: string, options: ProcessOptions): void;
  /** Makes a body. @throws where not even that is possible; nothing is left then */
  spawn(request: BodyRequest): Body;
}
