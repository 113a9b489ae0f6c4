// Loaded by --import before the entry of an actor: what it writes to the channel is not what the host expects. Then the entry
// goes on as ever, or the process stays or leaves, as IMPOSTOR says.
import { writeFileSync, writeSync } from "node:fs";
import { encodeCancelAck, encodeError, encodeHello, encodeLog, encodeReady } from "../../protocol/bodies.js";
import { CHANNEL_FD, CHANNEL_VARIABLE } from "../../protocol/entry-contract.js";
import { describeError } from "../../protocol/error-data.js";
import { encodeFrame, FrameType } from "../../protocol/frame.js";
import { PROTOCOL_VERSION } from "../../protocol/version.js";

const { IMPOSTOR, IMPOSTOR_FILE } = process.env;
const token = process.env[CHANNEL_VARIABLE] ?? "";
const hello = (more: object): Uint8Array =>
  encodeFrame(
    FrameType.Hello,
    0,
    0,
    encodeHello({ version: PROTOCOL_VERSION, token, pid: process.pid, node: process.version, ...more }),
  );
const wait = (): never => {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

const WORDS: Record<string, () => Uint8Array> = {
  text: () => Buffer.from("hello world, this is a line of output\n"),
  zeros: () => new Uint8Array(64),
  "a huge frame": () => Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, 0, 0),
  "an unknown type": () => encodeFrame(200, 0, 0),
  "a wrong token": () => hello({ token: "00000000-0000-4000-8000-000000000000" }),
  "no token": () => hello({ token: "" }),
  "an unknown version": () => hello({ version: PROTOCOL_VERSION + 41 }),
  "version 0": () => hello({ version: 0 }),
  "a Hello of another shape": () => encodeFrame(FrameType.Hello, 0, 0, Uint8Array.of(0xc0)),
  "half a frame": () => hello({}).subarray(0, 15),
  "two Hellos": () => hello({}),
  "Ready before Hello": () => encodeFrame(FrameType.Ready, 0, 0, encodeReady({ endpoints: {} })),
  "Log before Hello": () => encodeFrame(FrameType.Log, 0, 0, encodeLog(1, "not yet")),
  "Error before Hello": () =>
    encodeFrame(
      FrameType.Error,
      0,
      0,
      encodeError({
        kind: "thrown",
        phase: "load",
        error: describeError(new Error("forged"), { name: "x", uuid: "x" }),
      }),
    ),
  "an acknowledgement before Hello": () =>
    encodeFrame(FrameType.CancelAck, 0, 0, encodeCancelAck({ state: "finished", errors: undefined })),
  "a frame of a context before Hello": () => encodeFrame(FrameType.Return, 0, 1, Uint8Array.of(0xc0)),
};

if (IMPOSTOR !== undefined && process.env[CHANNEL_VARIABLE] !== undefined) {
  if (IMPOSTOR_FILE !== undefined) writeFileSync(IMPOSTOR_FILE, String(process.pid));
  const [what, then] = IMPOSTOR.split("; ") as [string, string?];
  const word = WORDS[what];
  if (word !== undefined) writeSync(CHANNEL_FD, word());
  if (then === "wait") wait();
  if (then === "exit") {
    process.stderr.write("the impostor leaves\n");
    process.exit(3);
  }
}
