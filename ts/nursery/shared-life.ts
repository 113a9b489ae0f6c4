// The life of a shared resource as a pure transition table: closed → opening → open → closing → closed, and round again while
// somebody waits. No I/O. `act` is what its owner must do now; every act is answered by an event, so that no key is ever wedged.

export interface SharedLife {
  readonly status: "closed" | "opening" | "open" | "closing";
  /** Those who have it. */
  readonly users: number;
  /** Those who wait for it, beside whoever opens it. */
  readonly waiting: number;
  /** Whether whoever opens it still wants it. */
  readonly wanted: boolean;
  /** The nursery that hosts it ends. */
  readonly ended: boolean;
}

/**
 * `ask`: somebody wants it. `opened`, `failed`: what opening it came to. `withdraw`: whoever opens it does not want it any more.
 * `give up`: somebody who waits does not. `leave`: somebody who has it does not. `closed`: its close has ended, well or not. `end`:
 * the nursery ends.
 */
export type SharedEvent = "ask" | "opened" | "failed" | "withdraw" | "give up" | "leave" | "closed" | "end";

/**
 * `open`: open it, for who asks, or else for who waits longest. `abort`: ask the opening to stop. `admit`: give it to who asks, or to
 * who has opened it and to all who wait. `close`: close it. `forget`: nobody has it or wants it.
 */
export type SharedAct = "open" | "abort" | "admit" | "close" | "forget" | "nothing";

export interface SharedStep {
  readonly life: SharedLife;
  readonly act: SharedAct;
}

export const UNOPENED: SharedLife = { status: "closed", users: 0, waiting: 0, wanted: false, ended: false };

/** The life after `event`, and what is to be done. */
export function nextShared(life: SharedLife, event: SharedEvent): SharedStep {
  const { status, users, waiting } = life;
  const same = (act: SharedAct = "nothing"): SharedStep => ({ life, act });
  const now = (change: Partial<SharedLife>, act: SharedAct = "nothing"): SharedStep => ({
    life: { ...life, ...change },
    act,
  });
  switch (event) {
    case "ask":
      if (life.ended) return same();
      if (status === "closed") return now({ status: "opening", wanted: true }, "open");
      return status === "open" ? now({ users: users + 1 }, "admit") : now({ waiting: waiting + 1 });
    case "opened":
      if (status !== "opening") return same();
      if (!life.wanted) return now({ status: "closing" }, "close");
      return now({ status: "open", users: 1 + waiting, waiting: 0, wanted: false }, "admit");
    case "failed":
      return status === "opening" ? again(life) : same();
    case "closed":
      return status === "closing" ? again(life) : same();
    case "withdraw":
      return status === "opening" && life.wanted ? now({ wanted: false }, "abort") : same();
    case "give up":
      return now({ waiting: Math.max(0, waiting - 1) });
    case "leave":
      if (users === 0) return same();
      return status === "open" && users === 1
        ? now({ users: 0, status: "closing" }, "close")
        : now({ users: users - 1 });
    case "end": {
      const end = { ended: true, waiting: 0 };
      if (status === "opening") return now({ ...end, wanted: false }, life.wanted ? "abort" : "nothing");
      if (status === "open") return now({ ...end, status: "closing" }, "close");
      return now(end, status === "closed" ? "forget" : "nothing");
    }
  }
}

/** It is closed: whoever waits longest opens it anew. */
function again(life: SharedLife): SharedStep {
  const closed = { ...life, status: "closed", wanted: false } as const;
  if (life.waiting === 0 || life.ended) return { life: closed, act: "forget" };
  return { life: { ...closed, status: "opening", wanted: true, waiting: life.waiting - 1 }, act: "open" };
}
