// One GET over HTTP, and what came back. Node's `fetch` would do, but it takes tens of milliseconds to load, of a process that measures milliseconds.
import { get, type Agent } from "node:http";

export interface Got {
  readonly status: number;
  readonly text: string;
}

export function httpGet(url: URL, agent: Agent): Promise<Got> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let text = "";
      response
        .setEncoding("utf8")
        .on("data", (chunk: string) => (text += chunk))
        .on("end", () => resolve({ status: response.statusCode!, text }))
        .on("error", reject);
    }).on("error", reject);
  });
}
