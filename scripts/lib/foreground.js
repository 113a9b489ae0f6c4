// Hands this terminal to another program: its stdio, its signals, its end.
import { spawn } from "node:child_process";
import { isatty } from "node:tty";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs it in the foreground, then ends as it ended. Signals to this process are passed on; the terminal sends its own to both. */
export function runForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = (signal) => {
      // Ctrl-C reaches the whole foreground group by itself: a second one would mean "at once" to the child.
      if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
    };
    for (const signal of FORWARDED) process.on(signal, forward);
    const settle = () => FORWARDED.forEach((signal) => process.off(signal, forward));
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      settle();
      if (signal) process.kill(process.pid, signal);
      else process.exitCode = code;
      resolve();
    });
  });
}
