// How a program is started so that it can be forked in the middle of its work: what `brood run` gives to Node.
import { entryFile } from "./entry-files.js";
import { templateFlags } from "./fork-support.js";

/** Flags of Node, before the program. */
export function liveFlags(): string[] {
  return [...templateFlags(), "--expose-internals", "--require", entryFile("live")];
}
