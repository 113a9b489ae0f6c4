// One source of values, several readers.
import assert from "node:assert/strict";
import { broadcast, InvalidOption, StreamClosed } from "brood";
import { suite } from "../harness/law.js";

const law = suite("broadcast");

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function* numbers(to: number, left: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let i = 0; i < to; i++) yield i;
  } finally {
    left();
  }
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

law("every subscriber is given every value, in order, and then the end", async () => {
  const hub = broadcast(numbers(100));
  const readers = upTo(5).map(() => all(hub.subscribe()));
  assert.equal(hub.size, 5);
  for (const got of await Promise.all(readers)) assert.deepEqual(got, upTo(100));
  assert.equal(hub.size, 0);
  assert.throws(() => hub.subscribe(), StreamClosed);
});

law("nothing is read while nobody is there, and who comes later begins there", async () => {
  let read = 0;
  const hub = broadcast(
    (async function* () {
      for (;;) yield read++;
    })(),
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(read, 0);
  const first = hub.subscribe();
  assert.deepEqual([(await first.next()).value, (await first.next()).value], [0, 1]);
  const second = hub.subscribe();
  const [a, b] = await Promise.all([first.next(), second.next()]);
  assert.deepEqual([a.value, b.value], [2, 2]);
  first.close();
  assert.equal((await second.next()).value, 3);
});

law("a failure of the source is every subscriber's", async () => {
  const hub = broadcast(
    (async function* () {
      yield 1;
      throw new RangeError("no more");
    })(),
  );
  const readers = [all(hub.subscribe()), all(hub.subscribe({ lag: 3 }))];
  for (const reader of readers) await assert.rejects(reader, /no more/);
});

law("what is no async iterable, and what is no lag, is refused", () => {
  for (const wrong of [undefined, null, 5, [1, 2], {}]) assert.throws(() => broadcast(wrong as never), InvalidOption);
  for (const lag of [0, -1, 1.5, Infinity, "1"])
    assert.throws(() => broadcast(numbers(1)).subscribe({ lag: lag as number }), InvalidOption);
});

law.run();
