// The fields of what another actor has sent: each is taken as what it must be, or refused by its name.
import { InvalidMessage } from "../errors/kinds.js";

export type Fields = Readonly<Record<string, unknown>>;

/** @throws InvalidMessage */
export function fieldsOf(value: unknown, where: string): Fields {
  if (!isRecord(value)) throw new InvalidMessage("not an object", where);
  return value;
}

/**
 * @param where what it is a field of
 * @param what what it must be, for the message
 * @throws InvalidMessage
 */
export function take<T>(from: Fields, where: string, key: string, is: (value: unknown) => value is T, what: string): T {
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  if (!is(value)) throw new InvalidMessage(`not ${what}`, `${where}.${key}`);
  return value;
}

/** As {@link take}, of a field that need not be there. */
export function takeMaybe<T>(
  from: Fields,
  where: string,
  key: string,
  is: (value: unknown) => value is T,
  what: string,
): T | undefined {
  return !Object.hasOwn(from, key) || isMissing(from[key]) ? undefined : take(from, where, key, is, what);
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isList = (value: unknown): value is unknown[] => Array.isArray(value);
export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
export const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
/** A time in ms, or a number of bytes. */
export const isAmount = (value: unknown): value is number =>
  typeof value === "number" && value >= 0 && value < Infinity;
/** JSON has no undefined: null stands for it. */
export const isMissing = (value: unknown): value is undefined | null => value === undefined || value === null;
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype;
