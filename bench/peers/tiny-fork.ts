// The smallest module for `fork` that is as much as an actor: it says that it is there, and stays until it is ended.
process.on("message", () => {});
process.send?.("ready");
