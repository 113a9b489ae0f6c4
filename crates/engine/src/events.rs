//! What actors and loads tell their owner: one queue per owner, drained in batches. The wake-up is called once until the next
//! drain, however much comes. What a guest can fill it with is bounded per actor and over all of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::failure::Failure;
use crate::loader::Loaded;
use crate::value::Value;

/// One thing that happened.
#[derive(Debug)]
pub struct Event {
    /// The actor or the request that it is about.
    pub subject: u32,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// A load is done.
    Loaded(Arc<Loaded>),
    /// A load failed.
    LoadFailed(Failure),
    /// An actor runs.
    Started,
    /// Whole frames of a JavaScript actor.
    Bytes(Vec<u8>),
    /// So many bytes wait in the inbox of a JavaScript actor that had been full.
    Drained(usize),
    /// The value of a call.
    Result(u32, Value),
    /// The error that a call's `result` carries.
    Failed(u32, Value),
    /// A call that was not made: the actor lives on.
    Refused(u32, Failure),
    /// An actor is gone; nothing follows. With the CPU time it took, in ms.
    Ended(f64, Failure),
    /// A line of standard output (1) or error (2), safe to print.
    Output(u8, String),
    /// A log record of a JavaScript actor, safe to print.
    Log(u8, String),
}

/// Bytes of frames or answers that one actor may have waiting for its owner: as much as the other direction (design section 5).
/// An answer may be longer; nothing is added behind it then.
pub(crate) const ACTOR_BYTES: usize = 256 << 10;
/// Frames or answers of one actor that may wait: the owner takes about a microsecond for each.
pub(crate) const ACTOR_FRAMES: usize = 1_000;
/// Bytes that all actors of an owner may have waiting; above it each waits for its turn.
const ALL_BYTES: usize = 64 << 20;

/// The queue of one owner.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    bytes: AtomicUsize,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(Event, Option<Held>)>,
    /// The owner was woken and has not come yet.
    woken: bool,
    closed: bool,
}

/// What an event in the queue takes of its actor's share; given back when the owner takes it.
struct Held {
    share: Arc<Share>,
    bytes: usize,
    frames: usize,
}

/// How much of the queue one actor fills.
#[derive(Debug, Default)]
pub(crate) struct Share {
    state: Mutex<Filled>,
}

#[derive(Debug, Default)]
struct Filled {
    bytes: usize,
    frames: usize,
    waiting: Option<Waker>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("waiting", &self.state().queue.len())
            .finish()
    }
}

impl Events {
    /// A queue whose owner is woken by `wake`, on any thread. It must not block, nor come back to this queue.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            bytes: AtomicUsize::new(0),
            wake: Box::new(wake),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the owner.
    pub(crate) fn push(&self, subject: u32, what: What) {
        self.add(Event { subject, what }, None);
    }

    /// Tells the owner of frames, which count against the actor's share until they are taken.
    pub(crate) fn push_frames(&self, subject: u32, bytes: Vec<u8>, frames: usize, share: &Arc<Share>) {
        let size = bytes.len();
        self.push_held(subject, What::Bytes(bytes), size, frames, share);
    }

    /// Tells the owner of an answer, which counts against the actor's share like a frame of its size.
    pub(crate) fn push_answer(&self, subject: u32, answer: What, bytes: usize, share: &Arc<Share>) {
        self.push_held(subject, answer, bytes, 1, share);
    }

    fn push_held(&self, subject: u32, what: What, bytes: usize, frames: usize, share: &Arc<Share>) {
        let held = Held {
            share: Arc::clone(share),
            bytes,
            frames,
        };
        self.0.bytes.fetch_add(held.bytes, Ordering::Relaxed);
        {
            let mut filled = share.lock();
            filled.bytes += held.bytes;
            filled.frames += held.frames;
        }
        self.add(Event { subject, what }, Some(held));
    }

    fn add(&self, event: Event, held: Option<Held>) {
        let wake = {
            let mut state = self.state();
            if state.closed {
                drop(state);
                self.release(held);
                return;
            }
            state.queue.push_back((event, held));
            !std::mem::replace(&mut state.woken, true)
        };
        if wake {
            (self.0.wake)();
        }
    }

    /// Whether an actor may add frames now; else `waker` is woken when it may.
    pub(crate) fn has_room(&self, share: &Share, waker: &Waker) -> bool {
        let mut filled = share.lock();
        let full = filled.bytes >= ACTOR_BYTES
            || filled.frames >= ACTOR_FRAMES
            || (filled.bytes > 0 && self.0.bytes.load(Ordering::Relaxed) >= ALL_BYTES);
        if full {
            filled.waiting = Some(waker.clone());
        }
        !full
    }

    /// Settles when an actor may add more.
    pub(crate) async fn room(&self, share: &Share) {
        std::future::poll_fn(|cx| {
            if self.has_room(share, cx.waker()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Takes events in their order, at most `events` of them and not many more than `bytes` bytes of frames and answers.
    /// When more is left the owner is woken again.
    pub fn drain(&self, events: usize, bytes: usize) -> Vec<Event> {
        let mut taken = Vec::new();
        let mut released = Vec::new();
        let mut size = 0;
        let more = {
            let mut state = self.state();
            while taken.len() < events && size < bytes {
                let Some((event, held)) = state.queue.pop_front() else {
                    break;
                };
                size += held.as_ref().map_or(0, |held| held.bytes);
                released.push(held);
                taken.push(event);
            }
            state.woken = !state.queue.is_empty();
            state.woken
        };
        for held in released {
            self.release(held);
        }
        if more {
            (self.0.wake)();
        }
        taken
    }

    fn release(&self, held: Option<Held>) {
        let Some(held) = held else { return };
        self.0.bytes.fetch_sub(held.bytes, Ordering::Relaxed);
        let waiting = {
            let mut filled = held.share.lock();
            filled.bytes -= held.bytes;
            filled.frames -= held.frames;
            if filled.bytes < ACTOR_BYTES / 2 && filled.frames < ACTOR_FRAMES / 2 {
                filled.waiting.take()
            } else {
                None
            }
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// The owner is gone: nothing is kept from now on.
    pub fn close(&self) {
        let queue = {
            let mut state = self.state();
            state.closed = true;
            std::mem::take(&mut state.queue)
        };
        for (_event, held) in queue {
            self.release(held);
        }
    }
}

impl Share {
    fn lock(&self) -> MutexGuard<'_, Filled> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> (Events, Arc<AtomicUsize>) {
        let wakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&wakes);
        (
            Events::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
            }),
            wakes,
        )
    }

    #[test]
    fn the_owner_is_woken_once_until_it_drains() {
        let (events, wakes) = counted();
        for _ in 0..10 {
            events.push(1, What::Started);
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        assert_eq!(events.drain(100, 100).len(), 10);
        events.push(1, What::Started);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_drain_is_bounded_and_calls_for_the_next_one() {
        let (events, wakes) = counted();
        for _ in 0..10 {
            events.push(1, What::Started);
        }
        assert_eq!(events.drain(4, 100).len(), 4);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
        assert_eq!(events.drain(100, 100).len(), 6);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_actor_that_fills_its_share_has_no_room_until_half_of_it_was_taken_and_others_have_theirs() {
        let (events, _) = counted();
        let (full, other) = (Arc::new(Share::default()), Share::default());
        for _ in 0..4 {
            assert!(events.has_room(&full, Waker::noop()));
            events.push_frames(1, vec![0; ACTOR_BYTES / 4], 1, &full);
        }
        assert!(!events.has_room(&full, Waker::noop()));
        assert!(events.has_room(&other, Waker::noop()));
        drop(events.drain(1, usize::MAX));
        assert!(events.has_room(&full, Waker::noop()));
    }

    #[test]
    fn many_small_frames_fill_a_share_like_many_bytes() {
        let (events, _) = counted();
        let share = Arc::new(Share::default());
        events.push_frames(1, vec![0; 10], ACTOR_FRAMES, &share);
        assert!(!events.has_room(&share, Waker::noop()));
    }

    #[test]
    fn a_closed_queue_keeps_nothing_and_holds_nobody_up() {
        let (events, _) = counted();
        let share = Arc::new(Share::default());
        events.push_frames(1, vec![0; ACTOR_BYTES], 1, &share);
        events.close();
        assert!(events.has_room(&share, Waker::noop()));
        events.push_frames(1, vec![0; ACTOR_BYTES], 1, &share);
        assert!(events.has_room(&share, Waker::noop()));
        assert!(events.drain(10, usize::MAX).is_empty());
    }
}
