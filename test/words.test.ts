// The renderer of examples/docsite that is not JavaScript says of a README what JavaScript says of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { component, withNursery } from "brood";
import fc from "fast-check";
import { findPackages } from "../examples/docsite/packages.js";
import { measured } from "#brood/testing/measured.js";
import { ROOT } from "./harness/checkout.js";
import { suite } from "./harness/law.js";

const law = suite("words");

type Counts = [words: number, headings: number, blocks: number];
interface Renderer {
  "brood:docsite/renderer#count"(markdown: string): Counts;
  "brood:docsite/renderer#render"(markdown: string): string;
}
const renderer = component<Renderer>(join(ROOT, "examples", "docsite", "renderers", "words.wasm"));
const COUNT = "brood:docsite/renderer#count";
const RENDER = "brood:docsite/renderer#render";

/** What words.wat says at its top, line by line. */
function count(markdown: string): Counts {
  let [words, headings, blocks] = [0, 0, 0];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const [run, marks = ""] = /^ {0,3}(`+|~+)/.exec(line) ?? [""];
    const rest = line.slice(run.length);
    if (fence !== undefined) {
      if (marks.startsWith(fence) && /^[ \t\r]*$/.test(rest)) fence = undefined;
    } else if (marks.length >= 3 && (marks.startsWith("~") || !rest.includes("`"))) {
      fence = marks;
      blocks += 1;
    } else {
      if (/^ {0,3}#{1,6}(?:[ \t\r]|$)/.test(line)) headings += 1;
      words += line.split(/[ \t\r\v\f]+/).filter((word) => /[A-Za-z0-9\u0080-\uffff]/.test(word)).length;
    }
  }
  return [words, headings, blocks];
}

law("It counts every README of this checkout's packages as JavaScript does", async () => {
  const packages = await findPackages(join(ROOT, "node_modules"));
  const texts = packages.flatMap(({ readme }) => (readme === undefined ? [] : [readFileSync(readme, "utf8")]));
  assert.ok(texts.length > 50, `${texts.length} READMEs`);
  await withNursery(async (nursery) => {
    const portal = await nursery.start(renderer, { name: "words" });
    let [here, there] = [0, 0];
    for (const text of texts) {
      const from = performance.now();
      const counted = await portal.call(COUNT, text);
      const between = performance.now();
      assert.deepEqual(counted, count(text));
      here += performance.now() - between;
      there += between - from;
    }
    const kib = texts.reduce((sum, text) => sum + text.length, 0) / 1024;
    measured(`${texts.length} READMEs, ${kib.toFixed(0)} KiB, counted by a component`, there);
    measured("the same by JavaScript", here);
  });
});

law("It counts any text as JavaScript does", async () => {
  const part = fc.oneof(
    fc.constantFrom(
      "```",
      "~~~~",
      "`",
      "#",
      "# ",
      "###### x",
      "#######",
      " ",
      "   ",
      "\t",
      "\n",
      "\r\n",
      "word",
      "ä",
      "日本 語",
      "-",
      "1.",
    ),
    fc.string({ maxLength: 4 }),
  );
  await withNursery(async (nursery) => {
    const portal = await nursery.start(renderer, { name: "words" });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 40 }), async (parts) => {
        const text = parts.join("");
        assert.deepEqual(await portal.call(COUNT, text), count(text));
      }),
      { numRuns: 500 },
    );
  });
});

law("It renders its counts as a paragraph, and keeps nothing of one call for the next", async () => {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(renderer, { name: "words", limits: { memory: "4MiB" } });
    assert.equal(
      await portal.call(RENDER, "# Title\n\nSome `words` - here.\n\n```js\nnot counted\n```\n"),
      "<p>4 words, 1 headings, 1 code blocks</p>\n",
    );
    assert.equal(await portal.call(RENDER, ""), "<p>0 words, 0 headings, 0 code blocks</p>\n");
    const long = "word ".repeat(200_000);
    // Far more in sum than it may have.
    for (let call = 0; call < 20; call++) assert.deepEqual(await portal.call(COUNT, long), [200_000, 0, 0]);
  });
});

law.run();
