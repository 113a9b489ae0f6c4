// The two packages that only `brood build` needs: esbuild and componentize-qjs. They are optional peers of brood, so they are
// looked for where the actor is, then beside brood. Of their interfaces only what is used is written down here.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Refusal } from "./refusal.js";

export interface Location {
  readonly file: string;
  readonly line: number;
  /** From 0. */
  readonly column: number;
  readonly lineText: string;
}

export interface Message {
  readonly text: string;
  readonly location: Location | null;
  readonly detail?: unknown;
}

export interface ResolveArgs {
  readonly path: string;
  readonly importer: string;
  readonly namespace: string;
  readonly resolveDir: string;
  readonly kind: string;
}

export interface PluginBuild {
  onResolve(
    options: { readonly filter: RegExp },
    callback: (args: ResolveArgs) => object | undefined | Promise<object | undefined>,
  ): void;
  onLoad(
    options: { readonly filter: RegExp; readonly namespace?: string },
    callback: (args: { readonly path: string }) => object | undefined,
  ): void;
}

export interface Esbuild {
  build(options: object): Promise<{
    readonly warnings: readonly Message[];
    readonly outputFiles: readonly { readonly path: string; readonly text: string }[];
    readonly metafile: { readonly inputs: Readonly<Record<string, unknown>> };
  }>;
}

export interface Componentizer {
  componentize(options: {
    readonly witPath: string;
    readonly world: string;
    readonly jsSource: string;
  }): Promise<{ readonly component: Uint8Array }>;
}

/** Loads both. @throws Refusal that says how to install what is missing */
export async function loadPeers(
  actor: string,
): Promise<{ readonly esbuild: Esbuild; readonly componentizer: Componentizer }> {
  const missing: string[] = [];
  const esbuild = await load<Esbuild>("esbuild", "build", actor, missing);
  const componentizer = await load<Componentizer>("componentize-qjs", "componentize", actor, missing);
  if (esbuild === undefined || componentizer === undefined) {
    throw new Refusal(
      `brood build needs two packages that brood does not install by itself:\n${missing.map((line) => `  ${line}`).join("\n")}\nInstall them: npm i -D componentize-qjs@0.4.5 esbuild`,
    );
  }
  return { esbuild, componentizer };
}

async function load<T extends object>(
  name: string,
  member: keyof T,
  actor: string,
  missing: string[],
): Promise<T | undefined> {
  for (const from of [pathToFileURL(actor), import.meta.url]) {
    let file: string;
    try {
      file = createRequire(from).resolve(name);
    } catch {
      continue;
    }
    try {
      const module = (await import(pathToFileURL(file).href)) as Partial<T> & { default?: T };
      return module[member] === undefined ? module.default : (module as T);
    } catch (error) {
      missing.push(`${name} is there, but cannot be loaded: ${(error as Error).message.split("\n")[0]}`);
      return undefined;
    }
  }
  missing.push(`${name} was not found`);
  return undefined;
}
