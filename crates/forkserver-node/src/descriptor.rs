//! Raw descriptors on their way between JavaScript and Rust: who receives one owns it.

use std::os::fd::{BorrowedFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;

use napi_derive::napi;

use crate::failure::{Result, failed, refused};

/// A whole number from JavaScript. Node-API would turn NaN into 0, which is a descriptor, a signal and a process group.
pub(crate) fn whole(what: &str, number: f64, least: i32, most: i32) -> Result<i32> {
    if number.fract() == 0.0 && number >= f64::from(least) && number <= f64::from(most) {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        return Ok(number as i32);
    }
    Err(refused(
        libc::EINVAL,
        format!("{what}: got {number}, expected a whole number from {least} to {most}"),
    ))
}

/// A descriptor that JavaScript names. It is only looked at during the call.
pub(crate) fn borrowed<'call>(what: &str, fd: f64) -> Result<BorrowedFd<'call>> {
    let fd = whole(what, fd, 0, RawFd::MAX)?;
    // SAFETY: it is not -1. Whether it is open is for the kernel to say: it is passed to system calls only, and JavaScript,
    // which owns it, cannot close it while this thread is in here.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// A connected pair of Unix stream sockets, both close-on-exec: the host's end, the actor's end.
#[napi(catch_unwind, ts_return_type = "[number, number]")]
pub fn socket_pair() -> Result<Vec<RawFd>> {
    let (host, actor) = UnixStream::pair().map_err(|error| failed("socketpair", &error))?;
    Ok(vec![host.into_raw_fd(), actor.into_raw_fd()])
}

/// Closes a descriptor that the caller owns.
#[napi(catch_unwind)]
pub fn close_fd(fd: f64) -> Result<()> {
    let fd = whole("closeFd", fd, 0, RawFd::MAX)?;
    // SAFETY: the caller says that it owns the descriptor; an unused number gives EBADF.
    if unsafe { libc::close(fd) } == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    // Linux has closed it by then.
    if error.raw_os_error() == Some(libc::EINTR) {
        Ok(())
    } else {
        Err(failed("closeFd", &error))
    }
}

/// Whether a write to `fd` returns at once.
#[napi(catch_unwind)]
pub fn writable_now(fd: f64) -> Result<bool> {
    let fd = borrowed("writableNow", fd)?;
    brood_forkserver::output::writable_now(fd).map_err(|error| failed("writableNow", &error))
}
