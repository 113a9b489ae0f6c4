// The processes of a host as text: a line for each, as ps --forest shows them.
import { formatTwig, plain, processWords, time, type Twig } from "../observe/format.js";
import type { SeenProcess } from "./hosts.js";

export const formatSeen = (seen: SeenProcess): string => formatTwig(twigOf(seen));

function twigOf({ pid, kind, name, method, age, process: figures, children }: SeenProcess): Twig {
  return {
    label: `${plain(name)} (${pid})`,
    words: [kind === "other" || kind === name ? undefined : kind, method, `${time(age)} old`, ...processWords(figures)],
    twigs: children.map(twigOf),
  };
}
