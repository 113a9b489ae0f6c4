// Which of this process's own Node flags its actors inherit: those that say how modules are found and compiled. Never those
// that make the process a debugger's, a test's or a one-liner (design section 4).

const INHERITED = new Set(["--import", "--require", "-r", "--loader", "--experimental-loader", "--conditions", "-C"]);

/** The flags to inherit from `execArgv`, in their order, each with its value. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  const flags: string[] = [];
  for (let at = 0; at < execArgv.length; at++) {
    const flag = execArgv[at] as string;
    const equals = flag.indexOf("=");
    if (!INHERITED.has(equals < 0 ? flag : flag.slice(0, equals))) continue;
    flags.push(flag);
    if (equals < 0 && at + 1 < execArgv.length) flags.push(execArgv[++at] as string);
  }
  return flags;
}

const PRELOADS = /^(--import|--require|-r|--loader|--experimental-loader)($|=)/;

/** Whether any of these flags runs code of the user's before the entry. */
export function preloadsAnything(flags: readonly string[]): boolean {
  return flags.some((flag) => PRELOADS.test(flag));
}
