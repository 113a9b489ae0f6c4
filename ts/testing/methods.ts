// The spawn methods that the suite runs over.
import type { SpawnMethod } from "../context/surface.js";

export const METHODS: readonly SpawnMethod[] = ["forkserver", "exec", "wasm"];
