//! Lifelines with real processes. The binary of these tests runs itself again as a host or an actor: see `role`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]
#![expect(
    clippy::zombie_processes,
    reason = "the roles are killed, and what they have started with them"
)]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio, exit};
use std::time::Duration;

use brood_forkserver::lifeline;
use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::wait::{Waited, wait_for};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

const SOON: Duration = Duration::from_secs(20);
const ROLE: &str = "BROOD_TEST_ROLE";
const FD: &str = "BROOD_TEST_FD";

/// This binary again, as `name`.
fn role(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "the_roles_of_the_other_tests",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROLE, name);
    command
}

/// An actor that leads its group and has the read end of a lifeline, as its host would start it.
fn actor(name: &str, lifeline: &impl AsFd) -> Command {
    let fd = lifeline.as_fd().as_raw_fd();
    let mut command = role(name);
    command.env(FD, fd.to_string());
    // SAFETY: both calls are async-signal-safe, and the descriptor is open in the child until the exec.
    unsafe {
        command.pre_exec(move || {
            fcntl_setfd(BorrowedFd::borrow_raw(fd), FdFlags::empty())?;
            rustix::process::setpgid(None, None)?;
            Ok(())
        });
    }
    command
}

fn given_fd() -> OwnedFd {
    let fd: RawFd = env::var(FD).unwrap().parse().unwrap();
    // SAFETY: `actor` left this descriptor open for this process, which does nothing else with it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "brood: {line}").unwrap();
    out.flush().unwrap();
}

/// The next line that a role said; what the test harness prints is left out.
fn hear(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    while from.read_line(&mut line).unwrap() > 0 {
        if let Some((_, said)) = line.split_once("brood: ") {
            return said.trim().to_owned();
        }
        line.clear();
    }
    panic!("it said nothing more");
}

fn busy_child() -> Child {
    Command::new("sh")
        .args(["-c", "while :; do :; done"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn the_roles_of_the_other_tests() {
    let Ok(role) = env::var(ROLE) else { return };
    match role.as_str() {
        "armed" | "armed by a thread" => {
            let fd = given_fd();
            if role == "armed" {
                lifeline::arm(fd.as_fd()).unwrap();
                assert!(
                    !fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC),
                    "its children inherit it"
                );
            } else {
                lifeline::arm_with_thread(given_fd()).unwrap();
            }
            let child = busy_child();
            say(&format!("{} {}", std::process::id(), child.id()));
            loop {
                std::hint::spin_loop();
            }
        }
        "armed late" | "armed late by a thread" => {
            let fd = given_fd();
            let child = busy_child();
            say(&child.id().to_string());
            std::io::stdin().read_exact(&mut [0]).unwrap();
            if role == "armed late" {
                lifeline::arm(fd.as_fd()).unwrap();
                // Only reached where the end was overlooked.
                exit(3);
            }
            lifeline::arm_with_thread(fd).unwrap();
            loop {
                std::hint::spin_loop();
            }
        }
        "not a leader" => {
            let error = lifeline::arm(given_fd().as_fd()).unwrap_err();
            say(&format!("{} {error}", error.errno));
            exit(0);
        }
        "not a leader, by a thread" => {
            lifeline::arm_with_thread(given_fd()).unwrap();
            say("armed");
            loop {
                std::hint::spin_loop();
            }
        }
        "host" => {
            let (reader, _writer) = lifeline::pipe().unwrap();
            let _actor = actor(&env::var("BROOD_TEST_ACTOR").unwrap(), &reader).spawn().unwrap();
            drop(reader);
            loop {
                std::thread::park();
            }
        }
        other => panic!("no such role: {other}"),
    }
}

/// The host is killed while the actor and a child of it are busy for ever.
fn the_host_is_killed(actor: &str) {
    let mut host = role("host")
        .env("BROOD_TEST_ACTOR", actor)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pids = hear(&mut BufReader::new(host.stdout.take().unwrap()));
    let processes: Vec<Pidfd> = pids
        .split(' ')
        .map(|pid| Pidfd::open(pid.parse().unwrap()).unwrap())
        .collect();
    assert_eq!(processes.len(), 2);
    host.kill().unwrap();
    host.wait().unwrap();
    for process in &processes {
        assert_eq!(wait_for(process, SOON).unwrap(), Waited::Ended);
    }
}

#[test]
fn the_end_of_the_host_ends_a_busy_actor_and_its_busy_child() {
    for _ in 0..10 {
        the_host_is_killed("armed");
    }
}

#[test]
fn the_end_of_the_host_ends_them_through_a_thread_as_well() {
    for _ in 0..10 {
        the_host_is_killed("armed by a thread");
    }
}

/// The lifeline has ended before it is armed.
fn the_host_is_gone_already(role: &str) {
    let (reader, writer) = lifeline::pipe().unwrap();
    let mut late = actor(role, &reader)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(reader);
    let said = hear(&mut BufReader::new(late.stdout.take().unwrap()));
    let child = Pidfd::open(said.parse().unwrap()).unwrap();
    drop(writer);
    late.stdin.take().unwrap().write_all(b"!").unwrap();
    assert_eq!(
        wait_for(&Pidfd::open(late.id().cast_signed()).unwrap(), SOON).unwrap(),
        Waited::Ended
    );
    assert_eq!(late.wait().unwrap().signal(), Some(libc::SIGKILL));
    assert_eq!(wait_for(&child, SOON).unwrap(), Waited::Ended, "its child went with it");
}

#[test]
fn an_end_before_arming_is_noticed() {
    the_host_is_gone_already("armed late");
}

#[test]
fn an_end_before_arming_is_noticed_by_a_thread() {
    the_host_is_gone_already("armed late by a thread");
}

#[test]
fn a_write_end_that_is_held_spares_the_actor() {
    let (reader, writer) = lifeline::pipe().unwrap();
    let mut armed = actor("armed", &reader).stdout(Stdio::piped()).spawn().unwrap();
    drop(reader);
    hear(&mut BufReader::new(armed.stdout.take().unwrap()));
    let process = Pidfd::open(armed.id().cast_signed()).unwrap();
    assert_eq!(wait_for(&process, Duration::from_millis(50)).unwrap(), Waited::TimedOut);
    drop(writer);
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    assert_eq!(armed.wait().unwrap().signal(), Some(libc::SIGKILL));
}

#[test]
fn what_an_actor_has_started_ends_with_the_host_when_the_actor_died_first() {
    let (reader, writer) = lifeline::pipe().unwrap();
    let mut armed = actor("armed", &reader).stdout(Stdio::piped()).spawn().unwrap();
    drop(reader);
    let said = hear(&mut BufReader::new(armed.stdout.take().unwrap()));
    let child = Pidfd::open(said.split(' ').nth(1).unwrap().parse().unwrap()).unwrap();
    armed.kill().unwrap();
    armed.wait().unwrap();
    assert_eq!(wait_for(&child, Duration::from_millis(50)).unwrap(), Waited::TimedOut);
    drop(writer);
    assert_eq!(wait_for(&child, SOON).unwrap(), Waited::Ended);
}

#[test]
fn who_leads_no_group_is_refused() {
    let (reader, _writer) = lifeline::pipe().unwrap();
    let mut command = role("not a leader");
    let fd = reader.as_raw_fd();
    // SAFETY: async-signal-safe, and the descriptor is open in the child until the exec.
    unsafe { command.pre_exec(move || Ok(fcntl_setfd(BorrowedFd::borrow_raw(fd), FdFlags::empty())?)) };
    let mut refused = command.env(FD, fd.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let said = hear(&mut BufReader::new(refused.stdout.take().unwrap()));
    assert!(
        said.starts_with(&format!("{} cannot arm the lifeline: ", libc::EINVAL)),
        "{said}"
    );
    assert!(said.contains("process group"), "{said}");
    assert!(refused.wait().unwrap().success());
}

#[test]
fn who_leads_no_group_ends_alone_through_a_thread() {
    let (reader, writer) = lifeline::pipe().unwrap();
    let mut command = role("not a leader, by a thread");
    let fd = reader.as_raw_fd();
    // SAFETY: async-signal-safe, and the descriptor is open in the child until the exec.
    unsafe { command.pre_exec(move || Ok(fcntl_setfd(BorrowedFd::borrow_raw(fd), FdFlags::empty())?)) };
    let mut armed = command.env(FD, fd.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    drop(reader);
    hear(&mut BufReader::new(armed.stdout.take().unwrap()));
    drop(writer);
    assert_eq!(
        wait_for(&Pidfd::open(armed.id().cast_signed()).unwrap(), SOON).unwrap(),
        Waited::Ended
    );
    assert_eq!(armed.wait().unwrap().code(), Some(137));
}

#[test]
fn only_the_read_end_of_a_pipe_is_taken() {
    let (_reader, writer) = lifeline::pipe().unwrap();
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    let writer: OwnedFd = writer.into();
    for (wrong, why) in [(file, "not a pipe"), (writer, "not the read end")] {
        let error = lifeline::arm_with_thread(wrong).unwrap_err();
        assert_eq!(error.errno, libc::EINVAL);
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn both_ends_are_close_on_exec() {
    let (reader, writer) = lifeline::pipe().unwrap();
    assert!(fcntl_getfd(&reader).unwrap().contains(FdFlags::CLOEXEC));
    assert!(fcntl_getfd(&writer).unwrap().contains(FdFlags::CLOEXEC));
}
