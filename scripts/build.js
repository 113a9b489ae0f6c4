// npm run build [-- --ship]: everything that a checkout builds. --ship takes the cargo profile of published addons.
import { failWith } from "./lib/tool.js";
import { setup } from "./setup.js";

await setup({ profile: process.argv.includes("--ship") ? "ship" : "dev" }).catch(failWith);
