// Checks what a process actor is started with: its directory and its flags for Node, the same for every method that makes processes.
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { InvalidOption } from "../errors/kinds.js";
import type { BodyOptions } from "./method.js";

/** @throws InvalidOption */
export function checkProcess(what: string, options: BodyOptions): void {
  const { cwd, execArgv } = options;
  if (cwd !== undefined) checkDirectory(`${what}: cwd`, cwd);
  for (const [index, flag] of (execArgv ?? []).entries()) checkFlag(`${what}: execArgv[${index}]`, flag, index === 0);
}

function checkDirectory(option: string, cwd: string): void {
  const accepted = "the absolute path of a directory that can be entered";
  if (!isAbsolute(cwd)) throw new InvalidOption(option, cwd, accepted);
  try {
    accessSync(cwd, constants.X_OK);
    if (statSync(cwd).isDirectory()) return;
  } catch {
    // Falls through to the refusal.
  }
  throw new InvalidOption(option, cwd, accepted);
}

/** Flags that would make the process something else than an actor. */
const NO_ACTOR =
  /^(-e|--eval|-p|-pe|--print|-v|--version|-h|--help|-c|--check|-i|--interactive|--test|--watch|--run|--inspect|--inspect-brk|--inspect-wait|--)($|=|-)/;

/** Only a value can stand without a dash, and it has its flag before it. */
function checkFlag(option: string, flag: unknown, first: boolean): void {
  const accepted =
    'a flag of Node, as "--max-old-space-size=128"; not one that makes Node run something else (-e, --test, --watch, --inspect)';
  if (
    typeof flag !== "string" ||
    flag === "" ||
    flag.includes("\0") ||
    NO_ACTOR.test(flag) ||
    (first && !flag.startsWith("-"))
  )
    throw new InvalidOption(option, flag, accepted);
}
