// The name of this platform as its packages have it (`linux-x64-gnu`), found without running anything and in microseconds:
// every actor asks at its start.
import { closeSync, existsSync, openSync, readSync } from "node:fs";

/** As napi-rs names it: platform, architecture and, where there are several, ABI. */
export function platformName(): string {
  const { platform, arch } = process;
  if (platform === "linux") return `linux-${arch}-${libcOfNode()}`;
  if (platform === "win32") return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

/** How musl calls the architectures of Node. */
const MUSL_ARCH: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ia32: "i386", arm: "armhf" };

function libcOfNode(): "gnu" | "musl" {
  const { arch } = process;
  // Where musl's loader is not there, no executable uses it. Where it is, it may have been installed beside glibc.
  if (!existsSync(`/lib/ld-musl-${MUSL_ARCH[arch] ?? arch}.so.1`)) return "gnu";
  // The loader that an executable asks for stands near its beginning.
  const head = headOf(process.execPath);
  if (head.includes("ld-musl-")) return "musl";
  if (head.includes("ld-linux")) return "gnu";
  return libcOfReport();
}

function headOf(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const head = Buffer.allocUnsafe(4096);
    return head.toString("latin1", 0, readSync(fd, head, 0, head.length, 0));
  } catch {
    return "";
  } finally {
    closeSync(fd);
  }
}

/** Milliseconds, and name look-ups unless told not to: for executables that were patched or linked in an unusual way. */
function libcOfReport(): "gnu" | "musl" {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined ? "musl" : "gnu";
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
