// Completes a lockfile by the optional packages that npm left out because the registry did not have them.

const SYSTEMS = new Set([
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
]);
const LIBC = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" };

/** Adds an entry for each; returns their paths. `lockfile` is the parsed package-lock.json, of version 3. */
export function completeLockfile(lockfile) {
  const { packages } = lockfile;
  const added = [];
  for (const { optionalDependencies = {}, dev } of Object.values(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      // Only what is pinned and says by its name where it belongs; anything else npm must find by itself.
      if (packages[path] || !platform || !/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) continue;
      packages[path] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
      added.push(path);
    }
  }
  lockfile.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  return added;
}

/** `@oxlint/binding-linux-arm64-musl` -> os, cpu and libc as its package.json has them; undefined where the name says nothing. */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  if (words.includes("wasm32")) return { cpu: ["wasm32"] };
  const index = words.findIndex((word) => SYSTEMS.has(word));
  const [os, cpu, abi] = words.slice(index);
  if (index < 0 || !cpu) return undefined;
  return { os: [os], cpu: [cpu], ...(os === "linux" && LIBC[abi] ? { libc: [LIBC[abi]] } : {}) };
}
