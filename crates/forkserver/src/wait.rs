//! A bounded wait for the end of a process: it returns at the deadline, whatever the process does.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::pidfd::Pidfd;

/// What ended the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The process has ended. It may still have to be reaped.
    Ended,
    /// The deadline came first.
    TimedOut,
}

/// Waits until `process` has ended, at the latest until `deadline`.
///
/// # Errors
/// What `poll` says, interruptions excepted.
pub fn wait_until(process: &Pidfd, deadline: Instant) -> io::Result<Waited> {
    readable_until(process.as_fd(), deadline)
}

/// As [`wait_until`], from now.
///
/// # Errors
/// As [`wait_until`].
pub fn wait_for(process: &Pidfd, within: Duration) -> io::Result<Waited> {
    wait_until(process, Instant::now() + within)
}

fn readable_until(fd: BorrowedFd<'_>, deadline: Instant) -> io::Result<Waited> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A timespec that does not fit is centuries away.
        let timeout = Timespec::try_from(left).unwrap_or(Timespec {
            tv_sec: i64::MAX,
            tv_nsec: 0,
        });
        let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) if left.is_zero() => return Ok(Waited::TimedOut),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(Waited::Ended),
            Err(error) => return Err(error.into()),
        }
    }
}
