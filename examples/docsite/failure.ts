// What went wrong with one page, in words for its reader, from what brood's errors and exits say.
import {
  ActorDied,
  CpuLimitExceeded,
  DeadlineExceeded,
  MemoryLimitExceeded,
  RemoteActorError,
  WallLimitExceeded,
  type Exit,
  type Pool,
} from "brood";
import type { Failure } from "./page.js";

/** An error of one page's work; undefined where the error is not about that page, as when the whole run is being ended. */
export function failureOf(error: unknown, exit: Exit | undefined): Failure | undefined {
  if (error instanceof DeadlineExceeded)
    return { code: error.code, text: firstLine(error), actor: fate(error.actor.name, exit), stderr: [] };
  if (error instanceof ActorDied)
    return { ...whatDied(error), actor: fate(error.actor.name, error.exit), stderr: error.stderr };
  if (error instanceof RemoteActorError)
    return {
      code: error.code,
      text: firstLine(error),
      actor: "Its actor is well and went on with other pages.",
      stderr: [],
    };
  return undefined;
}

/** The same of a call of a pool. Who missed a deadline is sent away first, heard or unheard: its page may still keep it busy. */
export async function failureIn(pool: Pool<any>, error: unknown): Promise<Failure | undefined> {
  if (!(error instanceof DeadlineExceeded)) return failureOf(error, undefined);
  const late = pool.children.find(({ id }) => id.uuid === error.actor.uuid);
  await late?.cancel();
  return failureOf(error, await late?.exited);
}

function limitOf(exit: Exit): CpuLimitExceeded | MemoryLimitExceeded | WallLimitExceeded | undefined {
  if (exit.kind !== "failed") return undefined;
  const { error } = exit;
  return [CpuLimitExceeded, MemoryLimitExceeded, WallLimitExceeded].some((kind) => error instanceof kind)
    ? (error as CpuLimitExceeded)
    : undefined;
}

/** A limit says more than that the actor died. */
function whatDied(error: ActorDied): { code: string; text: string } {
  const limit = limitOf(error.exit);
  return { code: limit?.code ?? error.code, text: firstLine(limit ?? error) };
}

const firstLine = (error: Error): string => error.message.split("\n", 1)[0]!;

function fate(name: string, exit: Exit | undefined): string {
  switch (exit?.kind) {
    case "killed":
      return `Its actor ${name} did not hear the cancel either and was killed. Other pages went on in other actors.`;
    case "signalled":
      return `Its actor ${name} was ended by ${exit.signal}. Other pages went on in other actors.`;
    case undefined:
      return `Its actor was ${name}.`;
    default:
      return `Its actor ${name} is gone. Other pages went on in other actors.`;
  }
}
