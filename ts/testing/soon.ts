// A bound on what a law waits for, so that what would hang fails instead, and says what it was.

/** Settles as `work` does; rejects with `what` where that takes more than `ms`. */
export async function soon<T>(what: string, work: Promise<T>, ms = 5_000): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
