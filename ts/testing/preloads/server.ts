// Leaves something behind when it is loaded.
import { createServer } from "node:net";

export const server = createServer().listen(0);
