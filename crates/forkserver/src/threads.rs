//! The threads of this process, as the kernel shows them: who wants to fork must know of each.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};

use crate::sys;

/// Threads of ours that have been asked for and have not run yet: until then they have the name of who asked.
static BEGINNING: AtomicUsize = AtomicUsize::new(0);

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its number; that of the process in the first one.
    pub tid: i32,
    /// As it was named, at most 15 bytes; without a name of its own, as the one that has started it.
    pub name: String,
    /// `S`: asleep; `R`: running; see `/proc`.
    pub state: char,
}

/// All threads of this process, the first one first. One that ends meanwhile is left out.
///
/// # Errors
/// `EMFILE`, `ENFILE`, `ENOENT` where there is no `/proc`.
pub fn threads() -> io::Result<Vec<Thread>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        let tid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(tid) = tid else { continue };
        match fs::read(entry.path().join("stat")) {
            Ok(stat) => found.extend(parse(tid, &stat)),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ESRCH)) => {}
            Err(error) => return Err(error),
        }
    }
    found.sort_by_key(|thread| thread.tid);
    Ok(found)
}

/// How many threads of ours have no name of their own yet.
#[must_use]
pub fn beginning() -> usize {
    BEGINNING.load(Ordering::Acquire)
}

/// Starts a thread that hears no signals.
pub(crate) fn start(name: &str, stack: usize, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    BEGINNING.fetch_add(1, Ordering::AcqRel);
    let started = sys::with_signals_blocked(|| {
        Builder::new().name(name.into()).stack_size(stack).spawn(move || {
            // It is named before it gets here.
            BEGINNING.fetch_sub(1, Ordering::AcqRel);
            work();
        })
    });
    if started.is_err() {
        BEGINNING.fetch_sub(1, Ordering::AcqRel);
    }
    started
}

/// `tid (name) state ...`, where the name may hold anything.
fn parse(tid: i32, stat: &[u8]) -> Option<Thread> {
    let start = stat.iter().position(|&byte| byte == b'(')? + 1;
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let state = *stat.get(end + 2)?;
    Some(Thread {
        tid,
        name: String::from_utf8_lossy(stat.get(start..end)?).into_owned(),
        state: state.into(),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure here fails the test")]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_of_ours_that_has_run_has_its_name() {
        let (told, tells) = channel::<()>();
        let (ready, is_ready) = channel();
        let thread = start("brood-tested", 64 * 1024, move || {
            ready.send(()).unwrap();
            tells.recv().unwrap();
        })
        .unwrap();
        is_ready.recv().unwrap();
        assert_eq!(beginning(), 0);
        assert!(threads().unwrap().iter().any(|thread| thread.name == "brood-tested"));
        told.send(()).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn a_thread_is_listed_while_it_lives() {
        let (told, tells) = channel::<()>();
        let (ready, is_ready) = channel();
        let sleeper = Builder::new()
            .name("a) S (b".into())
            .spawn(move || {
                ready.send(()).unwrap();
                tells.recv().unwrap_err();
            })
            .unwrap();
        is_ready.recv().unwrap();
        let count = || {
            threads()
                .unwrap()
                .iter()
                .filter(|thread| thread.name == "a) S (b")
                .count()
        };
        assert_eq!(count(), 1);
        let own = std::process::id().cast_signed();
        assert!(threads().unwrap().iter().any(|thread| thread.tid == own));
        drop(told);
        sleeper.join().unwrap();
        assert_eq!(count(), 0);
    }

    #[test]
    fn what_is_not_a_stat_is_no_thread() {
        for text in ["", "1", "1 (", "1 )(", "1 (a)", "1 (a) "] {
            assert_eq!(parse(1, text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse(7, b"7 (a) R 1").unwrap().state, 'R');
    }
}
