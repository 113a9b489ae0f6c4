// Where brood keeps compiled code between starts: a directory that is this user's alone, or nowhere. Code from there is run, so a
// directory that others could write to, or that is a link, is not used.
import { lstatSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

let directory: { readonly path: string | undefined } | undefined;

/** The directory; undefined where there is none to be had. Looked at once. */
export function cacheDirectory(): string | undefined {
  directory ??= { path: findDirectory() };
  return directory.path;
}

/**
 * Says which directory to use from now on.
 * @param path absolute; undefined: none
 * @returns false where it is not this user's alone: nothing has changed then
 */
export function useCacheDirectory(path: string | undefined): boolean {
  if (path !== undefined && !isPrivateDirectory(path)) return false;
  directory = { path };
  return true;
}

function findDirectory(): string | undefined {
  const given = process.env["BROOD_CACHE_DIR"];
  const base = process.env["XDG_CACHE_HOME"] || join(process.env["HOME"] || homedir(), ".cache");
  const path = given === undefined ? join(base, "brood") : given;
  return isPrivateDirectory(path) ? path : undefined;
}

/** Whether a directory is this user's alone. Makes it where it is not there. */
export function isPrivateDirectory(path: string): boolean {
  // POSIX only: elsewhere a mode does not say who may write.
  if (process.getuid === undefined || !isAbsolute(path)) return false;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.getuid() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
