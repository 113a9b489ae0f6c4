// The error of the process that forks actors.
import { BroodError } from "./base.js";
import { sentence } from "./kinds.js";

/**
 * What went wrong with a template: it `refused` (what it preloaded cannot be forked), a module `failed` to load, it `died` or did
 * not answer in time, or one `fork` was not possible.
 */
export type TemplateReason = "refused" | "failed" | "died" | "fork";

const WORDS: Readonly<Record<TemplateReason, string>> = {
  refused: "template refused",
  failed: "template not loaded",
  died: "template died",
  fork: "fork failed",
};

/** The same, said of its actor. */
const WHY: Readonly<Record<TemplateReason, string>> = {
  refused: "its template was refused",
  failed: "its template was not loaded",
  died: "its template died",
  fork: "it could not be forked",
};

/** What to do, in the same order. */
const ADVICE: Readonly<Record<TemplateReason, string>> = {
  refused: " Do that in setup() of the actor, or leave the module out of preload.",
  failed: "",
  died: " Running actors are not concerned, and the next start has a new template.",
  fork: " Start it again when there is room.",
};

/** An actor could not be forked. It is the `cause` of a StartFailed. */
export class TemplateFailed extends BroodError {
  static readonly code = "ERR_BROOD_TEMPLATE";
  readonly code = TemplateFailed.code;
  override readonly name = "TemplateFailed";
  readonly reason: TemplateReason;
  /** The template; undefined where it was never born. */
  readonly pid: number | undefined;
  /** In words, said of the actor. */
  readonly why: string;
  /** Of a `fork`: the name of the system's error, as "EMFILE". */
  readonly errno: string | undefined;
  /** Of a `fork`: at which step. */
  readonly step: string | undefined;

  constructor(reason: TemplateReason, pid: number | undefined, why: string, errno?: string, step?: string) {
    super(`${WORDS[reason]}:${pid === undefined ? "" : ` process ${pid}:`} ${sentence(why)}${ADVICE[reason]}`);
    this.reason = reason;
    this.pid = pid;
    this.why = `${WHY[reason]}: ${why}`;
    this.errno = errno;
    this.step = step;
  }
}
