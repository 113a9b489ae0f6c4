// Notes that somebody has read why a signal aborted: who knows the reason has met the failure, and is not told twice.

/** Calls `met` whenever the reason of `signal`, once it has aborted, is read or thrown. */
export function watchReason(signal: AbortSignal, met: () => void): void {
  const read = (): unknown => {
    if (signal.aborted) met();
    return reasonOf(signal);
  };
  Object.defineProperties(signal, {
    reason: { configurable: true, get: read },
    // Node's own does not go through `reason`.
    throwIfAborted: {
      configurable: true,
      value: () => {
        if (signal.aborted) throw read();
      },
    },
  });
}

function reasonOf(signal: AbortSignal): unknown {
  return Reflect.get(AbortSignal.prototype, "reason", signal);
}
