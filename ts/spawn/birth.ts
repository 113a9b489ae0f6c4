// What every fork is told it is to be, whatever it is forked from.
import type { ForkBirth } from "../protocol/entry-contract.js";
import { titleOf } from "../protocol/title.js";
import { ownEnvironment } from "./environment.js";
import type { BodyRequest } from "./method.js";

export function birthOf({ options, token, path }: BodyRequest): Pick<ForkBirth, "token" | "env" | "cwd" | "title"> {
  const env = Object.entries(ownEnvironment(options.env)).filter(([, value]) => value !== undefined);
  return {
    token,
    env: Object.fromEntries(env) as Record<string, string>,
    cwd: options.cwd,
    title: titleOf(path, process.pid),
  };
}
