//! A process that forks itself in the middle of its work.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brood_forkserver::kernel::{Kernel, Linux};
use brood_forkserver::lifeline;
use brood_forkserver::live::{Forked, Gifts, Live};
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::protocol::Step;
use brood_forkserver::runtime::Plain;
use brood_forkserver::status::Status;
use brood_forkserver::wait::{Waited, wait_for};
use brood_forkserver::watch::{Ends, watch};

use crate::stage::{SOON, channel, fork_process, open_descriptors, say};

struct Count(AtomicUsize);

impl Ends for Count {
    fn ended(&self, _id: u64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn ended(process: &Pidfd) -> Status {
    assert_eq!(wait_for(process, SOON).unwrap(), Waited::Ended);
    process.reap().unwrap().unwrap()
}

/// Runs `body` as the first thread of a process, which is to leave with 0.
fn in_a_process(body: impl FnOnce()) {
    let process = fork_process(|| {
        body();
        0
    });
    assert_eq!(ended(&process), Status::Exited(0));
}

/// What a child is given, and the parent's ends.
struct Ties {
    lifeline_end: PipeReader,
    lifeline: PipeWriter,
    channel: UnixStream,
    channel_end: UnixStream,
}

impl Ties {
    fn new() -> Self {
        let (lifeline_end, lifeline) = lifeline::pipe().unwrap();
        let (channel, channel_end) = UnixStream::pair().unwrap();
        Self {
            lifeline_end,
            lifeline,
            channel,
            channel_end,
        }
    }

    fn fork(&self, live: &mut Live, kernel: &impl Kernel) -> Result<Forked, brood_forkserver::protocol::Failure> {
        let gifts = Gifts {
            lifeline: self.lifeline_end.as_fd(),
            stdio: [None; 3],
            others: &[self.channel_end.as_fd()],
        };
        live.fork(kernel, &mut Plain, &gifts)
    }

    /// What it says until it closes its end; and its lifeline, without which it ends.
    fn read(self) -> (String, PipeWriter) {
        drop(self.channel_end);
        let mut channel = self.channel;
        channel.set_read_timeout(Some(SOON)).unwrap();
        let mut text = String::new();
        channel.read_to_string(&mut text).unwrap();
        (text, self.lifeline)
    }
}

#[test]
fn a_child_has_the_heap_and_its_gifts_and_something_quiet_at_every_other_number() {
    in_a_process(|| {
        let heap: Vec<u32> = (0..1_000_000).collect();
        let file = File::open("/proc/self/status").unwrap();
        let mut live = Live::new().unwrap();
        let ties = Ties::new();
        match ties.fork(&mut live, &Linux).unwrap() {
            Forked::Child(child) => {
                let found = open_descriptors(child.pid);
                let given: Vec<&str> = found
                    .iter()
                    .filter(|(fd, _)| *fd > 2)
                    .map(|(fd, link)| match () {
                        () if child.descriptors.contains(fd) => "given",
                        () if link == "/dev/null" => "null",
                        () if link.starts_with("pipe:") => "pipe",
                        () => panic!("{fd} is {link}"),
                    })
                    .collect();
                assert_eq!(given.iter().filter(|&&what| what == "given").count(), 1);
                // What still knows the number of a file of the parent's reads and writes nothing, and closes nothing of anybody's.
                let mut text = String::new();
                let nothing = (&file).read_to_string(&mut text).unwrap_err();
                assert_eq!((text.as_str(), nothing.raw_os_error()), ("", Some(libc::EAGAIN)));
                assert_eq!((&file).write(b"x").unwrap_err().raw_os_error(), Some(libc::EBADF));
                drop(file);
                say(
                    &child,
                    &format!("{}", heap.iter().map(|&one| u64::from(one)).sum::<u64>()),
                );
                brood_forkserver::exit_now(7);
            }
            Forked::Parent(born) => {
                let (text, _lifeline) = ties.read();
                assert_eq!(text, "499999500000");
                assert_eq!(ended(&born.process), Status::Exited(7));
                assert_eq!(born.trouble(), None);
                let mut text = String::new();
                (&file).read_to_string(&mut text).unwrap();
                assert!(text.contains("Name:"));
            }
        }
    });
}

#[test]
fn while_threads_start_end_watch_and_take_memory_every_child_begins_and_ends_as_it_should() {
    in_a_process(|| {
        let busy = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            let busy = Arc::clone(&busy);
            std::thread::spawn(move || {
                loop {
                    let some: Vec<Vec<u8>> = (1..50).map(|size| vec![1; size * 97]).collect();
                    busy.fetch_add(some.len(), Ordering::Relaxed);
                }
            });
        }
        let mut live = Live::new().unwrap();
        let ends = Arc::new(Count(AtomicUsize::new(0)));
        let mut watching = Vec::new();
        let mut processes = Vec::new();
        for round in 0..100 {
            let ties = Ties::new();
            match ties.fork(&mut live, &Linux).unwrap() {
                Forked::Child(child) => {
                    // It can watch, in a thread of its own, take memory, and fork itself again.
                    let again = Ties::new();
                    let mut live = Live::new().unwrap();
                    match again.fork(&mut live, &Linux).unwrap() {
                        Forked::Child(grandchild) => {
                            let _ = channel(&grandchild).write_all(b"grandchild");
                            brood_forkserver::exit_now(3);
                        }
                        Forked::Parent(born) => {
                            let own = Arc::new(Count(AtomicUsize::new(0)));
                            let _watching = watch(&born.process, 1, Arc::clone(&own) as Arc<dyn Ends>).unwrap();
                            let (text, _lifeline) = again.read();
                            assert_eq!(text, "grandchild");
                            assert_eq!(ended(&born.process), Status::Exited(3));
                            while own.0.load(Ordering::SeqCst) == 0 {
                                std::thread::sleep(Duration::from_millis(1));
                            }
                        }
                    }
                    say(&child, "child");
                    brood_forkserver::exit_now(round % 100);
                }
                Forked::Parent(born) => {
                    watching.push(watch(&born.process, 1, Arc::clone(&ends) as Arc<dyn Ends>).unwrap());
                    let (text, _lifeline) = ties.read();
                    assert_eq!(text, "child");
                    assert_eq!(ended(&born.process), Status::Exited(round % 100));
                    processes.push(born);
                }
            }
        }
        while ends.0.load(Ordering::SeqCst) < 100 {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn a_child_that_cannot_begin_says_why_and_ends() {
    struct NoRandomness;
    impl Kernel for NoRandomness {
        fn random(&self, _seed: &mut [u8]) -> std::io::Result<()> {
            Err(std::io::Error::from_raw_os_error(libc::ENOSYS))
        }
    }
    struct NoFork;
    impl Kernel for NoFork {
        fn fork(&self) -> std::io::Result<i32> {
            Err(std::io::Error::from_raw_os_error(libc::EAGAIN))
        }
    }
    in_a_process(|| {
        let mut live = Live::new().unwrap();
        let before = open_descriptors(std::process::id().cast_signed()).len();
        {
            let ties = Ties::new();
            let Forked::Parent(born) = ties.fork(&mut live, &NoRandomness).unwrap() else {
                brood_forkserver::exit_now(1);
            };
            assert_eq!(ended(&born.process), Status::Exited(70));
            let trouble = born.trouble().unwrap();
            assert_eq!((trouble.step, trouble.errno), (Step::Random, libc::ENOSYS));
            let failed = ties.fork(&mut live, &NoFork).unwrap_err();
            assert_eq!((failed.step, failed.errno), (Step::Fork, libc::EAGAIN));
        }
        assert_eq!(open_descriptors(std::process::id().cast_signed()).len(), before);
        let _: OwnedFd = File::open("/dev/null").unwrap().into();
        assert!(before > 0 && std::io::stdin().as_raw_fd() == 0);
    });
}

#[test]
fn a_descriptor_above_the_limit_is_closed() {
    in_a_process(|| {
        let file = File::open("/proc/self/status").unwrap();
        let above = 300;
        // SAFETY: nothing in this process has that number.
        assert_eq!(unsafe { libc::dup3(file.as_raw_fd(), above, libc::O_CLOEXEC) }, above);
        let limit = libc::rlimit {
            rlim_cur: 200,
            rlim_max: 200,
        };
        // SAFETY: it reads what it is given.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
        let mut live = Live::new().unwrap();
        let ties = Ties::new();
        match ties.fork(&mut live, &Linux).unwrap() {
            Forked::Child(child) => {
                assert!(open_descriptors(child.pid).iter().all(|(fd, _)| *fd != above));
                brood_forkserver::exit_now(7);
            }
            Forked::Parent(born) => {
                let (_, _lifeline) = ties.read();
                assert_eq!(ended(&born.process), Status::Exited(7));
            }
        }
    });
}

#[test]
fn another_thread_than_the_first_cannot() {
    assert_eq!(Live::new().unwrap_err().raw_os_error(), Some(libc::EINVAL));
}
