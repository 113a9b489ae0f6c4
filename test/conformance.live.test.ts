// The suite over main_thread_forkserver: this program forks itself, with all that the suite has in memory.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIVE } from "#brood/testing/methods.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { conform } from "./harness/conform.js";
import { suite } from "./harness/law.js";

// Other test files run beside this one, with temporary files of their own that are no leak of ours.
process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "conformance-"));

const law = suite("conformance of a program that forks itself");
law.before(() => warmUp(LIVE));
conform(law, LIVE, () => {});
law.after(() => rmSync(tmpdir(), { recursive: true, force: true }));
law.run();
