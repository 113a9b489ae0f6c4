// When two keys are the same: equal values where they are data, the same object or symbol where they are not. So the arguments of a
// function are a key: `["postgres://db", { user: "reader" }]`.
import { InvalidOption } from "../errors/kinds.js";

/** Lists and objects in each other. */
const DEPTH = 100;

/** Names keys. What is the same by identity only is numbered as it comes. */
export class Keys {
  readonly #objects = new WeakMap<object, number>();
  readonly #symbols = new Map<symbol, number>();
  #count = 0;

  /** Two keys are the same where their names are. @throws InvalidOption it goes too deep, as one that contains itself */
  nameOf(key: unknown, depth = 0): string {
    if (depth > DEPTH)
      throw new InvalidOption("shared: key", key, `a value, or a list or object of values at most ${DEPTH} deep`);
    switch (typeof key) {
      case "string":
        return JSON.stringify(key);
      case "symbol": {
        const number = this.#symbols.get(key) ?? ++this.#count;
        this.#symbols.set(key, number);
        return `#${number}`;
      }
      case "bigint":
        return `${key}n`;
      case "object":
        if (key === null) return "null";
        if (Array.isArray(key)) return `[${Array.from(key, (item) => this.nameOf(item, depth + 1)).join()}]`;
        return isPlain(key) ? `{${this.#members(key, depth)}}` : this.#numberOf(key);
      case "function":
        return this.#numberOf(key);
      default:
        return String(key);
    }
  }

  #members(key: object, depth: number): string {
    return Object.entries(key)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${JSON.stringify(name)}:${this.nameOf(value, depth + 1)}`)
      .join();
  }

  #numberOf(key: object): string {
    const number = this.#objects.get(key) ?? ++this.#count;
    this.#objects.set(key, number);
    return `#${number}`;
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
