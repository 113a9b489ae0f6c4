// Where the compiled code of an actor's entry is kept between starts.
import { statSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "./cache-directory.js";

/**
 * The file for the code of `entry` under these flags; V8 checks version, flags and length of the source itself, and refuses
 * what does not fit.
 */
export function codeCacheFile(entry: string, flags: readonly string[]): string | undefined {
  const directory = cacheDirectory();
  if (directory === undefined) return undefined;
  const { size, mtimeMs } = statSync(entry);
  const key = [process.version, process.arch, size, Math.round(mtimeMs).toString(36), hash(flags.join("\0"))].join("-");
  return join(directory, `entry-${key}.v8`);
}

/** FNV-1a, 32 bits: tells sets of flags apart, no more. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return (value >>> 0).toString(36);
}
