// The thread of `deadline.ts`: sleeps until the body is over. Where it is not in time, and the loop has not said so itself, the main thread is
// stopped where it is, which works as long as it runs JavaScript, and its stack is written before the process is ended.
import { writeSync } from "node:fs";
import { Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import type { Watched } from "./deadline.js";

/** How long the main thread may take to stop, in ms. */
const PAUSE = 500;

const { what, ms, over, after } = workerData as Watched;

if (Atomics.wait(new Int32Array(over), 0, 0, after) === "timed-out") {
  const session = new Session();
  const end = (where: string): void => {
    writeSync(2, `${what}: not over within ${ms} ms, and the event loop is blocked ${where}\n`);
    process.kill(process.pid, "SIGKILL");
  };
  session.on("Debugger.paused", ({ params }) =>
    end(
      `at:\n${params.callFrames
        .map(
          ({ functionName, url, location }) => `  ${functionName || "(anonymous)"} (${url}:${location.lineNumber + 1})`,
        )
        .join("\n")}`,
    ),
  );
  session.connectToMainThread();
  session.post("Debugger.enable");
  session.post("Debugger.pause");
  setTimeout(() => end("outside of JavaScript"), PAUSE);
}
