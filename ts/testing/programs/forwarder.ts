// A host whose actors say something; what it prints is theirs.
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";

const talker = actor<typeof import("../actors/talker.js")>(new URL("../actors/talker.js", import.meta.url));
const options = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;

await withNursery(async (nursery) => {
  const [one, two, quiet] = await Promise.all([
    nursery.start(talker, { ...options, name: "one" }),
    nursery.start(talker, { ...options, name: "two", stdio: "forward" }),
    nursery.start(talker, { ...options, name: "quiet", stdio: "ignore" }),
  ]);
  await one.call("say", "from one\nand more");
  await two.call("complain", "from two");
  await quiet.call("say", "nobody hears this");
  await quiet.call("complain", "nor this");
  await one.call("raw", "no newline at the end");
});
