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

/** Whom the failure of one child concerns, itself included, in start order. @param children all of them, in start order */
export function concernedBy<C extends Listed>(
  strategy: Strategy,
  children: readonly C[],
  failed: string,
): readonly C[] {
  const at = children.findIndex(({ id }) => id === failed);
  if (at === -1) return [];
  switch (strategy) {
    case "one_for_one":
      return children.slice(at, at + 1);
    case "rest_for_one":
      return children.slice(at);
    case "one_for_all":
      return children;
  }
}

/** The concerned as they are stopped: all of them, the last started first. */
export function stopOrder<C extends Listed>(children: readonly C[], concerned: ReadonlySet<C>): C[] {
  return children.filter((child) => concerned.has(child)).reverse();
}

/** The concerned as they are started then, in start order: temporary children are never restarted. */
export function startOrder<C extends Listed>(children: readonly C[], concerned: ReadonlySet<C>): C[] {
  return children.filter((child) => concerned.has(child) && child.restart !== "temporary");
}
