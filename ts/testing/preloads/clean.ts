// Uses much and leaves nothing behind.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

await sleep(5);
clearTimeout(setTimeout(() => {}, 60_000));
const text = await readFile(new URL(import.meta.url), "utf8");

/** Drawn in the template: the same in all of its children. */
export const drawn = randomUUID();
export const packed = gzipSync(text).length + execFileSync("true").length;
