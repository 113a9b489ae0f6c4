// npm run bench -- [--json] [--only NAME[,NAME]] [--quick] [--rounds N] [--node PATH] [--dev]: brood beside what a user would
// take instead, in one run. --node is the Node that runs the benches and all that they start. The addons are built as they ship,
// which takes some minutes after a change of them; with --dev they are those of the tests. Everything else is bench/options.ts.
import { at } from "./lib/checkout.js";
import { runForeground } from "./lib/foreground.js";
import { failWith, Refusal } from "./lib/tool.js";
import { setup } from "./setup.js";

await main().catch(failWith);

async function main() {
  const { node, rest: options } = takeNode(process.argv.slice(2));
  const rest = options.filter((option) => option !== "--dev");
  await setup({ profile: rest.length < options.length ? "dev" : "ship" });
  await runForeground(node, [at("build", "bench", "main.js"), ...rest]).catch((error) => {
    throw error.code === "ENOENT" ? new Refusal(`--node: there is no ${node}`) : error;
  });
}

/** Takes `--node PATH` or `--node=PATH` out of the arguments. */
function takeNode(args) {
  const rest = [...args];
  const place = rest.findIndex((arg) => arg === "--node" || arg.startsWith("--node="));
  if (place < 0 || rest[place] === "--node=" || (rest[place] === "--node" && rest[place + 1] === undefined))
    return { node: process.execPath, rest };
  if (rest[place] !== "--node") return { node: rest.splice(place, 1)[0].slice("--node=".length), rest };
  return { node: rest.splice(place, 2)[1], rest };
}
