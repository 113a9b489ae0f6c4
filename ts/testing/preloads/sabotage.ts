// Ends every process that is forked of it before that can speak.
Object.defineProperty(process, "title", {
  set() {
    process.kill(process.pid, "SIGKILL");
  },
  get: () => "sabotage",
});

export const leaves = "a trap";
