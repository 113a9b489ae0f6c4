// Where the compiled code of an actor's entry is kept between starts: a directory that is this user's alone, or nowhere. Code
// from there is run, so a directory that others could write to, or that is a link, is not used.
import { lstatSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

let directory: { readonly path: string | undefined } | undefined;

/** The private directory; undefined where there is none to be had. Looked at once. */
function privateDirectory(): string | undefined {
  directory ??= { path: findDirectory() };
  return directory.path;
}

function findDirectory(): string | undefined {
  // POSIX only: elsewhere a mode does not say who may write.
  if (process.getuid === undefined) return undefined;
  const given = process.env["BROOD_CACHE_DIR"];
  const base = process.env["XDG_CACHE_HOME"] || join(process.env["HOME"] || homedir(), ".cache");
  const path = given === undefined ? join(base, "brood") : given;
  if (!isAbsolute(path)) return undefined;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0 ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The file for the code of `entry` under these flags; V8 checks version, flags and length of the source itself, and refuses
 * what does not fit.
 */
export function codeCacheFile(entry: string, flags: readonly string[]): string | undefined {
  const directory = privateDirectory();
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
