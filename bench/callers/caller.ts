// Somebody elsewhere who can be called: an actor, or what a user would have instead.

export interface Caller {
  add(a: number, b: number): Promise<unknown>;
  echo(value: unknown): Promise<unknown>;
  close(): Promise<void>;
}
