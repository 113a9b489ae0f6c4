// A pool of tinypool with as many workers as are asked for; all else is its default.
import { Tinypool } from "tinypool";
import type { Caller } from "./caller.js";

export async function tinypoolCaller(size: number): Promise<Caller> {
  // Its tasks are piscina's.
  const filename = new URL("../peers/call-piscina.js", import.meta.url).href;
  const pool = new Tinypool({ filename, minThreads: size, maxThreads: size });
  return {
    add: (a, b) => pool.run({ a, b }, { name: "add" }),
    echo: (value) => pool.run(value, { name: "echo" }),
    close: () => pool.destroy(),
  };
}
