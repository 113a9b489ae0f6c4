// SIGUSR2 makes a host tell what there is to see of it: in a file where `brood tree` has asked, else on standard error, unless the
// program listens to that signal itself. All that it takes is loaded when the first one comes.
import { onDumpAsked } from "../nursery/runtime.js";

// Whoever has asked has a bound of its own; nothing that goes wrong here is the program's business.
onDumpAsked((mayPrint) => void tell(mayPrint).catch(() => {}));

async function tell(mayPrint: boolean): Promise<void> {
  const [{ takeQuestion }, { dumpTree }] = await Promise.all([import("./exchange.js"), import("./dump.js")]);
  const answer = takeQuestion();
  if (answer !== undefined) return answer(JSON.stringify(await dumpTree()));
  if (!mayPrint) return;
  const { formatTree } = await import("./format.js");
  process.stderr.write(formatTree(await dumpTree()));
}
