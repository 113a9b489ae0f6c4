// The public names of brood on the host's side, and nothing else.
export { actor } from "./nursery/source.js";
export { openNursery, withNursery } from "./nursery/open.js";
export { BroodError, isBroodError } from "./errors/base.js";
export { ERROR_CODES, type ErrorCode } from "./errors/codes.js";
export {
  ActorDied,
  Cancelled,
  DeadlineExceeded,
  InvalidMessage,
  InvalidOption,
  MemoryLimitExceeded,
  NativeMissing,
  NurseryClosed,
  ProtocolError,
  StartFailed,
  UnknownEndpoint,
  Unsupported,
  type CancelOrigin,
  type CancelScope,
  type CancelVia,
} from "./errors/kinds.js";
export type { Exit } from "./errors/exit.js";
export type { ActorId } from "./errors/identity.js";
export { isRemote, RemoteActorError, type RemoteError } from "./errors/remote.js";
export type {
  ActorSource,
  ActorStats,
  ActorStatus,
  CallOptions,
  CommonOptions,
  Context,
  EndpointsOf,
  LogLevel,
  Nursery,
  NurseryOptions,
  OutputLine,
  Portal,
  ProcessOptions,
  RunOptions,
  SpawnMethod,
  StartOptions,
  StdioOption,
} from "./context/surface.js";
