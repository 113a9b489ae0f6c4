// The public names of brood on the host's side, and nothing else.
// oxlint-disable-next-line no-unassigned-import -- SIGUSR2 prints the dump of every program that has brood
import "./observe/signal.js";
export { actor, component, source } from "./nursery/source.js";
export { openCluster, type Cluster, type ClusterOptions } from "./nursery/cluster.js";
export { configure, type Configuration } from "./nursery/configure.js";
export { gather, type Entry, type Gathered } from "./nursery/gather.js";
export { offer } from "./nursery/offer.js";
export { openNursery, withNursery } from "./nursery/open.js";
export { shared, type SharedOptions, type Use } from "./nursery/shared.js";
export { broadcast, type Broadcast } from "./stream/broadcast.js";
export { dumpTree } from "./observe/dump.js";
export { formatTree } from "./observe/format.js";
export { pool } from "./supervisor/pool.js";
export type { Pool, PoolCalls, PoolOptions, PoolStats, PoolTimes } from "./supervisor/pool-surface.js";
export { openSupervisor } from "./supervisor/open.js";
export { BroodError, isBroodError } from "./errors/base.js";
export { ERROR_CODES, type ErrorCode } from "./errors/codes.js";
export {
  ArtifactRefused,
  CompileRefused,
  CpuLimitExceeded,
  EngineFailed,
  GuestTrapped,
  HouseFull,
  NotGranted,
  WallLimitExceeded,
  type ArtifactReason,
  type RefusalReason,
  type TrapKind,
} from "./errors/guest.js";
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
  type RefusedValue,
} from "./errors/kinds.js";
export { StreamBusy, StreamClosed } from "./errors/stream.js";
export { PoolClosed, PoolFull } from "./errors/pool.js";
export {
  ChildStartFailed,
  Restarted,
  SupervisorClosed,
  SupervisorFailed,
  type ChildFailure,
} from "./errors/supervision.js";
export { TemplateFailed, type TemplateReason } from "./errors/template.js";
export type { Exit } from "./errors/exit.js";
export type { ActorId } from "./errors/identity.js";
export { isRemote, RemoteActorError, type RemoteError } from "./errors/remote.js";
export type {
  ActorSource,
  ActorStats,
  ActorStatus,
  CallOptions,
  CommonOptions,
  ComponentOptions,
  Context,
  EndpointsOf,
  Limits,
  LogLevel,
  Nursery,
  NurseryOptions,
  OutputLine,
  Portal,
  ProcessOptions,
  RunOptions,
  SourceKind,
  SpawnMethod,
  StartOptions,
  StdioOption,
  WasmOptions,
} from "./context/surface.js";
export type { Messages, Stream, SubscribeOptions, Subscription } from "./stream/surface.js";
export type {
  ActorDump,
  Amount,
  AskedDump,
  CancelDump,
  ChildDump,
  DumpOptions,
  PartDump,
  PoolDump,
  ProcessFigures,
  ScopeDump,
  StreamDump,
  SubscribersDump,
  SupervisionDump,
  TaskDump,
  TreeDump,
} from "./protocol/tree.js";
export type { AutoShutdown } from "./supervisor/exits.js";
export type { ChildStatus } from "./supervisor/life.js";
export type { RestartType, Strategy } from "./supervisor/strategy.js";
export type {
  ActorChild,
  BackoffOptions,
  ChildCounts,
  ChildInfo,
  ChildOptions,
  ChildSpec,
  ChildSupervisorOptions,
  Supervisor,
  SupervisorChild,
  SupervisorOptions,
  WaitOptions,
} from "./supervisor/surface.js";
