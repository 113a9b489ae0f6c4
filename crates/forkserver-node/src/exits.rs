//! The ends that an environment has not heard of yet: one queue, and one call of JavaScript for all that is in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::environment::Environment;
use crate::failure::{Result, from_napi};

/// Wakes JavaScript. Weak: it does not keep the event loop alive.
type Wake = ThreadsafeFunction<(), (), Vec<i64>, Status, false, true, 0>;

/// The queue of one environment.
#[derive(Default)]
pub(crate) struct Exits(Mutex<State>);

#[derive(Default)]
struct State {
    ended: Vec<i64>,
    wake: Option<Arc<Wake>>,
    /// A call of JavaScript is on its way and will take all that is here by then.
    woken: bool,
    closed: bool,
}

impl Exits {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `callback` is told, also of what was not told yet. `of` is the environment that has this queue.
    pub(crate) fn tell(&self, of: &Arc<Environment>, callback: &Function<'_, Vec<i64>, ()>) -> Result<()> {
        let environment = Arc::downgrade(of);
        let wake = callback
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(move |_context| {
                Ok(environment
                    .upgrade()
                    .map_or_else(Vec::new, |environment| environment.exits.take()))
            })
            .map_err(from_napi)?;
        let mut state = self.state();
        let before = state.wake.replace(Arc::new(wake));
        // A call on its way through the callback before would take what is for this one.
        state.woken = false;
        if !state.ended.is_empty() {
            state.call();
        }
        drop(state);
        drop(before);
        Ok(())
    }

    /// On any thread: what is watched as `id` has ended.
    pub(crate) fn push(&self, id: i64) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.ended.push(id);
        if !state.woken {
            state.call();
        }
    }

    fn take(&self) -> Vec<i64> {
        let mut state = self.state();
        state.woken = false;
        std::mem::take(&mut state.ended)
    }

    /// Nobody wants to hear of `id` any more.
    pub(crate) fn forget(&self, id: i64) {
        self.state().ended.retain(|&ended| ended != id);
    }

    /// The environment is going: nothing is queued and nobody is called from now on.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.ended.clear();
        let wake = state.wake.take();
        drop(state);
        drop(wake);
    }
}

impl State {
    fn call(&mut self) {
        if let Some(wake) = &self.wake {
            self.woken = wake.call((), ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok;
        }
    }
}
