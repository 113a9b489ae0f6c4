// The errors of streams.
import { BroodError } from "./base.js";
import { at, sentence, type Whereabouts } from "./kinds.js";

/** A stream was used after its end: one's own (`by` is "you"), or that of the other side. */
export class StreamClosed extends BroodError {
  static readonly code = "ERR_BROOD_STREAM_CLOSED";
  readonly code = StreamClosed.code;
  override readonly name = "StreamClosed";
  readonly endpoint: string;
  /** Who has ended it. */
  readonly by: "you" | "peer";
  readonly why: string;

  constructor(endpoint: string, by: StreamClosed["by"], why: string, where?: Whereabouts) {
    super(`stream closed: ${endpoint}:${at(where)} ${sentence(why)}`);
    this.endpoint = endpoint;
    this.by = by;
    this.why = why;
  }
}

/** Two users at once: a stream is read while its subscribers, or its `readable`, have it. */
export class StreamBusy extends BroodError {
  static readonly code = "ERR_BROOD_STREAM_BUSY";
  readonly code = StreamBusy.code;
  override readonly name = "StreamBusy";
  readonly endpoint: string;
  readonly why: string;

  constructor(endpoint: string, why: string) {
    super(`stream busy: ${endpoint}: ${sentence(why)}`);
    this.endpoint = endpoint;
    this.why = why;
  }
}
