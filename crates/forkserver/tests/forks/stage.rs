//! A template to test with, and the host's side of it.

use std::fs::{self, File};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::time::{Duration, Instant};

use brood_forkserver::exit_now;
use brood_forkserver::fork::ForkedChild;
use brood_forkserver::host::{Event, Host, Order};
use brood_forkserver::kernel::{Kernel, Linux};
use brood_forkserver::lifeline;
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::runtime::{Plain, Runtime};
use brood_forkserver::support::support;
use brood_forkserver::template::{Served, Template, Until, tell};
use brood_forkserver::wait::{Waited, wait_for};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Longer than anything here takes; a test that waits so long fails.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The host of one template. The template ends with it.
pub(crate) struct Stage {
    pub(crate) host: Host,
    pub(crate) template: Pidfd,
    next: u32,
    events: Vec<Event>,
}

/// A fork that was asked for: the host's end of its lifeline, and of the socket that is its one other descriptor.
pub(crate) struct Asked {
    pub(crate) seq: u32,
    pub(crate) lifeline: PipeWriter,
    pub(crate) channel: UnixStream,
}

impl Asked {
    /// What the child writes until it closes its end.
    pub(crate) fn read(&mut self) -> String {
        self.channel.set_read_timeout(Some(SOON)).unwrap();
        let mut text = String::new();
        self.channel.read_to_string(&mut text).unwrap();
        text
    }

    /// One line, or what there is at the end.
    pub(crate) fn read_line(&mut self) -> String {
        self.channel.set_read_timeout(Some(SOON)).unwrap();
        let mut line = Vec::new();
        let mut byte = [0];
        while self.channel.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }
}

/// A child's end of the channel that `Stage::ask` gives it.
pub(crate) fn channel(child: &ForkedChild) -> UnixStream {
    // SAFETY: it was given to this child, which owns nothing else yet.
    unsafe { UnixStream::from_raw_fd(child.descriptors[0]) }
}

impl Stage {
    /// A template whose children run `actor`, and leave with the code that it gives.
    pub(crate) fn new(actor: impl FnOnce(ForkedChild) -> i32) -> Self {
        Self::with(Linux, Plain, || {}, actor)
    }

    /// `prepare` runs in the template before it serves.
    pub(crate) fn with(
        kernel: impl Kernel,
        runtime: impl Runtime,
        prepare: impl FnOnce(),
        actor: impl FnOnce(ForkedChild) -> i32,
    ) -> Self {
        // Asked now: a test beside this one may be asking for the first time in the moment of the fork.
        support();
        let (host, control) = Host::new().unwrap();
        let template = fork_process(|| {
            let control = keep_only(control);
            prepare();
            let template = Template::new(control, runtime, kernel).unwrap();
            // SAFETY: the template has it, and is alive.
            tell(unsafe { BorrowedFd::borrow_raw(3) }, b"ready").unwrap();
            match template.serve(Until::End) {
                Served::Child(child) => actor(child),
                Served::Template(_) => unreachable!("it was not asked for one turn"),
            }
        });
        let mut stage = Self {
            host,
            template,
            next: 0,
            events: Vec::new(),
        };
        assert!(matches!(stage.next(), Event::Told(_)));
        stage
    }

    pub(crate) fn ask(&mut self, payload: &[u8]) -> Asked {
        self.ask_with(payload, [None; 3], &[])
    }

    pub(crate) fn ask_with(
        &mut self,
        payload: &[u8],
        stdio: [Option<BorrowedFd<'_>>; 3],
        others: &[BorrowedFd<'_>],
    ) -> Asked {
        self.try_ask(payload, stdio, others).unwrap()
    }

    pub(crate) fn try_ask(
        &mut self,
        payload: &[u8],
        stdio: [Option<BorrowedFd<'_>>; 3],
        others: &[BorrowedFd<'_>],
    ) -> std::io::Result<Asked> {
        let (lifeline_end, lifeline): (PipeReader, PipeWriter) = lifeline::pipe().unwrap();
        let (channel, channel_end) = UnixStream::pair().unwrap();
        let seq = self.next;
        self.next += 1;
        let mut all = vec![channel_end.as_fd()];
        all.extend(others);
        self.host.fork(&Order {
            seq,
            payload,
            lifeline: lifeline_end.as_fd(),
            stdio,
            others: &all,
        })?;
        Ok(Asked { seq, lifeline, channel })
    }

    /// The next event, whatever it is.
    pub(crate) fn next(&mut self) -> Event {
        let deadline = Instant::now() + SOON;
        while self.events.is_empty() {
            assert!(Instant::now() < deadline, "no event");
            let mut fds = [PollFd::new(self.host.socket(), PollFlags::IN)];
            let timeout = Timespec { tv_sec: 1, tv_nsec: 0 };
            poll(&mut fds, Some(&timeout)).unwrap();
            self.events = self.host.receive(64);
            self.events.reverse();
        }
        self.events.pop().unwrap()
    }

    /// The child that was asked for as `seq`.
    pub(crate) fn forked(&mut self, asked: &Asked) -> Pidfd {
        match self.next() {
            Event::Forked { seq, process } if seq == asked.seq => process,
            other => panic!("expected a child, got {other:?}"),
        }
    }

    /// Asks, and waits until the child lives.
    pub(crate) fn start(&mut self, payload: &[u8]) -> (Asked, Pidfd) {
        let asked = self.ask(payload);
        let process = self.forked(&asked);
        (asked, process)
    }

    /// The template has ended; reaps it.
    pub(crate) fn template_end(&self) -> brood_forkserver::status::Status {
        assert_eq!(wait_for(&self.template, SOON).unwrap(), Waited::Ended);
        self.template.reap().unwrap().unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.template.signal(libc::SIGCONT);
        let _ = self.template.signal(libc::SIGKILL);
        let _ = wait_for(&self.template, SOON);
        let _ = self.template.reap();
    }
}

/// A process that runs `body` and leaves with its code; 101 if it panics.
pub(crate) fn fork_process(body: impl FnOnce() -> i32) -> Pidfd {
    show_panics_of_forks();
    // SAFETY: glibc makes malloc usable in the child; the child takes no other lock that a thread of the tests may hold, and
    // leaves without destructors.
    match unsafe { libc::fork() } {
        0 => exit_now(catch_unwind(AssertUnwindSafe(body)).unwrap_or(101)),
        pid => Pidfd::open(pid).unwrap(),
    }
}

/// Has the panics of forked processes told past the capture of the tests, of which they have a copy that nobody reads. Set in the
/// tests' own process: in a fork, a thread of theirs may hold the lock for ever.
fn show_panics_of_forks() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let tests = std::process::id();
        let otherwise = take_hook();
        set_hook(Box::new(move |panicked| {
            if std::process::id() == tests {
                return otherwise(panicked);
            }
            // SAFETY: it is open, and stays so.
            let mut errors = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
            let _ = writeln!(errors, "in a process of a test: {panicked}");
        }));
    });
}

/// Closes all but 0 to 2 and `kept`, which gets the number 3: the tests beside this one have sockets open whose ends they wait
/// for.
fn keep_only(kept: OwnedFd) -> OwnedFd {
    let kept = kept.into_raw_fd();
    if kept != 3 {
        // SAFETY: nothing in this process uses 3 any more: it belonged to the tests.
        assert_eq!(unsafe { libc::dup3(kept, 3, libc::O_CLOEXEC) }, 3);
    }
    // SAFETY: as above; nothing is dropped here that owns one of them.
    assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, 4, u32::MAX, 0) }, 0);
    // SAFETY: it is open, and owned by nobody else.
    unsafe { OwnedFd::from_raw_fd(3) }
}

/// What a process has open, by number; the one that reads it does not count.
pub(crate) fn open_descriptors(pid: i32) -> Vec<(RawFd, String)> {
    let mut found: Vec<(RawFd, String)> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let number = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
            Some((number, fs::read_link(path).ok()?.to_string_lossy().into_owned()))
        })
        .collect();
    if pid == std::process::id().cast_signed() {
        found.retain(|(_, link)| *link != format!("/proc/{pid}/fd"));
    }
    found.sort_unstable();
    found
}

/// Says something to the host, and nothing more.
pub(crate) fn say(child: &ForkedChild, text: &str) {
    let mut channel = ManuallyDrop::new(channel(child));
    channel.write_all(text.as_bytes()).unwrap();
}

/// Stays until it is ended, without using the processor.
pub(crate) fn stay() -> ! {
    loop {
        // SAFETY: it takes and touches nothing.
        unsafe { libc::pause() };
    }
}
