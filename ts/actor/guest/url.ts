// URL and URLSearchParams of the URL standard, but for names that are not ASCII (host-name.ts).
import { formDecode, formEncode, percentEncode, USERINFO } from "./percent.js";
import { wellFormed } from "./text.js";
import {
  hasNoCredentials,
  InvalidUrl,
  parseUrl,
  setPart,
  writePath,
  writeUrl,
  type State,
  type UrlRecord,
} from "./url-record.js";

/** What a URL and its searchParams know of each other. */
let bind: (params: URLSearchParams, changed: (query: string) => void) => void;
let refill: (params: URLSearchParams, query: string) => void;

export class URLSearchParams {
  static {
    bind = (params, changed) => (params.#changed = changed);
    refill = (params, query) => (params.#pairs = parsePairs(query));
  }

  #pairs: [string, string][] = [];
  #changed: ((query: string) => void) | undefined;

  constructor(init: unknown = "") {
    if ((typeof init === "object" && init !== null) || typeof init === "function") this.#pairs = pairsOf(init);
    else this.#pairs = parsePairs(usv(init).replace(/^\?/, ""));
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    need(arguments.length, 2, "append");
    this.#pairs.push([usv(name), usv(value)]);
    this.#tell();
  }

  delete(name: unknown, value?: unknown): void {
    need(arguments.length, 1, "delete");
    const [key, wanted] = [usv(name), value === undefined ? undefined : usv(value)];
    this.#pairs = this.#pairs.filter((pair) => pair[0] !== key || (wanted !== undefined && pair[1] !== wanted));
    this.#tell();
  }

  get(name: unknown): string | null {
    need(arguments.length, 1, "get");
    const key = usv(name);
    return this.#pairs.find((pair) => pair[0] === key)?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    need(arguments.length, 1, "getAll");
    const key = usv(name);
    return this.#pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]);
  }

  has(name: unknown, value?: unknown): boolean {
    need(arguments.length, 1, "has");
    const [key, wanted] = [usv(name), value === undefined ? undefined : usv(value)];
    return this.#pairs.some((pair) => pair[0] === key && (wanted === undefined || pair[1] === wanted));
  }

  set(name: unknown, value: unknown): void {
    need(arguments.length, 2, "set");
    const [key, text] = [usv(name), usv(value)];
    const first = this.#pairs.find((pair) => pair[0] === key);
    if (first === undefined) this.#pairs.push([key, text]);
    else {
      first[1] = text;
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== key);
    }
    this.#tell();
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#tell();
  }

  forEach(callback: (value: string, name: string, params: this) => unknown, self?: unknown): void {
    if (typeof callback !== "function") throw new TypeError("URLSearchParams.forEach: the callback is no function");
    for (const [name, value] of this) callback.call(self, value, name, this);
  }

  // By position, as the standard does it: what is appended while it is gone through is met.
  *entries(): IterableIterator<[string, string]> {
    for (let i = 0; i < this.#pairs.length; i++) {
      const [name, value] = this.#pairs[i] as [string, string];
      yield [name, value];
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  toString(): string {
    return this.#pairs.map(([name, value]) => `${formEncode(name)}=${formEncode(value)}`).join("&");
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "URLSearchParams";
  }

  #tell(): void {
    this.#changed?.(this.toString());
  }
}

export class URL {
  readonly #url: UrlRecord;
  #params: URLSearchParams | undefined;

  constructor(input: unknown, base?: unknown) {
    if (arguments.length === 0) throw new TypeError("new URL: it needs a text");
    this.#url = parse(input, base);
  }

  static canParse(input: unknown, base?: unknown): boolean {
    return URL.parse(input, base) !== null;
  }

  static parse(input: unknown, base?: unknown): URL | null {
    try {
      return new URL(input, base);
    } catch (error) {
      if ((error as { code?: unknown }).code === INVALID) return null;
      throw error;
    }
  }

  get href(): string {
    return writeUrl(this.#url);
  }

  set href(value: unknown) {
    Object.assign(this.#url, parse(value, undefined));
    this.#queryChanged();
  }

  get origin(): string {
    const { scheme, path } = this.#url;
    if (scheme === "blob" && typeof path === "string") {
      const inner = URL.parse(path);
      return inner !== null && /^https?:$/.test(inner.protocol) ? inner.origin : "null";
    }
    return /^(?:https?|wss?|ftp)$/.test(scheme) ? `${scheme}://${this.host}` : "null";
  }

  get protocol(): string {
    return `${this.#url.scheme}:`;
  }

  set protocol(value: unknown) {
    setPart(this.#url, `${usv(value)}:`, "scheme start");
  }

  get username(): string {
    return this.#url.username;
  }

  set username(value: unknown) {
    if (!hasNoCredentials(this.#url)) this.#url.username = percentEncode(usv(value), USERINFO);
  }

  get password(): string {
    return this.#url.password;
  }

  set password(value: unknown) {
    if (!hasNoCredentials(this.#url)) this.#url.password = percentEncode(usv(value), USERINFO);
  }

  get host(): string {
    const { host, port } = this.#url;
    return host === null ? "" : port === null ? host : `${host}:${port}`;
  }

  set host(value: unknown) {
    this.#set(value, "host");
  }

  get hostname(): string {
    return this.#url.host ?? "";
  }

  set hostname(value: unknown) {
    this.#set(value, "hostname");
  }

  get port(): string {
    return this.#url.port === null ? "" : String(this.#url.port);
  }

  set port(value: unknown) {
    if (hasNoCredentials(this.#url)) return;
    const text = usv(value);
    if (text === "") this.#url.port = null;
    else setPart(this.#url, text, "port");
  }

  get pathname(): string {
    return writePath(this.#url);
  }

  set pathname(value: unknown) {
    if (typeof this.#url.path === "string") return;
    const text = usv(value);
    this.#url.path = [];
    setPart(this.#url, text, "path start");
  }

  get search(): string {
    return this.#url.query ? `?${this.#url.query}` : "";
  }

  set search(value: unknown) {
    const text = usv(value);
    this.#url.query = text === "" ? null : "";
    if (text !== "") setPart(this.#url, text.replace(/^\?/, ""), "query");
    this.#queryChanged();
  }

  get searchParams(): URLSearchParams {
    if (this.#params === undefined) {
      const params = new URLSearchParams();
      refill(params, this.#url.query ?? "");
      bind(params, (query) => (this.#url.query = query === "" ? null : query));
      this.#params = params;
    }
    return this.#params;
  }

  get hash(): string {
    return this.#url.fragment ? `#${this.#url.fragment}` : "";
  }

  set hash(value: unknown) {
    const text = usv(value);
    this.#url.fragment = text === "" ? null : "";
    if (text !== "") setPart(this.#url, text.replace(/^#/, ""), "fragment");
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  get [Symbol.toStringTag](): string {
    return "URL";
  }

  #set(value: unknown, state: State): void {
    const text = usv(value);
    if (typeof this.#url.path !== "string") setPart(this.#url, text, state);
  }

  #queryChanged(): void {
    if (this.#params !== undefined) refill(this.#params, this.#url.query ?? "");
  }
}

/** Node's code for it. */
const INVALID = "ERR_INVALID_URL";

function parse(input: unknown, base: unknown): UrlRecord {
  const text = usv(input);
  const given = base === undefined ? undefined : usv(base);
  let part = given ?? text;
  try {
    const found = given === undefined ? undefined : parseUrl(given, undefined);
    part = text;
    return parseUrl(text, found);
  } catch (error) {
    if (!(error instanceof InvalidUrl)) throw error;
    const shown = part.length > 200 ? `${part.slice(0, 200)}...` : part;
    throw Object.assign(new TypeError(`Invalid URL: ${JSON.stringify(shown)}: ${error.why}`), {
      code: INVALID,
      input: text,
      ...(given === undefined ? {} : { base: given }),
    });
  }
}

/** A text without lone surrogates. */
function usv(value: unknown): string {
  if (typeof value === "symbol") throw new TypeError("a symbol is no text");
  return wellFormed(String(value));
}

function need(given: number, wanted: number, what: string): void {
  if (given < wanted)
    throw new TypeError(`URLSearchParams.${what}: it needs ${wanted === 1 ? "a name" : "a name and a value"}`);
}

function parsePairs(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    pairs.push(at < 0 ? [formDecode(part), ""] : [formDecode(part.slice(0, at)), formDecode(part.slice(at + 1))]);
  }
  return pairs;
}

/** From pairs, or from the own properties of an object. */
function pairsOf(init: object): [string, string][] {
  const iterate: unknown = (init as Partial<Iterable<unknown>>)[Symbol.iterator];
  if (iterate !== undefined && iterate !== null) {
    if (typeof iterate !== "function") throw new TypeError("new URLSearchParams: the pairs cannot be gone through");
    return Array.from(init as Iterable<Iterable<unknown>>, (pair) => {
      if ((typeof pair !== "object" && typeof pair !== "function") || pair === null)
        throw new TypeError("new URLSearchParams: a pair is a name and a value");
      const both = [...pair];
      if (both.length !== 2) throw new TypeError("new URLSearchParams: a pair is a name and a value");
      return [usv(both[0]), usv(both[1])] as [string, string];
    });
  }
  const record = new Map<string, string>();
  for (const key of Reflect.ownKeys(init))
    if (Object.prototype.propertyIsEnumerable.call(init, key))
      record.set(usv(key), usv((init as Record<string | symbol, unknown>)[key]));
  return [...record];
}
