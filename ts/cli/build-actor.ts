// Makes a component of an actor's module: bundled, evaluated once, its memory kept, and two sections added that say what is in
// it. The file appears whole or not at all.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import { appendSections, type ArtifactInput, type ArtifactMeta } from "../spawn/artifact-format.js";
import { mapStack, shownPosition, SourcePositions } from "../spawn/source-positions.js";
import { bundleGuest, RUNTIME, WORLD } from "./guest-bundle.js";
import { loadPeers } from "./peers.js";
import { readRecord, type Use } from "./record.js";
import { Refusal } from "./refusal.js";

export interface BuildSettings {
  /** Path of the actor's module; undefined for the guest that runs strings. */
  readonly actor: string | undefined;
  /** Path of the component. */
  readonly out: string;
  /** Refuses what is otherwise a warning. */
  readonly strict?: boolean;
  /** To which paths are relative, those in messages too. */
  readonly cwd?: string;
}

export interface Built {
  readonly file: string;
  readonly bytes: number;
  readonly meta: ArtifactMeta;
  readonly warnings: readonly string[];
}

/** @throws Refusal that says what is wrong and where */
export async function buildActor({ actor, out, strict = false, cwd = process.cwd() }: BuildSettings): Promise<Built> {
  const file = resolve(cwd, out);
  const directory = dirname(file);
  const module = actor === undefined ? undefined : resolve(cwd, actor);
  if (module !== undefined) mustBeFile(module, actor as string);
  const { esbuild, componentizer } = await loadPeers(module ?? RUNTIME);
  const bundle = await bundleGuest(esbuild, { actor: module, directory, cwd });
  const inputs = bundle.inputs.map((path) => inputOf(path, directory));
  const positions = new SourcePositions(bundle.map, directory);
  let component: Uint8Array;
  try {
    ({ component } = await componentizer.componentize({ witPath: WORLD, world: "actor", jsSource: bundle.script }));
  } catch (error) {
    throw new Refusal(describeFailure((error as Error).message, positions, actor ?? "brood"));
  }
  const { uses, endpoints } = readRecord(component);
  const warnings = [...bundle.warnings, ...describeUses(uses, positions, cwd)];
  if (strict && warnings.length > 0) throw new Refusal(warnings.join("\n"));
  const meta: ArtifactMeta = {
    protocol: PROTOCOL_VERSION,
    brood: version(),
    hash: hashOf(bundle.script, inputs),
    inputs,
    endpoints,
  };
  const bytes = appendSections(component, meta, bundle.map);
  mkdirSync(directory, { recursive: true });
  const beside = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, bytes);
    renameSync(beside, file);
  } finally {
    rmSync(beside, { force: true });
  }
  return { file, bytes: bytes.length, meta, warnings };
}

function mustBeFile(path: string, given: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Refusal(code === "ENOENT" ? `there is no ${given}` : `${given} cannot be read: ${message}`);
  }
}

function inputOf(path: string, directory: string): ArtifactInput {
  return {
    path: relative(directory, path).split(sep).join("/"),
    sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
  };
}

function hashOf(script: string, inputs: readonly ArtifactInput[]): string {
  const hash = createHash("sha256").update(`${PROTOCOL_VERSION}\0${script}\0`);
  for (const { path, sha256 } of inputs) hash.update(`${path}\0${sha256}\0`);
  return hash.digest("hex");
}

const version = (): string =>
  (
    JSON.parse(readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8")) as {
      version: string;
    }
  ).version;

/** What the componentizer says, without its own words around it, in places of the user's source. */
function describeFailure(message: string, positions: SourcePositions, actor: string): string {
  const found =
    /Failed to (?:evaluate user JavaScript module: )?Failed to (?:finish|evaluate|declare) JavaScript module(?: evaluation)?: (?:Error: )?([\s\S]*)/.exec(
      message,
    );
  if (found === null) return `${actor}: it could not be made a component: ${message.trim()}`;
  const text = (found[1] as string).trimEnd();
  // The message, and then the stack, which begins with the message again.
  const stack = /^([\s\S]*?)\n(\w+: \1(?:\n[\s\S]*)?)$/.exec(text)?.[2] ?? text;
  const thrown = mapStack(stack, positions);
  return `${actor}: its top level, which runs when it is built, failed: ${thrown}`;
}

/** One line for each place. */
function describeUses(uses: readonly Use[], positions: SourcePositions, cwd: string): string[] {
  const lines = uses.map(({ what, stack }) => {
    const place = userPlace(stack, positions);
    return `${place === undefined ? "" : `${shownPosition(place, cwd)}: `}${what} at top level: it runs once, when the actor is built, and every start has that result. Per-start work belongs in setup.`;
  });
  return [...new Set(lines)];
}

/** The innermost place in a stack that is not brood's own. */
function userPlace(stack: string, positions: SourcePositions): Exclude<ReturnType<SourcePositions["find"]>, "own"> {
  for (const [, line, column] of stack.matchAll(/componentize-qjs:user\.js:(\d+):(\d+)/g)) {
    const place = positions.find(Number(line), Number(column));
    if (place !== undefined && place !== "own") return place;
  }
  return undefined;
}
