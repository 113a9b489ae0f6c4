// The examples of the documents do what their comments say: each runs as it stands, and prints what stands behind `console.log(...)`.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, tool } from "./harness/checkout.js";
import { suite } from "./harness/law.js";
import { documentExamples } from "./harness/readme.js";
import { runWell } from "./harness/run.js";

const law = suite("docs");

/** Programs by document; every other example is a module that one of them uses. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["main.ts", "untrusted.ts"],
  "docs/guide.md": ["pooled.ts", "seen.ts", "sharing.ts", "streams.ts", "supervisor.ts", "together.ts"],
  "docs/wasm.md": ["rule.ts", "render.ts", "bytes.ts", "limits.ts"],
  "docs/testing.md": ["leaks.ts", "deadline.ts", "clock.ts", "breaker.ts", "suite.ts"],
};
/** Actors of them that are started in wasm. */
const BUILT: Readonly<Record<string, readonly string[]>> = { "docs/wasm.md": ["renderer"] };

/** What follows on `console.log(...); //` in a program. */
const promised = (code: string): string[] =>
  [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);

for (const [document, programs] of Object.entries(PROGRAMS)) {
  law(
    `the examples of ${document} type-check, run, and print what they promise`,
    async (t) => {
      mkdirSync(join(ROOT, "build"), { recursive: true });
      // Inside the checkout: `brood` and the packages that examples use are found from here.
      const cwd = mkdtempSync(join(ROOT, "build", "docs-"));
      t.defer(() => rmSync(cwd, { recursive: true, force: true }));
      const examples = documentExamples(document);
      for (const [name, code] of examples) writeFileSync(join(cwd, name), code);
      copyFileSync(join(ROOT, "examples", "docsite", "renderers", "words.wasm"), join(cwd, "words.wasm"));
      writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, include: ["*.ts"] }));
      await runWell(process.execPath, [tool("typescript", "bin", "tsc"), "-p", "."], { cwd });
      for (const name of BUILT[document] ?? []) {
        await runWell("/bin/sh", [join(ROOT, "bin", "brood"), "build", `${name}.js`], { cwd });
      }
      for (const name of programs) {
        const code = examples.get(name);
        assert.ok(code !== undefined, `${document} has no example ${name}`);
        const { stdout } = await runWell(process.execPath, [name.replace(/\.ts$/, ".js")], { cwd });
        assert.deepEqual(stdout.trimEnd().split("\n"), promised(code), name);
      }
    },
    { deadline: 120_000 },
  );
}

law("a document that this page names is there, and what it links to as well", () => {
  for (const document of [
    "README.md",
    "docs/guide.md",
    "docs/forkserver.md",
    "docs/wasm.md",
    "docs/errors.md",
    "docs/values.md",
    "docs/testing.md",
  ]) {
    const text = readFileSync(join(ROOT, document), "utf8");
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
      const file = target === "" ? document : join(document, "..", target!);
      const linked = readFileSync(join(ROOT, file), "utf8");
      if (anchor === undefined) continue;
      const anchors = [...linked.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title!
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      assert.ok(anchors.includes(anchor), `${document}: ${file}#${anchor}`);
    }
  }
});

law.run();

const OPTIONS = {
  module: "nodenext",
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  strict: true,
  types: ["node"],
  skipLibCheck: true,
};
