// pool-call, pool-call-component: how many small calls a second a pool serves, one at a time on each of its workers.
import { broodPool, componentPool } from "../callers/pool.js";
import { piscinaCaller } from "../callers/piscina.js";
import { tinypoolCaller } from "../callers/tinypool.js";
import { workerpoolCaller } from "../callers/workerpool.js";
import type { Row } from "../harness/row.js";
import { pooled, SIZE, WHAT } from "./pooled.js";

const plan = { unit: "calls/s", rounds: 15, warmUp: 3, samples: 3 } as const;
const peers: Row["peers"] = {
  piscina: () => pooled(piscinaCaller(SIZE)),
  tinypool: () => pooled(tinypoolCaller(SIZE)),
  "workerpool (threads)": () => pooled(workerpoolCaller(SIZE, "thread")),
};

export const poolCall: Row = {
  ...plan,
  name: "pool-call",
  what: WHAT,
  goals: [{ peer: "piscina", ratio: 1 }],
  brood: () => pooled(broodPool("forkserver", SIZE)),
  // Of the peers only this one has processes too.
  peers: { ...peers, "workerpool (processes)": () => pooled(workerpoolCaller(SIZE, "process")) },
};

export const poolCallComponent: Row = {
  ...plan,
  name: "pool-call-component",
  what: `${WHAT}; brood's workers are bare components`,
  goals: [{ peer: "piscina", ratio: 1 }],
  brood: () => pooled(componentPool(SIZE)),
  peers,
};
