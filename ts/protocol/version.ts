// Which versions of the protocol are spoken: this release's own and the one before it, so that an artifact that was built
// with the previous release still runs.

/** The version that this release speaks. It rises when a frame or a body changes so that an older peer would misread it. */
export const PROTOCOL_VERSION = 1;

/** The oldest version that this release accepts; version 1 has none before it. */
export const MIN_PROTOCOL_VERSION = Math.max(1, PROTOCOL_VERSION - 1);

/** Whether a side that speaks `current` accepts a peer that offers `offered`: the same version or the one before it. */
export function accepts(current: number, offered: number): boolean {
  return Number.isInteger(offered) && offered >= 1 && (offered === current || offered === current - 1);
}

/** Whether this release accepts a peer that offers version `offered`. Anything but a whole number is not accepted. */
export function acceptsVersion(offered: number): boolean {
  return accepts(PROTOCOL_VERSION, offered);
}
