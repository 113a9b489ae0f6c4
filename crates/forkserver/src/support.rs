//! What this kernel can do, asked once and without side effects.

use std::sync::OnceLock;

use crate::lifeline;

/// What works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// The kernel itself can end a group at the end of its lifeline. Else a thread does.
    pub kernel_lifeline: bool,
    /// Processes have descriptors (Linux 5.3).
    pub pidfd: bool,
    /// A group can be signalled through the descriptor of its leader (Linux 6.9).
    pub group_signal: bool,
    /// The descriptor tells how a reaped process ended (Linux 6.15).
    pub exit_info: bool,
}

/// What works here. Probed at the first call.
pub fn support() -> Support {
    static SUPPORT: OnceLock<Support> = OnceLock::new();
    *SUPPORT.get_or_init(probe)
}

/// Why a template cannot fork here, as far as the kernel is concerned; `None` if it can. Probed at every call.
#[cfg(target_os = "linux")]
#[must_use]
pub fn fork_obstacle() -> Option<&'static str> {
    let found = support();
    if !found.pidfd {
        return Some("processes have no descriptors: that takes Linux 5.4, and a sandbox that allows pidfd_open");
    }
    if !found.kernel_lifeline {
        return Some("the kernel cannot end a process at the end of a pipe (F_SETSIG)");
    }
    let shown = |path| std::fs::metadata(path).is_ok();
    if !shown("/proc/self/maps") || !shown("/proc/self/fd") {
        return Some("/proc is not mounted");
    }
    None
}

fn probe() -> Support {
    let without = Support {
        kernel_lifeline: lifeline::kernel_can_arm(),
        pidfd: false,
        group_signal: false,
        exit_info: false,
    };
    #[cfg(target_os = "linux")]
    return probe_pidfd(without);
    #[cfg(not(target_os = "linux"))]
    without
}

#[cfg(target_os = "linux")]
fn probe_pidfd(without: Support) -> Support {
    use std::os::fd::AsFd;

    use rustix::process::{PidfdFlags, getpid, pidfd_open};

    use crate::sys;

    let Ok(own) = pidfd_open(getpid(), PidfdFlags::empty()) else {
        return without;
    };
    // Signal 0 reaches nobody. ESRCH: the kernel knows the flag, and this process leads no group.
    let group_signal = match sys::pidfd_send_signal(own.as_fd(), 0, sys::PIDFD_SIGNAL_PROCESS_GROUP) {
        Ok(()) => true,
        Err(error) => error.raw_os_error() == Some(libc::ESRCH),
    };
    // A live process shows no exit either way, so the kernel's version has to say whether it ever will.
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let exit_info = sys::pidfd_wait_status(own.as_fd()).is_ok() && parse_release(&release) >= Some((6, 15));
    Support {
        pidfd: true,
        group_signal,
        exit_info,
        ..without
    }
}

/// Major and minor number of a release such as `6.18.44-fc-v669`.
#[cfg(target_os = "linux")]
fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(parse_release("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(parse_release("5.15-rc1"), Some((5, 15)));
        assert_eq!(parse_release("unknown"), None);
        assert_eq!(parse_release("6"), None);
    }

    #[test]
    fn the_answer_is_the_same_every_time() {
        assert_eq!(support(), support());
        assert_eq!(support(), probe());
    }
}
