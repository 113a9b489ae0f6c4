/** A failure that is told in words, without a stack: whoever reads it can do something about it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
