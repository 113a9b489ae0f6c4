// Samples of which one is a start: of something that is ended again, outside of the time.

export interface Started {
  /** From the start to its first word in ms, or what else was measured of it. */
  readonly value: number;
  /** Ends it; resolves when it is gone. */
  end(): Promise<unknown>;
}

export async function starts(samples: number, one: () => Promise<Started>): Promise<number[]> {
  const values: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const { value, end } = await one();
    values.push(value);
    await end();
  }
  return values;
}
