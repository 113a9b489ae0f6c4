// Which templates there are, by key, and who has to go: at most so many alive, the least recently used makes room. Pure: it
// decides, its owner acts.

export interface Shelved {
  /** Whether it can serve a start: it is starting or ready. */
  readonly serves: boolean;
}

export class TemplateShelf<T extends Shelved> {
  /** The least recently used first: a Map keeps the order of its insertions. */
  readonly #byKey = new Map<string, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The template for a key, which is thereby used; undefined where there is none that serves. */
  take(key: string): T | undefined {
    const found = this.#byKey.get(key);
    if (found === undefined) return undefined;
    this.#byKey.delete(key);
    if (!found.serves) return undefined;
    this.#byKey.set(key, found);
    return found;
  }

  /** Puts a new one there. @returns those that have to make room for it */
  put(key: string, template: T): T[] {
    for (const [other, one] of this.#byKey) if (!one.serves) this.#byKey.delete(other);
    const out: T[] = [];
    const replaced = this.#byKey.get(key);
    if (replaced !== undefined) out.push(replaced);
    this.#byKey.delete(key);
    for (const [other, one] of this.#byKey) {
      if (this.#byKey.size < this.#most) break;
      this.#byKey.delete(other);
      out.push(one);
    }
    this.#byKey.set(key, template);
    return out;
  }

  /** Forgets one. */
  drop(template: T): void {
    for (const [key, one] of this.#byKey) if (one === template) this.#byKey.delete(key);
  }

  /** Forgets all. */
  clear(): void {
    this.#byKey.clear();
  }

  get all(): T[] {
    return [...this.#byKey.values()];
  }
}
