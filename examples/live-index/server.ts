// The host over HTTP, for this machine only: a page, and JSON for its script. Whatever a request asks for, it is answered: with what it asked
// for, or with why not. Who leaves before the answer is there ends the fork that worked on it.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LONGEST } from "./heavy.js";
import { Busy, type Host } from "./host.js";

/** What is served as it is. */
export interface Asset {
  /** As HTTP calls it. */
  readonly type: string;
  readonly content: string;
}

/** A request that cannot be answered, and the code that HTTP has for it. */
class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Nothing from elsewhere, no script but the page's own. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export class Serving implements AsyncDisposable {
  readonly #host: Host;
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #server: Server;

  private constructor(host: Host, assets: ReadonlyMap<string, Asset>) {
    this.#host = host;
    this.#assets = assets;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /**
   * Resolves when it listens.
   * @param port 0 for any that is free
   * @param assets by path
   * @throws what the system says of the port
   */
  static async begin(host: Host, port: number, assets: ReadonlyMap<string, Asset>): Promise<Serving> {
    const serving = new Serving(host, assets);
    serving.#server.listen(port, "127.0.0.1");
    await once(serving.#server, "listening");
    return serving;
  }

  /** Address of the page. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
  }

  /** Ends all connections, and resolves when none is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, type: string, content: string): void => {
      response.writeHead(status, {
        "content-type": `${type}; charset=utf-8`,
        "content-security-policy": POLICY,
        "cache-control": "no-store",
      });
      response.end(content);
    };
    try {
      if (request.method !== "GET") throw new Refused(405, `${request.method} is not answered here. Accepted: GET.`);
      const url = new URL(request.url ?? "/", this.url);
      const asset = this.#assets.get(url.pathname);
      if (asset !== undefined) return send(200, asset.type, asset.content);
      send(200, "application/json", JSON.stringify(await this.#find(url, leaving(response))));
    } catch (error) {
      const { message } = error as Error;
      const status = error instanceof Refused ? error.status : error instanceof Busy ? 503 : 500;
      send(status, "application/json", JSON.stringify({ error: message }));
    }
  }

  async #find({ pathname, searchParams }: URL, signal: AbortSignal): Promise<unknown> {
    switch (pathname) {
      case "/status":
        return this.#host.status;
      case "/search":
        return this.#host.light(queryOf(searchParams));
      case "/heavy": {
        const query = queryOf(searchParams);
        return this.#host.heavy(query, answererOf(searchParams), lightUrl(this.url, query), signal);
      }
      default:
        throw new Refused(404, `there is nothing at ${pathname}. Accepted: /, /search?q=..., /heavy?q=..., /status.`);
    }
  }
}

/** Aborts when the connection ends before the response has. */
function leaving(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) left.abort(new Error("nobody waits for the answer any more"));
  });
  return left.signal;
}

function queryOf(params: URLSearchParams): string {
  const query = (params.get("q") ?? "").trim();
  if (query.length >= 1 && query.length <= LONGEST) return query;
  throw new Refused(400, `q: got ${JSON.stringify(query)}. Accepted: 1 to ${LONGEST} characters.`);
}

function answererOf(params: URLSearchParams): "fork" | "host" {
  const by = params.get("by") ?? "fork";
  if (by === "fork" || by === "host") return by;
  throw new Refused(400, `by: got ${JSON.stringify(by)}. Accepted: fork, host.`);
}

/** What a reader asks beside a heavy query. */
function lightUrl(base: URL, query: string): URL {
  const url = new URL("/search", base);
  url.searchParams.set("q", query.slice(0, 3));
  return url;
}
