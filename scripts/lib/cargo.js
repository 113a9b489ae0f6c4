// Finds cargo, or says how to get it.
import { capture, Missing } from "./tool.js";

const ADVICE = `Parts of brood are a native addon written in Rust; a checkout builds it from source, which takes cargo (Rust 1.95 or newer)
and a C linker. Users of the published package need neither.
  Install Rust:      https://rustup.rs  (curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh)
  Then, in a new shell, run this command again.`;

/** Throws, saying what to install, unless `cargo` runs. */
export async function requireCargo() {
  let answer;
  try {
    answer = await capture("cargo", ["--version"]);
  } catch (error) {
    throw new Missing(`cargo was not found${error.code === "ENOENT" ? " on PATH" : ` (${error.message})`}.\n${ADVICE}`);
  }
  if (answer.code !== 0) throw new Missing(`cargo is there, but does not run:\n${answer.output.trimEnd()}\n${ADVICE}`);
}
