// Leaves something behind when it is loaded.
export const leaves = "throws";
throw new Error("it does not load");
