// Names of signals by number on this machine.
import { constants } from "node:os";

const names = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export function signalName(signal: number): string {
  return names.get(signal) ?? `signal ${signal}`;
}
