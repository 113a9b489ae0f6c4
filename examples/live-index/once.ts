// The host is asked a handful of queries over HTTP, as a browser would ask them, while its index changes. Then every heavy answer is compared with
// what the same search finds in this process, in an index that is built anew of the pages of its edition.
import { globalAgent } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { Answerer, Asked } from "./ask.js";
import { indexOf } from "./editor.js";
import { findHeavy } from "./heavy.js";
import { httpGet } from "./http-get.js";
import type { LightAnswer } from "./light.js";
import type { SourcePage } from "./pages.js";

/** What a run with --once has found, as --json writes it; times in ms, memory in bytes. */
export interface Outcome {
  /** Version of Node. */
  readonly node: string;
  /** JavaScript's heap when the index had been built. */
  readonly heap: number;
  readonly light: readonly { readonly query: string; readonly answer: LightAnswer; readonly took: number }[];
  readonly heavy: readonly Asked[];
  /** How many of the heavy answers are what this process finds itself. */
  readonly equal: number;
}

const LIGHT: readonly string[] = ["worker threads", "regular expression", "typescript decl"];
/** Misspelt, as only a heavy query takes them. Those of one row are asked at the same time. */
const HEAVY: readonly (readonly (readonly [Answerer, string])[])[] = [
  [["fork", "wokrer thraeds"]],
  [["fork", "dependancies"]],
  [["fork", "abstract sytnax tree"]],
  [
    ["fork", "strcutured clone"],
    ["fork", "hello wrold"],
  ],
  [["host", "wokrer thraeds"]],
];

/** Asks all of them. @param url of the host */
export async function askAll(url: URL): Promise<Pick<Outcome, "light" | "heavy">> {
  const light: Outcome["light"][number][] = [];
  for (const query of LIGHT) {
    const began = performance.now();
    const answer = await getJson<LightAnswer>(url, "/search", { q: query });
    light.push({ query, answer, took: performance.now() - began });
  }
  const heavy: Asked[] = [];
  for (const row of HEAVY)
    heavy.push(...(await Promise.all(row.map(([by, q]) => getJson<Asked>(url, "/heavy", { q, by })))));
  return { light, heavy };
}

/** How many of these answers this process gives too. It stands still for each. */
export function countEqual(pages: readonly SourcePage[], asked: readonly Asked[]): number {
  return asked.filter(({ query, answer }) =>
    isDeepStrictEqual(findHeavy(indexOf(pages, answer.edition), query), answer),
  ).length;
}

async function getJson<T>(base: URL, path: string, params: Record<string, string>): Promise<T> {
  const url = new URL(path, base);
  url.search = new URLSearchParams(params).toString();
  const { status, text } = await httpGet(url, globalAgent);
  if (status !== 200) throw new Error(`${url.pathname}: ${status} ${text}`);
  return JSON.parse(text) as T;
}
