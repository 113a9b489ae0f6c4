// The actor that lists what a package exports. It keeps what it has parsed (see api.ts), so the same one is used for many
// packages; how much it may keep is up to its heap cap.
import { defineActor } from "brood/actor";
import { listApi } from "./api.js";
import type { ApiListing } from "./listing.js";

export default defineActor({
  /** The exported API of the package in this directory. */
  describe: (packageDir: string): ApiListing => listApi(packageDir),
});
