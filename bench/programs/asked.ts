// The other side of harness/beside.ts.
import { createInterface } from "node:readline";

/** Says that this program is ready, and answers until nobody asks any more. @param round takes so many samples */
export async function answerRounds(round: (samples: number) => Promise<number[]>): Promise<void> {
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await round(Number(line)))}\n`);
}
