// What a process of brood's was started with. It is taken out of the environment before any code of the user's runs, and the
// lifeline is armed by then.
import { armLifeline } from "./arm.js";

/** sysexits.h EX_USAGE: started by hand. */
const EXIT_USAGE = 64;

/** The value of the variable, which is there no more afterwards; without it the process ends. @param who "actors", in words */
export function givenBy(variable: string, who: string): string {
  const given = process.env[variable];
  delete process.env[variable];
  if (given === undefined) {
    process.stderr.write(`This file is what brood's ${who} run first; it is not started by hand.\n`);
    process.exit(EXIT_USAGE);
  }
  armLifeline();
  return given;
}
