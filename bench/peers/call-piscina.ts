// The task file of callers/piscina.ts: a task has one argument.
import * as endpoints from "./endpoints.js";

export const add = ({ a, b }: { a: number; b: number }): number => endpoints.add(a, b);

export const echo = (value: unknown): unknown => endpoints.echo(value);
