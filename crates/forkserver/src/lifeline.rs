//! A lifeline ends an actor, and all of its process group, when its host is gone, however the host ended.
//!
//! It is a pipe: the host alone holds the write end, the actor the read end. Where the kernel can, the end of the pipe makes
//! it send SIGKILL to the whole group by itself, also while every thread of the actor is busy. Elsewhere a thread waits for
//! the end and does the same.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

#[cfg(target_os = "linux")]
use rustix::event::Timespec;
use rustix::event::{PollFd, PollFlags, poll};
#[cfg(target_os = "linux")]
use rustix::fs::fcntl_setfl;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{getpgrp, getpid};

use crate::sys;
use crate::threads;

/// The code that an actor leaves with when its lifeline has ended and it leads no group: as a shell reports SIGKILL.
const CODE_OF_KILLED: i32 = 128 + libc::SIGKILL;

/// Both ends of a new lifeline, close-on-exec: the actor's read end, the host's write end.
///
/// # Errors
/// `EMFILE`, `ENFILE`.
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    io::pipe()
}

/// Why a lifeline could not be armed.
#[derive(Debug)]
pub struct ArmError {
    /// What was wrong, in words.
    pub why: String,
    /// The same as an errno.
    pub errno: i32,
}

impl ArmError {
    fn invalid(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            errno: libc::EINVAL,
        }
    }

    fn failed(what: &str, error: &io::Error) -> Self {
        Self {
            why: format!("{what}: {error}"),
            errno: error.raw_os_error().unwrap_or(libc::EIO),
        }
    }
}

impl std::fmt::Display for ArmError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "cannot arm the lifeline: {}", self.why)
    }
}

impl std::error::Error for ArmError {}

/// Arms the lifeline in the kernel, for the whole process group that the caller leads, as long as the caller or anything
/// that inherited the descriptor lives. If the host is gone already, this ends the group at once and does not return.
///
/// # Errors
/// `EINVAL` if the caller does not lead its group, `fd` is not the read end of a pipe, or the kernel cannot do it (then use
/// [`arm_with_thread`]); `EBADF` if it is not open.
pub fn arm(fd: BorrowedFd<'_>) -> Result<(), ArmError> {
    #[cfg(not(target_os = "linux"))]
    {
        let _ = fd;
        Err(ArmError {
            why: "only Linux does this".into(),
            errno: libc::ENOSYS,
        })
    }
    #[cfg(target_os = "linux")]
    arm_in_kernel(fd)
}

#[cfg(target_os = "linux")]
fn arm_in_kernel(fd: BorrowedFd<'_>) -> Result<(), ArmError> {
    let group = own_group().ok_or_else(|| {
        ArmError::invalid(
            "the process does not lead its process group, so its children could not be reached. Start it detached",
        )
    })?;
    check_read_end(fd)?;
    // Whatever the actor starts inherits the descriptor, and with it the arming, which lasts as long as anybody has the pipe
    // open: if actor and host die together, the host too early to end the group and the actor too early to be ended with
    // it, the lifeline of the group still holds.
    fcntl_setfd(fd, FdFlags::empty()).map_err(|error| ArmError::failed("F_SETFD", &error.into()))?;
    sys::set_ready_signal(fd, libc::SIGKILL).map_err(|error| ArmError::failed("F_SETSIG", &error))?;
    sys::set_ready_group(fd, group).map_err(|error| ArmError::failed("F_SETOWN", &error))?;
    let flags = fcntl_getfl(fd).map_err(|error| ArmError::failed("F_GETFL", &error.into()))?;
    fcntl_setfl(fd, flags | OFlags::ASYNC).map_err(|error| ArmError::failed("F_SETFL", &error.into()))?;
    // The kernel signals only what happens from now on.
    if has_ended(fd, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).map_err(|error| ArmError::failed("poll", &error))? {
        end_group();
    }
    Ok(())
}

/// Arms the lifeline with a thread that waits for its end, then kills the group if the process leads it, and ends the
/// process in any case. The thread owns the descriptor.
///
/// # Errors
/// `EINVAL` if `fd` is not the read end of a pipe, `EAGAIN` if no thread could be started.
pub fn arm_with_thread(fd: OwnedFd) -> Result<(), ArmError> {
    check_read_end(fd.as_fd())?;
    fcntl_setfd(&fd, FdFlags::CLOEXEC).map_err(|error| ArmError::failed("F_SETFD", &error.into()))?;
    let wait = move || {
        wait_for_end(fd);
        end_group();
    };
    threads::start("brood-lifeline", 64 * 1024, wait)
        .map(drop)
        .map_err(|error| ArmError::failed("thread", &error))
}

/// Whether the kernel takes a signal and an owner for a pipe.
pub(crate) fn kernel_can_arm() -> bool {
    #[cfg(not(target_os = "linux"))]
    return false;
    #[cfg(target_os = "linux")]
    pipe().is_ok_and(|(reader, _writer)| sys::set_ready_signal(reader.as_fd(), libc::SIGKILL).is_ok())
}

/// The id of the process group, if this process leads it.
fn own_group() -> Option<i32> {
    let own = getpid();
    (getpgrp() == own).then(|| own.as_raw_nonzero().get())
}

fn check_read_end(fd: BorrowedFd<'_>) -> Result<(), ArmError> {
    let stat = fstat(fd).map_err(|error| ArmError::failed("the descriptor is not open", &error.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Fifo {
        return Err(ArmError::invalid("the descriptor is not a pipe"));
    }
    let flags = fcntl_getfl(fd).map_err(|error| ArmError::failed("F_GETFL", &error.into()))?;
    if flags & OFlags::RWMODE != OFlags::RDONLY {
        return Err(ArmError::invalid("the descriptor is not the read end of a pipe"));
    }
    Ok(())
}

/// Whether nobody holds the write end any more; waits for that as long as `timeout` says.
#[cfg(target_os = "linux")]
fn has_ended(fd: BorrowedFd<'_>, timeout: Option<&Timespec>) -> io::Result<bool> {
    // POLLHUP is always reported; asking for input as well would return for a stray byte.
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::empty())];
    loop {
        match poll(&mut fds, timeout) {
            Ok(_) => {
                return Ok(fds[0]
                    .revents()
                    .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL));
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether nobody holds the write end any more, or it is no lifeline at all.
#[cfg(target_os = "linux")]
pub(crate) fn has_ended_by_now(fd: BorrowedFd<'_>) -> bool {
    has_ended(fd, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(true)
}

/// Returns when nobody holds the write end any more, or when that cannot be waited for.
fn wait_for_end(fd: OwnedFd) {
    let mut pipe = File::from(fd);
    let mut ignored = [0; 16];
    loop {
        match pipe.read(&mut ignored) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut fds = [PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)];
                if !matches!(poll(&mut fds, None), Ok(_) | Err(Errno::INTR)) {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// Ends the group if this process leads it, and this process in any case.
fn end_group() -> ! {
    if let Some(group) = own_group() {
        let _ = sys::kill_group(group, libc::SIGKILL);
    }
    sys::exit_now(CODE_OF_KILLED)
}
