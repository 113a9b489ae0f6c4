//! Errors as JavaScript sees them: `code` is the name of the errno, the text says what failed and why.

use std::io;

/// An error whose `code` is text of ours.
pub(crate) type Failure = napi::Error<String>;
/// What the functions of the addon return.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What failed, as JavaScript reads it: `what: why`.
pub(crate) fn failed(what: &str, error: &io::Error) -> Failure {
    Failure::new(
        code_of(error.raw_os_error().unwrap_or(0)),
        format!("{what}: {}", text_of(error)),
    )
}

/// An error of ours that has a fitting errno.
pub(crate) fn refused(errno: i32, text: String) -> Failure {
    Failure::new(code_of(errno), text)
}

/// An error of Node-API.
pub(crate) fn from_napi(error: napi::Error) -> Failure {
    Failure::new(error.status.as_ref().to_owned(), error.reason.clone())
}

/// The text of the system without Rust's ` (os error N)`, which `code` says better.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The name of an errno.
pub(crate) fn code_of(errno: i32) -> String {
    let name = match errno {
        libc::EACCES => "EACCES",
        libc::EAGAIN => "EAGAIN",
        libc::EBADF => "EBADF",
        libc::EBUSY => "EBUSY",
        libc::ECANCELED => "ECANCELED",
        libc::ECHILD => "ECHILD",
        libc::ECONNRESET => "ECONNRESET",
        libc::EEXIST => "EEXIST",
        libc::EFBIG => "EFBIG",
        libc::EINVAL => "EINVAL",
        libc::EISDIR => "EISDIR",
        libc::EIO => "EIO",
        libc::EMFILE => "EMFILE",
        libc::EMSGSIZE => "EMSGSIZE",
        libc::ENFILE => "ENFILE",
        libc::ENOBUFS => "ENOBUFS",
        libc::ENODEV => "ENODEV",
        libc::ENOENT => "ENOENT",
        libc::ENOMEM => "ENOMEM",
        libc::ENOSPC => "ENOSPC",
        libc::ENOSYS => "ENOSYS",
        libc::ENOTSOCK => "ENOTSOCK",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EPERM => "EPERM",
        libc::EPIPE => "EPIPE",
        libc::EPROTO => "EPROTO",
        libc::EROFS => "EROFS",
        libc::ESRCH => "ESRCH",
        libc::ETOOMANYREFS => "ETOOMANYREFS",
        other => return format!("ERRNO_{other}"),
    };
    name.to_owned()
}
