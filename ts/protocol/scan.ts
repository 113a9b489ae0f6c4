// A look at the structure of packed bytes before they are unpacked. What passes is exactly one value made of msgpack's own
// forms and the extensions of our table, complete, within the limits of depth and number. msgpackr by itself would also
// take records, references, dates, regular expressions and typed arrays of its own, text after the end, and keys of any
// kind; none of that gets to it. The scan allocates nothing and takes time in the number of values, not of bytes.
import { InvalidMessage } from "../errors/kinds.js";
import { elementBytes, ExtensionType } from "./extensions.js";
import { MAX_DEPTH, MAX_NODES } from "./walk.js";

// A value of the user's travels inside a body of ours (a Start is a list with a list of arguments in it), and an error is a
// few levels by itself.
const DEPTH = MAX_DEPTH + 32;
const NODES = MAX_NODES + 4096;

// What the values of a container are: values, keys and values of a map, or keys and values of a list that is an object.
const VALUES = 0;
const KEYED = 1;
const LISTED = 2;

/** How many values are still to come, for each container that is open. */
const pending = new Uint32Array(DEPTH + 2);
const kinds = new Uint8Array(DEPTH + 2);

const fail = (why: string): InvalidMessage => new InvalidMessage(`a payload with ${why}`);
const truncated = (): InvalidMessage => fail("less in it than it claims");

/**
 * Checks packed bytes.
 * @throws InvalidMessage for anything that no sender of ours has made
 */
export function scan(bytes: Uint8Array): void {
  const end = bytes.length;
  let at = 0;
  let depth = 0;
  let nodes = 0;
  /** The tag whose value comes next. */
  let tag = 0;
  pending[0] = 1;
  kinds[0] = VALUES;
  for (;;) {
    while (pending[depth] === 0) {
      if (depth === 0) {
        if (at !== end) throw fail("bytes after its end");
        return;
      }
      depth--;
    }
    if (at >= end) throw truncated();
    const kind = kinds[depth] as number;
    // Keys and values take turns, so an even number is still to come when it is a key's turn.
    const isKey = kind !== VALUES && ((pending[depth] as number) & 1) === 0 && tag === 0;
    // Keys are part of their container, for the walk too: what a sender may send is never too much here.
    if (!isKey && ++nodes > NODES) throw fail(`more than ${MAX_NODES} values`);
    (pending[depth] as number)--;
    const token = bytes[at++] as number;
    let length: number; // of what follows: bytes of a text, of binary or of an extension, or values of a container
    let form: number;
    if (token < 0x80 || token >= 0xe0) {
      if (isKey) throw fail("a key that is not a text");
      if (tag !== 0) throw fail("a tag on the wrong value");
      continue;
    }
    if (token < 0x90) {
      form = MAP_FORM;
      length = token & 0x0f;
    } else if (token < 0xa0) {
      form = ARRAY_FORM;
      length = token & 0x0f;
    } else if (token < 0xc0) {
      form = TEXT_FORM;
      length = token & 0x1f;
    } else {
      form = FORMS[token - 0xc0] as number;
      const size = SIZES[token - 0xc0] as number;
      if (at + (size & 7) > end) throw truncated();
      switch (size) {
        case 1:
          length = bytes[at] as number;
          break;
        case 2:
          length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
          break;
        case 4:
          length =
            (((bytes[at] as number) << 24) |
              ((bytes[at + 1] as number) << 16) |
              ((bytes[at + 2] as number) << 8) |
              (bytes[at + 3] as number)) >>>
            0;
          break;
        default:
          length = size >> 3; // a fixed length, in the upper bits
      }
      at += size & 7;
    }
    if (isKey && form !== TEXT_FORM && !(kind === LISTED && form === EXTENSION_FORM))
      throw fail("a key that is not a text");
    if (tag !== 0 && form !== (tag === ExtensionType.Error ? MAP_FORM : ARRAY_FORM))
      throw fail("a tag on the wrong value");
    switch (form) {
      case FIXED_FORM:
        at += length;
        if (at > end) throw truncated();
        break;
      case TEXT_FORM:
        if (isKey && kind === KEYED && length === 9 && isProto(bytes, at)) throw fail("a map with the key __proto__");
        // msgpackr decodes longer texts with a TextDecoder that drops this mark; a sender of ours sends UTF-16 then.
        if (length > 64 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf)
          throw fail("a text with a byte order mark");
        at += length;
        if (at > end) throw truncated();
        break;
      case EXTENSION_FORM: {
        if (at >= end) throw truncated();
        const type = bytes[at++] as number;
        if (length > end - at) throw truncated();
        if (isKey && type !== ExtensionType.Utf16) throw fail("a key that is not a text");
        if (type >= ExtensionType.Map && type <= ExtensionType.Error) {
          if (token !== 0xd4 || bytes[at] !== 0) throw fail("a malformed tag");
          at++;
          tag = type;
          // What follows takes the place of the tag, and is counted in its stead.
          (pending[depth] as number)++;
          nodes--;
          continue;
        }
        checkExtension(bytes, at, type, length, token);
        at += length;
        break;
      }
      case ARRAY_FORM:
      case MAP_FORM: {
        const count = form === MAP_FORM ? 2 * length : length;
        if (count > end - at) throw truncated(); // each value takes at least a byte
        if ((tag === ExtensionType.Map || tag === ExtensionType.Object) && (count & 1) === 1)
          throw fail("a key without a value");
        if (++depth > DEPTH) throw fail(`values nested more than ${MAX_DEPTH} levels deep`);
        pending[depth] = count;
        kinds[depth] = form === MAP_FORM ? KEYED : tag === ExtensionType.Object ? LISTED : VALUES;
        tag = 0;
        break;
      }
      default:
        throw fail(`the unknown token ${token}`);
    }
  }
}

const UNKNOWN_FORM = 0;
const FIXED_FORM = 1;
const TEXT_FORM = 2;
const EXTENSION_FORM = 3;
const ARRAY_FORM = 4;
const MAP_FORM = 5;

// The tokens from 0xc0 to 0xdf: nil, never used, false, true, bin 8-32, ext 8-32, float 32-64, uint 8-64, int 8-64,
// fixext 1-16, str 8-32, array 16-32, map 16-32.
const FORMS = Uint8Array.of(
  ...[FIXED_FORM, UNKNOWN_FORM, FIXED_FORM, FIXED_FORM],
  ...[FIXED_FORM, FIXED_FORM, FIXED_FORM],
  ...[EXTENSION_FORM, EXTENSION_FORM, EXTENSION_FORM],
  ...[FIXED_FORM, FIXED_FORM],
  ...[FIXED_FORM, FIXED_FORM, FIXED_FORM, FIXED_FORM],
  ...[FIXED_FORM, FIXED_FORM, FIXED_FORM, FIXED_FORM],
  ...[EXTENSION_FORM, EXTENSION_FORM, EXTENSION_FORM, EXTENSION_FORM, EXTENSION_FORM],
  ...[TEXT_FORM, TEXT_FORM, TEXT_FORM],
  ...[ARRAY_FORM, ARRAY_FORM],
  ...[MAP_FORM, MAP_FORM],
);

// For each of them how many bytes its length takes (1, 2 or 4), or its fixed length times 8.
const fixed = (length: number): number => length * 8;
const SIZES = Uint8Array.of(
  ...[fixed(0), 0, fixed(0), fixed(0)],
  ...[1, 2, 4],
  ...[1, 2, 4],
  ...[fixed(4), fixed(8)],
  ...[fixed(1), fixed(2), fixed(4), fixed(8)],
  ...[fixed(1), fixed(2), fixed(4), fixed(8)],
  ...[fixed(1), fixed(2), fixed(4), fixed(8), fixed(16)],
  ...[1, 2, 4],
  ...[2, 4],
  ...[2, 4],
);

function isProto(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 9; i++) if (bytes[at + i] !== "__proto__".charCodeAt(i)) return false;
  return true;
}

/** Checks the body of an extension that is no tag. */
function checkExtension(bytes: Uint8Array, at: number, type: number, length: number, token: number): void {
  switch (type) {
    case ExtensionType.Undefined:
      if (token !== 0xd4 || bytes[at] !== 0) throw fail("a malformed undefined");
      return;
    case ExtensionType.Utf16:
      if ((length & 1) === 1) throw fail("a text of half a character");
      return;
    case ExtensionType.BigInt:
      if (length < 9 || (bytes[at] as number) > 1 || bytes[at + 1] === 0) throw fail("a malformed bigint");
      return;
    case ExtensionType.Date:
      if (length !== 8) throw fail("a malformed date");
      return;
    case ExtensionType.ArrayBuffer:
    case ExtensionType.DataView:
      return;
    default: {
      const size = type >= ExtensionType.FirstTyped && type <= ExtensionType.LastTyped ? elementBytes(type) : undefined;
      if (size === undefined) throw fail(`the unknown extension ${type}`);
      if (length % size !== 0) throw fail("a typed array with a part of an element");
    }
  }
}
