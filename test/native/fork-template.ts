// A template that the laws of the fork start: it tells what it has, and serves; each child does what its payload names.
// Children leave by `exitNow` alone: what else it takes to leave a forked Node is not the addon's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { pbkdf2 } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { ForkedChild } from "#brood/native/forkserver.js";
import { loadForkserver } from "#brood/native/load.js";

const CONTROL = 3;
const LIFELINE = 4;
const native = loadForkserver();
const { gc, WebAssembly } = globalThis as unknown as {
  gc(): void;
  WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };
};

/** Keeps at most 30 arrays of 1,000 objects, and makes `count`. */
const kept: object[][] = [];
function churn(count: number): void {
  for (let number = 0; number < count; number += 1) {
    kept.push(Array.from({ length: 1_000 }, (_, index) => ({ number, index, text: `x${index}` })));
    if (kept.length > 30) kept.splice(0, 15);
  }
}

function churnFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) churn(5);
}

const descriptors = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`;
    } catch {
      // The one that reads this very directory.
      return [];
    }
  });

const say = (child: ForkedChild, text: string): void => void writeSync(child.descriptors[0] as number, text);

/** What a child does, by the first word of its payload. */
const ACTS: Record<string, (child: ForkedChild, rest: string[]) => unknown> = {
  report(child) {
    const { pid, ppid, seq, seed } = child;
    const status = readFileSync("/proc/self/status", "utf8");
    const oom = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
    say(
      child,
      JSON.stringify({
        pid,
        ppid,
        seq,
        seed: [...seed],
        status,
        oom,
        descriptors: descriptors(),
        given: child.descriptors,
      }),
    );
    return 0;
  },
  code: (_child, [code]) => Number(code),
  signal(_child, [signal]) {
    process.kill(Number(readlinkSync("/proc/self")), signal as NodeJS.Signals);
    for (;;);
  },
  stay: async (child) => {
    say(child, "here\n");
    await sleep(1e6);
  },
  busy(child) {
    say(child, "here\n");
    for (;;);
  },
  async works(child) {
    const done: string[] = [];
    const own = Number(readlinkSync("/proc/self"));

    await sleep(5);
    done.push("timers");
    await readFile("/proc/self/status");
    done.push("pool");
    await promisify(pbkdf2)("a", "b", 10, 10, "sha256");
    done.push("crypto");
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const) {
      const heard = once(process, signal);
      process.kill(own, signal);
      await heard;
    }
    done.push("signals");
    const [code] = await once(spawn("/bin/sh", ["-c", "exit 3"]), "exit");
    done.push(`processes ${code}`);
    const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as { port: number }).port, "127.0.0.1").setEncoding("utf8");
    const [text] = await once(socket, "data");
    done.push(`sockets ${text}`);
    gc();
    say(child, done.join(", "));
    return 0;
  },
  /** A host itself, of a template of its own. */
  async nested(child) {
    const { TestTemplate } = await import("./template-host.js");
    const template = await new TestTemplate().ready();
    const { exited, pid } = await template.run("report");
    await template.close();
    say(child, `${pid} ${exited.code}`);
    return 0;
  },
  /** Each file of a directory holds what is written here, and nothing else, though Node's own exit wakes threads of the template's. */
  async files(child, [directory, count]) {
    const open = Array.from({ length: Number(count) }, (_, number) => openSync(`${directory}/${number}`, "wx"));
    for (const [number, fd] of open.entries()) writeSync(fd, `${number}\n`);
    churn(300);
    gc();
    // It asks a thread, and on Node 20 none answers.
    void WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).catch(() => {});
    await sleep(20);
    say(child, "leaving\n");
    process.exit(0);
  },
  /** At least 20 scavenges, with a young generation of 1 MB, and a full collection; many more in one of ten. */
  pressure(child, [code]) {
    churn(400);
    gc();
    if (child.seq % 10 === 9) churnFor(800);
    return Number(code);
  },
};

async function become(child: ForkedChild): Promise<never> {
  const [act, ...rest] = Buffer.from(child.payload).toString().split(" ");
  // A loop that drains would take the exit that needs threads.
  setInterval(() => {}, 1e6);
  try {
    const code = await ACTS[act as string]?.(child, rest);
    return native.exitNow(code as number);
  } catch (error) {
    writeSync(2, `${(error as Error).stack}\n`);
    return native.exitNow(99);
  }
}

native.armLifeline(LIFELINE);
const order = process.argv[2];
try {
  native.tell(CONTROL, Buffer.from(JSON.stringify({ threads: native.threads() })));
} catch {
  // Its host has let go of it meanwhile.
  native.exitNow(0);
}
if (order === "pressure") {
  // One that collects right before each fork, which a template never does.
  for (;;) {
    churn(5);
    gc();
    const child = native.serveOne(CONTROL);
    if (child !== null) {
      await become(child);
      break;
    }
  }
} else {
  await become(native.serve(CONTROL));
}
