// What a developer probably meant when an actor's module could not be loaded: the words that follow the error.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** A sentence to follow the error of loading `module`, or "" where there is nothing to say. */
export function loadHint(module: string, error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  const file = fileURLToPath(module);
  const name = basename(file);
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[cm]?tsx?$/.test(name)) {
    return ` ${name} is TypeScript, which this Node does not run: start the actor with execArgv: ["--import", "tsx"], or name its compiled file.`;
  }
  if (code !== "ERR_MODULE_NOT_FOUND" || existsSync(file)) return "";
  const source = file.replace(/\.([cm]?)js$/, ".$1ts");
  if (source !== file && existsSync(source)) {
    return ` There is no ${name}, but ${basename(source)} beside it: compile it, or name it and start the actor with execArgv: ["--import", "tsx"].`;
  }
  return ` There is no ${file}. If a bundler made this program, make the actor's module an entry point of its own.`;
}
