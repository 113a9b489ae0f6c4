// Answers find their request by its number: what a user of plain messages writes first of all.

export interface Request {
  readonly id: number;
  readonly name: "add" | "echo";
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly value: unknown;
}

export class Requests {
  readonly #send: (request: Request) => void;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #next = 0;

  constructor(send: (request: Request) => void) {
    this.#send = send;
  }

  call(name: Request["name"], ...args: unknown[]): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ id, name, args });
    });
  }

  answered({ id, value }: Answer): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(value);
  }
}
