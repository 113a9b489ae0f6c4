// Which children a restart concerns: pure functions of the strategy, the list of children and the one that failed.

/** What the failure of one child does to the others. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** Whether a child is restarted: always; after an abnormal exit; never. */
export type RestartType = "permanent" | "transient" | "temporary";

/** What a strategy looks at. */
export interface Listed {
  readonly id: string;
  readonly restart: RestartType;
}

/** What is to be done, in this order. */
export interface Plan {
  /** To be stopped first, in reverse start order; the one that failed is not among them. */
  readonly stop: readonly string[];
  /** Of those, and the failed one, the ones to be forgotten: temporary children are never restarted. */
  readonly drop: readonly string[];
  /** To be started then, in start order. */
  readonly start: readonly string[];
}

/** @param children all of them, in start order */
export function planRestart(strategy: Strategy, children: readonly Listed[], failed: string): Plan {
  const at = children.findIndex(({ id }) => id === failed);
  if (at === -1) return { stop: [], drop: [], start: [] };
  const concerned =
    strategy === "one_for_one"
      ? [children[at] as Listed]
      : strategy === "rest_for_one"
        ? children.slice(at)
        : [...children];
  const ids = (those: readonly Listed[]): string[] => those.map(({ id }) => id);
  return {
    stop: ids(concerned.filter(({ id }) => id !== failed)).reverse(),
    drop: ids(concerned.filter(({ restart }) => restart === "temporary")),
    start: ids(concerned.filter(({ restart }) => restart !== "temporary")),
  };
}
