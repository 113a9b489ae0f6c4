// The file of a built actor: a component with two custom sections of ours at its end. What is read here was written by somebody:
// lengths are checked before they are believed, and nothing but these two sections is looked at.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** JSON: an {@link ArtifactMeta}. */
const META_SECTION = "brood:artifact";
/** JSON: the source map (version 3) of the script in the component; its paths are relative to the artifact. */
const MAP_SECTION = "brood:map";

/** What an artifact says of itself. */
export interface ArtifactMeta {
  /** Version of the protocol that the guest speaks. */
  readonly protocol: number;
  /** Version of brood that built it. */
  readonly brood: string;
  /** Of everything that went into it. */
  readonly hash: string;
  /** Every file that was bundled, the actor's module first. */
  readonly inputs: readonly ArtifactInput[];
  readonly endpoints: Readonly<Record<string, "call" | "context">>;
}

export interface ArtifactInput {
  /** Relative to the artifact, with forward slashes. */
  readonly path: string;
  /** Of its content, as hex. */
  readonly sha256: string;
}

/** Why a file is no artifact. */
export type FormatFault = "empty" | "not-wasm" | "core-module" | "truncated" | "no-actor" | "malformed";

/** What was found: the meta section, and where the map is. */
export interface ArtifactSections {
  readonly meta: ArtifactMeta;
  readonly map: { readonly offset: number; readonly length: number } | undefined;
}

/** Bytes of the longest section name that is looked at. */
const LONGEST_NAME = 32;
const META_LIMIT = 16 * 1024 * 1024;

/** The bytes of `component` with both sections after them. */
export function appendSections(component: Uint8Array, meta: ArtifactMeta, map: string): Uint8Array {
  const parts = [component, section(META_SECTION, JSON.stringify(meta)), section(MAP_SECTION, map)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Reads the sections of an open file. Returns what is wrong with a file that is none of ours. */
export function readSections(file: string): ArtifactSections | FormatFault {
  const fd = openSync(file, "r");
  try {
    return read(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/** The text of the map of an artifact that was read before. */
export function readMapText(file: string, place: { readonly offset: number; readonly length: number }): string {
  const fd = openSync(file, "r");
  try {
    return textAt(fd, place.offset, place.length);
  } finally {
    closeSync(fd);
  }
}

function read(fd: number, size: number): ArtifactSections | FormatFault {
  if (size === 0) return "empty";
  const preamble = bytesAt(fd, 0, 8);
  if (preamble.length < 4) return "not-wasm";
  if (preamble[0] !== 0 || preamble[1] !== 0x61 || preamble[2] !== 0x73 || preamble[3] !== 0x6d) return "not-wasm";
  if (preamble.length < 8) return "truncated";
  // The second half of the version is the layer: 0 for a core module, 1 for a component.
  if (preamble[6] === 0 && preamble[7] === 0) return "core-module";
  let meta: ArtifactMeta | undefined;
  let map: ArtifactSections["map"];
  for (let at = 8; at < size;) {
    const head = bytesAt(fd, at, 1 + 5 + 5 + LONGEST_NAME);
    const length = leb128(head, 1);
    if (length === undefined) return "truncated";
    const begin = at + 1 + length.bytes;
    const end = begin + length.value;
    if (end > size) return "truncated";
    if (head[0] === 0) {
      const name = leb128(head, 1 + length.bytes);
      if (name !== undefined && name.value <= LONGEST_NAME && name.bytes + name.value <= length.value) {
        const from = 1 + length.bytes + name.bytes;
        const text = Buffer.from(head.subarray(from, from + name.value)).toString();
        const offset = begin + name.bytes + name.value;
        if (text === META_SECTION) {
          meta = end - offset > META_LIMIT ? undefined : parseMeta(textAt(fd, offset, end - offset));
          if (meta === undefined) return "malformed";
        } else if (text === MAP_SECTION) map = { offset, length: end - offset };
      }
    }
    at = end;
  }
  return meta === undefined ? "no-actor" : { meta, map };
}

function parseMeta(text: string): ArtifactMeta | undefined {
  let meta: Partial<Record<keyof ArtifactMeta, unknown>>;
  try {
    meta = JSON.parse(text) as typeof meta;
  } catch {
    return undefined;
  }
  const fits =
    typeof meta === "object" &&
    meta !== null &&
    Number.isSafeInteger(meta.protocol) &&
    typeof meta.brood === "string" &&
    typeof meta.hash === "string" &&
    typeof meta.endpoints === "object" &&
    meta.endpoints !== null &&
    Array.isArray(meta.inputs) &&
    meta.inputs.every(
      (input: Partial<ArtifactInput> | null) =>
        typeof input === "object" &&
        input !== null &&
        typeof input.path === "string" &&
        typeof input.sha256 === "string",
    );
  return fits ? (meta as ArtifactMeta) : undefined;
}

function section(name: string, text: string): Uint8Array {
  const title = Buffer.from(name);
  const body = Buffer.from(text);
  const inner = [...toLeb128(title.length), ...title];
  return Buffer.concat([Buffer.from([0, ...toLeb128(inner.length + body.length), ...inner]), body]);
}

function bytesAt(fd: number, offset: number, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  let have = 0;
  while (have < length) {
    const count = readSync(fd, buffer, have, length - have, offset + have);
    if (count === 0) break;
    have += count;
  }
  return buffer.subarray(0, have);
}

const textAt = (fd: number, offset: number, length: number): string =>
  Buffer.from(bytesAt(fd, offset, length)).toString();

/** An unsigned number of at most 32 bits; undefined where the bytes end before it does, or it is longer. */
function leb128(bytes: Uint8Array, at: number): { readonly value: number; readonly bytes: number } | undefined {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value < 2 ** 32 ? { value, bytes: i + 1 } : undefined;
  }
  return undefined;
}

function toLeb128(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 0x80);
  }
}
