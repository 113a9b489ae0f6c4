// Percent-encoding and form-encoding of the URL standard. Every set is ASCII; what is not ASCII is encoded in each of them.
import { decodeBytes, wellFormed } from "./text.js";

const set = (base: string, more: string): string => base + more;

/** The printable ASCII characters that a part of a URL encodes; controls and whatever is not ASCII are encoded everywhere. */
export const CONTROL = "";
export const FRAGMENT = ' "<>`';
export const QUERY = ' "#<>';
export const SPECIAL_QUERY = set(QUERY, "'");
export const PATH = set(QUERY, "?^`{}");
export const USERINFO = set(PATH, "/:;=@[\\]|");

/** @param set the printable characters that are encoded */
export function percentEncode(text: string, set: string): string {
  // Most texts have nothing to encode.
  if (/^[A-Za-z0-9\-._~]*$/.test(text)) return text;
  let out = "";
  for (const char of wellFormed(text)) {
    if (char > "~") out += encodeURIComponent(char);
    else if (char < " " || set.includes(char)) out += hex(char.charCodeAt(0));
    else out += char;
  }
  return out;
}

/** What percent signs stand for, as UTF-8; U+FFFD where it is none, and a % that stands for nothing stays. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/(?:%[0-9a-f]{2}|[^\0-\x7f])+/gi, (run) => decodeBytes(bytesOf(run)));
  }
}

/** A name or a value of application/x-www-form-urlencoded. */
export function formEncode(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(/%20|[!'()~]/g, (found) =>
    found === "%20" ? "+" : hex(found.charCodeAt(0)),
  );
}

export function formDecode(text: string): string {
  return percentDecode(text.replace(/\+/g, " "));
}

function hex(byte: number): string {
  return `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`;
}

function bytesOf(run: string): Uint8Array {
  const bytes: number[] = [];
  for (const [part] of encodeURIComponent(run)
    .replace(/%25([0-9a-f]{2})/gi, "%$1")
    .matchAll(/%[0-9A-Fa-f]{2}/g))
    bytes.push(Number.parseInt(part.slice(1), 16));
  return Uint8Array.from(bytes);
}
