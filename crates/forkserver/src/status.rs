//! How a process ended, read from a wait status without guessing: what is not known is `Unknown`.

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It left by itself with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It has not ended, was not reaped yet, or the kernel does not tell.
    Unknown,
}

impl Status {
    /// From the status that `wait` gives (and PIDFD_GET_INFO).
    #[must_use]
    pub fn from_wait(status: i32) -> Self {
        if libc::WIFEXITED(status) {
            Self::Exited(libc::WEXITSTATUS(status))
        } else if libc::WIFSIGNALED(status) {
            Self::Signalled(libc::WTERMSIG(status))
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_gives_code_or_signal() {
        assert_eq!(Status::from_wait(0), Status::Exited(0));
        assert_eq!(Status::from_wait(0x2a00), Status::Exited(42));
        assert_eq!(Status::from_wait(9), Status::Signalled(9));
        assert_eq!(Status::from_wait(0x80 | 11), Status::Signalled(11), "with a core dump");
        assert_eq!(Status::from_wait(0x137f), Status::Unknown, "stopped is not ended");
    }
}
