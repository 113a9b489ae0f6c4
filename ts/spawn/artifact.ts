// The built artifact of an actor's module: greeter.wasm beside greeter.js. What is returned fits the module and this release; each
// way in which it does not is an error of its own that says what to do. Looking costs a few calls of the system once a
// second at most: an actor may be started thousands of times a second.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, type Stats } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { whenInherited } from "../native/inherited.js";
import { MIN_PROTOCOL_VERSION, PROTOCOL_VERSION } from "../protocol/version.js";
import { acceptsVersion } from "../protocol/version.js";
import {
  readMapText,
  readSections,
  type ArtifactMeta,
  type ArtifactSections,
  type FormatFault,
} from "./artifact-format.js";
import { SourcePositions } from "./source-positions.js";

/** Builds by itself what is missing or stale, when set to 1. */
const BUILD_VARIABLE = "BROOD_BUILD";
/** For so long a look at the files is believed, in ms. */
const BELIEVED = 1_000;
/** The longest that a build started by itself may take, in ms. */
const BUILD_TIME = 120_000;
/** Of what a build prints, so much is kept for its error. */
const BUILD_OUTPUT = 16 * 1024;

/** A built actor that may be started. */
export interface Artifact {
  /** Its absolute path. */
  readonly file: string;
  readonly meta: ArtifactMeta;
  /** From places in the built script to places in the user's source; read when the first error needs it. */
  positions(): SourcePositions | undefined;
}

/** Why there is nothing to start. */
export type ArtifactReason =
  | "missing"
  | "unreadable"
  | "stale"
  | "protocol"
  | "truncated"
  | "not-wasm"
  | "core-module"
  | "not-an-actor"
  | "build-failed";

/** Not a public error: the spawn method tells it as a failed start. */
export class ArtifactError extends Error {
  override readonly name = "ArtifactError";
  readonly reason: ArtifactReason;
  /** The path of the artifact. */
  readonly file: string;

  constructor(reason: ArtifactReason, file: string, message: string) {
    super(message);
    this.reason = reason;
    this.file = file;
  }
}

interface Known {
  readonly size: number;
  readonly mtime: number;
}

interface Entry extends Known {
  readonly artifact: Artifact;
  /** On the clock of performance.now(). */
  checked: number;
}

const entries = new Map<string, Entry>();
const hashes = new Map<string, Known & { readonly sha256: string }>();
const builds = new Map<string, Promise<void>>();
whenInherited(() => builds.clear());

/**
 * The artifact of a module.
 * @param module URL of the module, a file: URL
 * @throws ArtifactError
 */
export function readArtifact(module: string | URL): Artifact {
  const source = fileURLToPath(module);
  const file = artifactFile(source);
  const known = entries.get(file);
  const now = performance.now();
  if (known !== undefined && now - known.checked < BELIEVED) return known.artifact;
  const stats = statOf(file, source);
  let entry = known !== undefined && isSame(known, stats) ? known : undefined;
  if (entry === undefined) {
    const artifact = load(file, source);
    entry = { artifact, size: stats.size, mtime: stats.mtimeMs, checked: now };
  }
  checkInputs(entry.artifact, source);
  entry.checked = now;
  entries.set(file, entry);
  return entry.artifact;
}

/**
 * As {@link readArtifact}; with BROOD_BUILD=1 in the environment, what is missing or does not fit is built first, in a child
 * process and once for everybody who waits for it.
 */
export async function ensureArtifact(module: string | URL): Promise<Artifact> {
  try {
    return readArtifact(module);
  } catch (error) {
    if (!(error instanceof ArtifactError) || process.env[BUILD_VARIABLE] !== "1") throw error;
    const source = sourceFor(fileURLToPath(module), error.file);
    if (source === undefined) throw error;
    let running = builds.get(error.file);
    if (running === undefined) {
      running = build(source, error.file).finally(() => builds.delete(error.file));
      builds.set(error.file, running);
    }
    await running;
    return readArtifact(module);
  }
}

/** `greeter.js`, `greeter.ts`, `greeter.mjs` -> `greeter.wasm`, in the same directory. */
export function artifactFile(source: string): string {
  return `${source.replace(/\.[cm]?[jt]sx?$/, "")}.wasm`;
}

function statOf(file: string, source: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") throw new ArtifactError("unreadable", file, `${shown(file)} cannot be read: ${message}`);
    throw new ArtifactError(
      "missing",
      file,
      `there is no ${shown(file)}: an actor in wasm is started from its built artifact. ${command("Build it", source, file)}`,
    );
  }
}

const FAULTS: Record<FormatFault, (file: string) => readonly [ArtifactReason, string]> = {
  empty: (file) => ["truncated", `${file} is empty, as of a copy that was cut off`],
  truncated: (file) => ["truncated", `${file} ends within itself: it was cut off when it was written or copied`],
  "not-wasm": (file) => ["not-wasm", `${file} is no WebAssembly`],
  "core-module": (file) => ["core-module", `${file} is a core WebAssembly module, and an actor is a component`],
  "no-actor": (file) => [
    "not-an-actor",
    `${file} is a component, but not a built actor. If it is meant as it is, start component(new URL(...))`,
  ],
  malformed: (file) => ["not-an-actor", `${file} has a section brood:artifact that this release cannot read`],
};

function load(file: string, source: string): Artifact {
  let sections: ArtifactSections | FormatFault;
  try {
    sections = readSections(file);
  } catch (error) {
    throw new ArtifactError("unreadable", file, `${shown(file)} cannot be read: ${(error as Error).message}`);
  }
  if (typeof sections === "string") {
    const [reason, why] = FAULTS[sections](shown(file));
    throw new ArtifactError(reason, file, `${why}. ${command("Build it", source, file)}`);
  }
  const { meta, map } = sections;
  if (!acceptsVersion(meta.protocol)) {
    const spoken =
      MIN_PROTOCOL_VERSION === PROTOCOL_VERSION
        ? `version ${PROTOCOL_VERSION}`
        : `versions ${MIN_PROTOCOL_VERSION} and ${PROTOCOL_VERSION}`;
    throw new ArtifactError(
      "protocol",
      file,
      `${shown(file)} was built by brood ${meta.brood} and speaks version ${meta.protocol} of the protocol; this brood speaks ${spoken}. ${command("Build it again", source, file)}`,
    );
  }
  let positions: SourcePositions | undefined;
  return {
    file,
    meta,
    positions() {
      if (positions === undefined && map !== undefined) {
        try {
          positions = new SourcePositions(readMapText(file, map), dirname(file));
        } catch {
          return undefined; // an error with places in the built script is better than none
        }
      }
      return positions;
    },
  };
}

/** Throws when one of the files that are in the artifact is not what it was. A deployment without sources has none to compare. */
function checkInputs({ file, meta }: Artifact, source: string): void {
  for (const input of meta.inputs) {
    const path = resolve(dirname(file), input.path);
    const sha256 = hashOf(path);
    if (sha256 === undefined || sha256 === input.sha256) continue;
    entries.delete(file);
    throw new ArtifactError(
      "stale",
      file,
      `${shown(file)} is stale: ${shown(path)} has changed since it was built. ${command("Build it again", sourceFor(source, file) ?? source, file)}`,
    );
  }
}

/** The hash of a file; undefined where it cannot be read. */
function hashOf(path: string): string | undefined {
  try {
    const stats = statSync(path);
    const known = hashes.get(path);
    if (known !== undefined && isSame(known, stats)) return known.sha256;
    const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
    hashes.set(path, { size: stats.size, mtime: stats.mtimeMs, sha256 });
    return sha256;
  } catch {
    return undefined;
  }
}

const isSame = (known: Known, stats: Stats): boolean => known.size === stats.size && known.mtime === stats.mtimeMs;

/** What to build an artifact from: what it was built from before, else the module, else the TypeScript beside it. */
function sourceFor(module: string, file: string): string | undefined {
  let built: string | undefined;
  try {
    const sections = readSections(file);
    const first = typeof sections === "string" ? undefined : sections.meta.inputs[0];
    built = first === undefined ? undefined : resolve(dirname(file), first.path);
  } catch {
    built = undefined;
  }
  const candidates = [built, module, module.replace(/\.([cm]?)js$/, ".$1ts")];
  return candidates.find((path) => path !== undefined && existsSync(path));
}

function command(what: string, source: string, file: string): string {
  return `${what}: npx brood build ${quoted(source)} -o ${quoted(file)}`;
}

function quoted(path: string): string {
  const text = shown(path);
  return /^[\w./\\:@+-]+$/.test(text) ? text : `"${text}"`;
}

/** As a person would type it here. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}

/** Runs `brood build` in a child process. */
async function build(source: string, file: string): Promise<void> {
  const { [BUILD_VARIABLE]: _build, ...env } = process.env;
  const cli = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [cli, "build", source, "-o", file], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: BUILD_TIME,
    killSignal: "SIGKILL",
  });
  let output = "";
  const keep = (chunk: string): void => {
    output = (output + chunk).slice(-BUILD_OUTPUT);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const ended = await new Promise<string | undefined>((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => {
      if (code === 0) done(undefined);
      else
        done(signal === null ? output.trimEnd() : `it did not end within ${BUILD_TIME / 1_000} s\n${output}`.trimEnd());
    });
  });
  if (ended !== undefined)
    throw new ArtifactError("build-failed", file, `${BUILD_VARIABLE}=1, and building ${shown(file)} failed: ${ended}`);
}
