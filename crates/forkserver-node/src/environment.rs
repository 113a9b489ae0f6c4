//! What one environment (the main thread, or one Worker) has open, and its end.
//!
//! When a Worker ends, by itself or by `terminate()`, its actors end with it: each is killed with its group and reaped,
//! since nobody else in this process would ever wait for them. At the end of the main thread the process itself ends, which
//! ends every lifeline; nothing is killed or waited for there.

use std::collections::{HashMap, HashSet};
use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brood_forkserver::abandon::end_abandoned;
use brood_forkserver::holders::{PipeId, children_holding, inode};
use brood_forkserver::pidfd::Pidfd;
use napi::Env;

use crate::exits::Exits;
use crate::failure::{Result, from_napi};

/// How long the end of a Worker may take on account of its actors. A killed process takes a few milliseconds.
const END_WITHIN: Duration = Duration::from_millis(200);

/// What an environment has open.
#[derive(Default)]
pub(crate) struct Environment {
    pub(crate) exits: Exits,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    processes: HashMap<u64, Pidfd>,
    next: u64,
    lifelines: HashSet<PipeId>,
    /// Descriptors whose numbers JavaScript has, each with the inode that it stands for: if JavaScript is stopped now, it may
    /// or may not have given them to something that closes them.
    descriptors: HashMap<RawFd, u64>,
}

impl Environment {
    /// The one that the call comes from.
    pub(crate) fn of(env: Env) -> Result<Arc<Self>> {
        if let Some(found) = env.get_instance_data::<Arc<Self>>().map_err(from_napi)? {
            return Ok(Arc::clone(found));
        }
        let made = Arc::new(Self::default());
        env.set_instance_data(Arc::clone(&made), (), |_context| {})
            .map_err(from_napi)?;
        // Hooks run in the reverse order of their making: this one before Node finalises the objects of the addon, since
        // that hook was made when the addon was loaded. So the lifelines still hold when this one looks for them.
        env.add_env_cleanup_hook(Arc::clone(&made), |environment| {
            let _ = catch_unwind(AssertUnwindSafe(|| environment.end()));
        })
        .map_err(from_napi)?;
        Ok(made)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a process until it is let go, or the environment ends.
    pub(crate) fn keep(&self, process: Pidfd) -> u64 {
        let mut open = self.open();
        open.next += 1;
        let key = open.next;
        open.processes.insert(key, process);
        key
    }

    /// The process is not this environment's concern any more.
    pub(crate) fn let_go(&self, key: u64) {
        self.open().processes.remove(&key);
    }

    pub(crate) fn lifeline_opened(&self, pipe: PipeId) {
        self.open().lifelines.insert(pipe);
    }

    pub(crate) fn lifeline_released(&self, pipe: PipeId) {
        self.open().lifelines.remove(&pipe);
    }

    /// Hands a descriptor to JavaScript. Should the environment end before it is taken, it is closed if it still is the same.
    pub(crate) fn lend(&self, descriptor: OwnedFd) -> RawFd {
        let inode = inode(&descriptor).ok();
        let fd = descriptor.into_raw_fd();
        self.open().descriptors.extend(inode.map(|inode| (fd, inode)));
        fd
    }

    /// The descriptor is JavaScript's concern alone. False: it was so already.
    pub(crate) fn taken(&self, fd: RawFd) -> bool {
        self.open().descriptors.remove(&fd).is_some()
    }

    fn end(&self) {
        self.exits.close();
        let open = std::mem::take(&mut *self.open());
        if !is_main_thread() {
            close_those_left(open.descriptors);
            let mut processes: Vec<Pidfd> = open.processes.into_values().collect();
            let known: HashSet<i32> = processes.iter().map(Pidfd::pid).collect();
            // `terminate()` may have come between the start of an actor and the opening of its handle.
            let found = children_holding(&open.lifelines);
            processes.extend(found.into_iter().filter(|process| !known.contains(&process.pid())));
            end_abandoned(&processes, END_WITHIN);
        }
    }
}

/// Node has closed by now what it was given: a number that still stands for the same inode was given to nobody.
fn close_those_left(descriptors: HashMap<RawFd, u64>) {
    for (fd, lent) in descriptors {
        // SAFETY: it is only looked at; a number that is not open gives EBADF.
        let found = inode(&unsafe { BorrowedFd::borrow_raw(fd) });
        if found.is_ok_and(|found| found == lent) {
            // SAFETY: it is ours, see above.
            unsafe { libc::close(fd) };
        }
    }
}

/// Whether this is the thread that the process began with, whose environment ends only with the process.
fn is_main_thread() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY: neither call takes or touches memory.
    return unsafe { libc::gettid() == libc::getpid() };
    // There are no handles elsewhere, and so nothing to do either way.
    #[cfg(not(target_os = "linux"))]
    true
}
