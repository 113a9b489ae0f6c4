// A component without a line of JavaScript, for laws about components: made here, instruction by instruction, so that nothing
// has to be compiled or checked in for it. Its world:
//
//   export add: func(a: s32, b: s32) -> s32;
//   export echo: func(text: string) -> string;              at most 64 KiB
//   export divide: func(a: s32, b: s32) -> result<s32, string>;
//   export count: func() -> u32;                             how often it was called, this time included
//   export work: func(rounds: u32) -> u32;                   a loop of so many rounds
//   export spin: func();                                     a loop for ever
//   export trap: func();                                     reaches what is unreachable
//   export recurse: func(depth: u32) -> u32;                 calls itself for ever
//   export grow: func(pages: u32) -> s32;                    memory.grow
//   export mirror: func(bytes: list<u8>) -> list<u8>;        at most 64 KiB

const I32 = 0x7f;
const S32 = 0x7a;
const U8 = 0x7d;
const U32 = 0x79;
const STRING = 0x73;

/** Where in its memory things are. */
const RETURNED = 16;
const WORDS = 64;
const ARGUMENTS = 1024;
const PAGES = 2;
const ZERO = "division by zero";

type Bytes = readonly number[];

const unsigned = (value: number): Bytes => {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(Math.floor(value / 0x80))];
};
const signed = (value: number): Bytes => {
  const low = value & 0x7f;
  const rest = value >> 7;
  const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return last ? [low] : [low | 0x80, ...signed(rest)];
};
const name = (text: string): Bytes => [...unsigned(text.length), ...Buffer.from(text)];
const list = (items: readonly Bytes[]): Bytes => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Bytes): Bytes => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: Bytes): Bytes => [id, ...sized(bytes)];

// Instructions, as the binary format of WebAssembly has them.
const get = (local: number): Bytes => [0x20, ...unsigned(local)];
const set = (local: number): Bytes => [0x21, ...unsigned(local)];
const constant = (value: number): Bytes => [0x41, ...signed(value)];
const call = (index: number): Bytes => [0x10, ...unsigned(index)];
const store = (offset: number): Bytes => [0x36, 2, ...unsigned(offset)];
const ADD = [0x6a];
const SUBTRACT = [0x6b];
const DIVIDE = [0x6d];
const IS_ZERO = [0x45];
const END = [0x0b];
const UNREACHABLE = [0x00];
const COUNTER = { get: [0x23, 0], set: [0x24, 0] };
const forEver: Bytes = [0x03, 0x40, 0x0c, 0, ...END];

interface Function {
  readonly params: number;
  readonly results: 0 | 1;
  readonly locals?: number;
  readonly code: Bytes;
  /** Its type in the component; without one it is not exported from there. */
  readonly lifted?: { readonly params: readonly [string, number][]; readonly result?: number };
}

/** The indices of the types that are no primitives: result<s32, string> and list<u8>. */
const RESULT = 0;
const BYTES = 1;
/** How many these are: types of functions follow. */
const COMPOSED = 2;

/** Returns the pointer and the length that it was given. */
const RETURN_ARGUMENT: Bytes = [
  ...constant(RETURNED),
  ...get(0),
  ...store(0),
  ...constant(RETURNED),
  ...get(1),
  ...store(4),
  ...constant(RETURNED),
];

const FUNCTIONS: Readonly<Record<string, Function>> = {
  // Arguments of one call are read before the next one's are written: one place is enough.
  realloc: { params: 4, results: 1, code: constant(ARGUMENTS) },
  add: {
    params: 2,
    results: 1,
    code: [...get(0), ...get(1), ...ADD],
    lifted: {
      params: [
        ["a", S32],
        ["b", S32],
      ],
      result: S32,
    },
  },
  echo: {
    params: 2,
    results: 1,
    code: RETURN_ARGUMENT,
    lifted: { params: [["text", STRING]], result: STRING },
  },
  divide: {
    params: 2,
    results: 1,
    code: [
      ...constant(RETURNED),
      ...get(1),
      ...IS_ZERO,
      ...store(0),
      ...get(1),
      ...IS_ZERO,
      0x04,
      0x40,
      ...constant(RETURNED),
      ...constant(WORDS),
      ...store(4),
      ...constant(RETURNED),
      ...constant(ZERO.length),
      ...store(8),
      0x05,
      ...constant(RETURNED),
      ...get(0),
      ...get(1),
      ...DIVIDE,
      ...store(4),
      ...END,
      ...constant(RETURNED),
    ],
    lifted: {
      params: [
        ["a", S32],
        ["b", S32],
      ],
      result: RESULT,
    },
  },
  count: {
    params: 0,
    results: 1,
    code: [...COUNTER.get, ...constant(1), ...ADD, ...COUNTER.set, ...COUNTER.get],
    lifted: { params: [], result: U32 },
  },
  work: {
    params: 1,
    results: 1,
    code: [0x03, 0x40, ...get(0), ...constant(1), ...SUBTRACT, ...set(0), ...get(0), 0x0d, 0, ...END, ...get(0)],
    lifted: { params: [["rounds", U32]], result: U32 },
  },
  spin: { params: 0, results: 0, code: forEver, lifted: { params: [] } },
  trap: { params: 0, results: 0, code: UNREACHABLE, lifted: { params: [] } },
  recurse: {
    params: 1,
    results: 1,
    code: [...get(0), ...constant(1), ...ADD, ...call(8), ...constant(1), ...ADD],
    lifted: { params: [["depth", U32]], result: U32 },
  },
  grow: { params: 1, results: 1, code: [...get(0), 0x40, 0], lifted: { params: [["pages", U32]], result: S32 } },
  mirror: { params: 2, results: 1, code: RETURN_ARGUMENT, lifted: { params: [["bytes", BYTES]], result: BYTES } },
};

function coreModule(): Bytes {
  const all = Object.entries(FUNCTIONS);
  const functions = all.map(([, one]) => one);
  const types = functions.map(({ params, results }) => [
    0x60,
    ...sized(Array<number>(params).fill(I32)),
    ...sized(Array<number>(results).fill(I32)),
  ]);
  const names = all.map(([text], index) => [...unsigned(index), ...name(text)]);
  return [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(5, list([[0, PAGES]])),
    ...section(6, list([[I32, 1, ...constant(0), ...END]])),
    ...section(
      7,
      list([[...name("memory"), 2, 0], ...all.map(([text], index) => [...name(text), 0, ...unsigned(index)])]),
    ),
    ...section(10, list(functions.map(({ code }) => sized([0, ...code, ...END])))),
    ...section(11, list([[0, ...constant(WORDS), ...END, ...name(ZERO)]])),
    // Names of functions: they stand in the backtrace of a trap.
    ...section(0, [...name("name"), ...section(1, list(names))]),
  ];
}

/** Its bytes. */
export function plainComponent(): Uint8Array {
  const all = Object.entries(FUNCTIONS);
  const lifted = all.flatMap(([text, { lifted: type }], index) => (type === undefined ? [] : [{ text, type, index }]));
  const aliases = [
    ...all.map(([text]) => [0x00, 0x00, 0x01, 0, ...name(text)]),
    [0x00, 0x02, 0x01, 0, ...name("memory")],
  ];
  const types = [
    [0x6a, 1, S32, 1, STRING],
    [0x70, U8],
    ...lifted.map(({ type }) => [
      0x40,
      ...list(type.params.map(([label, of]) => [...name(label), of])),
      ...(type.result === undefined ? [1, 0] : [0, type.result]),
    ]),
  ];
  // Text is UTF-8 in the one memory, and comes to where `realloc`, the first function, says.
  const options = list([[0x00], [0x03, 0], [0x04, 0]]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ...section(1, coreModule()),
    ...section(2, list([[0, 0, 0]])),
    ...section(6, list(aliases)),
    ...section(7, list(types)),
    ...section(
      8,
      list(lifted.map(({ index }, of) => [0, 0, ...unsigned(index), ...options, ...unsigned(of + COMPOSED)])),
    ),
    ...section(11, list(lifted.map(({ text }, of) => [0, ...name(text), 0x01, ...unsigned(of), 0]))),
  ]);
}

/** A component that traps while it is instantiated: its start function reaches what is unreachable. */
export function trappingComponent(): Uint8Array {
  const core = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, 0, 0]])),
    ...section(3, list([[0]])),
    ...section(8, [0]),
    ...section(10, list([sized([0, ...UNREACHABLE, ...END])])),
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
    ...section(1, core),
    ...section(2, list([[0, 0, 0]])),
  ]);
}
