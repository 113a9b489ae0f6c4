// What a refused thing is refused with.
import * as assert from "uvu/assert";
import { InvalidMessage } from "#brood/errors/kinds.js";

/** Runs `act`, which must throw an InvalidMessage, and returns that. */
export function refusal(act: () => unknown): InvalidMessage {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    assert.instance(error, InvalidMessage);
    return error as InvalidMessage;
  }
  throw new Error(`it was not refused: ${typeof result}`);
}
