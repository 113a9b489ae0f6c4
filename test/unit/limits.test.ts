// What a wasm actor may use: texts are read as bytes, and what is not said has its default.
import * as assert from "uvu/assert";
import { checkLimits } from "#brood/nursery/limits.js";
import { suite } from "../harness/law.js";

const law = suite("limits");

const DEFAULTS = { memory: 64 * 1024 ** 2, cpu: 0, cpuTotal: 0, wall: 0, output: 1024 ** 2 };

law("what is not said has its default: 64 MiB, 1 MiB of output, no limit of time", () => {
  for (const limits of [undefined, {}, { memory: undefined, cpu: undefined, output: undefined }])
    assert.equal(checkLimits("start", limits), DEFAULTS);
});

law("bytes are numbers, or texts with a binary unit", () => {
  for (const [given, bytes] of [
    [1, 1],
    [2 ** 32, 2 ** 32],
    ["512B", 512],
    ["64KiB", 65_536],
    ["64 MiB", 67_108_864],
    ["1.5GiB", 1_610_612_736],
    ["0.001MiB", 1_048],
    ["4GiB", 2 ** 32],
  ] as const) {
    assert.equal(checkLimits("start", { memory: given }), { ...DEFAULTS, memory: bytes });
  }
  assert.equal(checkLimits("start", { output: 0 }), { ...DEFAULTS, output: 0 });
  assert.equal(checkLimits("start", { output: "2KiB" }), { ...DEFAULTS, output: 2_048 });
});

law("times are milliseconds", () => {
  const times = { cpu: 0.5, cpuTotal: 1_000, wall: 2 ** 31 - 1 };
  assert.equal(checkLimits("start", times), { ...DEFAULTS, ...times });
});

law.run();
