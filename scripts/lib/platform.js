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
