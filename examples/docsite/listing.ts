// What is said about a package's exported API: plain data, made by describers (api.ts) and shown on pages (page.ts).

export interface ApiListing {
  /** The declarations files that were read, as paths in node_modules; none if the package has no declarations. */
  readonly declarations: readonly string[];
  /** Sorted by entry, then by name. */
  readonly exports: readonly ApiExport[];
}

export interface ApiExport {
  readonly name: string;
  /** What to import it from: the package, or a path in it. */
  readonly from: string;
  readonly kind: ExportKind;
  /** One line, cut where it is long. */
  readonly signature: string;
  /** The first sentence of its documentation; empty if there is none. */
  readonly doc: string;
  readonly deprecated: boolean;
}

export const EXPORT_KINDS = [
  "function",
  "class",
  "const",
  "enum",
  "interface",
  "type",
  "namespace",
  "module",
  "value",
] as const;
export type ExportKind = (typeof EXPORT_KINDS)[number];
