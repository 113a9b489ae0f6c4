// Runs a tool: quiet when it succeeds, its whole output when it fails.
import { spawn } from "node:child_process";
import { ROOT } from "./checkout.js";

/** A failure that is told in words; its stack helps nobody. */
export class Refusal extends Error {
  name = "Refusal";
}

/** Something that must be installed is missing: nothing else can be done before. */
export class Missing extends Refusal {}

/** Runs `command`; resolves to `{ code, output }`, stdout and stderr interleaved. Rejects only when it cannot be started. */
export function capture(command, args, { cwd = ROOT, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({
        code: signal ? 1 : code,
        output: Buffer.concat(chunks).toString() + (signal ? `\nended by ${signal}\n` : ""),
      }),
    );
  });
}

/** Runs `command` and returns its output; throws a Refusal with that output when it fails. */
export async function runTool(command, args, options) {
  const { code, output } = await capture(command, args, options);
  if (code !== 0) throw new Refusal(`${[command, ...args].join(" ")}\n${output.trimEnd()}\nfailed with code ${code}`);
  return output;
}

/** The command and leading arguments that run npm: the one that runs us, else the one on PATH. */
export function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.[cm]?js$/.test(cli)) return [process.execPath, cli];
  return process.platform === "win32" ? ["cmd.exe", "/d", "/c", "npm"] : ["npm"];
}

/** Ends this process the way a script does: a Refusal as its words, anything else with its stack. */
export function failWith(error) {
  process.stderr.write(`${error instanceof Refusal ? error.message : (error?.stack ?? error)}\n`);
  process.exitCode = 1;
}
