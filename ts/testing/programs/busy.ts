// A host that is busy in every way that Node has, and forks itself in the midst of it. Whatever of the host runs in a child, notes that in a
// file. Prints what has run in the host, and how its forks ended.
import { spawn } from "node:child_process";
import {
  appendFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { Transform } from "node:stream";
import { createServer as createHttp, get } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "../gate.js";
import { openNursery } from "../../nursery/open.js";
import { actor, source } from "../../nursery/source.js";

const forks = Number(process.argv[2] ?? 50);
const directory = mkdtempSync(join(tmpdir(), "busy-"));
const trespasses = join(directory, "trespasses");
writeFileSync(trespasses, "");
/** As the kernel says it: the number that JavaScript has may be put right by then. */
const self = (): string => readlinkSync("/proc/self");
const host = self();
const ran: Record<string, number> = {};
const mark = (what: string): void => {
  if (self() !== host) appendFileSync(trespasses, `${what} ran in ${self()}\n`);
  ran[what] = (ran[what] ?? 0) + 1;
};

/** What only the host may do, and does all the time. */
function beBusy(): () => Promise<void> {
  const timers = [
    setInterval(() => mark("an interval"), 1),
    setInterval(() => writeFileSync(join(directory, "watched"), ""), 5),
  ];
  const state = { over: false };
  const immediately = (): void => {
    mark("an immediate");
    if (!state.over) setTimeout(() => setImmediate(immediately), 0);
  };
  setImmediate(immediately);
  void (async () => {
    while (!state.over) {
      await readFile(fileURLToPath(import.meta.url));
      mark("a file read");
    }
  })();
  void (async () => {
    while (!state.over) {
      await sleep(2);
      mark("a promise of a timer");
    }
  })();
  const deadlines = setInterval(() => {
    AbortSignal.timeout(3).addEventListener("abort", () => mark("AbortSignal.timeout"));
  }, 7);
  const path = join(directory, "socket");
  const echo = createServer((socket) => socket.on("data", (data) => (mark("a socket's data"), socket.write(data))));
  echo.listen(path, () => {
    const client = connect(path).on("data", () => mark("an echo"));
    timers.push(setInterval(() => client.write("x"), 1));
  });
  const web = createHttp((_request, response) => (mark("a request"), response.end("ok"))).listen(0, "127.0.0.1", () => {
    const ask = (): void => {
      if (state.over) return;
      get({ port: (web.address() as AddressInfo).port, agent: false }, (response) =>
        response.resume().on("end", () => {
          mark("a response");
          setTimeout(ask, 1);
        }),
      ).on("error", (error) => {
        if (!state.over) mark(`a failed request: ${error.message}`);
      });
    };
    ask();
  });
  // A connection of its own to a server that everybody reaches: whatever is sent comes back, and in order.
  const [sent, back]: [number[], number[]] = [[], []];
  const tcp = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1", () => {
    const client = connect((tcp.address() as AddressInfo).port, "127.0.0.1");
    client.on("data", (data) => (mark("a TCP echo"), back.push(...data)));
    timers.push(
      setInterval(() => {
        sent.push(sent.length % 256);
        client.write(Buffer.from(sent.slice(-1)));
      }, 1),
    );
  });
  // A request that is never answered, and a file that is copied piece by piece, over and over.
  const silent = createHttp(() => mark("a request without an answer")).listen(0, "127.0.0.1", () => {
    void fetch(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`).catch(() => mark("a pending fetch ends"));
  });
  const [original, copy] = [join(directory, "original"), join(directory, "copy")];
  writeFileSync(original, randomBytes(2_000_000));
  const copying = (async () => {
    while (!state.over) {
      const slow = new Transform({
        transform: (piece: Buffer, _encoding, done) => void setTimeout(() => (mark("a piece"), done(null, piece)), 1),
      });
      await pipeline(createReadStream(original), slow, createWriteStream(copy));
      mark(readFileSync(original).equals(readFileSync(copy)) ? "a copy" : "a broken copy");
    }
  })();
  const watcher = watch(directory, () => mark("a watch"));
  process.on("SIGUSR2", () => mark("a signal"));
  const signals = setInterval(() => process.kill(process.pid, "SIGUSR2"), 20);
  process.on("exit", () => mark("an exit listener"));
  const child = spawn("sleep", ["1000"], { stdio: "ignore" }).on("exit", () => mark("a child's exit"));
  return async () => {
    state.over = true;
    await copying;
    for (const timer of [...timers, deadlines, signals]) clearInterval(timer);
    await until("all that was sent is back", () => back.length === sent.length);
    mark(back.every((byte, at) => byte === sent[at]) ? "all echoes in order" : "a wrong echo");
    watcher.close();
    tcp.close();
    silent.close();
    silent.closeAllConnections();
    child.kill();
    mark(existsSync(path) ? "the socket's path is there" : "the socket's path is gone");
    echo.close();
    web.close();
    web.closeAllConnections();
  };
}

const idle = beBusy();
await sleep(200);
const what = actor<typeof import("../actors/worked.js")>(new URL("../actors/worked.js", import.meta.url));
const ended: Record<string, number> = {};
const times: number[] = [];
{
  await using nursery = await openNursery({ onDeath: "report" });
  // A guest of the host lives on meanwhile.
  const guest = await nursery.start(source<{ add(a: number, b: number): number }>("({ add: (a, b) => a + b })"), {
    name: "guest",
  });
  for (let count = 0; count < forks; count++) {
    const from = performance.now();
    const portal = await nursery.start(what, { name: `fork-${count}`, spawn: "main_thread_forkserver" });
    times.push(performance.now() - from);
    const [code] = await Promise.all([portal.call("work", 0), portal.call("leave", count % 256).catch(() => {})]);
    const exit = await portal.exited;
    const how = exit.kind === "exited" && exit.code === count % 256 ? "exact" : JSON.stringify(exit);
    ended[`${code} ${how}`] = (ended[`${code} ${how}`] ?? 0) + 1;
    if ((await guest.call("add", count, 1)) !== count + 1) ended["the guest is wrong"] = 1;
  }
}
await idle();
await sleep(50);
const told = { ran, ended, trespasses: readFileSync(trespasses, "utf8"), p50: times.sort((a, b) => a - b)[forks >> 1] };
process.stdout.write(`${JSON.stringify(told)}\n`);
rmSync(directory, { recursive: true });
process.exit(0);
