// Text that may be of a stranger's making, as it may stand in a message: on a terminal it moves no cursor, changes no colour and
// turns no line around. Line breaks and tabs stay.

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const EACH = new RegExp(UNPRINTABLE, "g");

/** Every control character as an escape that can be read, as `\x1b`. */
export function printable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(EACH, escapeOf) : text;
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}
