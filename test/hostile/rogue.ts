// A component of brood's world that is not made by brood: guests/rogue.js as it stands. Made once for each file of tests.
import { readFileSync } from "node:fs";
import { componentize } from "componentize-qjs";
import { encodePlain } from "#brood/protocol/payload.js";
import { encodeFrame, FrameType } from "#brood/protocol/frame.js";
import { PROTOCOL_VERSION } from "#brood/protocol/version.js";
import { join } from "node:path";
import { ROOT } from "../harness/checkout.js";

/** Its bytes. */
export async function rogueComponent(): Promise<Uint8Array> {
  const greeting = [
    bytesOf("HELLO", FrameType.Hello, { version: PROTOCOL_VERSION, token: "" }),
    bytesOf("READY", FrameType.Ready, { endpoints: { add: "call" } }),
  ];
  const { component } = await componentize({
    witPath: join(ROOT, "wit"),
    world: "actor",
    jsSource: [...greeting, readFileSync(join(ROOT, "test", "hostile", "guests", "rogue.js"), "utf8")].join("\n"),
  });
  return component;
}

function bytesOf(name: string, type: FrameType, body: unknown): string {
  const { payload, flags } = encodePlain(body, name);
  return `const ${name} = new Uint8Array([${encodeFrame(type, flags, 0, payload).join()}]);`;
}
