//! The template: forks for its host, one request after the other, reaps what it has forked and tells the host how each ended,
//! exactly. It ends when the host does, and what it has forked ends with it.
//!
//! It waits without a bound only for its host, whose end it sees. It never waits for the host to read: what cannot be sent yet is
//! kept, and that is never more than the host has asked for.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;

use crate::descriptors::{Stale, fill_stdio};
use crate::fork::{CODE_OF_BROKEN, ForkedChild, Forker, Order, Side, lead_group_of};
use crate::kernel::{Kernel, Linux};
use crate::lifeline;
use crate::pidfd::Pidfd;
use crate::protocol::{Failure, MAX_MESSAGE, MAX_PAYLOAD, Reply, Request, Step};
use crate::rights::{self, Received};
use crate::runtime::Runtime;
use crate::status::Status;
use crate::sys;
use crate::wait::wait_until;

/// How long the end of a template may take on account of what it has forked. A killed process takes a few milliseconds.
const END_WITHIN: Duration = Duration::from_millis(500);
/// When something could not be sent: how long until the next attempt. Only a host that does not read lets it come to that.
const SEND_AGAIN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};

/// The key of the control socket; those of children begin at 1.
const CONTROL: u64 = 0;

/// Tells the host something from a process that does not serve yet.
///
/// # Errors
/// `EAGAIN` if the host has not read what was told before, `EPIPE` if it is gone, `EMSGSIZE` for more than [`MAX_PAYLOAD`].
pub fn tell(control: BorrowedFd<'_>, payload: &[u8]) -> io::Result<()> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Errno::MSGSIZE.into());
    }
    rights::send(control, &Reply::Told(payload).encode(), &[])
}

/// A process that forks for a host.
pub struct Template<R, K = Linux> {
    control: OwnedFd,
    epoll: OwnedFd,
    forker: Forker,
    runtime: R,
    kernel: K,
    children: HashMap<u64, Child>,
    next: u64,
    /// What could not be sent yet.
    unsent: VecDeque<Unsent>,
    packet: Vec<u8>,
}

struct Child {
    process: Pidfd,
    seq: u32,
}

struct Unsent {
    packet: Vec<u8>,
    process: Option<Pidfd>,
}

/// Where one finds oneself when serving is over.
pub enum Served<R, K = Linux> {
    /// In a child.
    Child(ForkedChild),
    /// Still in the template, because only one turn was asked for.
    Template(Template<R, K>),
}

/// How long to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// As long as there is a host.
    End,
    /// Until one request was answered.
    Turn,
}

impl<R: Runtime, K: Kernel> Template<R, K> {
    /// Makes this process a template for the host at the other end of `control`.
    ///
    /// # Errors
    /// `EINVAL` if `control` is no control socket or the caller is not the first thread; `EMFILE`, `ENOMEM`, `ENOENT` where
    /// there is no `/proc`.
    pub fn new(control: OwnedFd, runtime: R, kernel: K) -> io::Result<Self> {
        if !rights::is_end(control.as_fd()) || !sys::is_main_thread() {
            return Err(Errno::INVAL.into());
        }
        fill_stdio()?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &control, EventData::new_u64(CONTROL), EventFlags::IN)?;
        let forker = Forker::new(Stale::Eventfds)?;
        sys::keep_statuses();
        sys::without_huge_pages();
        Ok(Self {
            control,
            epoll,
            forker,
            runtime,
            kernel,
            children: HashMap::new(),
            next: CONTROL + 1,
            unsent: VecDeque::new(),
            packet: vec![0; MAX_MESSAGE],
        })
    }

    /// Serves. Returns in each child; in the template only after one turn, if no more are asked for. Without a host, or with one
    /// that does not keep to the protocol, the process ends.
    pub fn serve(self, until: Until) -> Served<R, K> {
        // Where it is a child that returns, everything in here is closed or not its own.
        let mut template = ManuallyDrop::new(self);
        let mut events = Vec::with_capacity(64);
        loop {
            events.clear();
            let timeout = (!template.unsent.is_empty()).then_some(&SEND_AGAIN);
            match epoll::wait(template.epoll.as_fd(), spare_capacity(&mut events), timeout) {
                Ok(_) | Err(Errno::INTR) => {}
                // Not possible with a descriptor of our own.
                Err(_) => template.end(CODE_OF_BROKEN),
            }
            template.send_unsent();
            let mut asked = false;
            for event in &events {
                match event.data.u64() {
                    // Also at the end of the host: reading finds it.
                    CONTROL => asked = true,
                    key => template.child_ended(key),
                }
            }
            if asked {
                match template.take_request() {
                    Turn::Child(child) => return Served::Child(child),
                    Turn::Answered if until == Until::Turn => {
                        return Served::Template(ManuallyDrop::into_inner(template));
                    }
                    Turn::Answered | Turn::Nothing => {}
                }
            }
        }
    }

    fn take_request(&mut self) -> Turn {
        match rights::receive(self.control.as_fd(), &mut self.packet) {
            Ok(Received::Packet(length, descriptors)) => {
                let request = Request::decode(&self.packet[..length]);
                match request.and_then(|request| Order::new(&request, descriptors)) {
                    Some(order) => self.fork(order),
                    None => self.end(CODE_OF_BROKEN),
                }
            }
            Ok(Received::Short(length)) => match Request::decode(&self.packet[..length]).map(|request| request.seq) {
                Some(seq) => self.failed(
                    seq,
                    Failure {
                        step: Step::Receive,
                        errno: libc::EMFILE,
                    },
                ),
                None => self.end(CODE_OF_BROKEN),
            },
            Ok(Received::TooLong) => self.end(CODE_OF_BROKEN),
            Ok(Received::End) => self.end(0),
            // Memory, for the moment: it will be there again, and so is the request.
            Ok(Received::Nothing) | Err(_) => Turn::Nothing,
        }
    }

    fn fork(&mut self, order: Order) -> Turn {
        let seq = order.seq;
        // Who asked has given it up by now: it would only be started to be killed.
        if lifeline::has_ended_by_now(order.lifeline.as_fd()) {
            drop(order);
            return self.failed(
                seq,
                Failure {
                    step: Step::Lifeline,
                    errno: libc::ECANCELED,
                },
            );
        }
        match self
            .forker
            .fork(&self.kernel, &mut self.runtime, self.control.as_fd(), order)
        {
            Ok(Side::Child(child)) => Turn::Child(child),
            Ok(Side::Parent(process)) => self.forked(seq, process),
            Err(failure) => self.failed(seq, failure),
        }
    }

    fn forked(&mut self, seq: u32, process: Pidfd) -> Turn {
        lead_group_of(&process);
        let key = self.next;
        self.next += 1;
        if let Err(error) = epoll::add(&self.epoll, &process, EventData::new_u64(key), EventFlags::IN) {
            end(&[process], Instant::now() + END_WITHIN);
            return self.failed(seq, Failure::of(Step::Pidfd, &error.into()));
        }
        let pid = process.pid();
        self.children.insert(
            key,
            Child {
                process: process.clone(),
                seq,
            },
        );
        self.send(&Reply::Forked { seq, pid }, Some(process));
        Turn::Answered
    }

    fn failed(&mut self, seq: u32, failure: Failure) -> Turn {
        self.send(&Reply::Failed { seq, failure }, None);
        Turn::Answered
    }

    fn child_ended(&mut self, key: u64) {
        let Some(Child { process, seq }) = self.children.remove(&key) else {
            return;
        };
        let _ = epoll::delete(&self.epoll, &process);
        // Before it is reaped, so that its group is certain on every kernel.
        let _ = process.signal_group(libc::SIGKILL);
        let (status, core) = match process.reap_with_core() {
            Ok(Some(end)) => end,
            // Somebody else has reaped it.
            Ok(None) | Err(_) => (Status::Unknown, false),
        };
        // All is in order again before anybody hears of it.
        drop(process);
        self.send(&Reply::Exited { seq, status, core }, None);
    }

    fn send(&mut self, reply: &Reply<'_>, process: Option<Pidfd>) {
        self.unsent.push_back(Unsent {
            packet: reply.encode(),
            process,
        });
        self.send_unsent();
    }

    fn send_unsent(&mut self) {
        while let Some(Unsent { packet, process }) = self.unsent.front() {
            let process = process.as_ref().map(AsFd::as_fd);
            match rights::send(self.control.as_fd(), packet, process.as_slice()) {
                Ok(()) => drop(self.unsent.pop_front()),
                Err(error) if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET)) => self.end(0),
                // No room, or none of something that comes again.
                Err(_) => return,
            }
        }
    }

    fn end(&mut self, code: i32) -> ! {
        let children: Vec<Pidfd> = self.children.drain().map(|(_, child)| child.process).collect();
        end(&children, Instant::now() + END_WITHIN);
        sys::exit_now(code)
    }
}

enum Turn {
    Child(ForkedChild),
    Answered,
    Nothing,
}

/// Kills and reaps; a process that the kernel keeps for longer is left to whoever inherits it.
fn end(children: &[Pidfd], deadline: Instant) {
    for process in children {
        let _ = process.signal_group(libc::SIGKILL);
        let _ = process.signal(libc::SIGKILL);
    }
    for process in children {
        let _ = wait_until(process, deadline);
        let _ = process.reap();
    }
}
