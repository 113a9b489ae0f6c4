//! Handles, waiting and ending with real processes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(
    clippy::zombie_processes,
    reason = "reaping by handle is what some of these tests are about"
)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use brood_forkserver::abandon::end_abandoned;
use brood_forkserver::holders::{PipeId, children_holding};
use brood_forkserver::lifeline;
use brood_forkserver::output::writable_now;
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::status::Status;
use brood_forkserver::support::support;
use brood_forkserver::wait::{Waited, wait_for};

const SOON: Duration = Duration::from_secs(20);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

/// A shell that leads a group of its own.
fn leader(script: &str) -> Command {
    let mut command = shell(script);
    command.process_group(0);
    command
}

fn handle(child: &Child) -> Pidfd {
    Pidfd::open(child.id().cast_signed()).unwrap()
}

/// A leader that leaves a child behind, both as handles, once the leader has ended but was not reaped.
fn leader_with_left_over() -> (Child, Pidfd, Pidfd) {
    let mut leader = leader("sleep 1000 <&- >&- & echo $!")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let process = handle(&leader);
    let mut line = String::new();
    BufReader::new(leader.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let left_over = Pidfd::open(line.trim().parse().unwrap()).unwrap();
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    // Not reaped yet: the number is its own still, and what was started by now was started by it. A watcher notes the same.
    assert!(process.signal(0).unwrap());
    (leader, process, left_over)
}

#[test]
fn nobody_has_no_handle() {
    let mut child = shell("").spawn().unwrap();
    let pid = child.id().cast_signed();
    child.wait().unwrap();
    assert_eq!(Pidfd::open(pid).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    for wrong in [0, -1, i32::MIN] {
        assert_eq!(Pidfd::open(wrong).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    }
}

#[test]
fn a_signal_reaches_the_process_until_it_was_reaped() {
    let mut child = leader("while :; do :; done").spawn().unwrap();
    let process = handle(&child);
    assert!(process.signal(0).unwrap());
    assert!(process.signal(libc::SIGTERM).unwrap());
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    child.wait().unwrap();
    assert!(!process.signal(0).unwrap());
    assert!(!process.signal(libc::SIGKILL).unwrap());
    assert!(!process.signal_group(libc::SIGKILL).unwrap());
    assert!(!process.signal_group_by_number(libc::SIGKILL).unwrap());
}

#[test]
fn a_signal_that_does_not_exist_is_refused() {
    let mut child = leader("while :; do :; done").spawn().unwrap();
    let process = handle(&child);
    for wrong in [-1, 65, 1000] {
        assert_eq!(process.signal(wrong).unwrap_err().raw_os_error(), Some(libc::EINVAL));
        assert_eq!(
            process.signal_group(wrong).unwrap_err().raw_os_error(),
            Some(libc::EINVAL)
        );
        assert_eq!(
            process.signal_group_by_number(wrong).unwrap_err().raw_os_error(),
            Some(libc::EINVAL)
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn a_group_is_reached_after_its_leader_was_reaped(kill: impl Fn(&Pidfd) -> bool) {
    let (mut leader, process, left_over) = leader_with_left_over();
    leader.wait().unwrap();
    assert!(!process.signal(0).unwrap());
    assert!(left_over.signal(0).unwrap());
    assert!(kill(&process));
    assert_eq!(wait_for(&left_over, SOON).unwrap(), Waited::Ended);
}

#[test]
fn the_kernel_finds_a_group_after_its_leader_was_reaped() {
    if support().group_signal {
        a_group_is_reached_after_its_leader_was_reaped(|process| process.signal_group(libc::SIGKILL).unwrap());
    }
}

#[test]
fn the_walk_finds_a_group_after_its_leader_was_reaped() {
    a_group_is_reached_after_its_leader_was_reaped(|process| process.signal_group_by_number(libc::SIGKILL).unwrap());
}

#[test]
fn a_group_is_reached_while_its_leader_lives() {
    for by_number in [false, true] {
        let mut leader = leader("sleep 1000 <&- >&- & echo $!; wait")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let process = handle(&leader);
        let mut line = String::new();
        BufReader::new(leader.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let child = Pidfd::open(line.trim().parse().unwrap()).unwrap();
        let reached = if by_number {
            process.signal_group_by_number(libc::SIGKILL)
        } else {
            process.signal_group(libc::SIGKILL)
        };
        assert!(reached.unwrap());
        assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
        assert_eq!(wait_for(&child, SOON).unwrap(), Waited::Ended);
        leader.wait().unwrap();
    }
}

#[test]
fn who_leads_no_group_takes_nobody_along() {
    // It is in the group of this test, which would not survive a mistake.
    let mut child = shell("while :; do :; done").spawn().unwrap();
    let process = handle(&child);
    assert!(!process.signal_group(libc::SIGKILL).unwrap());
    assert!(!process.signal_group_by_number(libc::SIGKILL).unwrap());
    assert!(process.signal(libc::SIGKILL).unwrap());
    child.wait().unwrap();
}

#[test]
fn a_status_is_exact_once_it_was_reaped() {
    for (script, expected) in [
        ("exit 0", Status::Exited(0)),
        ("exit 42", Status::Exited(42)),
        ("exit 255", Status::Exited(255)),
        ("kill -9 $$", Status::Signalled(9)),
        ("kill -15 $$", Status::Signalled(15)),
    ] {
        let mut child = leader(script).spawn().unwrap();
        let process = handle(&child);
        assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
        assert_eq!(process.exit_status(), Status::Unknown, "it was not reaped yet");
        child.wait().unwrap();
        let told = if support().exit_info { expected } else { Status::Unknown };
        assert_eq!(process.exit_status(), told, "{script}");
    }
}

#[test]
fn the_child_that_holds_a_lifeline_is_found() {
    let (reader, writer) = lifeline::pipe().unwrap();
    let (other, _other_writer) = lifeline::pipe().unwrap();
    let mine = HashSet::from([PipeId::of(&reader).unwrap()]);
    // As stdin, since that is how a child gets a pipe here; the number does not matter.
    let mut holder = Command::new("sleep")
        .arg("1000")
        .stdin(reader.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut stranger = Command::new("sleep")
        .arg("1000")
        .stdin(other.try_clone().unwrap())
        .spawn()
        .unwrap();
    let found: Vec<i32> = children_holding(&mine).iter().map(Pidfd::pid).collect();
    assert_eq!(found, [holder.id().cast_signed()]);
    assert!(children_holding(&HashSet::new()).is_empty());
    thread::spawn(move || assert!(children_holding(&mine).is_empty(), "another thread has not started it"))
        .join()
        .unwrap();
    for child in [&mut holder, &mut stranger] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(writer);
}

#[test]
fn reaping_tells_how_it_ended_and_leaves_no_zombie() {
    for (script, expected) in [("exit 7", Status::Exited(7)), ("kill -9 $$", Status::Signalled(9))] {
        let child = leader(script).spawn().unwrap();
        let process = handle(&child);
        assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
        assert_eq!(process.reap().unwrap(), Some(expected));
        assert_eq!(process.reap().unwrap_err().raw_os_error(), Some(libc::ECHILD));
        assert!(!process.signal(0).unwrap());
    }
}

#[test]
fn reaping_does_not_wait() {
    let mut child = leader("while :; do :; done").spawn().unwrap();
    assert_eq!(handle(&child).reap().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let mut child = leader("while :; do :; done").spawn().unwrap();
    let process = handle(&child);
    let bound = Duration::from_millis(60);
    let begun = Instant::now();
    assert_eq!(wait_for(&process, bound).unwrap(), Waited::TimedOut);
    assert!(begun.elapsed() >= bound);
    assert_eq!(wait_for(&process, Duration::ZERO).unwrap(), Waited::TimedOut);
    child.kill().unwrap();
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    assert_eq!(
        wait_for(&process, Duration::ZERO).unwrap(),
        Waited::Ended,
        "an end stays"
    );
    child.wait().unwrap();
    assert_eq!(
        wait_for(&process, Duration::ZERO).unwrap(),
        Waited::Ended,
        "also once it was reaped"
    );
}

#[test]
fn the_abandoned_are_ended_with_their_groups_and_reaped() {
    let scripts = [
        "while :; do :; done",
        "trap '' TERM; while :; do :; done",
        "exit 3",
        "kill -STOP $$",
    ];
    let children: Vec<Child> = scripts.iter().map(|script| leader(script).spawn().unwrap()).collect();
    let mut processes: Vec<Pidfd> = children.iter().map(handle).collect();
    let (_reaped_by_us, ended, left_over) = leader_with_left_over();
    processes.push(ended);
    // One that leads no group.
    processes.push(handle(&shell("while :; do :; done").spawn().unwrap()));
    end_abandoned(&processes, SOON);
    for process in &processes {
        assert!(!process.signal(0).unwrap(), "it was reaped");
    }
    assert_eq!(wait_for(&left_over, SOON).unwrap(), Waited::Ended);
}

#[test]
fn the_abandoned_are_reaped_later_when_there_is_no_time() {
    let child = leader("while :; do :; done").spawn().unwrap();
    let process = handle(&child);
    end_abandoned(std::slice::from_ref(&process), Duration::ZERO);
    let begun = Instant::now();
    // Nothing tells a third party of a reaping, so this asks.
    while process.signal(0).unwrap() {
        assert!(begun.elapsed() < SOON);
        thread::yield_now();
    }
}

#[test]
fn a_full_pipe_is_not_writable_until_it_is_read_or_nobody_reads() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    assert!(writable_now(writer.as_fd()).unwrap());
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while writer.write(&[0; 4096]).is_ok() {}
    assert!(!writable_now(writer.as_fd()).unwrap());
    let mut some = vec![0; 16 * 4096];
    std::io::Read::read_exact(&mut reader, &mut some).unwrap();
    assert!(writable_now(writer.as_fd()).unwrap());
    while writer.write(&[0; 4096]).is_ok() {}
    assert!(!writable_now(writer.as_fd()).unwrap());
    drop(reader);
    // A write fails at once now, and so does not wait. A child that another test is starting may hold the read end until
    // its exec.
    let begun = Instant::now();
    while !writable_now(writer.as_fd()).unwrap() {
        assert!(begun.elapsed() < SOON);
        thread::yield_now();
    }
}
