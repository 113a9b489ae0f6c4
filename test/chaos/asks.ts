// What is asked of an actor in a round: calls and contexts of every kind, put to an actor of the host's own, through a pool, or through the
// actors above it; and the right answer to each.
import type { Context } from "brood";
import { CALLS, ENDLESS, type AskPlan } from "./plan.js";
import type { AnyPortal, Member } from "./record.js";

/** Of the task that fails. */
export const failureOf = (ask: AskPlan): string => `as asked, ${ask.id}`;
export const abortOf = (ask: AskPlan): string => `abort ${ask.id}`;
export const leaveOf = (ask: AskPlan): string => `leave ${ask.id}`;

/** Whether it can have an answer. */
export const isFinite = (ask: AskPlan): boolean => !ENDLESS.includes(ask.kind);

/** Whether it must reject, whatever else happens. */
export const mustFail = (ask: AskPlan): boolean => ask.kind === "fail" || ask.kind === "stumble";

/** The right answer, of one that has one. */
export function answerTo({ kind, amount }: AskPlan): unknown {
  switch (kind) {
    case "add":
      return amount + 1;
    case "count":
      return Array.from({ length: amount }, (_, index) => index);
    default:
      return amount;
  }
}

function argumentsOf(ask: AskPlan): readonly unknown[] {
  switch (ask.kind) {
    case "add":
      return [ask.amount, 1];
    case "slow":
      return [ask.amount, ask.amount];
    case "fail":
      return [failureOf(ask)];
    default:
      return [];
  }
}

/** Puts it to a portal, or to a pool, bounded already. @param opened is told of a context */
export function askDirectly(
  portal: { call(endpoint: string, ...args: readonly unknown[]): Promise<unknown> },
  ask: AskPlan,
  opened: (context: Context<any, unknown>) => void,
): Promise<unknown> {
  if (CALLS.includes(ask.kind)) return portal.call(ask.kind, ...argumentsOf(ask));
  return converse(portal as AnyPortal, ask, opened);
}

/** Puts a call to a member further down, through those above it. */
export function askThrough(
  top: AnyPortal,
  member: Member,
  endpoint: string,
  args: readonly unknown[],
): Promise<unknown> {
  const path = member.line.slice(1).map(({ name }) => name);
  return path.length === 0 ? top.call(endpoint, ...args) : top.call("relay", path, endpoint, args);
}

export function relayed(top: AnyPortal, member: Member, ask: AskPlan): Promise<unknown> {
  return askThrough(top, member, ask.kind, argumentsOf(ask));
}

async function converse(
  portal: AnyPortal,
  ask: AskPlan,
  opened: (context: Context<any, unknown>) => void,
): Promise<unknown> {
  const { kind, amount } = ask;
  switch (kind) {
    case "echo":
      return portal.withContext("echo", [], async (context) => {
        opened(context);
        for (let sent = 0; sent < amount; sent++) {
          await context.stream.send(sent);
          const { value } = await context.stream.next();
          if (value !== sent) throw new WrongAnswer(`${String(value)} came back of ${sent}`);
        }
        await context.stream.end();
        return context.result();
      });
    case "count":
      return portal.withContext("count", [amount], async (context) => {
        opened(context);
        const numbers: unknown[] = [];
        for await (const number of context.stream) numbers.push(number);
        return numbers;
      });
    case "pour":
      return portal.withContext("pour", [amount], async (context) => {
        opened(context);
        let bytes = 0;
        for await (const message of context.stream) bytes += (message as Uint8Array).length;
        return bytes / 100_000;
      });
    case "endless":
      return portal.withContext("endless", [], async (context) => {
        opened(context);
        let last = -1;
        for await (const number of context.stream) {
          if (number !== last + 1) throw new WrongAnswer(`${String(number)} came behind ${last}`);
          last = number as number;
        }
        return last;
      });
    case "deafen":
      return portal.withContext("deafen", [], async (context) => {
        opened(context);
        const message = new Uint8Array(10_000);
        for (;;) await context.stream.send(message);
      });
    default: {
      const context = await portal.open(kind, ...(kind === "stumble" ? [failureOf(ask)] : []));
      opened(context);
      return context.result();
    }
  }
}

/** A stream that gave something else than it was given. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}
