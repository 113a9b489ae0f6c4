// Leaves something behind when it is loaded.
export const leaves = "unref-timer";
setTimeout(() => {}, 60_000).unref();
