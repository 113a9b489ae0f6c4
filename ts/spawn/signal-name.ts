// Names of signals by number on this machine.
import { constants } from "node:os";

const names = new Map<number, string>();
// The first name of a number is the common one: SIGABRT stands before SIGIOT.
for (const [name, number] of Object.entries(constants.signals)) if (!names.has(number)) names.set(number, name);

export function signalName(signal: number): string {
  return names.get(signal) ?? `signal ${signal}`;
}
