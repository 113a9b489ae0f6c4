//! Forks the process that calls this, as it is: with its whole heap, on its first thread, which alone the child has.
//!
//! Of the descriptors the child has those it is given. At the number of every other one is the end of a pipe on which nothing ever happens
//! (at those of eventfds, `/dev/null`): whatever in its heap still knows such a number, and waits for it, reads it, writes to it or closes
//! it, hits nothing of the parent's and nothing of the child's. What the program's event loop has to do about it is its [`Runtime`]'s
//! concern.

use std::io;
use std::mem::{ManuallyDrop, forget};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use crate::descriptors::Stale;
use crate::fork::{ForkedChild, Forker, Order, Side, lead_group_of};
use crate::kernel::Kernel;
use crate::pidfd::Pidfd;
use crate::protocol::{Failure, MAX_MESSAGE, Reply, Step};
use crate::rights::{self, Received};
use crate::runtime::Runtime;
use crate::sys;
use crate::watch;

/// What a child is given. The caller keeps its own.
#[derive(Clone, Copy, Debug)]
pub struct Gifts<'a> {
    /// The reading end of a lifeline.
    pub lifeline: BorrowedFd<'a>,
    /// What becomes 0, 1 and 2; where there is none, the child has the parent's.
    pub stdio: [Option<BorrowedFd<'a>>; 3],
    /// The others, close-on-exec.
    pub others: &'a [BorrowedFd<'a>],
}

/// Where one finds oneself after a fork.
#[derive(Debug)]
pub enum Forked {
    /// In the parent.
    Parent(Born),
    /// In the child.
    Child(ForkedChild),
}

/// A child, as its parent has it.
#[derive(Debug)]
pub struct Born {
    /// The child. It is its parent's to reap.
    pub process: Pidfd,
    told: OwnedFd,
}

impl Born {
    /// Why the child could not begin, if that is why it has ended.
    #[must_use]
    pub fn trouble(&self) -> Option<Failure> {
        let mut packet = vec![0; MAX_MESSAGE];
        match rights::receive(self.told.as_fd(), &mut packet) {
            Ok(Received::Packet(length, _)) => match Reply::decode(&packet[..length]) {
                Some(Reply::Broken { failure, .. }) => Some(failure),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What is set aside in a process that will fork itself.
#[derive(Debug)]
pub struct Live(ManuallyDrop<Forker>);

impl Live {
    /// In the process's first thread.
    ///
    /// # Errors
    /// `EINVAL` in another thread; `EMFILE`, `ENFILE`, `ENOMEM`, `ENOENT` where there is no `/proc`.
    pub fn new() -> io::Result<Self> {
        if !sys::is_main_thread() {
            return Err(Errno::INVAL.into());
        }
        Ok(Self(ManuallyDrop::new(Forker::new(Stale::All)?)))
    }

    /// Forks. It returns twice; in the child nothing of what is set aside here is of use any more: to fork again it begins with
    /// [`Live::new`].
    ///
    /// # Errors
    /// There is no child, and the parent is as it was. A child that could not begin has ended: see [`Born::trouble`].
    pub fn fork(
        &mut self,
        kernel: &impl Kernel,
        runtime: &mut impl Runtime,
        gifts: &Gifts<'_>,
    ) -> Result<Forked, Failure> {
        let prepared = |error: io::Error| Failure::of(Step::Receive, &error);
        let copy = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map_err(prepared);
        let mut stdio = [None, None, None];
        for (copied, given) in stdio.iter_mut().zip(gifts.stdio) {
            *copied = given.map(copy).transpose()?;
        }
        let others = gifts.others.iter().map(|&fd| copy(fd)).collect::<Result<_, _>>()?;
        let order = Order::of(copy(gifts.lifeline)?, stdio, others);
        let (told, tells) = rights::pair().map_err(prepared)?;
        let paused = watch::pause();
        match self.0.fork(kernel, runtime, tells.as_fd(), order)? {
            Side::Parent(process) => {
                drop(paused);
                lead_group_of(&process);
                Ok(Forked::Parent(Born { process, told }))
            }
            Side::Child(child) => {
                paused.forget();
                // Its number is closed.
                forget(tells);
                Ok(Forked::Child(child))
            }
        }
    }
}
