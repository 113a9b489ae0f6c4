//! What a child has open, and what its template and host have open afterwards.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use brood_forkserver::host::Event;
use brood_forkserver::kernel::Linux;
use brood_forkserver::runtime::Plain;
use brood_forkserver::status::Status;

use crate::stage::{Stage, open_descriptors, say, stay};

/// The pipe that the handler below makes anew, as libuv does with its own.
static REMADE: [AtomicI32; 2] = [AtomicI32::new(-1), AtomicI32::new(-1)];

fn make_pipe() {
    let mut ends = [0; 2];
    // SAFETY: two numbers are written to memory that is ours.
    assert_eq!(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) }, 0);
    REMADE[0].store(ends[0], Ordering::Relaxed);
    REMADE[1].store(ends[1], Ordering::Relaxed);
}

extern "C" fn remake_pipe() {
    for end in &REMADE {
        // SAFETY: nobody else owns them.
        unsafe { libc::close(end.load(Ordering::Relaxed)) };
    }
    make_pipe();
}

/// As a template of Node is full of them.
fn open_many() {
    make_pipe();
    // SAFETY: the handler calls nothing but what a signal handler may call.
    assert_eq!(unsafe { libc::pthread_atfork(None, None, Some(remake_pipe)) }, 0);
    for _ in 0..5 {
        let _ = File::open("/proc/self/status").unwrap().into_raw_fd();
        let _ = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into_raw_fd();
        // SAFETY: it makes a descriptor that nobody owns.
        unsafe { libc::epoll_create1(0) };
        // SAFETY: as above.
        unsafe { libc::eventfd(0, 0) };
    }
}

#[test]
fn a_child_has_what_it_was_given_and_the_pipe_that_the_fork_made() {
    let mut stage = Stage::with(Linux, Plain, open_many, |child| {
        let remade: Vec<RawFd> = REMADE.iter().map(|end| end.load(Ordering::Relaxed)).collect();
        let found = open_descriptors(child.pid);
        let mut lines = String::new();
        for (fd, link) in found {
            // SAFETY: it is only asked for its flags.
            let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
            let what = match () {
                () if fd <= 2 => "stdio",
                () if child.descriptors.contains(&fd) => "given",
                () if remade.contains(&fd) => "remade",
                () if link == "/dev/null" => "null",
                () if link.starts_with("pipe:") => "lifeline",
                () => panic!("{fd} is {link}"),
            };
            lines += &format!("{what} {flags}\n");
        }
        say(&child, &lines);
        0
    });
    let (own, other) = std::io::pipe().unwrap();
    let mut asked = stage.ask_with(b"", [None; 3], &[own.as_fd(), other.as_fd()]);
    let text = asked.read();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let expected = [
        ["given 1"; 3].as_slice(),
        &["lifeline 0"],
        &["null 1"; 5],
        &["remade 1"; 2],
        &["stdio 0"; 3],
    ];
    assert_eq!(lines, expected.concat());
}

#[test]
fn what_is_given_for_stdio_is_there_and_nowhere_else() {
    let mut stage = Stage::new(|mut child| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        // Not println: the tests take what it prints.
        let write = |fd, text: &str| {
            // SAFETY: 1 and 2 are open, and stay so.
            let mut file = std::mem::ManuallyDrop::new(unsafe { <File as std::os::fd::FromRawFd>::from_raw_fd(fd) });
            file.write_all(text.as_bytes()).unwrap();
        };
        write(1, &format!("out {line}"));
        write(2, &format!("err {}", open_descriptors(child.pid).len()));
        child.payload.clear();
        0
    });
    let (input_end, mut input) = std::io::pipe().unwrap();
    let (mut output, output_end) = std::io::pipe().unwrap();
    let (mut errors, errors_end) = std::io::pipe().unwrap();
    let stdio = [
        Some(input_end.as_fd()),
        Some(output_end.as_fd()),
        Some(errors_end.as_fd()),
    ];
    let asked = stage.ask_with(b"", stdio, &[]);
    drop((input_end, output_end, errors_end));
    writeln!(input, "hello").unwrap();
    let read = |pipe: &mut std::io::PipeReader| {
        let mut text = String::new();
        std::io::Read::read_to_string(pipe, &mut text).unwrap();
        text
    };
    assert_eq!(read(&mut output), "out hello\n");
    // 0 to 2, the lifeline and the channel.
    assert_eq!(read(&mut errors), "err 5");
    drop(asked);
}

#[test]
fn a_template_with_closed_stdio_confuses_nothing() {
    let prepare = || {
        for fd in 0..3 {
            // SAFETY: this process prints nothing.
            unsafe { libc::close(fd) };
        }
    };
    let mut stage = Stage::with(Linux, Plain, prepare, |child| {
        let links: Vec<String> = open_descriptors(child.pid)
            .into_iter()
            .take(3)
            .map(|(_, link)| link)
            .collect();
        say(&child, &links.join(" "));
        0
    });
    let mut asked = stage.ask(b"");
    assert_eq!(asked.read(), "/dev/null /dev/null /dev/null");
}

#[test]
fn a_thousand_forks_leave_what_was_open_before() {
    let mut stage = Stage::new(|child| i32::from(child.payload[0]));
    let turn = |stage: &mut Stage, number: u32| {
        let code = u8::try_from(number % 256).unwrap();
        let (_asked, process) = stage.start(&[code]);
        match stage.next() {
            Event::Exited {
                status, core, failure, ..
            } => {
                assert_eq!((status, core, failure), (Status::Exited(code.into()), false, None));
            }
            other => panic!("expected its end, got {other:?}"),
        }
        drop(process);
    };
    turn(&mut stage, 0);
    let before = open_descriptors(stage.template.pid());
    for number in 1..=1000 {
        turn(&mut stage, number);
    }
    assert_eq!(open_descriptors(stage.template.pid()), before);
    let children = format!("/proc/{0}/task/{0}/children", stage.template.pid());
    assert_eq!(
        fs::read_to_string(children).unwrap(),
        "",
        "none is left, not even a zombie"
    );
}

#[test]
fn no_child_has_what_another_was_given() {
    let mut stage = Stage::new(|child| {
        say(&child, &format!("{}\n", open_descriptors(child.pid).len()));
        stay()
    });
    let mut first = stage.ask(b"");
    let alone = first.read_line();
    let mut others: Vec<_> = (0..10).map(|_| stage.ask(b"")).collect();
    for other in &mut others {
        assert_eq!(other.read_line(), alone);
    }
    // Nobody holds the other end of this one but its child, which ends now.
    drop(first.lifeline);
    assert_eq!(std::io::Read::read(&mut first.channel, &mut [0]).unwrap(), 0);
    assert_ne!(first.channel.as_raw_fd(), -1);
}
