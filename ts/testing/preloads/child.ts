// Leaves something behind when it is loaded.
import { spawn } from "node:child_process";

export const child = spawn("sleep", ["60"], { stdio: "ignore" });
