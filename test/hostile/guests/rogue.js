// A component of brood's world without brood's own code in it: it writes whatever bytes it likes, for as long as it is let. What it does
// stands in the name that it is started under. HELLO and READY are put before this text.
const FRAME = {
  Start: 4,
  StartAck: 5,
  Yield: 7,
  Credit: 8,
  Return: 10,
  Error: 11,
  CancelAck: 13,
  Request: 14,
  Log: 16,
  Timer: 17,
};
const MORE = 1;
const JSON_TEXT = 2;
const ITEM = 256 * 1024;

function frame(type, flags, context, payload = []) {
  const bytes = new Uint8Array(10 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  bytes[4] = type;
  bytes[5] = flags;
  view.setUint32(6, context, true);
  bytes.set(payload, 10);
  return bytes;
}

const ascii = (text) => Array.from(text, (char) => char.charCodeAt(0));

/** An item as long as items may be, of frames that `make` makes of a number each. */
function full(make) {
  const item = new Uint8Array(ITEM);
  let at = 0;
  for (let number = 1; ; number++) {
    const next = make(number);
    if (at + next.length > ITEM) return item.slice(0, at);
    item.set(next, at);
    at += next.length;
  }
}

function* forEver(make) {
  const item = full(make);
  for (;;) yield item;
}

const order = (body, method, actors = []) =>
  JSON.stringify({
    op: "spawn",
    body,
    method,
    explicit: true,
    id: { name: "own", uuid: `${body}` },
    path: "/rogue/own",
    token: "",
    startTimeout: 10_000,
    source: { kind: "source", code: "({ add: (a, b) => a + b })" },
    limits: { memory: 2 ** 40, cpu: 0, cpuTotal: 0, wall: 0, output: 0 },
    actors,
  });

const MODES = {
  logs: () => forEver(() => frame(FRAME.Log, 0, 0, [2, ...ascii("a line of a log that does not end")])),
  "long logs": () => forEver(() => frame(FRAME.Log, 0, 0, [2, ...new Array(60_000).fill(0x1b)])),
  timers: () => forEver((number) => frame(FRAME.Timer, 0, 0, [number & 255, 1, 0, 0, 0, 0, 0, 0])),
  acks: () => forEver((number) => frame(FRAME.CancelAck, JSON_TEXT, number, ascii('"finished"'))),
  returns: () => forEver((number) => frame(FRAME.Return, JSON_TEXT, number, ascii("1"))),
  errors: () => forEver((number) => frame(FRAME.Error, JSON_TEXT, number, ascii('{"kind":"thrown"}'))),
  credit: () => forEver(() => frame(FRAME.Credit, 0, 0, [255, 255, 255, 127, 255, 255, 255, 127])),
  requests: () => forEver((number) => frame(FRAME.Request, JSON_TEXT, number, ascii("{}"))),
  "empty frames": () => forEver((number) => frame(FRAME.StartAck, 0, number)),
  "a message without end": () => forEver(() => frame(FRAME.Return, MORE | JSON_TEXT, 1, new Uint8Array(65_536))),
  hellos: () => forEver(() => HELLO),
  *"orders of nothing"() {
    yield frame(FRAME.Request, JSON_TEXT, 0, ascii("{}"));
  },
  *"an order beyond its grant"() {
    yield frame(FRAME.Request, JSON_TEXT, 0, ascii(order(2, "exec")));
  },
  *"an order that hands on what it has not"() {
    yield frame(FRAME.Request, JSON_TEXT, 0, ascii(order(2, "wasm", ["exec"])));
  },
  *"the same body twice"() {
    for (let i = 0; i < 2; i++) yield frame(FRAME.Request, JSON_TEXT, 0, ascii(order(2, "wasm")));
  },
  *"a body of an odd number"() {
    yield frame(FRAME.Request, JSON_TEXT, 0, ascii(order(3, "wasm")));
  },
  *"bytes for nobody"() {
    yield frame(FRAME.Request, 0, 2, ascii("x"));
  },
  "bodies without end": function* () {
    for (let body = 2; ; body += 2) yield frame(FRAME.Request, JSON_TEXT, 0, ascii(order(body, "wasm")));
  },
  *"half a frame"() {
    yield new Uint8Array([9, 0, 0, 0, FRAME.Log]);
  },
  *"a frame that is too long"() {
    yield new Uint8Array([255, 255, 255, 255, FRAME.Log, 0, 0, 0, 0, 0]);
  },
  *"a frame of no type"() {
    yield frame(200, 0, 0);
  },
  *"an item that is too long"() {
    yield new Uint8Array(ITEM * 8);
  },
  *"empty items"() {
    for (;;) yield new Uint8Array(0);
  },
  nothing() {
    for (;;);
  },
  // Answers all of the calls that it has at once, and none to the end.
  async *"answers without end"(items) {
    const calls = await started(items, 10);
    const part = new Uint8Array(60_000);
    for (;;) for (const call of calls) yield frame(FRAME.Return, MORE | JSON_TEXT, call, part);
  },
};

/** The contexts of the first calls that come. */
async function started(items, count) {
  const contexts = [];
  while (contexts.length < count) {
    const { value } = await items.next();
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    for (let at = 0; at < value.length; at += 10 + view.getUint32(at, true))
      if (value[at + 4] === FRAME.Start) contexts.push(view.getUint32(at + 6, true));
  }
  return contexts;
}

export async function run(inbox) {
  return (async function* () {
    const items = inbox[Symbol.asyncIterator]();
    const { value: spec } = await items.next();
    const text = String.fromCharCode(...spec.slice(0, 4_096));
    const mode = Object.keys(MODES).find((name) => text.includes(`rogue: ${name}"`));
    const begun = new Uint8Array(HELLO.length + READY.length);
    begun.set(HELLO);
    begun.set(READY, HELLO.length);
    yield begun;
    yield* MODES[mode](items);
  })();
}
