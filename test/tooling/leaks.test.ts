// The leak check names what is extra, and complains of nothing else.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { leakCheck } from "../harness/leaks.js";

const law = suite("leak check");
const skip = process.platform !== "linux";

async function complaint(open: () => unknown, close: (opened: never) => unknown): Promise<string> {
  const leaks = leakCheck();
  leaks.snapshot();
  const opened = (await open()) as never;
  const error = await leaks.assertSame().then(
    () => undefined,
    (caught: Error) => caught,
  );
  await close(opened);
  await leaks.assertSame();
  return error?.message ?? "";
}

law(
  "an open file is named by its path",
  async () => {
    const message = await complaint(() => openSync("/dev/null", "r"), closeSync);
    assert.is(message, "left behind:\n  descriptor: /dev/null");
  },
  { skip },
);

law(
  "a socket and what it keeps alive are named",
  async () => {
    const message = await complaint(
      async () => {
        const server = createServer().listen(0);
        await once(server, "listening");
        return server;
      },
      (server: Server) => new Promise((resolve) => server.close(resolve)),
    );
    assert.match(message, /descriptor: socket/);
    assert.match(message, /active resource: TCPServerWrap/);
  },
  { skip },
);

law(
  "a child is named by its command line",
  async () => {
    const message = await complaint(
      () => spawn("sleep", ["31"], { stdio: "ignore" }),
      (child: ReturnType<typeof spawn>) => {
        child.kill();
        return once(child, "exit");
      },
    );
    assert.match(message, /child: \d+ sleep 31/);
  },
  { skip },
);

law(
  "a thread is named",
  async () => {
    const message = await complaint(
      () => new Worker("setInterval(() => {}, 1000)", { eval: true }),
      (worker: Worker) => worker.terminate(),
    );
    assert.match(message, /thread: /);
  },
  { skip },
);

law(
  "a file of brood in the directory for temporary files is named",
  async () => {
    const file = join(tmpdir(), `brood-leak-${process.pid}`);
    const message = await complaint(
      () => writeFileSync(file, ""),
      () => rmSync(file),
    );
    assert.match(message, `file: ${file}`);
  },
  { skip },
);

law("what goes away within a second is no leak", async () => {
  const leaks = leakCheck();
  leaks.snapshot();
  setTimeout(() => {}, 200);
  await leaks.assertSame();
});

law.run();
