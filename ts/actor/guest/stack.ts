// Stacks as Node writes them: "Name: message", then the lines. QuickJS keeps the lines only, behind an accessor of Error.prototype.

interface StackTaker {
  captureStackTrace?(target: object, above?: unknown): void;
}

/** Puts the heading before the lines, for every error and for whatever a stack is captured on. */
export function headStacks(): void {
  const found = Object.getOwnPropertyDescriptor(Error.prototype, "stack");
  const read = found?.get;
  if (read === undefined) return;
  // oxlint-disable-next-line no-extend-native -- it is replaced by what Node has
  Object.defineProperty(Error.prototype, "stack", {
    ...found,
    get(this: unknown): unknown {
      const lines: unknown = read.call(this);
      return typeof lines === "string" ? headed(this, lines) : lines;
    },
  });
  const taker = Error as StackTaker;
  const capture = taker.captureStackTrace;
  if (capture === undefined) return;
  Object.defineProperty(Error, "captureStackTrace", {
    configurable: true,
    writable: true,
    value: function captureStackTrace(target: object, above: unknown = captureStackTrace): void {
      capture(target, above);
      const own = Object.getOwnPropertyDescriptor(target, "stack");
      if (own !== undefined && typeof own.value === "string")
        Object.defineProperty(target, "stack", { ...own, value: headed(target, own.value) });
    },
  });
}

function headed(error: unknown, lines: string): string {
  let heading: string;
  try {
    heading = Error.prototype.toString.call(error);
  } catch {
    heading = "Error";
  }
  return `${heading}\n${lines.replace(/\n$/, "")}`;
}
