// source-run: a text becomes an actor of its own, is called once and ended; beside those who would run such a text. None keeps
// anything from one run to the next: quickjs-emscripten has a module (and so a memory) of its own for each, secure-exec an isolate.
import { readFile } from "node:fs/promises";
import { openNursery, source } from "brood";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";

const CODE = "({ twice: (x) => 2 * x })";
const GIVEN = 21;
const EXPECTED = 42;

/** Node has it, and its types do not. */
const { compile } = (
  globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> } }
).WebAssembly;

/** @param run one run to its end, and what it gave */
async function contender(run: () => Promise<unknown>, close: () => Promise<void> = async () => {}): Promise<Contender> {
  return {
    async round(samples) {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        const value = await run();
        times.push(performance.now() - from);
        if (value !== EXPECTED) throw new Error(`twice ${GIVEN} is not ${String(value)}`);
      }
      return times;
    },
    close,
  };
}

async function brood(): Promise<Contender> {
  const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });
  return contender(
    () => nursery.run(source(CODE), "twice", [GIVEN]),
    () => nursery.close(),
  );
}

/** @param compiledOnce whether runs share the compiled code of QuickJS, which takes a wasm file and some knowledge to arrange */
async function quickjs(compiledOnce: boolean): Promise<Contender> {
  const { newQuickJSWASMModule, newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } =
    await import("quickjs-emscripten");
  let make = (): ReturnType<typeof newQuickJSWASMModule> => newQuickJSWASMModule();
  if (compiledOnce) {
    const file = import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
    const wasmModule = await compile(await readFile(new URL(file)));
    const variant = newVariant(RELEASE_SYNC, { wasmModule });
    make = () => newQuickJSWASMModuleFromVariant(variant);
  }
  return contender(async () => {
    const context = (await make()).newContext();
    const endpoints = context.unwrapResult(context.evalCode(CODE));
    const twice = context.getProp(endpoints, "twice");
    const given = context.newNumber(GIVEN);
    const answer = context.unwrapResult(context.callFunction(twice, endpoints, given));
    const value = context.getNumber(answer);
    for (const handle of [answer, given, twice, endpoints, context]) handle.dispose();
    return value;
  });
}

async function secureExec(): Promise<Contender> {
  const { createNodeDriver, createNodeRuntimeDriverFactory, NodeRuntime } = await import("secure-exec");
  const runtime = new NodeRuntime({
    systemDriver: createNodeDriver(),
    runtimeDriverFactory: createNodeRuntimeDriverFactory(),
  });
  return contender(
    async () => {
      const { exports } = await runtime.run<{ value: number }>(`module.exports = { value: ${CODE}.twice(${GIVEN}) }`);
      return exports?.value;
    },
    () => runtime.terminate(),
  );
}

export const sourceRun: Row = {
  name: "source-run",
  unit: "ms",
  what: "a text is started, called once and ended",
  rounds: 25,
  warmUp: 2,
  samples: 8,
  goals: [
    { peer: "quickjs-emscripten", ratio: 5 },
    { peer: "secure-exec", ratio: 40 },
  ],
  brood,
  peers: {
    "quickjs-emscripten": () => quickjs(false),
    "quickjs-emscripten, compiled once": () => quickjs(true),
    "secure-exec": secureExec,
  },
};
