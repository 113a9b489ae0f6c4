//! What is used up, and what is refused, at every step of a fork: a typed failure, nothing left of it, and the next fork works.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::rc::Rc;

use brood_forkserver::fork::CODE_OF_BROKEN;
use brood_forkserver::host::Event;
use brood_forkserver::kernel::Kernel;
use brood_forkserver::lifeline::ArmError;
use brood_forkserver::maps::Range;
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::protocol::{Failure, Step};
use brood_forkserver::runtime::Runtime;
use brood_forkserver::status::Status;

use crate::stage::{Stage, open_descriptors};

/// Fails at one step with one errno, in the first attempt only.
#[derive(Clone)]
struct Failing {
    step: &'static str,
    errno: i32,
    attempts: Rc<Cell<u32>>,
}

impl Failing {
    fn at(&self, step: &str) -> io::Result<()> {
        if step == self.step && self.attempts.get() == 1 {
            return Err(io::Error::from_raw_os_error(self.errno));
        }
        Ok(())
    }
}

impl Runtime for Failing {
    fn before(&mut self) -> io::Result<()> {
        self.attempts.set(self.attempts.get() + 1);
        self.at("before")
    }

    fn in_child(&mut self) -> io::Result<()> {
        self.at("in_child")
    }
}

struct Real;
impl Kernel for Real {}

impl Kernel for Failing {
    fn fork(&self) -> io::Result<i32> {
        self.at("fork")?;
        Real.fork()
    }

    fn take_along(&self, range: Range) -> io::Result<()> {
        self.at("take_along")?;
        Real.take_along(range)
    }

    fn hold(&self, pid: i32) -> io::Result<Pidfd> {
        self.at("hold")?;
        Real.hold(pid)
    }

    fn lead_group(&self) -> io::Result<()> {
        self.at("lead_group")?;
        Real.lead_group()
    }

    fn put_at(&self, fd: BorrowedFd<'_>, number: RawFd, close_on_exec: bool) -> io::Result<()> {
        self.at(if close_on_exec { "put_null" } else { "put_at" })?;
        Real.put_at(fd, number, close_on_exec)
    }

    fn arm(&self, fd: BorrowedFd<'_>) -> Result<(), ArmError> {
        if let Err(error) = self.at("arm") {
            return Err(ArmError {
                why: "for the test".into(),
                errno: error.raw_os_error().unwrap(),
            });
        }
        Real.arm(fd)
    }

    fn random(&self, seed: &mut [u8]) -> io::Result<()> {
        self.at("random")?;
        Real.random(seed)
    }
}

fn failing(step: &'static str, errno: i32) -> Stage {
    let failing = Failing {
        step,
        errno,
        attempts: Rc::default(),
    };
    let prepare = || {
        // SAFETY: it makes a descriptor that nobody owns: one that `/dev/null` takes the place of.
        unsafe { libc::eventfd(0, 0) };
    };
    Stage::with(failing.clone(), failing, prepare, |_child| 5)
}

fn the_next_works(stage: &mut Stage) {
    let before = open_descriptors(stage.template.pid());
    let (asked, process) = stage.start(b"");
    match stage.next() {
        Event::Exited { seq, status, .. } => assert_eq!((seq, status), (asked.seq, Status::Exited(5))),
        other => panic!("{other:?}"),
    }
    drop(process);
    assert_eq!(open_descriptors(stage.template.pid()), before);
    let children = format!("/proc/{0}/task/{0}/children", stage.template.pid());
    assert_eq!(std::fs::read_to_string(children).unwrap(), "");
}

#[test]
fn what_fails_in_the_template_is_told_and_leaves_nothing() {
    for (call, step) in [
        ("before", Step::Loop),
        ("take_along", Step::Memory),
        ("fork", Step::Fork),
        ("hold", Step::Pidfd),
    ] {
        for errno in [libc::EAGAIN, libc::ENOMEM, libc::EMFILE] {
            let mut stage = failing(call, errno);
            let mut asked = stage.ask_with(b"", [Some(std::io::stderr().as_fd()), None, None], &[]);
            match stage.next() {
                Event::Failed { seq, failure } => assert_eq!((seq, failure), (asked.seq, Failure { step, errno })),
                other => panic!("{call}: {other:?}"),
            }
            assert_eq!(asked.read(), "", "nobody has the channel");
            the_next_works(&mut stage);
        }
    }
}

#[test]
fn what_fails_in_the_child_is_told_with_its_end() {
    for (call, step) in [
        ("lead_group", Step::Group),
        ("arm", Step::Lifeline),
        ("put_at", Step::Stdio),
        ("put_null", Step::Close),
        ("in_child", Step::Loop),
        ("random", Step::Random),
    ] {
        for errno in [libc::EAGAIN, libc::ENOMEM, libc::EMFILE] {
            let mut stage = failing(call, errno);
            let mut asked = stage.ask_with(b"", [Some(std::io::stderr().as_fd()), None, None], &[]);
            let _process = stage.forked(&asked);
            match stage.next() {
                Event::Exited {
                    seq, status, failure, ..
                } => {
                    assert_eq!((seq, status), (asked.seq, Status::Exited(CODE_OF_BROKEN)));
                    assert_eq!(failure, Some(Failure { step, errno }));
                }
                other => panic!("{call}: {other:?}"),
            }
            assert_eq!(asked.read(), "");
            the_next_works(&mut stage);
        }
    }
}

/// Lets `process` have at most `most` descriptors.
fn limit_descriptors(process: i32, most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: 4096,
    };
    // SAFETY: it reads the limit, and writes nothing.
    let result = unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

#[test]
fn a_template_without_room_for_descriptors_says_so_and_keeps_none() {
    let mut stage = Stage::new(|_child| 5);
    the_next_works(&mut stage);
    let before = open_descriptors(stage.template.pid());
    let highest = u64::try_from(before.last().unwrap().0).unwrap();
    // Room for some of them, then for all but the handle on the child.
    for (room, step) in [(1, Step::Receive), (2, Step::Pidfd)] {
        limit_descriptors(stage.template.pid(), highest + 1 + room);
        let mut asked = stage.ask(b"");
        match stage.next() {
            Event::Failed { seq, failure } => {
                assert_eq!(seq, asked.seq);
                assert_eq!(failure.errno, libc::EMFILE);
                assert_eq!(failure.step, step);
            }
            other => panic!("{room}: {other:?}"),
        }
        assert_eq!(asked.read(), "");
        assert_eq!(open_descriptors(stage.template.pid()), before);
    }
    limit_descriptors(stage.template.pid(), 4096);
    the_next_works(&mut stage);
}

#[test]
fn an_order_whose_lifeline_has_ended_starts_nothing() {
    let mut stage = Stage::new(|_child| 5);
    assert!(stage.template.signal(libc::SIGSTOP).unwrap());
    let asked = stage.ask(b"");
    drop(asked.lifeline);
    assert!(stage.template.signal(libc::SIGCONT).unwrap());
    match stage.next() {
        Event::Failed { seq, failure } => {
            assert_eq!(seq, asked.seq);
            assert_eq!(
                failure,
                Failure {
                    step: Step::Lifeline,
                    errno: libc::ECANCELED
                }
            );
        }
        other => panic!("{other:?}"),
    }
    the_next_works(&mut stage);
}

#[test]
fn what_is_no_lifeline_ends_the_child() {
    let mut stage = Stage::new(|_child| 5);
    let (_own, other) = std::os::unix::net::UnixStream::pair().unwrap();
    let order = brood_forkserver::host::Order {
        seq: 1000,
        payload: b"",
        lifeline: other.as_fd(),
        stdio: [None; 3],
        others: &[],
    };
    stage.host.fork(&order).unwrap();
    assert!(matches!(stage.next(), Event::Forked { seq: 1000, .. }));
    match stage.next() {
        Event::Exited { status, failure, .. } => {
            assert_eq!(status, Status::Exited(CODE_OF_BROKEN));
            assert_eq!(failure.map(|failure| failure.step), Some(Step::Lifeline));
        }
        other => panic!("{other:?}"),
    }
    the_next_works(&mut stage);
}

/// Has the user of this process have no more processes in the second attempt, and as many as before in the others.
struct Poor {
    attempts: u32,
}

impl Runtime for Poor {
    fn before(&mut self) -> io::Result<()> {
        self.attempts += 1;
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: it writes the limit, and changes nothing.
        assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit) }, 0);
        // It has one at least: this one.
        limit.rlim_cur = if self.attempts == 2 { 0 } else { limit.rlim_max };
        // SAFETY: it reads the limit, and writes nothing.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) }, 0);
        Ok(())
    }
}

#[test]
fn a_template_whose_user_may_have_no_more_processes_says_so() {
    /// `nobody`, for whom limits hold: for root they do not.
    const NOBODY: u32 = 65534;
    let prepare = || {
        // SAFETY: they take numbers. The last one lets this process see its own files in /proc again.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setresuid(NOBODY, NOBODY, NOBODY), 0);
                assert_eq!(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
            }
        }
    };
    let mut stage = Stage::with(Real, Poor { attempts: 0 }, prepare, |_child| 5);
    the_next_works(&mut stage);
    let mut asked = stage.ask(b"");
    match stage.next() {
        Event::Failed { seq, failure } => {
            let expected = Failure {
                step: Step::Fork,
                errno: libc::EAGAIN,
            };
            assert_eq!((seq, failure), (asked.seq, expected));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(asked.read(), "");
    the_next_works(&mut stage);
}
