// Samples of which one is a start: of something that is ended again, outside of the time.

export interface Started {
  /** From the start to its first word. */
  readonly ms: number;
  /** Ends it; resolves when it is gone. */
  end(): Promise<unknown>;
}

export async function starts(samples: number, one: () => Promise<Started>): Promise<number[]> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const { ms, end } = await one();
    times.push(ms);
    await end();
  }
  return times;
}
