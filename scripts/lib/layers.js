// The layers of ts/ and who may import whom. The table is here and nowhere else; scripts/check.js applies it.
import { posix } from "node:path";

/** What stands directly below each layer. A layer may import everything that its arrows lead to, also over others. */
const ARROWS = {
  cli: ["index"],
  entry: ["index"],
  index: ["testing", "observe", "actor"],
  testing: ["supervisor", "actor"],
  observe: ["supervisor"],
  supervisor: ["registry"],
  registry: ["nursery"],
  nursery: ["portal", "spawn"],
  portal: ["context"],
  actor: ["context"],
  context: ["stream"],
  stream: ["protocol"],
  spawn: ["native", "protocol"],
  native: ["errors"],
  protocol: ["errors"],
  errors: [],
  vendor: [],
};

/** What only its neighbour may import: vendored code is wrapped once. */
const PRIVATE = { vendor: "protocol" };

/** These run inside guests too, which have no Node. */
const WITHOUT_NODE = new Set(["actor", "context", "stream", "protocol", "errors", "vendor"]);

/** What a layer may name beside files: packages that the build bundles, since users install no dependency, and a guest's world. */
const NAMED = { vendor: /^msgpackr\//, entry: /^brood:actor\// };

/** The only files that gather the names of others. */
const INDEXES = new Set(["ts/index.ts", "ts/actor/index.ts", "ts/testing/index.ts"]);

/**
 * Every breach in `files`, a map from paths (`ts/portal/portal.ts`) to texts, as `path:line: what is wrong`. `typescript` is the
 * compiler's module: it knows what an import is.
 */
export function breachesIn(files, typescript) {
  return [...files].flatMap(([path, text]) => {
    const say = (position, words) => `${path}:${text.slice(0, position).split("\n").length}: ${words}`;
    const layer = layerOf(path);
    if (!(layer in ARROWS)) return [say(0, `${layer} is no layer; the layers are in scripts/lib/layers.js`)];
    const imports = typescript.preProcessFile(text, true, true).importedFiles;
    const breaches = imports.flatMap(({ fileName, pos }) => {
      const words = breachOf(layer, path, fileName);
      return words ? [say(pos, words)] : [];
    });
    if (path.endsWith("/index.ts") && !INDEXES.has(path))
      breaches.push(say(0, "no barrels: import from the file that defines the name"));
    for (const position of starExports(text, typescript))
      breaches.push(say(position, "no `export *`: name what is exported"));
    return breaches;
  });
}

function breachOf(layer, path, specifier) {
  if (specifier.startsWith("node:"))
    return WITHOUT_NODE.has(layer) ? `${layer} runs inside guests and must not import ${specifier}` : undefined;
  if (!specifier.startsWith(".")) {
    return NAMED[layer]?.test(specifier)
      ? undefined
      : `${layer} must not import the package ${specifier}: users install no dependency`;
  }
  const target = layerOf(posix.join(posix.dirname(path), specifier));
  if (target === undefined) return `${specifier} is outside of ts/`;
  if (target === layer || allowed(layer).has(target)) return undefined;
  return `${layer} must not import ${target}: arrows point downward only (scripts/lib/layers.js)`;
}

/** `ts/portal/portal.ts` is in `portal`; `ts/index.ts` is `index`. */
function layerOf(path) {
  const [root, name, ...rest] = path.split("/");
  if (root !== "ts" || name === undefined) return undefined;
  return rest.length > 0 ? name : name.replace(/\.[jt]s$/, "");
}

function allowed(layer) {
  const found = new Set();
  const visit = (name) => {
    for (const below of ARROWS[name]) {
      if (found.has(below)) continue;
      found.add(below);
      visit(below);
    }
  };
  visit(layer);
  for (const [kept, neighbour] of Object.entries(PRIVATE)) if (neighbour === layer) found.add(kept);
  return found;
}

function starExports(text, typescript) {
  const source = typescript.createSourceFile("source.ts", text, typescript.ScriptTarget.ES2022);
  return source.statements
    .filter(
      (statement) =>
        typescript.isExportDeclaration(statement) &&
        (!statement.exportClause || typescript.isNamespaceExport(statement.exportClause)),
    )
    .map((statement) => statement.getStart(source));
}
