//! Reports the end of each watched process exactly once, and what there is to read once for each time that it is asked to, from
//! one thread, without polling intervals.
//!
//! The thread `brood-watch` starts with the first that is watched and ends when nothing is watched any more. The kernel wakes
//! it; in between it sleeps.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::pidfd::Pidfd;
use crate::threads;

/// Who is told. Called on the watcher's thread, under its lock: be quick, and call nothing of this module.
pub trait Ends: Send + Sync {
    /// The process that was watched under `id` has ended. It may still have to be reaped.
    fn ended(&self, id: u64);
}

/// Who is told of something to read. Called as [`Ends`] is.
pub trait Arrivals: Send + Sync {
    /// What was watched under `id` has something to read, or nobody writes to it any more. Nothing is told again before
    /// [`Watch::again`].
    fn arrived(&self, id: u64);
}

/// Something being watched. Dropping it stops that; afterwards nothing is reported.
#[derive(Debug)]
#[must_use = "dropping it stops the watching"]
pub struct Watch {
    key: u64,
}

struct Watched {
    id: u64,
    what: What,
}

enum What {
    Process(Pidfd, Arc<dyn Ends>),
    Readable(Arc<OwnedFd>, Arc<dyn Arrivals>),
}

impl AsFd for What {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Process(process, _) => process.as_fd(),
            Self::Readable(descriptor, _) => descriptor.as_fd(),
        }
    }
}

impl What {
    /// What the kernel tells of. It tells of something to read once, and then waits to be asked again.
    fn events(&self) -> EventFlags {
        match self {
            Self::Process(..) => EventFlags::IN,
            Self::Readable(..) => EventFlags::IN | EventFlags::ONESHOT,
        }
    }
}

struct Watcher {
    poll: Arc<Poll>,
    watched: HashMap<u64, Watched>,
}

struct Poll {
    epoll: OwnedFd,
    /// Made readable to have the thread look whether anything is left to watch.
    wake: OwnedFd,
}

/// The key of `wake`; those of processes begin at 1.
const WAKE: u64 = 0;
static NEXT_KEY: AtomicU64 = AtomicU64::new(1);
/// `Some` exactly while the thread runs. Only the thread sets it to `None`.
static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

fn watcher() -> MutexGuard<'static, Option<Watcher>> {
    WATCHER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reports the end of `process` to `to` under `id`, once; at once if it has ended.
///
/// # Errors
/// `EMFILE`, `ENOMEM`, `EAGAIN` if the thread could not be started. Nothing is watched then.
pub fn watch(process: &Pidfd, id: u64, to: Arc<dyn Ends>) -> io::Result<Watch> {
    add(Watched {
        id,
        what: What::Process(process.clone(), to),
    })
}

/// Tells `to`, under `id`, once, that there is something to read from `descriptor`; at once if there is.
///
/// # Errors
/// As [`watch`].
pub fn watch_readable(descriptor: &Arc<OwnedFd>, id: u64, to: Arc<dyn Arrivals>) -> io::Result<Watch> {
    add(Watched {
        id,
        what: What::Readable(Arc::clone(descriptor), to),
    })
}

fn add(watched: Watched) -> io::Result<Watch> {
    let key = NEXT_KEY.fetch_add(1, Ordering::Relaxed);
    let mut guard = watcher();
    let running = match &mut *guard {
        Some(running) => running,
        empty => empty.insert(start()?),
    };
    let events = watched.what.events();
    if let Err(error) = epoll::add(&running.poll.epoll, &watched.what, EventData::new_u64(key), events) {
        running.end_if_idle();
        return Err(error.into());
    }
    running.watched.insert(key, watched);
    Ok(Watch { key })
}

impl Watch {
    /// Tells once more of something to read; at once if there is.
    ///
    /// # Errors
    /// `ENOMEM`. Nothing is told then.
    pub fn again(&self) -> io::Result<()> {
        let guard = watcher();
        let Some(running) = &*guard else { return Ok(()) };
        let Some(watched) = running.watched.get(&self.key) else {
            return Ok(());
        };
        let events = watched.what.events();
        Ok(epoll::modify(
            &running.poll.epoll,
            &watched.what,
            EventData::new_u64(self.key),
            events,
        )?)
    }

    /// Stops watching: afterwards nothing is reported.
    pub fn stop(self) {}

    /// Goes on watching without the handle: the end will be reported.
    pub fn detach(self) {
        std::mem::forget(self);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut guard = watcher();
        let Some(running) = &mut *guard else { return };
        let removed = running.remove(self.key);
        if removed.is_some() {
            running.end_if_idle();
        }
        drop(guard);
        // What is dropped with it is not ours; it may be anything but under the lock.
        drop(removed);
    }
}

/// While this lives the watcher's thread is in no call of anybody's and holds nothing.
pub(crate) struct Paused(MutexGuard<'static, Option<Watcher>>);

/// Before a fork of this process, which takes the calling thread along and no other.
pub(crate) fn pause() -> Paused {
    Paused(watcher())
}

impl Paused {
    /// In the child: it has no such thread, and what was watched is not its concern. Nothing of it is dropped, since its descriptors
    /// are not what they were.
    pub(crate) fn forget(mut self) {
        std::mem::forget(self.0.take());
    }
}

impl Watcher {
    fn remove(&mut self, key: u64) -> Option<Watched> {
        let watched = self.watched.remove(&key)?;
        // Other clones may keep the descriptor open, and an open descriptor stays in the epoll.
        let _ = epoll::delete(&self.poll.epoll, &watched.what);
        Some(watched)
    }

    fn end_if_idle(&self) {
        if self.watched.is_empty() {
            let _ = rustix::io::write(&self.poll.wake, &1_u64.to_ne_bytes());
        }
    }
}

fn start() -> io::Result<Watcher> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    epoll::add(&epoll, &wake, EventData::new_u64(WAKE), EventFlags::IN)?;
    let poll = Arc::new(Poll { epoll, wake });
    let polled = Arc::clone(&poll);
    threads::start("brood-watch", 128 * 1024, move || run(&polled))?;
    Ok(Watcher {
        poll,
        watched: HashMap::new(),
    })
}

fn run(poll: &Poll) {
    let mut events = Vec::with_capacity(64);
    loop {
        events.clear();
        match epoll::wait(poll.epoll.as_fd(), spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            // Not possible with a descriptor of our own. Ending would leave ends unreported for ever; so would spinning.
            Err(error) => panic!("brood-watch cannot wait: {error}"),
        }
        let mut guard = watcher();
        let Some(running) = &mut *guard else { return };
        let mut reported = Vec::new();
        for event in &events {
            let key = event.data.u64();
            if key == WAKE {
                let _ = rustix::io::read(&poll.wake, &mut [0; 8]);
                continue;
            }
            match running.watched.get(&key) {
                None => {}
                Some(Watched {
                    id,
                    what: What::Readable(_, to),
                }) => {
                    let _ = catch_unwind(AssertUnwindSafe(|| to.arrived(*id)));
                }
                Some(Watched {
                    id,
                    what: What::Process(process, to),
                }) => {
                    process.note_end();
                    let _ = catch_unwind(AssertUnwindSafe(|| to.ended(*id)));
                    reported.extend(running.remove(key));
                }
            }
        }
        let idle = running.watched.is_empty();
        let ended = if idle { guard.take() } else { None };
        drop(guard);
        // As in `Watch::drop`: nothing of others is dropped under the lock.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(reported)));
        if ended.is_some() {
            return;
        }
    }
}
