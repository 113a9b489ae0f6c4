// The spawn methods that the suite runs over.
import type { SpawnMethod } from "../context/surface.js";

/** The host forks itself: the suite runs over it in a program of its own, which `brood run` has started. */
export const LIVE = "main_thread_forkserver" satisfies SpawnMethod;
export const METHODS: readonly SpawnMethod[] = ["forkserver", LIVE, "exec", "wasm"];
/** Those that any program has. */
export const PLAIN: readonly SpawnMethod[] = METHODS.filter((method) => method !== LIVE);
