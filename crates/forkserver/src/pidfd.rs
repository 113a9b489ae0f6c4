//! A handle on one process that never means another one, however often its number is reused.
//!
//! Signals go to that process or to nobody. The group that it led is signalled by the kernel through the same handle, also
//! after the process was reaped; on kernels that cannot (before 6.9), by number, and only while `/proc` proves that the
//! group is still the same.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use crate::group::{self, Ticks};
use crate::status::Status;
use crate::support::support;
use crate::sys;

/// A process. Clones mean the same process and share the descriptor.
#[derive(Clone, Debug)]
pub struct Pidfd(Arc<Process>);

#[derive(Debug)]
struct Process {
    fd: OwnedFd,
    pid: Pid,
    /// The last moment at which the process was known to hold its number.
    held: AtomicU64,
    /// When its end was noticed; `u64::MAX` until then.
    ended: AtomicU64,
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl Pidfd {
    /// A handle on the process that has the number `pid` now, ended or not, but not reaped. Close-on-exec.
    ///
    /// # Errors
    /// `ESRCH` if there is none, `EINVAL` for a number that cannot be one, `ENOSYS` before Linux 5.3, `EMFILE` and kin.
    pub fn open(pid: i32) -> io::Result<Self> {
        // `from_raw` takes no negative number.
        let pid = if pid > 0 { Pid::from_raw(pid) } else { None }.ok_or(Errno::INVAL)?;
        let now = Ticks::now();
        let fd = pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Self(Arc::new(Process {
            fd,
            pid,
            held: AtomicU64::new(now.0),
            ended: AtomicU64::new(u64::MAX),
        })))
    }

    /// A handle that another process has opened on the process that had the number `pid` then. `None` if it is not a handle on
    /// a process.
    #[must_use]
    pub fn adopt(fd: OwnedFd, pid: i32) -> Option<Self> {
        let pid = if pid > 0 { Pid::from_raw(pid) } else { None }?;
        let now = Ticks::now();
        let is_one = match sys::pidfd_send_signal(fd.as_fd(), 0, sys::PIDFD_SIGNAL_DEFAULT) {
            Ok(()) => true,
            Err(error) => error.raw_os_error() != Some(libc::EBADF),
        };
        is_one.then(|| {
            Self(Arc::new(Process {
                fd,
                pid,
                held: AtomicU64::new(now.0),
                ended: AtomicU64::new(u64::MAX),
            }))
        })
    }

    /// Its number. Only a name: another process may have it once this one was reaped.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.0.pid.as_raw_nonzero().get()
    }

    /// Sends `signal` to the process; 0 only asks. False: it is gone (ended and reaped).
    ///
    /// # Errors
    /// `EINVAL` for a signal that does not exist, `EPERM`.
    pub fn signal(&self, signal: i32) -> io::Result<bool> {
        let now = Ticks::now();
        let sent = reached(sys::pidfd_send_signal(self.as_fd(), signal, sys::PIDFD_SIGNAL_DEFAULT))?;
        if sent {
            self.0.held.fetch_max(now.0, Ordering::Relaxed);
        }
        Ok(sent)
    }

    /// Sends `signal` to everything in the group that the process leads or led, also after it was reaped. False: nobody is
    /// left, or it never led one.
    ///
    /// # Errors
    /// As [`Pidfd::signal`].
    pub fn signal_group(&self, signal: i32) -> io::Result<bool> {
        if support().group_signal {
            return reached(sys::pidfd_send_signal(
                self.as_fd(),
                signal,
                sys::PIDFD_SIGNAL_PROCESS_GROUP,
            ));
        }
        self.signal_group_by_number(signal)
    }

    /// [`Pidfd::signal_group`] for kernels before 6.9.
    ///
    /// # Errors
    /// As [`Pidfd::signal`].
    pub fn signal_group_by_number(&self, signal: i32) -> io::Result<bool> {
        // While the process exists, ended or not, nobody else can have its number.
        let same = self.signal(0)? || group::is_still_the_same(self.pid(), self.last_known(), group::walk());
        if !same {
            return Ok(false);
        }
        reached(sys::kill_group(self.pid(), signal))
    }

    /// How it ended, as far as anybody who is not its parent can know: after it was reaped, from Linux 6.15 on.
    #[must_use]
    pub fn exit_status(&self) -> Status {
        match sys::pidfd_wait_status(self.as_fd()) {
            Ok(Some(status)) => Status::from_wait(status),
            Ok(None) | Err(_) => Status::Unknown,
        }
    }

    /// Reaps the process if it has ended, is a child of this process and was not reaped by another part of it; returns how
    /// it ended. For abandoned children only: whoever else waits for it then finds nothing.
    ///
    /// # Errors
    /// `ECHILD`: not a child, or reaped already.
    pub fn reap(&self) -> io::Result<Option<Status>> {
        Ok(self.reap_with_core()?.map(|(status, _core)| status))
    }

    /// As [`Pidfd::reap`], with whether the kernel wrote a core file.
    ///
    /// # Errors
    /// As [`Pidfd::reap`].
    pub fn reap_with_core(&self) -> io::Result<Option<(Status, bool)>> {
        loop {
            match waitid(
                WaitId::PidFd(self.as_fd()),
                WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
            ) {
                Ok(None) => return Ok(None),
                Ok(Some(found)) => {
                    let status = match (found.exit_status(), found.terminating_signal()) {
                        (Some(code), _) => Status::Exited(code),
                        (None, Some(signal)) => Status::Signalled(signal),
                        (None, None) => Status::Unknown,
                    };
                    return Ok(Some((status, found.dumped())));
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Remembers that its end was noticed now. The first notice counts.
    pub(crate) fn note_end(&self) {
        let _ = self
            .0
            .ended
            .compare_exchange(u64::MAX, Ticks::now().0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The latest moment at which its group was its own for certain.
    fn last_known(&self) -> Ticks {
        match self.0.ended.load(Ordering::Relaxed) {
            u64::MAX => Ticks(self.0.held.load(Ordering::Relaxed)),
            ended => Ticks(ended),
        }
    }
}

/// Whether a signal found somebody: ESRCH is an answer, not a failure.
fn reached(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
        Err(error) => Err(error),
    }
}
