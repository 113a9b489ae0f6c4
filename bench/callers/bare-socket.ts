// A Unix socket between two Node processes, and nothing on it: what a round trip costs at least.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export async function bareSocket(): Promise<{ trip(message: Uint8Array): Promise<number>; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  const path = join(directory, "socket");
  const server = createServer().listen(path);
  await once(server, "listening");
  const child = spawn(process.execPath, [fileURLToPath(new URL("../peers/socket-echo.js", import.meta.url)), path]);
  const [socket] = (await once(server, "connection")) as [Socket];
  return {
    trip: (message) =>
      new Promise((resolve) => {
        let length = 0;
        const came = (bytes: Uint8Array): void => {
          length += bytes.length;
          if (length < message.length) return;
          socket.off("data", came);
          resolve(length);
        };
        socket.on("data", came);
        socket.write(message);
      }),
    async close() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
      socket.destroy();
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}
