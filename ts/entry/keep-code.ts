// Writes compiled code into the cache: whole or not at all. Where there is no room for it, or no way, the next start compiles again.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { loadForkserver } from "../native/load.js";

export function keepCode(to: string, code: Uint8Array): void {
  try {
    loadForkserver().writeWhole(to, code);
  } catch {
    writeBeside(to, code);
  }
}

/** On file systems where a file must have a name from the start: under another one, which is left if this process is killed now. */
function writeBeside(to: string, code: Uint8Array): void {
  const beside = `${to}.${process.pid}`;
  try {
    const fd = openSync(beside, "wx", 0o600);
    try {
      writeSync(fd, code);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, to);
  } catch {
    rmSync(beside, { force: true });
  }
}
