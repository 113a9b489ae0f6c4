//! Leaves a child with the descriptors that it was given, and no others.
//!
//! What is open is listed before the fork, and what of it is still the same afterwards is closed. That spares the one pipe that
//! libuv makes anew while it forks, without which the first signal listener and the first child process would abort.

use std::io::{self, PipeReader, PipeWriter, pipe};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom, fstat, open, readlinkat_raw, seek};
use rustix::io::{Errno, ioctl_fionbio};

/// Room for a part of the list, in bytes.
const PART: usize = 4096;
/// The last of the descriptors that every process has.
const LAST_STDIO: RawFd = 2;

/// What an open descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    fd: RawFd,
    identity: Identity,
    eventfd: bool,
}

/// Which of the numbers that are not open any more something in the child may still know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Those of eventfds.
    Eventfds,
    /// All: the child goes on with the heap of a program that was using them.
    All,
}

/// The list of what a process had open.
#[derive(Debug)]
pub(crate) struct Descriptors {
    /// Held open, so that a process that may open no more can still fork.
    directory: OwnedFd,
    /// Stands in for what must not be closed and does not matter any more.
    null: OwnedFd,
    /// Stands in for what may still be waited for: nothing ever comes, to read there is nothing at the moment, and no write is taken.
    quiet: Option<(PipeReader, PipeWriter)>,
    list: Vec<Open>,
}

impl Descriptors {
    /// Of this process.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOENT` where there is no `/proc`.
    pub(crate) fn open(stale: Stale) -> io::Result<Self> {
        let directory = open(
            "/proc/self/fd",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self {
            directory,
            null,
            quiet: match stale {
                Stale::Eventfds => None,
                Stale::All => {
                    let (reader, writer) = pipe()?;
                    ioctl_fionbio(&reader, true)?;
                    Some((reader, writer))
                }
            },
            list: Vec::with_capacity(256),
        })
    }

    /// Before the fork.
    ///
    /// # Errors
    /// What reading the directory says.
    pub(crate) fn list(&mut self) -> io::Result<()> {
        self.list.clear();
        seek(&self.directory, SeekFrom::Start(0))?;
        let mut part = [MaybeUninit::uninit(); PART];
        let mut entries = RawDir::new(&self.directory, &mut part);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            let Some(fd) = name.to_str().ok().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // Nobody else opens or closes anything in a template; what is gone all the same needs no closing.
            let Some(identity) = identity(fd) else { continue };
            let mut link = [MaybeUninit::<u8>::uninit(); 32];
            let eventfd = match readlinkat_raw(&self.directory, name, &mut link) {
                Ok((link, _)) => *link == *b"anon_inode:[eventfd]",
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            self.list.push(Open { fd, identity, eventfd });
        }
        Ok(())
    }

    /// In the child: closes all that was listed and is still the same, but 0 to 2 and `kept`.
    ///
    /// Something in the child may know such a number still, and wait for it, use or close it. At that of an eventfd `/dev/null` takes its
    /// place: a thread that was not taken along had one to be woken by, and what is left of it may still be woken. With [`Stale::All`]
    /// the end of a quiet pipe takes the place of all others.
    ///
    /// # Errors
    /// None that is known of.
    pub(crate) fn close_all_but(
        &self,
        kept: &[RawFd],
        put_at: impl Fn(BorrowedFd<'_>, RawFd) -> io::Result<()>,
        close: impl Fn(RawFd),
    ) -> io::Result<()> {
        let null = self.null.as_raw_fd();
        let quiet = self
            .quiet
            .as_ref()
            .map(|(reader, writer)| (reader.as_raw_fd(), writer.as_raw_fd()));
        let inherited = |open: &&Open| {
            open.fd > LAST_STDIO
                && open.fd != null
                && !quiet.is_some_and(|(reader, writer)| open.fd == reader || open.fd == writer)
                && !kept.contains(&open.fd)
                && identity(open.fd) == Some(open.identity)
        };
        for open in self.list.iter().filter(inherited) {
            let instead = match &self.quiet {
                _ if open.eventfd => Some(self.null.as_fd()),
                Some((reader, _)) => Some(reader.as_fd()),
                None => None,
            };
            let Some(instead) = instead else {
                close(open.fd);
                continue;
            };
            match put_at(instead, open.fd) {
                // It is above what this process may have open by now: nothing will ever get that number.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => close(open.fd),
                put => put?,
            }
        }
        close(null);
        // The other end of the pipe stays open, and nobody knows its number any more: or there would be an end to be seen.
        if let Some((reader, _)) = quiet {
            close(reader);
        }
        Ok(())
    }
}

/// `None` if it is not open.
fn identity(fd: RawFd) -> Option<Identity> {
    // SAFETY: it is only looked at; a number that is not open gives EBADF.
    let found = fstat(unsafe { BorrowedFd::borrow_raw(fd) }).ok()?;
    Some(Identity {
        device: found.st_dev,
        inode: found.st_ino,
    })
}

/// Opens `/dev/null` at those of 0, 1 and 2 that are not open, so that nothing else ever gets these numbers.
///
/// # Errors
/// `EMFILE`, `ENFILE`, `ENOENT`.
pub(crate) fn fill_stdio() -> io::Result<()> {
    loop {
        let null = open("/dev/null", OFlags::RDWR, Mode::empty())?;
        if null.as_raw_fd() > LAST_STDIO {
            return Ok(());
        }
        // The lowest free number is what one gets, and this one stays.
        let _ = null.into_raw_fd();
    }
}
