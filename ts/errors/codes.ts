// Every stable error code of brood, in one place. `docs/errors.md` lists the same codes; a test keeps the two equal.

/** Stable codes; `error.code` is one of these for every error that brood throws. */
export const ERROR_CODES = [
  "ERR_BROOD_ACTOR_DIED",
  "ERR_BROOD_ARTIFACT",
  "ERR_BROOD_CANCELLED",
  "ERR_BROOD_COMPILE_REFUSED",
  "ERR_BROOD_CPU_LIMIT",
  "ERR_BROOD_DEADLINE",
  "ERR_BROOD_ENGINE",
  "ERR_BROOD_FULL",
  "ERR_BROOD_INVALID_MESSAGE",
  "ERR_BROOD_INVALID_OPTION",
  "ERR_BROOD_MEMORY_LIMIT",
  "ERR_BROOD_NATIVE_MISSING",
  "ERR_BROOD_NOT_GRANTED",
  "ERR_BROOD_NURSERY_CLOSED",
  "ERR_BROOD_PROTOCOL",
  "ERR_BROOD_REMOTE",
  "ERR_BROOD_RESTARTED",
  "ERR_BROOD_START_FAILED",
  "ERR_BROOD_SUPERVISOR",
  "ERR_BROOD_SUPERVISOR_CLOSED",
  "ERR_BROOD_SUPERVISOR_START",
  "ERR_BROOD_TEMPLATE",
  "ERR_BROOD_TRAP",
  "ERR_BROOD_UNKNOWN_ENDPOINT",
  "ERR_BROOD_UNSUPPORTED",
  "ERR_BROOD_WALL_LIMIT",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];
