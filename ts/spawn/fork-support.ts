// Whether Node can be forked here, and whether with these flags: every reason against it in words. What cannot be proven safe is not
// done.
import { loadForkserver } from "../native/load.js";
import { preloadsAnything } from "./inherited-flags.js";

/** Versions of Node that the tests run on, by their major version and the version of their modules. */
const TESTED: Readonly<Record<string, string>> = { "115": "20", "127": "22", "137": "24", "147": "26" };

/** How a template's Node is started: no threads of V8's but one. */
const SINGLE = ["--single-threaded", "--v8-pool-size=1"];
/** Without it, newer versions have one more thread, for the debugger's signal. */
const NO_SIGNAL = "--disable-sigusr1";

/** One thing that forking needs, and whether it is there. */
export interface Requirement {
  /** As "Node is of a tested version". */
  readonly needs: string;
  /** What was found: "v20.20.2". */
  readonly found: string;
  readonly met: boolean;
}

let known: readonly Requirement[] | undefined;

/** All that forking needs of this machine and this Node, looked at once. */
export function forkRequirements(): readonly Requirement[] {
  return (known ??= look());
}

function look(): Requirement[] {
  const { platform, arch, versions, version } = process;
  const requirements: Requirement[] = [
    { needs: "the system is Linux", found: `${platform} ${arch}`, met: platform === "linux" },
    {
      needs: `Node is one of ${Object.values(TESTED).join(", ")}`,
      found: `${version}, modules ${versions.modules}`,
      met: TESTED[versions.modules] === version.slice(1).split(".")[0],
    },
    {
      needs: "Node is a program of its own",
      found: versions["electron"] !== undefined ? "Electron" : isShared() ? "a shared library" : "node",
      met: versions["electron"] === undefined && !isShared(),
    },
  ];
  if (platform !== "linux") return requirements;
  try {
    const { reason, glibc, libuv } = loadForkserver().forkSupport();
    requirements.push({
      needs: "the kernel and the C library can fork it",
      found: reason ?? `glibc ${glibc ?? "(none)"}, libuv ${libuv ?? "(unknown)"}`,
      met: (reason ?? undefined) === undefined,
    });
  } catch (error) {
    requirements.push({ needs: "the addon of brood loads", found: (error as Error).message, met: false });
  }
  return requirements;
}

function isShared(): boolean {
  const { variables } = process.config as { variables: Record<string, unknown> };
  return variables["node_shared"] === true || variables["node_shared"] === "true";
}

/** Why nothing can be forked on this machine by this Node; undefined where it can. */
export function whyNoFork(): string | undefined {
  const unmet = forkRequirements().find(({ met }) => !met);
  return unmet === undefined ? undefined : `${unmet.needs}, and here it is ${unmet.found}`.replace(/\.$/, "");
}

/** Flags that start threads, or that a template has to have its own way. */
const UNFORKABLE =
  /^(--(no-)?single-threaded(-gc)?|--v8-pool-size|--cpu-prof|--heap-prof|--prof|--perf-|--trace-event|--inspect|--watch|--experimental-loader|--permission|--experimental-permission|--experimental-inspector)/;

/** Why an actor with these flags cannot be forked; undefined where it can. */
export function whyNotForked(flags: readonly string[]): string | undefined {
  if (preloadsAnything(flags)) {
    const flag = flags.find((one) => preloadsAnything([one]));
    return `${flag} loads code of which brood cannot know what it starts`;
  }
  const flag = flags.find((one) => UNFORKABLE.test(one));
  return flag === undefined ? undefined : `a process with the flag ${flag} cannot be forked`;
}

/** The flags of a template, which come before the actor's own. */
export function templateFlags(): readonly string[] {
  return process.allowedNodeEnvironmentFlags.has(NO_SIGNAL) ? [...SINGLE, NO_SIGNAL] : SINGLE;
}
