// A component without any JavaScript in it, whose exports are called.
import { component, openNursery } from "brood";
import { plainComponent } from "#brood/testing/plain-component.js";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import type { Caller } from "./caller.js";

export interface Plain {
  add(a: number, b: number): number;
  echo(text: string): string;
  mirror(bytes: Uint8Array): Uint8Array;
}

export const plain = component<Plain>(plainComponent());

export async function componentCaller(): Promise<Caller> {
  const nursery = await openNursery();
  const portal = await nursery.start(plain, { name: "plain", startTimeout: COMPILE_TIMEOUT });
  return {
    add: (a, b) => portal.call("add", a, b),
    echo: (value) =>
      value instanceof Uint8Array ? portal.call("mirror", value) : portal.call("echo", value as string),
    close: () => nursery.close(),
  };
}
