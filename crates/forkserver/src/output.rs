//! Whether a write would return at once, asked without waiting.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Whether a write to `fd` returns at once: there is room, or it fails because nobody reads any more.
///
/// # Errors
/// `EBADF` if the descriptor is not open.
pub fn writable_now(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT)];
    loop {
        match poll(&mut fds, Some(&now)) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let found = fds[0].revents();
    if found.contains(PollFlags::NVAL) {
        return Err(Errno::BADF.into());
    }
    Ok(found.intersects(PollFlags::OUT | PollFlags::ERR | PollFlags::HUP))
}
