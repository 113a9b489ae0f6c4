// Near misses: the name that was meant, and lists that stay short.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { didYouMean, listNames } from "#brood/errors/near.js";
import { suite } from "../harness/law.js";

const law = suite("near");

const NAMES = ["startTimeout", "cancelTimeout", "killTimeout", "onDeath", "onDeaf", "env", "cwd"];

const MEANT: readonly [string, string][] = [
  ["startTimeOut", "startTimeout"],
  ["starttimeout", "startTimeout"],
  ["startTimeot", "startTimeout"],
  ["ondeath", "onDeath"],
  ["onDeaff", "onDeaf"],
  ["cdw", "cwd"],
];
for (const [given, meant] of MEANT)
  law(`${given} was meant to be ${meant}`, () => assert.is(didYouMean(NAMES, given), ` Did you mean ${meant}?`));

for (const given of ["nothing like it", "", "zzzzzzzz", "x".repeat(65)]) {
  law(`${JSON.stringify(given.slice(0, 20))} was meant to be none of them`, () =>
    assert.is(didYouMean(given === "" ? ["alone"] : NAMES, given), ""),
  );
}

law("names are listed nearest first, five of them, the rest counted", () => {
  assert.is(listNames([]), "none");
  assert.is(listNames([], "x"), "none");
  assert.is(listNames(["b", "a"]), "b, a");
  assert.is(listNames(["alpha", "beta", "gamma"], "gama"), "gamma, beta, alpha");
  assert.is(listNames(["1", "2", "3", "4", "5"]), "1, 2, 3, 4, 5");
  assert.is(listNames(["1", "2", "3", "4", "5", "6"]), "1, 2, 3, 4, 5 and 1 more");
  assert.is(listNames(NAMES, "killTimout").split(", ")[0], "killTimeout");
});

const name = fc.string({ minLength: 1, maxLength: 80 });

law("a name that is there is its own nearest", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 60 }), {
        minLength: 1,
        maxLength: 8,
        selector: (one) => one.toLowerCase(),
      }),
      fc.nat(),
      (names, at) => {
        const own = names[at % names.length] as string;
        assert.is(didYouMean(names, own), ` Did you mean ${own}?`);
        assert.ok(listNames(names, own).startsWith(own));
      },
    ),
  );
});

law("a suggestion is always one of the names, and a list has each of at most five once", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,70}$/), { maxLength: 12 }), name, (names, given) => {
      const meant = / Did you mean (.*)\?$/.exec(didYouMean(names, given));
      if (meant !== null) assert.ok(names.includes(meant[1] as string));
      const shown = listNames(names, given).replace(/ and \d+ more$/, "");
      if (names.length > 0) {
        const parts = shown.split(", ");
        assert.is(parts.length, Math.min(5, names.length));
        assert.is(new Set(parts).size, parts.length);
        for (const part of parts) assert.ok(names.includes(part));
      }
    }),
  );
});

law("a name of a megabyte costs nothing", () => {
  const since = performance.now();
  const long = "x".repeat(1_000_000);
  didYouMean([long, "a"], long);
  didYouMean([long], "x".repeat(64));
  listNames([long, "a"], long);
  listNames([long, "a"], "x".repeat(64));
  assert.ok(performance.now() - since < 1_000);
});

law.run();
