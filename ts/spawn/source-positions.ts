// From places in the script that a guest runs to places in the user's source. A stack that a guest sends is text of its own
// making: what does not look like a frame of that script is left as it is.
import { SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import { SCRIPT } from "../protocol/script-name.js";

/** How the guest's engine calls the built script, and the code of a `source(code)`. */
const EVALUATED = "<input>";

/** The name of brood's own part in the sources of a map. */
export const OWN_SOURCE = "brood:guest";

export interface SourcePosition {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export class SourcePositions {
  readonly #map: SourceMap;
  readonly #base: string;

  /**
   * @param text of a source map
   * @param base the directory to which its paths are relative
   * @throws for a text that is no source map
   */
  constructor(text: string, base: string) {
    this.#map = new SourceMap(JSON.parse(text) as SourceMapPayload);
    this.#base = base;
  }

  /**
   * Where a place of the script comes from.
   * @param line from 1
   * @param column from 1
   * @returns "own" for brood's own part of the script, undefined for a place that is not in the map
   */
  find(line: number, column: number): SourcePosition | "own" | undefined {
    const entry = this.#map.findEntry(line - 1, column - 1) as {
      originalSource?: string;
      originalLine?: number;
      originalColumn?: number;
    };
    if (entry.originalSource === undefined || entry.originalLine === undefined) return undefined;
    if (entry.originalSource.startsWith(OWN_SOURCE)) return "own";
    return {
      file: resolve(this.#base, entry.originalSource),
      line: entry.originalLine + 1,
      column: (entry.originalColumn ?? 0) + 1,
    };
  }
}

const FRAME = /^(\s*at )(?:(.*) \()?(componentize-qjs:user\.js|<input>):(\d+):(\d+)\)?$/;

/**
 * A guest's stack in places of the user's source, without the frames of brood's own; a stack that has no others keeps them.
 * @param positions undefined for a `source(code)`, whose places are its own
 */
export function mapStack(stack: string, positions: SourcePositions | undefined): string {
  const all: string[] = [];
  const theirs: string[] = [];
  let placed = 0;
  // Frames of the engine between the last of the user's and brood's own tell nothing.
  let kept = 0;
  for (const line of stack.split("\n")) {
    const frame = FRAME.exec(line);
    if (frame === null) {
      all.push(line);
      theirs.push(line);
      if (!/^\s*(?:at .*\(native\))?$/.test(line)) kept = theirs.length;
      continue;
    }
    const [, at = "", name, script, row = "", column = ""] = frame;
    const place =
      script === EVALUATED
        ? `source:${row}:${column}`
        : positionText(positions?.find(Number(row), Number(column)), `${SCRIPT}:${row}:${column}`);
    // brood-js.wasm has no map: all of its script is brood's own.
    const own = script === SCRIPT && (place === undefined || positions === undefined);
    const text = own ? `${OWN_SOURCE}:${row}:${column}` : (place as string);
    const told = name === undefined || name === "<eval>" ? `${at}${text}` : `${at}${name} (${text})`;
    all.push(told);
    if (own) continue;
    kept = theirs.push(told);
    placed++;
  }
  return (placed === 0 ? all : theirs.slice(0, kept)).join("\n");
}

/** undefined for brood's own. */
function positionText(position: SourcePosition | "own" | undefined, otherwise: string): string | undefined {
  if (position === "own") return undefined;
  return position === undefined ? otherwise : `${position.file}:${position.line}:${position.column}`;
}

/** A position as people are told it: relative to where they are, if it is below. */
export function shownPosition({ file, line, column }: SourcePosition, cwd: string): string {
  const short = relative(cwd, file);
  return `${short !== "" && !short.startsWith("..") ? short : file}:${line}:${column}`;
}
