// Something that can be streamed from.
export interface Streamer {
  /** Asks for so many messages, and takes them; how many bytes came. */
  take(count: number): Promise<number>;
  close(): Promise<void>;
}
