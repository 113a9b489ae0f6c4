//! The watcher with real processes. One test function: it counts threads and descriptors of the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::watch::{Arrivals, Ends, Watch, watch, watch_readable};

const SOON: Duration = Duration::from_secs(20);

struct Told(Sender<u64>);

impl Ends for Told {
    fn ended(&self, id: u64) {
        self.0.send(id).unwrap();
    }
}

impl Arrivals for Told {
    fn arrived(&self, id: u64) {
        self.0.send(id).unwrap();
    }
}

struct Panics;

impl Ends for Panics {
    fn ended(&self, _id: u64) {
        panic!("this text is part of the test");
    }
}

fn told() -> (Arc<dyn Ends>, Receiver<u64>) {
    let (to, from) = channel();
    (Arc::new(Told(to)), from)
}

fn child(script: &str) -> (Child, Pidfd) {
    let child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let process = Pidfd::open(child.id().cast_signed()).unwrap();
    (child, process)
}

fn watchers() -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    threads
        .filter(|thread| {
            let name = fs::read_to_string(thread.as_ref().unwrap().path().join("comm")).unwrap_or_default();
            name.trim() == "brood-watch"
        })
        .count()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Nothing tells of the end of a thread, so this asks.
fn until(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < SOON, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn the_watcher() {
    let before = descriptors();
    for round in [
        many_ends_are_each_reported_once,
        an_end_before_the_watch_is_reported,
        what_is_not_watched_any_more_is_not_reported,
        a_detached_watch_still_reports,
        a_panic_of_one_listener_harms_no_other,
        watching_from_many_threads_loses_nothing,
        something_to_read_is_told_once_for_each_time_that_it_is_asked,
        what_is_not_watched_any_more_has_nothing_to_read,
    ] {
        assert_eq!(watchers(), 0);
        round();
        until("the thread ends when nothing is watched", || watchers() == 0);
        until("its descriptors are closed", || descriptors() == before);
    }
}

fn many_ends_are_each_reported_once() {
    const MANY: u64 = 200;
    let (to, from) = told();
    let mut children = HashMap::new();
    let mut watches = Vec::new();
    for id in 0..MANY {
        // Each ends at the end of its input.
        let (child, process) = child("read line; exit 1");
        watches.push(watch(&process, id, Arc::clone(&to)).unwrap());
        children.insert(id, child);
    }
    until("one thread, whatever is watched", || watchers() == 1);
    assert_eq!(from.try_recv().ok(), None, "nobody has ended");
    for (id, child) in &mut children {
        // Some end by themselves, some are killed, and some are reaped before the watcher may have seen them.
        if id % 3 == 0 {
            child.kill().unwrap();
        } else {
            drop(child.stdin.take());
        }
        if id % 5 == 0 {
            child.wait().unwrap();
        }
    }
    let mut reported: Vec<u64> = (0..MANY).map(|_| from.recv_timeout(SOON).unwrap()).collect();
    reported.sort_unstable();
    assert_eq!(reported, (0..MANY).collect::<Vec<_>>());
    for child in children.values_mut() {
        child.wait().unwrap();
    }
    // The thread is gone or going, and holds no sender any more when it is: nothing else can come.
    drop(to);
    drop(watches);
    assert_eq!(from.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
}

fn an_end_before_the_watch_is_reported() {
    let (to, from) = told();
    let (mut child, process) = child("exit 0");
    child.wait().unwrap();
    let _watch = watch(&process, 9, to).unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(9));
    assert_eq!(from.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
}

fn what_is_not_watched_any_more_is_not_reported() {
    let (to, from) = told();
    let (mut first, first_process) = child("read line");
    let (mut second, second_process) = child("read line");
    let first_watch = watch(&first_process, 1, Arc::clone(&to)).unwrap();
    let _second_watch = watch(&second_process, 2, to).unwrap();
    drop(first_watch);
    first.kill().unwrap();
    first.wait().unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(2));
    assert_eq!(from.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
}

fn a_detached_watch_still_reports() {
    let (to, from) = told();
    let (mut child, process) = child("read line");
    watch(&process, 4, to).unwrap().detach();
    drop(process);
    child.kill().unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(4));
    child.wait().unwrap();
}

fn a_panic_of_one_listener_harms_no_other() {
    let (to, from) = told();
    let (mut loud, loud_process) = child("read line");
    let (mut quiet, quiet_process) = child("read line");
    let _loud = watch(&loud_process, 1, Arc::new(Panics)).unwrap();
    let _quiet = watch(&quiet_process, 2, to).unwrap();
    loud.kill().unwrap();
    loud.wait().unwrap();
    quiet.kill().unwrap();
    quiet.wait().unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(2));
}

fn watching_from_many_threads_loses_nothing() {
    const EACH: u64 = 25;
    let (to, from) = told();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let to = Arc::clone(&to);
            scope.spawn(move || {
                for id in 0..EACH {
                    // Short lives: the watcher's thread ends and starts all the time.
                    let (mut child, process) = child("exit 0");
                    let watching: Watch = watch(&process, thread * EACH + id, Arc::clone(&to)).unwrap();
                    child.wait().unwrap();
                    if id % 2 == 0 { watching.detach() } else { drop(watching) }
                }
            });
        }
    });
    drop(to);
    let mut reported = Vec::new();
    while let Ok(id) = from.recv_timeout(SOON) {
        reported.push(id);
    }
    reported.sort_unstable();
    let once = reported.len();
    reported.dedup();
    assert_eq!(reported.len(), once, "each at most once");
    for id in 0..4 * EACH {
        assert!(id % EACH % 2 == 1 || reported.contains(&id), "{id} was lost");
    }
}

fn something_to_read_is_told_once_for_each_time_that_it_is_asked() {
    let (to, from) = channel();
    let (mut reader, mut writer) = UnixStream::pair().unwrap();
    let watched: Arc<OwnedFd> = Arc::new(reader.try_clone().unwrap().into());
    let watching = watch_readable(&watched, 3, Arc::new(Told(to))).unwrap();
    assert_eq!(from.try_recv().ok(), None);
    writer.write_all(b"ab").unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(3));
    writer.write_all(b"c").unwrap();
    // Still not all of it was read.
    reader.read_exact(&mut [0]).unwrap();
    assert_eq!(
        from.recv_timeout(Duration::from_millis(50)),
        Err(RecvTimeoutError::Timeout)
    );
    watching.again().unwrap();
    assert_eq!(from.recv_timeout(SOON), Ok(3));
    reader.read_exact(&mut [0; 2]).unwrap();
    watching.again().unwrap();
    assert_eq!(
        from.recv_timeout(Duration::from_millis(50)),
        Err(RecvTimeoutError::Timeout)
    );
    drop(writer);
    assert_eq!(from.recv_timeout(SOON), Ok(3));
    assert_eq!(
        from.recv_timeout(Duration::from_millis(50)),
        Err(RecvTimeoutError::Timeout)
    );
}

fn what_is_not_watched_any_more_has_nothing_to_read() {
    let (to, from) = channel();
    let (reader, mut writer) = UnixStream::pair().unwrap();
    let watched: Arc<OwnedFd> = Arc::new(reader.into());
    watch_readable(&watched, 3, Arc::new(Told(to))).unwrap().stop();
    writer.write_all(b"a").unwrap();
    assert_eq!(from.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
}
