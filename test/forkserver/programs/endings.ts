// A program that starts forks of itself just when something of it is about to end, or to be written: handles that close, requests for
// names that are cancelled or run out of time, an actor that has ended and was not heard of, text for a reader that is not there yet.
// Prints 320 KB and, on standard error, what happened where.
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { actor, openNursery, type Portal } from "brood";
import type what from "./fork-of-endings.js";

const forkOf = actor<{ default: typeof what }>(new URL("./fork-of-endings.js", import.meta.url));
const self = (): string => readlinkSync("/proc/self");
const host = self();
const happened: string[] = [];
const happens = (event: string): void => {
  if (self() === host) happened.push(event);
  else process.stderr.write(`${event} in a fork\n`);
};
const said: string[] = [];
const nursery = await openNursery({ onDeath: "report" });
const start = (): Promise<Portal<any>> =>
  nursery.start(forkOf, {
    name: "fork",
    spawn: "main_thread_forkserver",
    stdio: ({ text }) => void said.push(text),
  });
/** Starts in the callback of a timer, after `first`. */
const startAfter = (first: () => void): Promise<Portal<any>> =>
  new Promise((resolve) =>
    setTimeout(() => {
      first();
      resolve(start());
    }, 5),
  );
const idle: number[] = [];

const one = await start();
const server = createServer(() => {}).listen(0, "127.0.0.1");
await once(server, "listening");
const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("close", () => happens("close"));
await once(socket, "connect");
idle.push(await (await startAfter(() => socket.destroy())).call("waitIdly"));

const silent = createSocket("udp4").bind(0, "127.0.0.1");
await once(silent, "listening");
const resolver = (): Resolver => {
  const made = new Resolver({ timeout: 200, tries: 1 });
  made.setServers([`127.0.0.1:${silent.address().port}`]);
  return made;
};
const cancelled = await startAfter(() => {
  const asking = resolver();
  asking.resolve4("cancelled.example", () => happens("cancelled"));
  asking.cancel();
});
idle.push(await cancelled.call("waitIdly"));
resolver().resolve4("late.example", () => happens("out of time"));
await sleep(20);
idle.push(await (await start()).call("waitIdly"));

const heard = await startAfter(() => {
  process.kill(one.id.pid as number, "SIGKILL");
  const until = performance.now() + 40;
  while (performance.now() < until);
});
const ended = await heard.call("childEnds");

process.stdout.write(`${"of the host ".repeat(27_000)}\n`);
const waited = process.stdout.writableLength;
await (await start()).call("say", "of the actor");
await sleep(50);
process.stderr.write(`${JSON.stringify({ happened, idle, ended, waited, said })}\n`);
await nursery.cancel();
server.close();
silent.close();
