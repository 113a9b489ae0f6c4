//! Raw descriptors on their way between JavaScript and Rust. JavaScript can be stopped at any point, when its Worker is
//! terminated: what it only has the number of stays with its environment until it is closed or taken.

use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

use napi::Env;
use napi_derive::napi;

use crate::environment::Environment;
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
pub fn socket_pair(env: Env) -> Result<Vec<RawFd>> {
    let environment = Environment::of(env)?;
    let (host, actor) = UnixStream::pair().map_err(|error| failed("socketpair", &error))?;
    Ok(vec![environment.lend(host.into()), environment.lend(actor.into())])
}

/// From now on the caller alone sees to a descriptor of `socketPair`.
#[napi(catch_unwind)]
pub fn take_fd(env: Env, fd: f64) -> Result<()> {
    let fd = whole("takeFd", fd, 0, RawFd::MAX)?;
    if Environment::of(env)?.taken(fd) {
        return Ok(());
    }
    Err(refused(
        libc::EBADF,
        format!("takeFd: {fd} is no descriptor of socketPair, or was taken before"),
    ))
}

/// Closes a descriptor that the caller owns, or that `socketPair` made.
#[napi(catch_unwind)]
pub fn close_fd(env: Env, fd: f64) -> Result<()> {
    let fd = whole("closeFd", fd, 0, RawFd::MAX)?;
    let _ = Environment::of(env)?.taken(fd);
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
