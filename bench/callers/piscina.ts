// A pool of piscina with one worker; all else is its default.
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Caller } from "./caller.js";

export async function piscinaCaller(): Promise<Caller> {
  const filename = fileURLToPath(new URL("../peers/call-piscina.js", import.meta.url));
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1 });
  return {
    add: (a, b) => pool.run({ a, b }, { name: "add" }),
    echo: (value) => pool.run(value, { name: "echo" }),
    close: () => pool.destroy(),
  };
}
