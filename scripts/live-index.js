// npm run live-index [-- --json FILE]: the example of a program that forks itself, asked once. Without --once it serves until it is stopped.
import { delimiter, dirname } from "node:path";
import { at } from "./lib/checkout.js";
import { runForeground } from "./lib/foreground.js";
import { failWith } from "./lib/tool.js";
import { setup } from "./setup.js";

const program = ["--enable-source-maps", at("build", "examples", "live-index", "main.js"), ...process.argv.slice(2)];

await setup()
  .then(() =>
    runForeground("sh", [at("bin", "brood"), "run", ...program], {
      // The command takes Node from there: it is to be this one.
      env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` },
    }),
  )
  .catch(failWith);
