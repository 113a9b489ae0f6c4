// An actor with a schema of arktype, which compiles its schemas as functions: a guest has no compiler, so it is for processes.
import { type } from "arktype";
import { defineActor, endpoint } from "brood/actor";

const Range = type({ from: "number", "to?": "number" });

export default defineActor({
  width: endpoint({ args: [Range], result: type("number") }, (_task, { from, to }) => (to ?? from) - from),
});
