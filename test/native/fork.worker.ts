// A Worker that has a template with two children, and stays.
import { parentPort } from "node:worker_threads";
import { TestTemplate } from "./template-host.js";

const template = await new TestTemplate().ready();
const asked = [template.ask("stay"), template.ask("busy")];
const born = await Promise.all(asked.map((one) => one.born));
await Promise.all(asked.map((one) => one.spoke));
const pids = born.map((one) => (typeof one === "object" && "pid" in one ? one.pid : 0));
parentPort?.postMessage([template.process.pid, ...pids]);
