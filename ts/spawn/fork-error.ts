// The one error of a fork that could not be made: which step failed, and the system's word for why.
import { TemplateFailed } from "../errors/template.js";

/** @param pid of the process that was to be forked */
export function forkError(pid: number | undefined, errno: string, step: string): TemplateFailed {
  return new TemplateFailed("fork", pid, `${errno} at the step "${step}"`, errno, step);
}
