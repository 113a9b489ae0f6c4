// The public names of the side that runs inside an actor.
export { context, defineActor, endpoint, type } from "./define.js";
export type {
  ActorDefinition,
  ActorInfo,
  ContextEndpoint,
  ContextTask,
  Dialogue,
  Endpoints,
  LogLevel,
  Nursery,
  Schema,
  StandardSchema,
  Task,
  TaskEndpoint,
  Type,
} from "../context/surface.js";
export type { Messages, Stream, SubscribeOptions, Subscription } from "../stream/surface.js";
export type { ActorId } from "../errors/identity.js";
