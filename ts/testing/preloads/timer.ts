// Leaves something behind when it is loaded.
export const leaves = "timer";
setInterval(() => {}, 60_000);
