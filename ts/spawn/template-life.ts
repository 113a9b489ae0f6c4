// The life of a template as a pure transition table: starting → ready → draining → dead, only ever forward. No I/O, no clock: what
// counts is counted here, what is to be done about it is its owner's.

/**
 * `starting`: it loads what it preloads. `ready`: it forks. `draining`: it is asked for nothing new; it forks what was asked for
 * before, and reaps its children until the last one is gone. `dead`: its process is gone, or is being ended.
 */
export type TemplateStatus = "starting" | "ready" | "draining" | "dead";

/**
 * `ready`: it has passed its check. `refused`: it has not, or its modules failed. `asked`: a child is wanted. `forked`: it was born.
 * `hello`: it has spoken. `early`: it died before it spoke. `gone`: it is gone, or will not come. `aged`: the template has lived
 * long enough. `retired`: somebody else needs its place, or its owner goes. `eof`: its process is gone. `deadline`: it did not
 * answer in time.
 */
export type TemplateEvent =
  | "ready"
  | "refused"
  | "asked"
  | "forked"
  | "hello"
  | "early"
  | "gone"
  | "aged"
  | "retired"
  | "eof"
  | "deadline";

export interface TemplateLife {
  readonly status: TemplateStatus;
  /** Children born. */
  readonly forks: number;
  /** Children that are there or wanted. */
  readonly living: number;
  /** Children that died before they spoke, one after the other. */
  readonly early: number;
  /** So many of them did that no template of this kind forks any more. */
  readonly broken: boolean;
}

export interface TemplateLimits {
  /** Forks after which it is replaced. */
  readonly forks: number;
  /** Early deaths in a row after which none of its kind forks any more. */
  readonly early: number;
}

export const NEWBORN: TemplateLife = { status: "starting", forks: 0, living: 0, early: 0, broken: false };

/** Where each event leads by itself; what is not in the table changes nothing. */
const TABLE: Record<TemplateStatus, Partial<Record<TemplateEvent, TemplateStatus>>> = {
  starting: { ready: "ready", refused: "dead", retired: "draining", eof: "dead", deadline: "dead" },
  ready: { aged: "draining", retired: "draining", eof: "dead", deadline: "dead" },
  draining: { refused: "dead", eof: "dead", deadline: "dead" },
  dead: {},
};

/** The life after `event`. */
export function nextLife(life: TemplateLife, event: TemplateEvent, limits: TemplateLimits): TemplateLife {
  const counted = count(life, event, limits);
  let status = TABLE[life.status][event] ?? life.status;
  if (status === "ready" && (counted.forks >= limits.forks || counted.broken)) status = "draining";
  // Nobody is left whom it would have to fork or to reap.
  if (status === "draining" && counted.living === 0) status = "dead";
  return { ...counted, status };
}

function count(life: TemplateLife, event: TemplateEvent, limits: TemplateLimits): TemplateLife {
  switch (event) {
    case "asked":
      return { ...life, living: life.living + 1 };
    case "forked":
      return { ...life, forks: life.forks + 1 };
    case "hello":
      return { ...life, early: 0 };
    case "gone":
      return { ...life, living: Math.max(0, life.living - 1) };
    case "early": {
      const early = life.early + 1;
      return { ...life, living: Math.max(0, life.living - 1), early, broken: life.broken || early >= limits.early };
    }
    default:
      return life;
  }
}
