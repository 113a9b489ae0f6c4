// Whether an actor reads nothing: a guest that loops cannot tell anybody that it does.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Portal } from "../context/surface.js";
import { until } from "./gate.js";

/** How long nothing must be heard, in ms. */
const LISTEN = 50;

interface Answering {
  readonly add: (a: number, b: number) => number;
}

/** Resolves when the actor does not answer a call any more, because it has begun to loop. */
export async function silent(portal: Portal<any>): Promise<void> {
  await until("the actor is silent", async () => !(await answers(portal)));
}

async function answers(portal: Portal<Answering>): Promise<boolean> {
  let answered = false;
  const probe = portal.call("add", 1, 2).then(
    (sum) => {
      assert.equal(sum, 3);
      answered = true;
    },
    // It ends with its actor.
    () => {},
  );
  await Promise.race([probe, sleep(LISTEN)]);
  return answered;
}
