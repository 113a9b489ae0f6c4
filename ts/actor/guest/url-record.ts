// The parser of the URL standard: a text, perhaps relative to a base, becomes a record, and a record a text. Setters of a URL run the same
// machine from a state of their own, which is how the standard defines them.
import { InvalidHost, parseHost } from "./host-name.js";
import { CONTROL, FRAGMENT, PATH, percentEncode, QUERY, SPECIAL_QUERY, USERINFO } from "./percent.js";

export interface UrlRecord {
  scheme: string;
  username: string;
  password: string;
  /** null: none; "" is a host. */
  host: string | null;
  port: number | null;
  /** A text where the path is opaque. */
  path: string[] | string;
  query: string | null;
  fragment: string | null;
}

/** The schemes that have hosts and hierarchies, with their ports. */
const SPECIAL: Readonly<Record<string, number | null>> = {
  "http:": 80,
  "https:": 443,
  "ws:": 80,
  "wss:": 443,
  "ftp:": 21,
  "file:": null,
};

export type State =
  | "scheme start"
  | "scheme"
  | "no scheme"
  | "special relative or authority"
  | "path or authority"
  | "relative"
  | "relative slash"
  | "special authority slashes"
  | "special authority ignore slashes"
  | "authority"
  | "host"
  | "hostname"
  | "port"
  | "file"
  | "file slash"
  | "file host"
  | "path start"
  | "path"
  | "opaque path"
  | "query"
  | "fragment";

/** Why a text is no URL. */
export class InvalidUrl {
  constructor(readonly why: string) {}
}

export function isSpecial(url: UrlRecord): boolean {
  return Object.hasOwn(SPECIAL, `${url.scheme}:`);
}

/** Throws InvalidUrl. */
export function parseUrl(input: string, base: UrlRecord | undefined): UrlRecord {
  const url: UrlRecord = {
    scheme: "",
    username: "",
    password: "",
    host: null,
    port: null,
    path: [],
    query: null,
    fragment: null,
  };
  let from = 0;
  let to = input.length;
  while (from < to && (input[from] as string) <= " ") from++;
  while (from < to && (input[to - 1] as string) <= " ") to--;
  new Machine(input.slice(from, to), base, url, undefined).run("scheme start");
  return url;
}

/** Changes a record as a setter does; what cannot be set stays what it was. */
export function setPart(url: UrlRecord, input: string, state: State): void {
  try {
    new Machine(input, undefined, url, state).run(state);
  } catch (error) {
    if (!(error instanceof InvalidUrl)) throw error;
  }
}

/** The whole text, without the fragment if asked. */
export function writeUrl(url: UrlRecord, fragment = true): string {
  let text = `${url.scheme}:`;
  if (url.host !== null) {
    text += "//";
    if (url.username !== "" || url.password !== "")
      text += `${url.username}${url.password === "" ? "" : `:${url.password}`}@`;
    text += url.host;
    if (url.port !== null) text += `:${url.port}`;
  } else if (typeof url.path !== "string" && url.path.length > 1 && url.path[0] === "") text += "/.";
  text += writePath(url);
  if (url.query !== null) text += `?${url.query}`;
  return fragment && url.fragment !== null ? `${text}#${url.fragment}` : text;
}

export function writePath(url: UrlRecord): string {
  return typeof url.path === "string" ? url.path : url.path.map((segment) => `/${segment}`).join("");
}

/** Whether it can have neither username, password nor port. */
export function hasNoCredentials(url: UrlRecord): boolean {
  return url.host === null || url.host === "" || url.scheme === "file";
}

const WINDOWS_LETTER = /^[A-Za-z][:|]$/;

function startsWithWindowsLetter(text: string): boolean {
  return /^[A-Za-z][:|](?:$|[/\\?#])/.test(text);
}

function isSingleDot(segment: string): boolean {
  return /^(?:\.|%2e)$/i.test(segment);
}

function isDoubleDot(segment: string): boolean {
  return /^(?:\.|%2e){2}$/i.test(segment);
}

/** What ends a run of a state: the setter has what it wanted. */
const DONE = Symbol("done");

type Next = State | typeof DONE | undefined;

class Machine {
  readonly #input: string;
  readonly #base: UrlRecord | undefined;
  readonly #url: UrlRecord;
  /** The state of a setter. */
  readonly #given: State | undefined;
  #at = 0;

  constructor(input: string, base: UrlRecord | undefined, url: UrlRecord, given: State | undefined) {
    this.#input = input.replace(/[\t\n\r]/g, "");
    this.#base = base;
    this.#url = url;
    this.#given = given;
  }

  run(from: State): void {
    let state: Next = from;
    while (state !== undefined && state !== DONE) state = this.#step(state);
  }

  /** Reads what belongs to a state; the next one begins at #at. */
  #step(state: State): Next {
    switch (state) {
      case "scheme start":
      case "scheme":
        return this.#scheme();
      case "no scheme":
        return this.#noScheme();
      case "special relative or authority":
        if (this.#rest.startsWith("//")) {
          this.#at += 2;
          return "special authority ignore slashes";
        }
        return "relative";
      case "path or authority":
        if (this.#rest.startsWith("/")) {
          this.#at++;
          return "authority";
        }
        return "path";
      case "relative":
        return this.#relative();
      case "relative slash":
        return this.#relativeSlash();
      case "special authority slashes":
        if (this.#rest.startsWith("//")) this.#at += 2;
        return "special authority ignore slashes";
      case "special authority ignore slashes":
        while (/[/\\]/.test(this.#char)) this.#at++;
        return "authority";
      case "authority":
        return this.#authority();
      case "host":
      case "hostname":
        return this.#host();
      case "port":
        return this.#port();
      case "file":
        return this.#file();
      case "file slash":
        return this.#fileSlash();
      case "file host":
        return this.#fileHost();
      case "path start":
        return this.#pathStart();
      case "path":
        return this.#path();
      case "opaque path":
        return this.#opaquePath();
      case "query":
        return this.#query();
      case "fragment":
        this.#url.fragment = (this.#url.fragment ?? "") + percentEncode(this.#rest, FRAGMENT);
        return undefined;
    }
  }

  /** The character at hand, "" at the end. */
  get #char(): string {
    return this.#input[this.#at] ?? "";
  }

  get #rest(): string {
    return this.#input.slice(this.#at);
  }

  get #special(): boolean {
    return isSpecial(this.#url);
  }

  /** Whether the one at hand separates segments. */
  get #slash(): boolean {
    return this.#char === "/" || (this.#special && this.#char === "\\");
  }

  /** What comes before the first of `ends`; moves there. */
  #until(ends: RegExp): string {
    const found = this.#rest.search(ends);
    const text = found < 0 ? this.#rest : this.#rest.slice(0, found);
    this.#at += text.length;
    return text;
  }

  #scheme(): Next {
    const url = this.#url;
    const found = /^[A-Za-z][A-Za-z0-9+\-.]*(?=:|$)/.exec(this.#input)?.[0];
    const ended = found !== undefined && this.#input[found.length] === ":";
    if (this.#given !== undefined) {
      if (!ended) throw new InvalidUrl("its scheme is none");
      const scheme = found.toLowerCase();
      if (isSpecial({ ...url, scheme }) !== this.#special) return DONE;
      const credentials = url.username !== "" || url.password !== "" || url.port !== null;
      if ((scheme === "file" && credentials) || (url.scheme === "file" && url.host === "")) return DONE;
      url.scheme = scheme;
      if (url.port === SPECIAL[`${scheme}:`]) url.port = null;
      return DONE;
    }
    if (!ended) return "no scheme";
    url.scheme = found.toLowerCase();
    this.#at = found.length + 1;
    if (url.scheme === "file") return "file";
    if (this.#special)
      return this.#base?.scheme === url.scheme ? "special relative or authority" : "special authority slashes";
    if (this.#char === "/") {
      this.#at++;
      return "path or authority";
    }
    url.path = "";
    return "opaque path";
  }

  #noScheme(): Next {
    const base = this.#base;
    if (base === undefined) throw new InvalidUrl("it has no scheme, and there is no base");
    if (typeof base.path === "string") {
      if (this.#char !== "#") throw new InvalidUrl("its base has no hierarchy");
      Object.assign(this.#url, base, { fragment: "" });
      this.#at++;
      return "fragment";
    }
    return base.scheme === "file" ? "file" : "relative";
  }

  #relative(): Next {
    const base = this.#base as UrlRecord;
    const url = this.#url;
    url.scheme = base.scheme;
    if (this.#slash) {
      this.#at++;
      return "relative slash";
    }
    const { username, password, host, port } = base;
    Object.assign(url, { username, password, host, port, path: [...(base.path as string[])], query: base.query });
    return this.#afterBase(() => (url.path as string[]).pop());
  }

  /** What follows a path that was the base's. */
  #afterBase(shorten: () => void): Next {
    const tail = this.#tail();
    if (tail !== undefined || this.#char === "") return tail;
    this.#url.query = null;
    shorten();
    return "path";
  }

  #relativeSlash(): Next {
    if (this.#special && /[/\\]/.test(this.#char)) {
      this.#at++;
      return "special authority ignore slashes";
    }
    if (this.#char === "/") {
      this.#at++;
      return "authority";
    }
    const { username, password, host, port } = this.#base as UrlRecord;
    Object.assign(this.#url, { username, password, host, port });
    return "path";
  }

  #authority(): Next {
    const url = this.#url;
    const from = this.#at;
    const text = this.#until(this.#special ? /[/\\?#]/ : /[/?#]/);
    const at = text.lastIndexOf("@");
    this.#at = from + at + 1;
    if (at < 0) return "host";
    if (at === text.length - 1) throw new InvalidUrl("it has credentials and no host");
    const credentials = text.slice(0, at);
    const colon = credentials.indexOf(":");
    url.username = percentEncode(colon < 0 ? credentials : credentials.slice(0, colon), USERINFO);
    url.password = colon < 0 ? "" : percentEncode(credentials.slice(colon + 1), USERINFO);
    return "host";
  }

  #host(): Next {
    const url = this.#url;
    if (this.#given !== undefined && url.scheme === "file") return "file host";
    const text = this.#until(this.#special ? /[/\\?#]/ : /[/?#]/);
    const end = this.#at;
    // Not a colon within the brackets of an IPv6 address.
    const colon = /^(?:\[[^\]]*\]?|[^:[])*/.exec(text)?.[0].length as number;
    const name = text.slice(0, colon);
    if (colon < text.length) {
      if (name === "") throw new InvalidUrl("it has a port and no host");
      if (this.#given === "hostname") throw new InvalidUrl("a hostname has no port");
      url.host = hostOf(name, this.#special);
      this.#at = end - text.length + colon + 1;
      return "port";
    }
    if (name === "" && this.#special) throw new InvalidUrl("it has no host");
    if (this.#given !== undefined && name === "" && (url.username !== "" || url.password !== "" || url.port !== null))
      throw new InvalidUrl("it has credentials or a port, and would have no host");
    url.host = hostOf(name, this.#special);
    return this.#given === undefined ? "path start" : DONE;
  }

  #port(): Next {
    const url = this.#url;
    const digits = /^\d*/.exec(this.#rest)?.[0] as string;
    this.#at += digits.length;
    if (this.#given === undefined && this.#char !== "" && !this.#slash && !/[?#]/.test(this.#char))
      throw new InvalidUrl("its port is no number");
    if (digits !== "") {
      const port = Number(digits);
      if (port > 65_535) throw new InvalidUrl("its port is above 65535");
      url.port = port === SPECIAL[`${url.scheme}:`] ? null : port;
    }
    return this.#given === undefined ? "path start" : DONE;
  }

  #file(): Next {
    const url = this.#url;
    const base = this.#base;
    url.scheme = "file";
    url.host = "";
    if (/[/\\]/.test(this.#char)) {
      this.#at++;
      return "file slash";
    }
    if (base?.scheme !== "file") return "path";
    Object.assign(url, { host: base.host, path: [...(base.path as string[])], query: base.query });
    return this.#afterBase(() => {
      if (startsWithWindowsLetter(this.#rest)) url.path = [];
      else this.#shorten();
    });
  }

  #fileSlash(): Next {
    if (/[/\\]/.test(this.#char)) {
      this.#at++;
      return "file host";
    }
    const base = this.#base;
    if (base?.scheme === "file") {
      this.#url.host = base.host;
      const [first] = base.path as string[];
      if (first !== undefined && /^[A-Za-z]:$/.test(first) && !startsWithWindowsLetter(this.#rest))
        (this.#url.path as string[]).push(first);
    }
    return "path";
  }

  #fileHost(): Next {
    const url = this.#url;
    const from = this.#at;
    const text = this.#until(/[/\\?#]/);
    if (this.#given === undefined && WINDOWS_LETTER.test(text)) {
      // A drive, not a host.
      this.#at = from;
      return "path";
    }
    const host = text === "" ? "" : hostOf(text, this.#special);
    url.host = host === "localhost" ? "" : host;
    return this.#given === undefined ? "path start" : DONE;
  }

  #pathStart(): Next {
    if (this.#special) {
      if (/[/\\]/.test(this.#char)) this.#at++;
      return "path";
    }
    const tail = this.#given === undefined ? this.#tail() : undefined;
    if (tail !== undefined) return tail;
    if (this.#char !== "") {
      if (this.#char === "/") this.#at++;
      return "path";
    }
    if (this.#given !== undefined && this.#url.host === null) (this.#url.path as string[]).push("");
    return undefined;
  }

  #path(): Next {
    const url = this.#url;
    const path = url.path as string[];
    const ends = this.#given === undefined ? (this.#special ? /[/\\?#]/ : /[/?#]/) : this.#special ? /[/\\]/ : /\//;
    for (;;) {
      const segment = percentEncode(this.#until(ends), PATH);
      const slash = this.#slash;
      if (isDoubleDot(segment)) {
        this.#shorten();
        if (!slash) path.push("");
      } else if (isSingleDot(segment)) {
        if (!slash) path.push("");
      } else {
        const drive = url.scheme === "file" && path.length === 0 && WINDOWS_LETTER.test(segment);
        path.push(drive ? `${segment[0] as string}:` : segment);
      }
      if (!slash) break;
      this.#at++;
    }
    return this.#tail();
  }

  #opaquePath(): Next {
    const url = this.#url;
    url.path = percentEncode(this.#until(/[?#]/), CONTROL);
    // A space at the end would be lost with what follows.
    if (this.#char !== "") url.path = url.path.replace(/ $/, "%20");
    return this.#tail();
  }

  /** A query or a fragment, if one begins here. */
  #tail(): Next {
    const char = this.#char;
    if (char !== "?" && char !== "#") return undefined;
    this.#at++;
    if (char === "?") this.#url.query = "";
    else this.#url.fragment = "";
    return char === "?" ? "query" : "fragment";
  }

  #query(): Next {
    const url = this.#url;
    const text = this.#given === undefined ? this.#until(/#/) : this.#rest;
    url.query = (url.query ?? "") + percentEncode(text, this.#special ? SPECIAL_QUERY : QUERY);
    return this.#given === undefined ? this.#tail() : undefined;
  }

  #shorten(): void {
    const path = this.#url.path as string[];
    if (this.#url.scheme === "file" && path.length === 1 && /^[A-Za-z]:$/.test(path[0] as string)) return;
    path.pop();
  }
}

function hostOf(name: string, special: boolean): string {
  try {
    return name === "" && !special ? "" : parseHost(name, special);
  } catch (error) {
    throw error instanceof InvalidHost ? new InvalidUrl(error.why) : error;
  }
}
