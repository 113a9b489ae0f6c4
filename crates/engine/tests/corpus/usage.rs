//! What the system tells of this process.

use std::fs;
use std::time::Duration;

/// Takes the largest size that this process had back to what it has now.
pub(crate) fn reset_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("clear_refs");
}

/// The largest resident size since then, in MiB.
pub(crate) fn peak_mib() -> u64 {
    status("VmHWM:") >> 10
}

/// The resident size now, in MiB.
pub(crate) fn resident_mib() -> u64 {
    status("VmRSS:") >> 10
}

/// The most addresses that were ever mapped, in GiB.
pub(crate) fn peak_addresses_gib() -> u64 {
    status("VmPeak:") >> 20
}

fn status(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}

pub(crate) fn files() -> usize {
    fs::read_dir("/proc/self/fd").expect("descriptors").count()
}

/// CPU time that this process has used.
pub(crate) fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::from_secs(time.tv_sec.cast_unsigned()) + Duration::from_nanos(time.tv_nsec.cast_unsigned())
}
