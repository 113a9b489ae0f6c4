// The name of this platform as napi-rs spells it, which names directories and packages of native files.

/** For example `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`. */
export function platformName({ platform = process.platform, arch = process.arch, musl = isMusl() } = {}) {
  if (platform === "linux")
    return `linux-${arch}-${arch === "arm" ? (musl ? "musleabihf" : "gnueabihf") : musl ? "musl" : "gnu"}`;
  if (platform === "win32") return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

/** The file name cargo gives a cdylib on this platform. */
export function cdylibName(crate, platform = process.platform) {
  const stem = crate.replaceAll("-", "_");
  if (platform === "win32") return `${stem}.dll`;
  return platform === "darwin" ? `lib${stem}.dylib` : `lib${stem}.so`;
}

function isMusl() {
  return process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
}

/** The platforms that have a package of native files; the root package names each as an optional dependency. */
export const PUBLISHED = ["linux-x64-gnu"];

/** What npm needs to know to install a platform's package there only: `os`, `cpu` and, on Linux, `libc`. */
export function platformFields(name) {
  const [os, cpu, abi] = name.split("-");
  const libc = os === "linux" ? { libc: [abi.startsWith("musl") ? "musl" : "glibc"] } : {};
  return { os: [os], cpu: [cpu], ...libc };
}
