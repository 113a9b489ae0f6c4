// Leaves something behind when it is loaded.
export const leaves = "top-level-await";
await new Promise(() => {});
