// An actor that needs the TypeScript compiler.
import { defineActor } from "brood/actor";
import ts from "typescript";

export default defineActor({ version: () => ts.version });
