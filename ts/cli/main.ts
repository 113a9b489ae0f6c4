// The brood command, the part that needs Node. Exit codes: 0 done; 1 the build was refused; 2 the command line makes no sense.
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { artifactFile } from "../spawn/artifact.js";
import { buildActor } from "./build-actor.js";
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

void main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  if (args[0] !== "build") return misuse(`unknown command: ${args[0] ?? "(none)"}. There is build.`);
  let given: ReturnType<typeof parse>;
  try {
    given = parse(args.slice(1));
  } catch (error) {
    return misuse((error as Error).message.split("\n")[0] as string);
  }
  const { values, positionals } = given;
  if (values.help === true) return void process.stdout.write(HELP);
  const [actor, ...more] = positionals;
  if (actor === undefined) return misuse("build: which actor? As in: brood build greeter.ts -o greeter.wasm");
  if (more.length > 0) return misuse(`build: one actor at a time, and not also ${more.join(" ")}`);
  const out = values.output ?? artifactFile(actor);
  try {
    const { file, bytes, warnings } = await buildActor({ actor, out, strict: values.strict === true });
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(`${relative(process.cwd(), file)}  ${(bytes / 2 ** 20).toFixed(1)} MiB\n`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const line of error.message.split("\n")) process.stderr.write(`${line}\n`);
    process.stderr.write(`brood build: ${actor} was not built\n`);
    process.exitCode = 1;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      strict: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function misuse(why: string): void {
  process.stderr.write(`brood: ${why}\nbrood build --help tells more.\n`);
  process.exitCode = 2;
}
