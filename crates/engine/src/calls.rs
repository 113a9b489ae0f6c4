//! The calls that wait for a component: one runs at a time, in the order in which they came, and one that has not begun can be
//! taken back.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::value::Value;

/// A call that waits.
pub(crate) struct Call {
    pub(crate) id: u32,
    /// Index of the export in the component's list.
    pub(crate) export: usize,
    pub(crate) args: Vec<Value>,
}

/// The queue of one component.
#[derive(Default)]
pub(crate) struct Calls(Mutex<State>);

#[derive(Default)]
struct State {
    queue: VecDeque<Call>,
    closed: bool,
    waker: Option<Waker>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, call: Call) {
        let waker = {
            let mut state = self.state();
            if state.closed {
                return;
            }
            state.queue.push_back(call);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes a call back. False: it has begun, or never was.
    pub(crate) fn withdraw(&self, id: u32) -> bool {
        let mut state = self.state();
        let found = state.queue.iter().position(|call| call.id == id);
        found.and_then(|at| state.queue.remove(at)).is_some()
    }

    /// No call begins from now on.
    pub(crate) fn close(&self) {
        let waker = {
            let mut state = self.state();
            state.closed = true;
            state.queue.clear();
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The next call to run; none once the queue is closed.
    pub(crate) async fn next(&self) -> Option<Call> {
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            if state.closed {
                return Poll::Ready(None);
            }
            if let Some(call) = state.queue.pop_front() {
                return Poll::Ready(Some(call));
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}
