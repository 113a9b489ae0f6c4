//! The system calls of a fork that fail when something is used up. They stand behind a trait so that a test can make each of
//! them fail, and see that nothing is left and the next fork works.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::process::{Pid, setpgid};

use crate::lifeline::{self, ArmError};
use crate::maps::Range;
use crate::pidfd::Pidfd;
use crate::sys;

/// The real ones, unless a test puts another in the place of one.
pub trait Kernel {
    /// 0 in the child, its number in the parent.
    ///
    /// # Errors
    /// `EAGAIN`, `ENOMEM`.
    fn fork(&self) -> io::Result<i32> {
        sys::fork()
    }

    /// Has a fork take a range along.
    ///
    /// # Errors
    /// `EAGAIN` if the kernel has no memory for it.
    fn take_along(&self, range: Range) -> io::Result<()> {
        sys::advise_fork(range.start, range.length)
    }

    /// A handle on a new child.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`.
    fn hold(&self, pid: i32) -> io::Result<Pidfd> {
        Pidfd::open(pid)
    }

    /// Makes the caller lead a group.
    ///
    /// # Errors
    /// None that a new process can get.
    fn lead_group(&self) -> io::Result<()> {
        Ok(setpgid(None::<Pid>, None::<Pid>)?)
    }

    /// Puts a descriptor at a number, in place of what is there.
    ///
    /// # Errors
    /// `EBADF`, `EBUSY`.
    fn put_at(&self, fd: BorrowedFd<'_>, number: RawFd, close_on_exec: bool) -> io::Result<()> {
        sys::dup3(fd, number, close_on_exec)
    }

    /// Arms a lifeline.
    ///
    /// # Errors
    /// As [`lifeline::arm`].
    fn arm(&self, fd: BorrowedFd<'_>) -> Result<(), ArmError> {
        lifeline::arm(fd)
    }

    /// Fills `seed` with randomness.
    ///
    /// # Errors
    /// `ENOSYS` before Linux 3.17.
    fn random(&self, seed: &mut [u8]) -> io::Result<()> {
        sys::random(seed)
    }
}

/// The kernel that this runs on.
#[derive(Debug)]
pub struct Linux;

impl Kernel for Linux {}
