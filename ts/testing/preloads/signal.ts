// Leaves something behind when it is loaded.
process.on("SIGUSR2", () => {});

export const leaves = "a listener";
