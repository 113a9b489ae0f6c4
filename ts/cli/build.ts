// brood build: makes a component of an actor's module.
import { relative } from "node:path";
import { artifactFile } from "../spawn/artifact.js";
import { buildActor } from "./build-actor.js";
import { Misuse, parseCommand } from "./misuse.js";
import { Refusal } from "./refusal.js";

const HELP = `Usage: brood build <actor> [-o FILE] [--strict]

Makes a WebAssembly component of an actor's module (JavaScript or TypeScript), for
nursery.start(actor(...), { spawn: "wasm" }).

  <actor>             the module whose default export is made by defineActor()
  -o, --output FILE   the component; greeter.wasm beside greeter.ts if not given. The host looks for it
                      beside the module that it starts: greeter.wasm beside greeter.js.
      --strict        warnings are errors
  -h, --help          this text

The top level of the module runs once, when it is built: what it computes is in every start.
Needs the packages componentize-qjs and esbuild: npm i -D componentize-qjs@0.4.5 esbuild
`;

export async function build(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommand("build", args, {
    output: { type: "string", short: "o" },
    strict: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const [actor, ...more] = positionals;
  if (actor === undefined)
    throw new Misuse("build: which actor? As in: brood build greeter.ts -o greeter.wasm", "build --help");
  if (more.length > 0) throw new Misuse(`build: one actor at a time, and not also ${more.join(" ")}`, "build --help");
  const out = values.output ?? artifactFile(actor);
  try {
    const { file, bytes, warnings } = await buildActor({ actor, out, strict: values.strict === true });
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(`${relative(process.cwd(), file)}  ${(bytes / 2 ** 20).toFixed(1)} MiB\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const line of error.message.split("\n")) process.stderr.write(`${line}\n`);
    process.stderr.write(`brood build: ${actor} was not built\n`);
    return 1;
  }
}
