//! How children end, how a template ends, and what is told of either.

use std::os::fd::AsFd;
use std::time::Instant;

use brood_forkserver::fork::ForkedChild;
use brood_forkserver::host::Event;
use brood_forkserver::kernel::Linux;
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::runtime::Plain;
use brood_forkserver::status::Status;
use brood_forkserver::wait::{Waited, wait_for};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::stage::{SOON, Stage, fork_process, say, stay};

/// Leaves by the signal that the payload names, or with the code.
fn end_as_told(child: ForkedChild) -> i32 {
    match child.payload[..] {
        [b's', signal] => {
            // SAFETY: no core may be written; memory is only read.
            unsafe {
                libc::setrlimit(
                    libc::RLIMIT_CORE,
                    &libc::rlimit {
                        rlim_cur: 0,
                        rlim_max: 0,
                    },
                )
            };
            // SAFETY: they take numbers. Rust has a handler of its own for some.
            unsafe { libc::signal(signal.into(), libc::SIG_DFL) };
            // SAFETY: as above.
            unsafe { libc::kill(libc::getpid(), signal.into()) };
            stay()
        }
        [b'c', code] => code.into(),
        _ => stay(),
    }
}

#[test]
fn every_end_is_told_exactly() {
    let mut stage = Stage::new(end_as_told);
    for code in 0..=255_u8 {
        let (asked, _process) = stage.start(&[b'c', code]);
        assert_end(stage.next(), asked.seq, Status::Exited(code.into()));
    }
    for signal in [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGKILL,
        libc::SIGTERM,
        libc::SIGSEGV,
        libc::SIGABRT,
        libc::SIGUSR1,
        libc::SIGXCPU,
    ] {
        let (asked, _process) = stage.start(&[b's', u8::try_from(signal).unwrap()]);
        assert_end(stage.next(), asked.seq, Status::Signalled(signal));
    }
}

fn assert_end(event: Event, asked: u32, expected: Status) {
    match event {
        Event::Exited {
            seq,
            status,
            core,
            failure,
        } => assert_eq!((seq, status, core, failure), (asked, expected, false, None)),
        other => panic!("expected the end of {asked}, got {other:?}"),
    }
}

#[test]
fn a_child_knows_who_it_is() {
    let mut stage = Stage::new(|child| {
        // SAFETY: none of them takes or touches memory.
        let (pid, ppid, group) = unsafe { (libc::getpid(), libc::getppid(), libc::getpgrp()) };
        assert_eq!((child.pid, child.ppid, child.pid), (pid, ppid, group));
        assert_eq!(child.payload, b"payload");
        assert_eq!(child.seq, 0);
        say(&child, &format!("{pid} {ppid}\n"));
        stay()
    });
    let (mut asked, process) = stage.start(b"payload");
    assert_eq!(asked.read_line(), format!("{} {}", process.pid(), stage.template.pid()));
}

#[test]
fn no_two_children_have_the_same_seed() {
    let mut stage = Stage::new(|child| {
        say(&child, &format!("{:?}", child.seed));
        0
    });
    let seeds: std::collections::HashSet<String> = (0..64).map(|_| stage.ask(b"").read()).collect();
    assert_eq!(seeds.len(), 64);
}

#[test]
fn a_child_blocks_nothing_and_ignores_what_a_fresh_node_does_and_what_its_template_blocked() {
    let prepare = || {
        // SAFETY: these actions run no code, and the set is a whole one.
        unsafe {
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            // As Node does with --disable-sigusr1.
            let mut mask = std::mem::zeroed();
            libc::sigaddset(&raw mut mask, libc::SIGUSR1);
            libc::sigprocmask(libc::SIG_BLOCK, &raw const mask, std::ptr::null_mut());
        }
    };
    let mut stage = Stage::with(Linux, Plain, prepare, |child| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let mask = u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
            // What the C library keeps to itself begins at 32.
            mask & 0x7fff_ffff
        };
        let bit = |signal: i32| 1_u64 << (signal - 1);
        assert_eq!(field("SigBlk"), 0);
        assert_eq!(field("SigIgn"), bit(libc::SIGPIPE) | bit(libc::SIGUSR1));
        say(&child, "fine");
        7
    });
    let (mut asked, _process) = stage.start(b"");
    assert_eq!(asked.read(), "fine");
    assert_end(stage.next(), asked.seq, Status::Exited(7));
}

/// A child that starts a process of its own, says its number, and then does what it was told to.
fn with_offspring(child: ForkedChild) -> i32 {
    let offspring = fork_process(|| stay());
    say(&child, &format!("{}\n", offspring.pid()));
    match &child.payload[..] {
        b"end" => 0,
        b"busy" => loop {
            std::hint::spin_loop();
        },
        _ => stay(),
    }
}

fn offspring_of(asked: &mut crate::stage::Asked) -> Pidfd {
    Pidfd::open(asked.read_line().parse().unwrap()).unwrap()
}

#[test]
fn what_a_child_has_started_does_not_outlive_it() {
    let mut stage = Stage::new(with_offspring);
    let asked = stage.ask(b"end");
    let mut asked = asked;
    // It may be over before it could be looked for, and then it is.
    let offspring = Pidfd::open(asked.read_line().parse().unwrap());
    let _process = stage.forked(&asked);
    assert_end(stage.next(), asked.seq, Status::Exited(0));
    if let Ok(offspring) = offspring {
        assert_eq!(wait_for(&offspring, SOON).unwrap(), Waited::Ended);
    }
}

#[test]
fn the_end_of_a_lifeline_is_the_end_of_a_busy_child_and_of_its_offspring() {
    let mut stage = Stage::new(with_offspring);
    let (mut asked, _process) = stage.start(b"busy");
    let offspring = offspring_of(&mut asked);
    drop(asked.lifeline);
    assert_end(stage.next(), asked.seq, Status::Signalled(libc::SIGKILL));
    assert_eq!(wait_for(&offspring, SOON).unwrap(), Waited::Ended);
}

#[test]
fn the_end_of_the_host_is_the_end_of_the_template_and_of_all_that_it_has_forked() {
    let mut stage = Stage::new(with_offspring);
    let mut all = Vec::new();
    let mut lifelines = Vec::new();
    for payload in [b"stay", b"busy"] {
        let (mut asked, process) = stage.start(payload);
        all.push(process);
        all.push(offspring_of(&mut asked));
        // Held: it is the template that has to end them here.
        lifelines.push(asked.lifeline);
    }
    let (other, _) = brood_forkserver::host::Host::new().unwrap();
    let since = Instant::now();
    drop(std::mem::replace(&mut stage.host, other));
    assert_eq!(stage.template_end(), Status::Exited(0));
    for process in &all {
        assert_eq!(wait_for(process, SOON).unwrap(), Waited::Ended);
        assert!(!process.signal(0).unwrap() || process.exit_status() == Status::Unknown);
    }
    assert!(since.elapsed().as_secs() < 1, "it took {:?}", since.elapsed());
}

#[test]
fn children_outlive_a_template_that_was_killed_and_their_ends_are_seen() {
    let mut stage = Stage::new(with_offspring);
    let (mut asked, process) = stage.start(b"stay");
    let offspring = offspring_of(&mut asked);
    assert!(stage.template.signal(libc::SIGKILL).unwrap());
    assert!(matches!(stage.next(), Event::Closed(None)));
    assert_eq!(stage.template_end(), Status::Signalled(libc::SIGKILL));
    assert!(
        process.signal(0).unwrap() && offspring.signal(0).unwrap(),
        "both live on"
    );
    drop(asked.lifeline);
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    assert_eq!(wait_for(&offspring, SOON).unwrap(), Waited::Ended);
    let refused = stage.try_ask(b"", [None; 3], &[]).err().unwrap();
    assert_eq!(refused.raw_os_error(), Some(libc::EPIPE));
}

#[test]
fn a_stopped_template_makes_nobody_wait() {
    let mut stage = Stage::new(|child| i32::from(child.payload.len() != 30_000));
    let (first, _process) = stage.start(&[0; 30_000]);
    assert_end(stage.next(), first.seq, Status::Exited(0));
    assert!(stage.template.signal(libc::SIGSTOP).unwrap());
    let mut asked = Vec::new();
    let refused = loop {
        match stage.try_ask(&[0; 30_000], [None; 3], &[]) {
            Ok(one) => asked.push(one),
            Err(error) => break error,
        }
        assert!(asked.len() < 10_000);
    };
    assert_eq!(refused.raw_os_error(), Some(libc::EAGAIN));
    assert!(stage.template.signal(libc::SIGCONT).unwrap());
    let mut ended = 0;
    while ended < asked.len() {
        if let Event::Exited { status, .. } = stage.next() {
            assert_eq!(status, Status::Exited(0));
            ended += 1;
        }
    }
    let (again, _process) = stage.start(&[0; 30_000]);
    assert_end(stage.next(), again.seq, Status::Exited(0));
}

#[test]
fn a_host_that_does_not_read_loses_nothing() {
    let mut stage = Stage::new(end_as_told);
    let mut asked = Vec::new();
    let idle = Timespec {
        tv_sec: 0,
        tv_nsec: 1_000_000,
    };
    // More than the socket takes before it is full.
    while asked.len() < 600 {
        match stage.try_ask(&[b'c', 9], [None; 3], &[]) {
            Ok(one) => asked.push(one),
            // It has not taken them yet.
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
                let _ = poll(&mut [], Some(&idle));
            }
        }
    }
    // The last of them is over when nobody holds its channel any more.
    let last = asked.last().unwrap().channel.as_fd();
    let mut fds = [PollFd::from_borrowed_fd(last, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec { tv_sec: 20, tv_nsec: 0 })).unwrap();
    assert!(fds[0].revents().contains(PollFlags::HUP));
    let mut forked = Vec::new();
    let mut exited = Vec::new();
    while exited.len() < asked.len() {
        match stage.next() {
            Event::Forked { seq, .. } => forked.push(seq),
            Event::Exited { seq, status, .. } => {
                assert_eq!(status, Status::Exited(9));
                assert!(forked.contains(&seq));
                exited.push(seq);
            }
            other => panic!("{other:?}"),
        }
    }
    exited.sort_unstable();
    assert_eq!(exited, asked.iter().map(|one| one.seq).collect::<Vec<u32>>());
}
