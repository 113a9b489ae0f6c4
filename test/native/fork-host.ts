// A host that starts a template and forks without end: busy children, children that wait, children that end.
import { TestTemplate } from "./template-host.js";

const template = await new TestTemplate().ready();
process.stdout.write("ready\n");
for (let number = 0; ; number += 1) {
  const asked = template.ask(["stay", "busy", "code 0"][number % 3] as string);
  const born = await asked.born;
  // A few stay; the others make room.
  if (number > 6) asked.release();
  if (typeof born === "object" && "pid" in born) born.close();
}
