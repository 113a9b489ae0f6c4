// Refuses a Node that is too old, in words.
import { Refusal } from "./tool.js";

const OLDEST = [20, 19];

/** Throws unless this is Node 20.19 or newer. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new Refusal(`brood needs Node ${OLDEST.join(".")} or newer, and this is ${version} (${process.execPath}).
Install a newer one from https://nodejs.org, or with your version manager (for example: nvm install 24), and run this again.`);
}
