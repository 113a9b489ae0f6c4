// Near misses for error texts: what a mistyped name was probably meant to be. Of many names five are shown and the rest counted.

/** Names shown at most (facts, semantics section 7). */
const SHOWN = 5;

/** Edit distance (Levenshtein, one row), enough for names. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(
        (row[j] as number) + 1,
        (next[j - 1] as number) + 1,
        (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    row = next;
  }
  return row[b.length] as number;
}

/** `names`, nearest to `name` first, as text: at most five, the rest counted; "none" where there are none. */
export function listNames(names: readonly string[], name?: string): string {
  if (names.length === 0) return "none";
  const short = name === undefined || name.length > 64 ? undefined : name.toLowerCase();
  const sorted =
    short === undefined
      ? [...names]
      : names
          .map((candidate) => ({
            candidate,
            far: candidate.length > 64 ? 64 : distance(short, candidate.toLowerCase()),
          }))
          .sort((a, b) => a.far - b.far)
          .map(({ candidate }) => candidate);
  const shown = sorted.slice(0, SHOWN).join(", ");
  return sorted.length > SHOWN ? `${shown} and ${sorted.length - SHOWN} more` : shown;
}

/** " Did you mean x?" where a name is close enough, else "". */
export function didYouMean(names: readonly string[], name: string): string {
  if (name.length > 64) return "";
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const far = distance(name.toLowerCase(), candidate.slice(0, 64).toLowerCase());
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best === undefined ? "" : ` Did you mean ${best}?`;
}
