//! One fork: its steps, in the one order in which they work.
//!
//! In the template, with all signals blocked and nothing in between: list the descriptors, let the runtime prepare, flush,
//! have the heap taken along, fork, take hold of the child. In the child: lead a group and arm the lifeline, so that whatever
//! happens next has an end; stdio; close what was not given; only then let the runtime open what is its own (it would close what
//! it believes to be open still); signals; randomness. What fails in the child is told to the host with its errno, and the child
//! leaves.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use rustix::process::{Pid, getpid, getppid, setpgid};

use crate::descriptors::{Descriptors, Stale};
use crate::kernel::Kernel;
use crate::maps::Maps;
use crate::pidfd::Pidfd;
use crate::protocol::{Failure, Reply, Request, Step};
use crate::rights;
use crate::runtime::Runtime;
use crate::sys::{self, SignalsBlocked};

/// The code that a child leaves with when it could not begin: EX_SOFTWARE of sysexits.h.
pub const CODE_OF_BROKEN: i32 = 70;
/// How much sooner than its template the kernel's out-of-memory killer takes a child. 300 is what Chromium gives its renderers.
const OOM_SOONER: i32 = 300;
/// The most that the kernel takes.
const OOM_MOST: i32 = 1000;

/// A request with its descriptors.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) seq: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) lifeline: OwnedFd,
    stdio: [Option<OwnedFd>; 3],
    others: Vec<OwnedFd>,
}

impl Order {
    /// One that no request has brought.
    pub(crate) fn of(lifeline: OwnedFd, stdio: [Option<OwnedFd>; 3], others: Vec<OwnedFd>) -> Self {
        Self {
            seq: 0,
            payload: Vec::new(),
            lifeline,
            stdio,
            others,
        }
    }

    /// `None` if it is not as many descriptors as the request says.
    pub(crate) fn new(request: &Request<'_>, descriptors: Vec<OwnedFd>) -> Option<Self> {
        if descriptors.len() != request.descriptors() {
            return None;
        }
        let mut descriptors = descriptors.into_iter();
        let lifeline = descriptors.next()?;
        let stdio = request.stdio.map(|given| if given { descriptors.next() } else { None });
        Some(Self {
            seq: request.seq,
            payload: request.payload.to_vec(),
            lifeline,
            stdio,
            others: descriptors.collect(),
        })
    }
}

/// What a child begins with.
#[derive(Debug)]
pub struct ForkedChild {
    /// The request's.
    pub seq: u32,
    /// Its number.
    pub pid: i32,
    /// The template's number.
    pub ppid: i32,
    /// The request's.
    pub payload: Vec<u8>,
    /// The request's, in its order, close-on-exec. Nothing else owns them.
    pub descriptors: Vec<RawFd>,
    /// Randomness of its own.
    pub seed: [u8; 32],
}

/// Where one finds oneself after a fork.
pub(crate) enum Side {
    Parent(Pidfd),
    /// All that the template had is closed: nothing of it may be dropped here, but forgotten.
    Child(ForkedChild),
}

/// What is set aside for forking.
#[derive(Debug)]
pub(crate) struct Forker {
    maps: Maps,
    descriptors: Descriptors,
    oom_score: String,
}

impl Forker {
    pub(crate) fn new(stale: Stale) -> io::Result<Self> {
        let own: i32 = fs::read_to_string("/proc/self/oom_score_adj")
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        Ok(Self {
            maps: Maps::open()?,
            descriptors: Descriptors::open(stale)?,
            oom_score: (own + OOM_SOONER).min(OOM_MOST).to_string(),
        })
    }

    /// `control` is where a child tells that it could not begin.
    pub(crate) fn fork(
        &mut self,
        kernel: &impl Kernel,
        runtime: &mut impl Runtime,
        control: BorrowedFd<'_>,
        order: Order,
    ) -> Result<Side, Failure> {
        let blocked = SignalsBlocked::new();
        self.descriptors
            .list()
            .map_err(|error| Failure::of(Step::Descriptors, &error))?;
        runtime.before().map_err(|error| Failure::of(Step::Loop, &error))?;
        let forked = self.fork_now(kernel);
        if let Ok(0) = forked {
            let seq = order.seq;
            match self.begin(kernel, runtime, control, order) {
                Ok(child) => {
                    sys::close(control.as_raw_fd());
                    blocked.open_all();
                    return Ok(Side::Child(child));
                }
                Err(failure) => {
                    let _ = rights::send(control, &Reply::Broken { seq, failure }.encode(), &[]);
                    sys::exit_now(CODE_OF_BROKEN)
                }
            }
        }
        runtime.in_parent();
        let pid = forked?;
        // Before anything can reap it.
        kernel.hold(pid).map(Side::Parent).map_err(|error| {
            end_unheld(pid);
            Failure::of(Step::Pidfd, &error)
        })
        // Signals come through again, and the child's descriptors are closed, when this returns.
    }

    fn fork_now(&mut self, kernel: &impl Kernel) -> Result<i32, Failure> {
        sys::flush_stdio();
        let ranges = self.maps.read().map_err(|error| Failure::of(Step::Memory, &error))?;
        for &range in ranges {
            if let Err(error) = kernel.take_along(range) {
                return Err(Failure::of(Step::Memory, &error));
            }
        }
        let forked = kernel.fork();
        forked.map_err(|error| Failure::of(Step::Fork, &error))
    }

    /// In the child, with all signals blocked.
    fn begin(
        &self,
        kernel: &impl Kernel,
        runtime: &mut impl Runtime,
        control: BorrowedFd<'_>,
        order: Order,
    ) -> Result<ForkedChild, Failure> {
        let failed = |step| move |error: io::Error| Failure::of(step, &error);
        kernel.lead_group().map_err(failed(Step::Group))?;
        kernel.arm(order.lifeline.as_fd()).map_err(|error| Failure {
            step: Step::Lifeline,
            errno: error.errno,
        })?;
        for (number, given) in (0..).zip(&order.stdio) {
            if let Some(given) = given {
                kernel
                    .put_at(given.as_fd(), number, false)
                    .map_err(failed(Step::Stdio))?;
            }
        }
        // From here on they are numbers: those of stdio are closed with all else.
        for given in order.stdio.into_iter().flatten() {
            let _ = given.into_raw_fd();
        }
        let descriptors: Vec<RawFd> = order.others.into_iter().map(IntoRawFd::into_raw_fd).collect();
        let mut kept = vec![order.lifeline.into_raw_fd(), control.as_raw_fd()];
        kept.extend(&descriptors);
        self.descriptors
            .close_all_but(&kept, |null, number| kernel.put_at(null, number, true), sys::close)
            .map_err(failed(Step::Close))?;
        // A kernel or a sandbox may refuse it, and the actor is none the worse.
        let _ = OpenOptions::new()
            .write(true)
            .open("/proc/self/oom_score_adj")
            .and_then(|mut file| file.write_all(self.oom_score.as_bytes()));
        runtime.in_child().map_err(failed(Step::Loop))?;
        sys::heed_signals();
        let mut seed = [0; 32];
        kernel.random(&mut seed).map_err(failed(Step::Random))?;
        Ok(ForkedChild {
            seq: order.seq,
            pid: getpid().as_raw_nonzero().get(),
            // 0 where the template is in another PID namespace, or gone.
            ppid: getppid().map_or(0, |pid| pid.as_raw_nonzero().get()),
            payload: order.payload,
            descriptors,
            seed,
        })
    }
}

/// Has the child lead its group before anybody is told of it; it does the same itself, whichever is first.
pub(crate) fn lead_group_of(child: &Pidfd) {
    let pid = Pid::from_raw(child.pid());
    let _ = setpgid(pid, pid);
}

/// Ends a child that is nobody's. It is not reaped yet, so that its number is its own.
fn end_unheld(pid: i32) {
    let _ = Pid::from_raw(pid).map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
    loop {
        // SAFETY: a null status is allowed.
        let reaped = unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
        if reaped != -1 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}
