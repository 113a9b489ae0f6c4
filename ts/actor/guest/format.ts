// Values as text for people, as Node's util.format and util.inspect write them, without colours. Looking at a value never throws and always
// ends: getters are not called, and a text has a bound.

/** About as many characters does one formatted text have at most. */
const MAX_TEXT = 16 * 1024;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
/** Node breaks lines where it does for the sake of this. */
const LINE = 68;
const DEPTH = 2;

/** Node's name for a method by which a value writes itself. */
const CUSTOM = Symbol.for("nodejs.util.inspect.custom");

/** The arguments of console.log as one text. */
export function format(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  const parts: string[] = [];
  let used = 0;
  if (typeof first === "string") {
    if (rest.length === 0) return cut(first);
    parts.push(
      first.replace(/%[sdifjoOc%]/g, (mark) => {
        if (mark === "%%") return "%";
        if (used >= rest.length) return mark;
        return byMark(mark, rest[used++]);
      }),
    );
  } else if (values.length > 0) parts.push(inspect(first));
  let length = 0;
  for (const value of rest.slice(used)) {
    if (length > MAX_TEXT) break;
    const part = typeof value === "string" ? value : inspect(value);
    length += part.length;
    parts.push(part);
  }
  return cut(parts.join(" "));
}

/** One value as text; a string with its quotes. */
export function inspect(value: unknown, depth = DEPTH): string {
  return new Inspection(depth).text(value, 0, false);
}

function byMark(mark: string, value: unknown): string {
  switch (mark) {
    case "%s":
      if (typeof value === "bigint") return `${value}n`;
      if (Object.is(value, -0)) return "-0";
      if (typeof value === "object" && value !== null) return ownText(value) ?? inspect(value, 0);
      return String(value);
    case "%d":
      return typeof value === "bigint" ? `${value}n` : number(value, Number);
    case "%i":
      return typeof value === "bigint" ? `${value}n` : number(value, (one) => Number.parseInt(one as string, 10));
    case "%f":
      return number(value, (one) => Number.parseFloat(one as string));
    case "%j":
      return json(value);
    case "%o":
      return inspect(value, 4);
    case "%O":
      return inspect(value);
    default:
      return "";
  }
}

/** By a `toString` that its class defines, unless that says nothing. */
function ownText(value: object): string | undefined {
  try {
    if (value instanceof Error || Array.isArray(value)) return undefined;
    const { toString } = value as { toString?: unknown };
    if (typeof toString !== "function" || toString === Object.prototype.toString) return undefined;
    if (value instanceof Date || ArrayBuffer.isView(value)) return undefined;
    return String(value);
  } catch {
    return undefined;
  }
}

function number(value: unknown, read: (value: unknown) => number): string {
  if (typeof value === "symbol" || (typeof value === "object" && value !== null)) return "NaN";
  const result = read(value);
  return Object.is(result, -0) ? "-0" : String(result);
}

function json(value: unknown): string {
  try {
    return String(JSON.stringify(value));
  } catch (error) {
    return /circular/i.test(String(error)) ? "[Circular]" : inspect(value);
  }
}

function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  return `${text.slice(0, MAX_TEXT)}... ${text.length - MAX_TEXT} more characters`;
}

class Inspection {
  readonly #depth: number;
  /** The objects around the one that is looked at. */
  readonly #around: object[] = [];
  /** Those that were met inside of themselves, with their numbers. */
  readonly #circular = new Map<object, number>();
  #left = MAX_TEXT;
  /** How deep the object went that was looked at last. */
  #deepest = 0;

  constructor(depth: number) {
    this.#depth = depth;
  }

  text(value: unknown, level: number, inside: boolean): string {
    let text: string;
    try {
      text = this.#any(value, level, inside);
    } catch {
      text = "<it throws when looked at>";
    }
    if (!inside || typeof value !== "object") this.#left -= text.length;
    return text;
  }

  #any(value: unknown, level: number, inside: boolean): string {
    switch (typeof value) {
      case "string":
        return quoted(inside && value.length > MAX_STRING ? value.slice(0, MAX_STRING) : value, value.length);
      case "bigint":
        return `${value}n`;
      case "symbol":
        return value.toString();
      case "number":
        return Object.is(value, -0) ? "-0" : String(value);
      case "function":
        return this.#object(value, level);
      case "object":
        return value === null ? "null" : this.#object(value, level);
      default:
        return String(value);
    }
  }

  #object(value: object, level: number): string {
    if (this.#around.includes(value)) {
      const number = this.#circular.get(value) ?? this.#circular.size + 1;
      this.#circular.set(value, number);
      return `[Circular *${number}]`;
    }
    const custom: unknown = (value as Record<symbol, unknown>)[CUSTOM];
    if (typeof custom === "function") {
      const made: unknown = custom.call(value, this.#depth - level, {}, inspect);
      if (made !== value) return typeof made === "string" ? made : this.text(made, level, true);
    }
    const { head, open, close, plain, items } = this.#shape(value);
    const keys = ownKeys(value);
    if (items === undefined && keys.length === 0) {
      if (open !== "{") return head === "" ? `${open}${close}` : `${head} ${open}${close}`;
      return plain ? (head === "" ? "{}" : `${head} {}`) : head;
    }
    if (level > this.#depth) return `[${nameOf(value) || "Object: null prototype"}]`;
    this.#deepest = level;
    this.#around.push(value);
    const entries = items?.(level + 1) ?? [];
    const array = open === "[";
    for (const key of keys) {
      if (this.#left <= 0) {
        entries.push("...");
        break;
      }
      entries.push(this.#property(value, key, level + 1));
    }
    this.#around.pop();
    const reference = this.#circular.get(value);
    const label = reference === undefined ? head : `<ref *${reference}>${head === "" ? "" : ` ${head}`}`;
    return this.#join(label, open, close, array && entries.length > 6 ? rows(entries, keys.length) : entries, {
      level,
      one: !array || entries.length <= 6,
    });
  }

  /** What comes before the braces, the braces, and what comes before the properties. */
  #shape(value: object): {
    head: string;
    open: string;
    close: string;
    plain: boolean;
    items?: ((level: number) => string[]) | undefined;
  } {
    const name = nameOf(value);
    const braces = { open: "{", close: "}", plain: false };
    if (typeof value === "function") return { ...braces, head: functionHead(value, name) };
    if (Array.isArray(value)) {
      const head = name === "Array" ? "" : `${name || "[Array: null prototype]"}(${value.length})`;
      const items = value.length === 0 ? undefined : (level: number) => this.#array(value, level);
      return { head, open: "[", close: "]", plain: true, items };
    }
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const view = value as Uint8Array;
      const items = view.length === 0 ? undefined : (level: number) => this.#array(view, level);
      return { head: `${name}(${view.length})${tagOf(view, name)}`, open: "[", close: "]", plain: true, items };
    }
    if (value instanceof Map) {
      const pairs = (level: number): string[] =>
        this.#some(
          value,
          value.size,
          ([key, one]) => `${this.text(key, level, true)} => ${this.text(one, level, true)}`,
        );
      return {
        ...braces,
        head: `${name}(${value.size})${tagOf(value, name)}`,
        plain: true,
        items: value.size === 0 ? undefined : pairs,
      };
    }
    if (value instanceof Set) {
      const members = (level: number): string[] => this.#some(value, value.size, (one) => this.text(one, level, true));
      return {
        ...braces,
        head: `${name}(${value.size})${tagOf(value, name)}`,
        plain: true,
        items: value.size === 0 ? undefined : members,
      };
    }
    if (value instanceof Error) return { ...braces, head: errorHead(value), items: this.#causes(value) };
    if (value instanceof Date)
      return { ...braces, head: Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString() };
    if (value instanceof RegExp) return { ...braces, head: RegExp.prototype.toString.call(value) };
    if (value instanceof ArrayBuffer)
      return { ...braces, head: name, plain: true, items: () => [`byteLength: ${value.byteLength}`] };
    for (const boxed of [String, Number, Boolean, Symbol, BigInt]) {
      if (value instanceof boxed) {
        const text = this.text((value as { valueOf(): unknown }).valueOf(), 0, true);
        return { ...braces, head: `[${boxed.name}: ${text}]` };
      }
    }
    const head = name === "Object" ? "" : name || "[Object: null prototype]";
    const tag = tagOf(value, name);
    return { ...braces, plain: true, head: tag === "" ? head : `${head || "Object"}${tag}` };
  }

  #array(values: ArrayLike<unknown>, level: number): string[] {
    const texts: string[] = [];
    for (let i = 0; i < values.length; i++) {
      if (texts.length >= MAX_ITEMS || this.#left <= 0) {
        texts.push(more(values.length - i));
        break;
      }
      if (i in values) {
        texts.push(this.text(values[i], level, true));
        continue;
      }
      const from = i;
      while (i + 1 < values.length && !(i + 1 in values) && i - from < 100_000) i++;
      texts.push(`<${i - from + 1} empty item${i === from ? "" : "s"}>`);
    }
    return texts;
  }

  #some<T>(values: Iterable<T>, size: number, text: (value: T) => string): string[] {
    const texts: string[] = [];
    for (const value of values) {
      if (texts.length >= MAX_ITEMS || this.#left <= 0) {
        texts.push(more(size - texts.length));
        break;
      }
      texts.push(text(value));
    }
    return texts;
  }

  #causes(error: Error): ((level: number) => string[]) | undefined {
    const hidden = ["cause", "errors"].filter(
      (key) => Object.getOwnPropertyDescriptor(error, key)?.enumerable === false,
    );
    if (hidden.length === 0) return undefined;
    return (level) =>
      hidden.map((key) => `[${key}]: ${this.text((error as unknown as Record<string, unknown>)[key], level, true)}`);
  }

  #property(value: object, key: string | symbol, level: number): string {
    const { get, set, value: plain } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    let text: string;
    if (get !== undefined) text = set === undefined ? "[Getter]" : "[Getter/Setter]";
    else text = set === undefined ? this.text(plain, level, true) : "[Setter]";
    if (typeof key === "symbol") return `[${key.toString()}]: ${text}`;
    this.#left -= key.length;
    return `${/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key) ? key : quoted(key, key.length)}: ${text}`;
  }

  /** On one line if it is short and holds few others, else each on its own. */
  #join(
    head: string,
    open: string,
    close: string,
    entries: readonly string[],
    { level, one }: { level: number; one: boolean },
  ): string {
    const start = head === "" ? open : `${head} ${open}`;
    const text = entries.join(", ");
    const width = text.length + start.length + 2 * level;
    if (one && this.#deepest - level < 3 && width <= LINE && !(start + text).includes("\n"))
      return `${start} ${text} ${close}`;
    const indent = (entry: string): string => `  ${entry.replace(/\n/g, "\n  ")}`;
    return `${start}\n${entries.map(indent).join(",\n")}\n${close}`;
  }
}

/** Many short items, as many on each line as it holds. */
function rows(items: readonly string[], named: number): string[] {
  const lines: string[] = [];
  items.forEach((item, i) => {
    const last = lines.at(-1);
    const apart = item.includes("\n") || i >= items.length - named || item.startsWith("... ");
    if (last === undefined || apart || last.includes("\n") || last.length + item.length > LINE) lines.push(item);
    else lines[lines.length - 1] = `${last}, ${item}`;
  });
  return lines;
}

function more(count: number): string {
  return `... ${count} more item${count === 1 ? "" : "s"}`;
}

/** Enumerable own keys; not the elements of a list. */
function ownKeys(value: object): (string | symbol)[] {
  // oxlint-disable-next-line unicorn/no-instanceof-builtins -- a boxed text is what is looked for
  const list = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String;
  const keys: (string | symbol)[] = Object.keys(value);
  const named = list ? keys.filter((key) => !/^\d+$/.test(key as string)) : keys;
  for (const symbol of Object.getOwnPropertySymbols(value))
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) named.push(symbol);
  return named;
}

/** Of the class; "" without a prototype. */
function nameOf(value: object): string {
  for (let made: object | null = value; made !== null; made = Object.getPrototypeOf(made) as object | null) {
    const found: unknown = Object.getOwnPropertyDescriptor(made, "constructor")?.value;
    if (typeof found === "function" && found.name !== "" && made !== value) return found.name;
  }
  return "";
}

/** What a value says that it is, where its class is called otherwise. */
function tagOf(value: object, name: string): string {
  const tag: unknown = (value as Record<symbol, unknown>)[Symbol.toStringTag];
  const says = typeof tag === "string" && tag !== "" && tag !== name && !Object.hasOwn(value, Symbol.toStringTag);
  return says ? ` [${tag}]` : "";
}

function functionHead(value: object, kind: string): string {
  const { name } = value as { name: string };
  if (/^class\b/.test(Function.prototype.toString.call(value))) {
    const above = Object.getPrototypeOf(value) as { name?: string } | null;
    return `[class ${name || "(anonymous)"}${above?.name ? ` extends ${above.name}` : ""}]`;
  }
  return `[${kind || "Function"}${name === "" ? " (anonymous)" : `: ${name}`}]`;
}

function errorHead(error: Error): string {
  const { stack } = error;
  const title = Error.prototype.toString.call(error);
  if (typeof stack !== "string" || stack === "") return `[${title}]`;
  return /^ +at /.test(stack) ? `${title}\n${stack.trimEnd()}` : stack;
}

const ESCAPES: Record<string, string> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
  "\\": "\\\\",
};

/** In the quotes that it does not contain. */
function quoted(text: string, length: number): string {
  const quote = !text.includes("'")
    ? "'"
    : !text.includes('"')
      ? '"'
      : !text.includes("`") && !text.includes("${")
        ? "`"
        : "'";
  // oxlint-disable-next-line no-control-regex -- these are what is escaped
  const escaped = text.replace(/[\x00-\x1f\x7f-\x9f\\]/g, (one) => ESCAPES[one] ?? hex(one));
  const more = length - text.length;
  return `${quote}${quote === "'" ? escaped.replace(/'/g, "\\'") : escaped}${quote}${more > 0 ? `... ${more} more characters` : ""}`;
}

function hex(one: string): string {
  return `\\x${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
