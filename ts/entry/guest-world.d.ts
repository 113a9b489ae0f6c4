// What the runtime of a guest provides: the imports of wit/actor.wit, and its own handles on streams (componentize-qjs).

declare module "brood:actor/text" {
  const text: {
    encode(text: string): Uint8Array;
    decode(bytes: Uint8Array): string;
  };
  export default text;
}

declare module "brood:actor/random" {
  const random: {
    bytes(length: number): Uint8Array;
  };
  export default random;
}
