// What a host and the entry of a process actor agree on before the first frame.

/** The actor's end of the channel. */
export const CHANNEL_FD = 3;
/** The read end of the lifeline; nothing is ever written to it. */
export const LIFELINE_FD = 4;
/** Carries the one-time token; the entry removes it before any code of the user's runs. */
export const CHANNEL_VARIABLE = "BROOD_CHANNEL";
/** Names the file of the entry's compiled code, where there is one to use or to write; removed likewise. */
export const CODE_CACHE_VARIABLE = "BROOD_CODE_CACHE";

/** The template's end of its control socket. Its lifeline is LIFELINE_FD. */
export const CONTROL_FD = 3;
/** Carries what a template preloads, a {@link TemplateOrder} as JSON; removed likewise. */
export const TEMPLATE_VARIABLE = "BROOD_TEMPLATE";

/** What a template is started for. */
export interface TemplateOrder {
  /** URLs of files, or names of packages. */
  readonly preload: readonly string[];
  /** Where names of packages are looked up: the URL of a module; undefined where there is none. */
  readonly from?: string | undefined;
}

/** What a template says once, before it serves; as JSON. */
export type TemplateWord =
  | { readonly kind: "ready"; readonly ms: number; readonly rss: number; readonly threads: number }
  /** It must not fork: in words, which module, what it left, and where. */
  | { readonly kind: "refused"; readonly module: string | undefined; readonly why: string }
  /** A module could not be loaded at all. */
  | { readonly kind: "failed"; readonly module: string; readonly why: string; readonly stack?: string | undefined };

/** What a forked process is told before it is an actor; as JSON. */
export interface ForkBirth {
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  /** undefined: where the template is. */
  readonly cwd?: string | undefined;
  readonly umask?: number | undefined;
  readonly title: string;
  readonly execArgv: readonly string[];
}

/** In place of a birth, which comes first of all through the channel: its length in bytes, a number of {@link BIRTH_HEADER} bytes with the
 *  highest first, and then itself. */
export interface AwaitsBirth {
  readonly awaits: true;
}
export const BIRTH_HEADER = 4;
