// Samples, one after the other.

/** What `one` measures, so many times. */
export async function repeated(samples: number, one: () => Promise<number>): Promise<number[]> {
  const found: number[] = [];
  for (let sample = 0; sample < samples; sample++) found.push(await one());
  return found;
}
