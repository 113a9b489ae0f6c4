// Tells a time that a law took. The law asserts a bound that holds on a busy machine; the figure says how far from it we are.

/** Prints one line for people. */
export function measured(what: string, ms: number): void {
  process.stdout.write(`  measured: ${what}: ${ms.toFixed(1)} ms\n`);
}
