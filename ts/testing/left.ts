// What of an actor is there, and how it went.
import assert from "node:assert/strict";
import type { Exit } from "../errors/exit.js";
import type { ActorId } from "../errors/identity.js";
import { isRemote } from "../errors/remote.js";
import { loadEngine } from "../native/load.js";
import type { LawEnv } from "./law.js";
import { isAlive } from "./processes.js";

/** Asserts that an actor left by itself, with this code (`leave.ts`). */
export function assertLeft(env: LawEnv, exit: Exit, code: number): void {
  if (env.has("process")) return assert.deepEqual(exit, { kind: "exited", code });
  assert.ok(exit.kind === "failed" && isRemote(exit.error, "Left"), JSON.stringify(exit));
  assert.equal(exit.error.remote.message, `left with ${code}`);
}

/** The same of an exit that another actor has told of: what is in it is data. */
export function assertToldLeft(env: LawEnv, exit: Exit, code: number): void {
  if (env.has("process")) return assertLeft(env, exit, code);
  const { remote } = (exit as { error?: { remote?: { name: string; message: string } } }).error ?? {};
  assert.deepEqual([exit.kind, remote?.name, remote?.message], ["failed", "Left", `left with ${code}`]);
}

/** Asserts that the actor is there; in this process it is the only one of its method. */
export function assertThere(env: LawEnv, id: ActorId | undefined): void {
  if (env.has("process")) assert.equal(isAlive(pidOf(id)), true, `${id?.name} is gone`);
  else assert.equal(loadEngine().stats().actors, 1);
}

/** Asserts that nothing of the actor is left; in this process it was the last of its method. */
export function assertGone(env: LawEnv, id: ActorId | undefined): void {
  // A fork that was not wanted any more before it was made never was anybody.
  if (["forkserver", "main_thread_forkserver"].includes(env.method) && id !== undefined && id.pid === undefined) return;
  if (env.has("process")) assert.equal(isAlive(pidOf(id)), false, `${id?.name} is still there`);
  else assert.equal(loadEngine().stats().actors, 0, `${id?.name} is still there`);
}

function pidOf(id: ActorId | undefined): number {
  assert.ok(id?.pid !== undefined, `${id?.name} never had a process`);
  return id.pid;
}
