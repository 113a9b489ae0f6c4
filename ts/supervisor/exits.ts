// What follows from the exit of a child, in OTP's sense. Pure.
import type { Exit } from "../errors/exit.js";
import type { RestartType } from "./strategy.js";

/** When a supervisor ends because significant children have ended. */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** Whether a child ended as it should: by itself with code 0, its work done, or asked to end and obeying. To be killed is abnormal. */
export function isNormal(exit: Exit): boolean {
  switch (exit.kind) {
    case "returned":
    case "cancelled":
      return true;
    case "exited":
      return exit.code === 0;
    default:
      return false;
  }
}

/** Whether a child that ended so by itself comes back. */
export function comesBack(restart: RestartType, exit: Exit): boolean {
  return restart === "permanent" || (restart === "transient" && !isNormal(exit));
}

/**
 * Whether a supervisor ends by itself now that a significant child has ended by itself for good.
 * @param others whether each other significant child is there, or will be
 */
export function shutsDown(when: AutoShutdown, others: readonly boolean[]): boolean {
  return when === "any_significant" || (when === "all_significant" && !others.includes(true));
}
