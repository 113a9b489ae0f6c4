// Removes from an output directory what no source stands for any more.
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { filesBelow } from "./files.js";

const SOURCES = {
  ".d.ts": [".ts"],
  ".d.mts": [".mts"],
  ".d.cts": [".cts"],
  ".js": [".ts"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** Removes each file of `out` that is neither compiled from a file of `source`, nor a copy of one, nor in `kept`. */
export function removeStale(out, source, kept = new Set()) {
  for (const file of filesBelow(out)) {
    const name = relative(out, file);
    if (
      kept.has(file) ||
      existsSync(join(source, name)) ||
      sourcesOf(name).some((path) => existsSync(join(source, path)))
    )
      continue;
    rmSync(file);
    removeEmpty(dirname(file));
  }
}

/** Whether `file` is what tsc should have left for a source below `source`; used to notice that an output was deleted. */
export function missingOutputs(out, source, sources, extension) {
  return sources.some(
    (file) => !existsSync(join(out, relative(source, file).replace(/\.([cm]?)ts$/, `.$1${extension}`))),
  );
}

function sourcesOf(name) {
  const compiled = name.replace(/\.map$/, "");
  const extension = Object.keys(SOURCES).find((end) => compiled.endsWith(end));
  return extension ? SOURCES[extension].map((end) => compiled.slice(0, -extension.length) + end) : [];
}

function removeEmpty(directory) {
  if (readdirSync(directory).length === 0) {
    rmdirSync(directory);
    removeEmpty(dirname(directory));
  }
}
