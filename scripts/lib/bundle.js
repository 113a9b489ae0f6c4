// The esbuild steps: what is shipped as one file because it starts inside every actor, or because its own entry would do harm.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { at, ROOT, shown } from "./checkout.js";
import { Refusal } from "./tool.js";

const VENDORED = { from: at("ts", "vendor", "msgpackr.ts"), to: at("dist", "vendor", "msgpackr.js") };
const LICENCE = { from: at("node_modules", "msgpackr", "LICENSE"), to: at("dist", "vendor", "LICENSE-msgpackr") };
const ENTRIES = [
  "process",
  "actor-process",
  "template",
  "template-process",
  "live",
  "live-process",
  "lifeline",
  "compile",
].map((name) => ({
  from: at("ts", "entry", `${name}.ts`),
  to: at("dist", "entry", `${name}.cjs`),
}));

/** Actors as users write them, for templates to rehearse with: each can be loaded for the first time once only. */
const REHEARSALS = [1, 2, 3].map((number) => at("dist", "entry", `rehearsal-${number}.js`));
const REHEARSED = `import { defineActor } from "brood/actor";

export default defineActor({ answer: () => process.pid });
`;

/** Every actor's module imports it: one file in place of seven. */
const ACTOR = { from: at("ts", "actor", "index.ts"), to: at("dist", "actor", "index.js") };

/** What a component of an actor module is made of, beside that module. */
const GUEST = { from: at("ts", "entry", "guest.ts"), to: at("dist", "guest", "runtime.js") };
const GUEST_MEMORY = at("ts", "entry", "guest-memory.ts");
const WORLD = { from: at("wit", "actor.wit"), to: at("dist", "guest", "actor.wit") };

/** What `brood build` takes, and what scripts/lib/guest.js makes of it. */
export const GUEST_FILES = { runtime: GUEST.to, world: WORLD.to, component: at("dist", "guest", "brood-js.wasm") };

/** What these steps leave in dist/. */
export const BUNDLED = [
  VENDORED.to,
  LICENCE.to,
  ACTOR.to,
  GUEST.to,
  WORLD.to,
  ...ENTRIES.map((entry) => entry.to),
  ...REHEARSALS,
];

/** Runs every esbuild step; needs node_modules. */
export async function bundleAll() {
  const { build } = await import("esbuild");
  await bundleMsgpackr(build);
  await bundle(build, {
    entryPoints: [ACTOR.from],
    outfile: ACTOR.to,
    format: "esm",
    platform: "neutral",
    target: "es2022",
  });
  for (const entry of ENTRIES) await bundleEntry(build, entry);
  for (const file of REHEARSALS) writeFileSync(file, REHEARSED);
  await bundleGuest(build);
}

/** What runs at every start and call of a guest, and no user ever holds. */
const HOT = /[\\/]ts[\\/](?:protocol[\\/]\w[\w-]*|actor[\\/]loop|entry[\\/]guest[\w-]*)\.ts$/;

/**
 * Private names as plain ones (`#queue` as `$queue`). In the engine of a guest a private name is an object with a reference
 * count, which every access writes to: it takes longer, and a page of memory that was shared with all other instances.
 */
function withPlainNames(text, typescript) {
  const file = typescript.createSourceFile("source.ts", text, typescript.ScriptTarget.ES2022);
  const places = [];
  const visit = (node) => {
    if (typescript.isPrivateIdentifier(node)) places.push(node.getStart(file));
    typescript.forEachChild(node, visit);
  };
  visit(file);
  let plain = "";
  let at = 0;
  for (const place of places) {
    plain += `${text.slice(at, place)}$`;
    at = place + 1;
  }
  return plain + text.slice(at);
}

/** What the guest's module exports. */
const GUEST_NAMES = [
  ...["context", "defineActor", "endpoint", "type"],
  // Of the host's side, for actors of its own.
  ...["actor", "component", "source", "isRemote"],
  ...["serve", "serveSource"],
];

/** What stands in a guest for what only a process has. */
const INSTEAD = [
  [/^(\.|.*\/nursery)\/methods\.js$/, "guest-methods"],
  [/^(\.|.*\/nursery)\/runtime\.js$/, "guest-runtime"],
  [/^(\.|.*\/nursery)\/source\.js$/, "guest-sources"],
  [/\/spawn\/relay\.js$/, "guest-output"],
  [/^node:(crypto|diagnostics_channel)$/, "guest-node"],
].map(([filter, name]) => ({ filter, path: at("ts", "entry", `${name}.ts`) }));

/**
 * The module that `brood build` puts before the user's: it has everything of brood that runs in a guest, once. Its names are in a
 * function's scope: beside names of brood's, functions of the user's would be renamed, in their stacks too.
 */
async function bundleGuest(build) {
  const imports = ["text", "random"].map((name) => `import $brood_${name} from "brood:actor/${name}";`);
  const { default: typescript } = await import("typescript");
  // Before the function in which all the rest is: its declarations are made when it is entered.
  const memory = await bundle(build, {
    entryPoints: [GUEST_MEMORY],
    write: false,
    format: "iife",
    globalName: "$brood_memory",
    target: "es2022",
    minifySyntax: true,
    minifyWhitespace: true,
  });
  await bundle(build, {
    entryPoints: [GUEST.from],
    outfile: GUEST.to,
    format: "iife",
    globalName: "$brood",
    platform: "browser",
    target: "es2022",
    plugins: [
      {
        name: "world",
        setup(guest) {
          for (const { filter, path } of INSTEAD) guest.onResolve({ filter }, () => ({ path }));
          guest.onResolve({ filter: /^brood:actor\// }, ({ path }) => ({ path, namespace: "world" }));
          guest.onLoad({ filter: /./, namespace: "world" }, ({ path }) => ({
            contents: `export default $brood_${path.split("/").at(-1)};`,
          }));
        },
      },
      {
        name: "plain names",
        setup(guest) {
          guest.onLoad({ filter: HOT }, ({ path }) => ({
            contents: withPlainNames(readFileSync(path, "utf8"), typescript),
            loader: "ts",
          }));
        },
      },
    ],
    banner: { js: `${imports.join("\n")}\n${memory.outputFiles[0].text}` },
    footer: {
      js: `const {${GUEST_NAMES.map((name) => `${name}: $brood_${name}`).join(", ")}} = $brood;
export {${GUEST_NAMES.map((name) => `$brood_${name} as ${name}`).join(", ")}};`,
    },
    // A snapshot keeps the text of every function. Names stay: they stand in stacks.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
  });
  refuseNode(GUEST.to);
  copyFileSync(WORLD.from, WORLD.to);
}

/**
 * msgpackr without its node entry, which loads a native addon and starts threads: only pack.js and unpack.js. The condition
 * `node` would lead to that entry, so esbuild resolves as for a browser.
 */
async function bundleMsgpackr(build) {
  await bundle(build, {
    entryPoints: [VENDORED.from],
    outfile: VENDORED.to,
    format: "esm",
    platform: "browser",
    target: "es2022",
  });
  refuseNode(VENDORED.to);
  copyFileSync(LICENCE.from, LICENCE.to);
}

function refuseNode(file) {
  const text = readFileSync(file, "utf8");
  for (const forbidden of ["msgpackr-extract", '"node:', 'require("']) {
    if (text.includes(forbidden)) throw new Refusal(`${shown(file)} must not contain ${forbidden}`);
  }
}

/** One CommonJS file, so that an actor starts with a single read; `import()` of users' modules stays a real import. */
function bundleEntry(build, entry) {
  return bundle(build, {
    entryPoints: [entry.from],
    outfile: entry.to,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    // It is parsed at every start. Names stay: they stand in stacks.
    minifySyntax: true,
    minifyWhitespace: true,
    // Node prints the line that threw.
    lineLimit: 160,
    supported: { "dynamic-import": true },
    // It goes before esbuild's own "use strict", which would then mean nothing.
    banner: { js: '"use strict";\nconst import_meta_url = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "import_meta_url" },
  });
}

/**
 * msgpackr asks with numbers whether a bigint has 64 bits; QuickJS compares a negative bigint with a negative number wrongly. Asked with
 * bigints, both engines give the right answer.
 */
const BIGINTS = {
  name: "bigints",
  setup({ onLoad }) {
    const [from, to] = [
      "0x8000000000000000 && value >= -0x8000000000000000",
      "0x8000000000000000n && value >= -0x8000000000000000n",
    ];
    onLoad({ filter: /[\\/]msgpackr[\\/]pack\.js$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8");
      if (contents.split(from).length !== 2) return { errors: [{ text: `${from}: not once in ${shown(path)}` }] };
      return { contents: contents.replace(from, to) };
    });
  },
};

async function bundle(build, options) {
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    splitting: false,
    legalComments: "none",
    logLevel: "silent",
    charset: "utf8",
  };
  try {
    const plugins = [BIGINTS, ...(options.plugins ?? [])];
    const result = await build({ ...common, ...options, plugins });
    if (result.warnings.length > 0) throw new Refusal(result.warnings.map(describe).join("\n"));
    return result;
  } catch (error) {
    if (!error.errors) throw error;
    throw new Refusal(error.errors.map(describe).join("\n"));
  }
}

const describe = ({ text, location }) =>
  location ? `${location.file}:${location.line}:${location.column}: ${text}` : text;
