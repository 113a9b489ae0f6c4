// How an export of a component is named: in full, `acme:md/api@0.1.0#render`, or without the version where only one version of
// that interface is there.
import type { ExportTable } from "../protocol/body.js";

/** What a name stands for. */
export type Resolved =
  | { readonly kind: "found"; readonly name: string }
  /** Several versions have it. */
  | { readonly kind: "ambiguous"; readonly names: readonly string[] }
  | { readonly kind: "none" };

/** For each table, once: full names by the name without a version. */
const indexes = new WeakMap<ExportTable, ReadonlyMap<string, readonly string[]>>();

export function resolveExport(table: ExportTable, name: string): Resolved {
  if (table.has(name)) return { kind: "found", name };
  const names = indexOf(table).get(name);
  if (names === undefined) return { kind: "none" };
  return names.length === 1 ? { kind: "found", name: names[0] as string } : { kind: "ambiguous", names };
}

function indexOf(table: ExportTable): ReadonlyMap<string, readonly string[]> {
  let index = indexes.get(table);
  if (index === undefined) {
    const made = new Map<string, string[]>();
    for (const name of table.keys()) {
      const bare = withoutVersion(name);
      if (bare === name) continue;
      const names = made.get(bare);
      if (names === undefined) made.set(bare, [name]);
      else names.push(name);
    }
    index = made;
    indexes.set(table, index);
  }
  return index;
}

/** `acme:md/api@0.1.0#render` as `acme:md/api#render`. */
function withoutVersion(name: string): string {
  const hash = name.indexOf("#");
  const at = name.indexOf("@");
  return at >= 0 && at < hash ? name.slice(0, at) + name.slice(hash) : name;
}
