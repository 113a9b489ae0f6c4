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

/// The last signal that is not one of the real-time ones, of which the C library keeps some to itself.
#[cfg(target_os = "linux")]
const LAST_SIGNAL: c_int = 31;

/// Every signal is blocked in this thread until this is dropped.
pub(crate) struct SignalsBlocked(Option<libc::sigset_t>);

impl SignalsBlocked {
    /// From here on.
    pub(crate) fn new() -> Self {
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigfillset initialises the set that it is given.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `all` is initialised, `before` is large enough and is written.
        let result = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
        Self((result == 0).then(|| {
            // SAFETY: pthread_sigmask succeeded and so has filled in the set.
            unsafe { before.assume_init() }
        }))
    }
}

#[cfg(target_os = "linux")]
impl SignalsBlocked {
    /// From here on no signal is blocked. What was blocked before and would end the process is ignored instead: nobody wanted
    /// to hear of it, and a listener for it will.
    pub(crate) fn open_all(mut self) {
        let Some(mut mask) = self.0.take() else { return };
        for signal in 1..=LAST_SIGNAL {
            // SAFETY: the set is a whole one.
            let was_blocked = unsafe { libc::sigismember(&raw const mask, signal) } == 1;
            if was_blocked && disposition(signal).is_some_and(|action| action.sa_sigaction == libc::SIG_DFL) {
                // SAFETY: SIG_IGN runs no code of ours.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
        }
        // SAFETY: sigemptyset initialises the set that it is given.
        unsafe { libc::sigemptyset(&raw mut mask) };
        // SAFETY: the set is a whole one; a null old set is allowed.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const mask, ptr::null_mut()) };
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // SAFETY: the set is a whole one; a null old set is allowed.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, ptr::null_mut()) };
        }
    }
}

/// Runs `body` with every signal blocked in this thread, so that a thread started in it never runs a handler of the host.
pub(crate) fn with_signals_blocked<T>(body: impl FnOnce() -> T) -> T {
    let _blocked = SignalsBlocked::new();
    body()
}

/// glibc's `fork`: what it does about malloc, stdio and those who asked to be told is needed.
#[cfg(target_os = "linux")]
pub(crate) fn fork() -> io::Result<c_int> {
    // SAFETY: the child goes on with this one thread alone, and everything that it runs before it is a process of its own is
    // written for that: see `fork.rs`.
    checked(unsafe { libc::fork() })
}

/// `fflush(NULL)`: what C code has buffered is written once and not by each child.
#[cfg(target_os = "linux")]
pub(crate) fn flush_stdio() {
    // SAFETY: a null stream means all of them.
    unsafe { libc::fflush(ptr::null_mut()) };
}

/// `madvise(MADV_DOFORK)`. What is not mapped any more, or is not ordinary memory, is passed over.
#[cfg(target_os = "linux")]
pub(crate) fn advise_fork(start: usize, length: usize) -> io::Result<()> {
    // SAFETY: this advice changes what a fork takes along, and nothing in this process.
    match checked(unsafe { libc::madvise(ptr::without_provenance_mut(start), length, libc::MADV_DOFORK) }) {
        Ok(_) => Ok(()),
        // A thread has unmapped it since; or it belongs to a device, and was never marked by anybody but its driver.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOMEM | libc::EINVAL)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// `dup3`: the descriptor also at `number`, in place of what is there.
#[cfg(target_os = "linux")]
pub(crate) fn dup3(fd: BorrowedFd<'_>, number: c_int, close_on_exec: bool) -> io::Result<()> {
    let flags = if close_on_exec { libc::O_CLOEXEC } else { 0 };
    // SAFETY: both are numbers to the kernel. Who owns what is at `number` is for the caller to know.
    checked(unsafe { libc::dup3(fd.as_raw_fd(), number, flags) }).map(drop)
}

/// Closes a number that nothing in this process will close again.
#[cfg(target_os = "linux")]
pub(crate) fn close(number: c_int) {
    // SAFETY: the caller knows that nobody owns it.
    unsafe { libc::close(number) };
}

/// Fills `buffer` with the kernel's randomness.
#[cfg(target_os = "linux")]
pub(crate) fn random(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // SAFETY: the kernel writes at most the length that it is given, into memory that is ours alone.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(got) => filled += got,
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
    Ok(())
}

/// Gives the default action back to the signals that are ignored, but to those that a fresh Node ignores.
#[cfg(target_os = "linux")]
pub(crate) fn heed_signals() {
    for signal in (1..=LAST_SIGNAL).filter(|signal| ![libc::SIGPIPE, libc::SIGXFSZ].contains(signal)) {
        if disposition(signal).is_some_and(|action| action.sa_sigaction == libc::SIG_IGN) {
            reset(signal);
        }
    }
}

/// Makes sure that the statuses of children are kept for those who ask.
#[cfg(target_os = "linux")]
pub(crate) fn keep_statuses() {
    let kept = disposition(libc::SIGCHLD)
        .is_some_and(|action| action.sa_sigaction != libc::SIG_IGN && action.sa_flags & libc::SA_NOCLDWAIT == 0);
    if !kept {
        reset(libc::SIGCHLD);
    }
}

#[cfg(target_os = "linux")]
fn disposition(signal: c_int) -> Option<libc::sigaction> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the new action is null, so nothing changes; `action` is large enough and is written.
    let result = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all zeros is a sigaction, and so is what the kernel has written.
    (result == 0).then(|| unsafe { action.assume_init() })
}

#[cfg(target_os = "linux")]
fn reset(signal: c_int) {
    // SAFETY: SIG_DFL runs no code of ours.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// `PR_SET_THP_DISABLE`: a huge page would be copied whole where a child writes a byte, or made of what it shares.
#[cfg(target_os = "linux")]
pub(crate) fn without_huge_pages() {
    // SAFETY: it takes numbers and touches no memory. A kernel that does not know it changes nothing.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}

/// The number of this thread, which is that of the process in its first one.
#[cfg(target_os = "linux")]
pub(crate) fn is_main_thread() -> bool {
    // SAFETY: neither call takes or touches memory.
    unsafe { libc::gettid() == libc::getpid() }
}
