// What is called, whoever carries the call.

export const add = (a: number, b: number): number => a + b;

export const echo = (value: unknown): unknown => value;

export function spin(): never {
  for (;;);
}
