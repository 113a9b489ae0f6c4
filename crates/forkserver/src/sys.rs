//! The system calls that rustix does not have, each with the checks that make it safe to call.
//!
//! Every function turns a failure into an `io::Error` with the errno, and leaves no descriptor behind.

use std::ffi::c_int;
#[cfg(target_os = "linux")]
use std::ffi::c_uint;
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Leaves the process at once: no exit handlers, no destructors, no joining of threads.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` touches no memory of ours and does not return.
    unsafe { libc::_exit(code) }
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// `F_SETSIG`, which libc lacks; 10 wherever Rust runs on Linux.
#[cfg(target_os = "linux")]
const F_SETSIG: c_int = 10;

/// `fcntl(F_SETSIG)`: which signal the kernel sends when `fd` becomes ready.
#[cfg(target_os = "linux")]
pub(crate) fn set_ready_signal(fd: BorrowedFd<'_>, signal: c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open for the borrow; F_SETSIG takes an int and writes to no memory.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), F_SETSIG, signal) }).map(drop)
}

/// `fcntl(F_SETOWN)` with a process group: who is signalled when `fd` becomes ready.
#[cfg(target_os = "linux")]
pub(crate) fn set_ready_group(fd: BorrowedFd<'_>, group: c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open for the borrow; F_SETOWN takes an int and writes to no memory.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETOWN, -group) }).map(drop)
}

/// `kill(-group)`. The caller knows that `group` is still the one it means.
pub(crate) fn kill_group(group: c_int, signal: c_int) -> io::Result<()> {
    if group <= 1 {
        // kill(-1) is every process there is, and kill(0) is the caller's own group.
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: kill takes two ints and writes to no memory.
    checked(unsafe { libc::kill(-group, signal) }).map(drop)
}

/// To the process and all its threads, as a plain `kill` does.
#[cfg(target_os = "linux")]
pub(crate) const PIDFD_SIGNAL_DEFAULT: c_uint = 0;
/// To the process group whose id is the process's, also when the process is gone. Linux 6.9.
#[cfg(target_os = "linux")]
pub(crate) const PIDFD_SIGNAL_PROCESS_GROUP: c_uint = 1 << 2;

/// `pidfd_send_signal` with flags.
#[cfg(target_os = "linux")]
pub(crate) fn pidfd_send_signal(fd: BorrowedFd<'_>, signal: c_int, flags: c_uint) -> io::Result<()> {
    // SAFETY: the descriptor is open for the borrow, and a null siginfo means "as kill fills it in".
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            fd.as_raw_fd(),
            signal,
            ptr::null::<libc::siginfo_t>(),
            flags,
        )
    };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// `struct pidfd_info` in its first published size, which every later kernel still accepts.
#[cfg(target_os = "linux")]
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

#[cfg(target_os = "linux")]
const PIDFD_INFO_EXIT: u64 = 1 << 3;
/// `_IOWR(0xff, 11, struct pidfd_info)`, as on every architecture with the generic layout of ioctl numbers.
#[cfg(target_os = "linux")]
const PIDFD_GET_INFO: u64 = (3 << 30) | ((size_of::<PidfdInfo>() as u64) << 16) | (0xff << 8) | 11;

/// The wait status of a process that has ended and was reaped. `None` while the kernel does not have it, or never will.
#[cfg(target_os = "linux")]
pub(crate) fn pidfd_wait_status(fd: BorrowedFd<'_>) -> io::Result<Option<c_int>> {
    let mut info = PidfdInfo {
        mask: PIDFD_INFO_EXIT,
        ..PidfdInfo::default()
    };
    // SAFETY: the descriptor is open for the borrow, and the kernel writes at most the size that the request encodes,
    // which is the size of `info`.
    checked(unsafe { libc::ioctl(fd.as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) })?;
    Ok((info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code))
}

/// Runs `body` with every signal blocked in this thread, so that a thread started in it never runs a handler of the host.
pub(crate) fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    struct Restore(libc::sigset_t);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the set was filled in by pthread_sigmask below; a null old set is allowed.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
        }
    }

    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigfillset initialises the set that it is given.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `all` is initialised, `before` is large enough and is written.
    let result = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    let _restore = (result == 0).then(|| {
        // SAFETY: pthread_sigmask succeeded and so has filled in the set.
        Restore(unsafe { before.assume_init() })
    });
    body()
}
