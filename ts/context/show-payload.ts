// The error that a component's `result` carries, in words: itself where it is a text, else as JSON, with what JSON does not have
// shown as JavaScript would write it. Never more than a screen of it, and it never throws.

/** Characters shown. */
const SHOWN = 1000;

export function showPayload(payload: unknown): string {
  const text = typeof payload === "string" ? payload : (JSON.stringify(payload, readable) ?? String(payload));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
