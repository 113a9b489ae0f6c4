// A pool of piscina with as many workers as are asked for; all else is its default.
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { Caller } from "./caller.js";

export async function piscinaCaller(size = 1): Promise<Caller> {
  const filename = fileURLToPath(new URL("../peers/call-piscina.js", import.meta.url));
  const pool = new Piscina({ filename, minThreads: size, maxThreads: size });
  return {
    add: (a, b) => pool.run({ a, b }, { name: "add" }),
    echo: (value) => pool.run(value, { name: "echo" }),
    close: () => pool.destroy(),
  };
}
