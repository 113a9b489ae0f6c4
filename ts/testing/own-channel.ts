// Finds an actor's own end of its channel, for laws about what happens behind brood's back. A fresh process has it at a fixed number,
// a fork wherever there was room.
import { readdirSync, readlinkSync } from "node:fs";

/** The first socket beyond standard input, output and error. Inside a process actor. */
export function ownChannel(): number {
  const fds = readdirSync("/proc/self/fd").map(Number);
  for (const fd of fds.sort((a, b) => a - b)) {
    if (fd <= 2) continue;
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:")) return fd;
    } catch {
      // The descriptor that read the directory.
    }
  }
  throw new Error("this process has no channel");
}
