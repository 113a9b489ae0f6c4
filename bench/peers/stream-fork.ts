// The child of callers/fork-stream.ts. Argument: bytes of a message.
const message = new Uint8Array(Number(process.argv[2])).fill(7);
// Without back-pressure of its own, `send` of thousands is how it is used; the callback tells when one has gone.
process.on("message", (count: number) => {
  for (let i = 0; i < count; i++) process.send?.(message);
});
process.send?.("ready");
