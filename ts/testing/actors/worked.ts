// Does a little of everything that a process can do, so that one sees whether it can: timers, files, a server, a child process,
// WebAssembly, and garbage that has to be collected.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { defineActor } from "../../actor/index.js";

/** (module (func (export "f") (result i32) i32.const 42)) */
const MODULE = "AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEqCw==";

let working: Promise<unknown> = Promise.resolve();

async function all(): Promise<string> {
  await sleep(2);
  if ((await readFile(fileURLToPath(import.meta.url))).length === 0) return "no file";
  for (let round = 0; round < 8; round++) {
    const garbage = Array.from({ length: 10_000 }, (_, at) => ({ at, text: `garbage ${at}` }));
    if (garbage.length !== 10_000) return "no memory";
    await sleep(0);
  }
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [data] = (await once(client, "data")) as [Buffer];
  server.close();
  if (data.toString() !== "hello") return "no server";
  const { stdout } = await promisify(execFile)("echo", ["child"]);
  if (stdout !== "child\n") return "no child";
  const { Instance, Module } = (globalThis as unknown as { WebAssembly: any }).WebAssembly;
  if (new Instance(new Module(Buffer.from(MODULE, "base64"))).exports.f() !== 42) return "no WebAssembly";
  return "all";
}

export default defineActor({
  /** What it has done; with 0 everything, else less, as most do. */
  work: (how: number): Promise<string> => (working = how === 0 ? all() : sleep(1).then(() => "all")) as Promise<string>,
  /** Leaves with a code when that is done. */
  leave: async (code: number): Promise<void> => {
    await working;
    // After the answer.
    setImmediate(() => setImmediate(() => process.exit(code)));
  },
});
