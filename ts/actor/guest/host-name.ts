// Hosts of URLs: names, IPv4 and IPv6 addresses as the URL standard reads and writes them. A guest has no tables of Unicode: a name that is
// not ASCII is refused, and one in Punycode is taken as it is.
import { CONTROL, percentDecode, percentEncode } from "./percent.js";

/** Why a host is none. */
export class InvalidHost {
  constructor(readonly why: string) {}
}

const FORBIDDEN = /[\0\t\n\r #/:<>?@[\\\]^|]/;
const FORBIDDEN_IN_DOMAIN = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

/** The host as it is written in a URL. Throws InvalidHost. */
export function parseHost(input: string, special: boolean): string {
  if (input.startsWith("[")) {
    if (!input.endsWith("]")) throw new InvalidHost("its IPv6 address has no end");
    return `[${parseIPv6(input.slice(1, -1))}]`;
  }
  if (!special) {
    if (FORBIDDEN.test(input)) throw new InvalidHost("its host has a character that none may have");
    return percentEncode(input, CONTROL);
  }
  const domain = percentDecode(input);
  for (let i = 0; i < domain.length; i++)
    if (domain.charCodeAt(i) > 0x7f)
      throw new InvalidHost("its host is not ASCII, and a wasm actor has no IDNA: write it in Punycode, as xn--...");
  const name = domain.toLowerCase();
  if (name === "" || FORBIDDEN_IN_DOMAIN.test(name))
    throw new InvalidHost(name === "" ? "it has no host" : "its host has a character that none may have");
  return endsInNumber(name) ? parseIPv4(name) : name;
}

function endsInNumber(name: string): boolean {
  const parts = name.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  return /^(?:\d+|0x[0-9a-f]*)$/.test(parts.at(-1) as string);
}

function parseIPv4(name: string): string {
  const parts = name.split(".");
  if (parts.at(-1) === "" && parts.length > 1) parts.pop();
  if (parts.length > 4) throw new InvalidHost("its IPv4 address has more than four parts");
  const numbers = parts.map((part) => {
    const read = /^(?:0x([0-9a-f]*)|0([0-7]+)|(0|[1-9]\d*))$/.exec(part);
    if (read === null) throw new InvalidHost("its IPv4 address has a part that is no number");
    if (read[1] !== undefined) return read[1] === "" ? 0 : Number.parseInt(read[1], 16);
    return read[2] === undefined ? Number(part) : Number.parseInt(part, 8);
  });
  const last = numbers.pop() as number;
  if (numbers.some((one) => one > 255) || last >= 256 ** (4 - numbers.length))
    throw new InvalidHost("its IPv4 address has a part that is too large");
  const address = numbers.reduce((sum, one, i) => sum + one * 256 ** (3 - i), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function parseIPv6(text: string): string {
  const bad = (): never => {
    throw new InvalidHost("its IPv6 address is none");
  };
  const halves = text.split("::");
  if (halves.length > 2) bad();
  const sides = halves.map((half, side) => {
    if (half === "") return [];
    const pieces = half.split(":");
    return pieces.flatMap((piece, i) => {
      if (piece.includes(".") && side === halves.length - 1 && i === pieces.length - 1) return dotted(piece) ?? bad();
      return /^[0-9a-f]{1,4}$/i.test(piece) ? [Number.parseInt(piece, 16)] : bad();
    });
  });
  const [left, right] = sides as [number[], number[] | undefined];
  const given = left.length + (right?.length ?? 0);
  if (right === undefined ? given !== 8 : given > 7) bad();
  return writeIPv6([...left, ...new Array<number>(8 - given).fill(0), ...(right ?? [])]);
}

/** The last two pieces, written as an IPv4 address. */
function dotted(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}

/** The longest run of at least two zeros is left out, the first of several. */
function writeIPv6(pieces: readonly number[]): string {
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && pieces[end] === 0) end++;
    if (end - i > length) [from, length] = [i, end - i];
    if (end > i) i = end;
  }
  const write = (some: readonly number[]): string => some.map((piece) => piece.toString(16)).join(":");
  return from < 0 ? write(pieces) : `${write(pieces.slice(0, from))}::${write(pieces.slice(from + length))}`;
}
