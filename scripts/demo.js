// npm run demo [-- --out DIR] [--json FILE]: the main job on real input.
import { at } from "./lib/checkout.js";
import { runForeground } from "./lib/foreground.js";
import { failWith } from "./lib/tool.js";
import { setup } from "./setup.js";

await setup()
  .then(() =>
    runForeground(process.execPath, [
      "--enable-source-maps",
      at("build", "examples", "docsite", "main.js"),
      ...process.argv.slice(2),
    ]),
  )
  .catch(failWith);
