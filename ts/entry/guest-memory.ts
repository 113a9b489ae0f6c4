// Runs before everything else of a guest, while it is built. All instances share the memory of the built component, page by page, until
// one of them writes to a page, and the engine writes a reference count at almost every use of an object: what is used together should
// lie together. When this runs, the script has been parsed, and thousands of gaps are left between what stays of that. Here they
// are filled with things of no use, so that what is made afterwards lies side by side. The amounts were found by measuring, as
// `wasm-memory` of the bench tells: a start and a call write 136 pages, with 400 small ones 152. More of either save nothing; texts,
// objects or lists for the sizes between save less.
interface Pair {
  readonly readable: { drop(): void };
  readonly writable: { drop(): void };
}

const { wit } = globalThis as unknown as { wit: { Stream(): Pair } };

// Large gaps: a bigint is one block of memory, of any size.
const large: bigint[] = [];
for (let round = 0; round < 4; round++) {
  for (let bytes = 600; bytes < 40_000; bytes = Math.floor(bytes * 1.12)) large.push(1n << BigInt(bytes * 8));
}

// Small gaps of the runtime around the engine: each handle on a stream is a block there, also when its stream is closed.
const small: Pair[] = [];
for (let i = 0; i < 1_600; i++) {
  const pair = wit.Stream();
  pair.writable.drop();
  pair.readable.drop();
  small.push(pair);
}

/** Held: what nobody holds is a gap again. */
export const filling = [large, small];
