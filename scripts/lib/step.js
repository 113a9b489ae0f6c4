// One short line for each step that really ran, on stderr: stdout belongs to the main work.

/** Runs `body` and says that it ran and how long it took; a failure is told by whoever catches it. */
export async function step(name, body) {
  const since = performance.now();
  const result = await body();
  process.stderr.write(`setup  ${name}  (${((performance.now() - since) / 1_000).toFixed(1)} s)\n`);
  return result;
}
