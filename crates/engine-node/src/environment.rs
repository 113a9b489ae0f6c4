//! What one environment (the main thread, or one Worker) has: its queue of events, its components and its actors. When it ends,
//! its actors are killed; those of others go on. In a process that was forked all of it is the parent's, and is left alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use brood_engine::actor::Actor;
use brood_engine::events::Events;
use brood_engine::loader::Loaded;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};

use crate::failure::{Result, argument, from_napi};

/// Wakes JavaScript. Weak: it does not keep the event loop alive.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 0>;

/// One environment. Only its own thread touches it, but for the wake-up.
pub(crate) struct Environment(RefCell<Held>);

struct Held {
    events: Events,
    wake: Arc<Mutex<Option<Wake>>>,
    components: HashMap<u32, Arc<Loaded>>,
    next_component: u32,
    actors: HashMap<u32, Actor>,
}

impl Held {
    fn new() -> Self {
        let wake: Arc<Mutex<Option<Wake>>> = Arc::default();
        let waker = Arc::clone(&wake);
        Self {
            events: Events::new(move || {
                if let Some(wake) = &*waker.lock().unwrap_or_else(PoisonError::into_inner) {
                    wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
                }
            }),
            wake,
            components: HashMap::new(),
            next_component: 0,
            actors: HashMap::new(),
        }
    }
}

impl Environment {
    /// The one that the call comes from.
    pub(crate) fn of(env: Env) -> Result<Rc<Self>> {
        if let Some(found) = env.get_instance_data::<Rc<Self>>().map_err(from_napi)? {
            return Ok(Rc::clone(found));
        }
        let made = Rc::new(Self(RefCell::new(Held::new())));
        env.set_instance_data(Rc::clone(&made), (), |_context| {})
            .map_err(from_napi)?;
        env.add_env_cleanup_hook(Rc::clone(&made), |environment| {
            let _ = catch_unwind(AssertUnwindSafe(|| environment.end()));
        })
        .map_err(from_napi)?;
        Ok(made)
    }

    pub(crate) fn events(&self) -> Events {
        self.0.borrow().events.clone()
    }

    /// In a process that was just forked. Nothing is dropped: a lock in it may be held by a thread that is not there.
    pub(crate) fn abandon(&self) {
        std::mem::forget(self.0.replace(Held::new()));
    }

    /// From now on `callback` is called when there is something to drain.
    pub(crate) fn wake_by(&self, callback: &Function<'_, (), ()>) -> Result<()> {
        let wake = callback
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build()
            .map_err(from_napi)?;
        let slot = Arc::clone(&self.0.borrow().wake);
        let before = slot.lock().unwrap_or_else(PoisonError::into_inner).replace(wake);
        drop(before);
        Ok(())
    }

    /// Keeps a component, and gives it a number.
    pub(crate) fn add(&self, loaded: Arc<Loaded>) -> u32 {
        let mut held = self.0.borrow_mut();
        held.next_component += 1;
        let number = held.next_component;
        held.components.insert(number, loaded);
        number
    }

    pub(crate) fn component(&self, number: u32) -> Option<Arc<Loaded>> {
        self.0.borrow().components.get(&number).map(Arc::clone)
    }

    pub(crate) fn unload(&self, number: u32) {
        self.0.borrow_mut().components.remove(&number);
    }

    /// Before an actor is started: one that is refused afterwards would end under the number of the other.
    pub(crate) fn claim(&self, number: u32) -> Result<()> {
        if self.0.borrow().actors.contains_key(&number) {
            return Err(argument(&format!("start: the number {number} is in use")));
        }
        Ok(())
    }

    pub(crate) fn keep(&self, number: u32, actor: Actor) {
        self.0.borrow_mut().actors.insert(number, actor);
    }

    pub(crate) fn with<T>(&self, number: u32, work: impl FnOnce(&Actor) -> T) -> Option<T> {
        self.0.borrow().actors.get(&number).map(work)
    }

    /// The actor is gone.
    pub(crate) fn forget(&self, number: u32) {
        self.0.borrow_mut().actors.remove(&number);
    }

    pub(crate) fn counts(&self) -> (u32, u32) {
        let held = self.0.borrow();
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (count(held.actors.len()), count(held.components.len()))
    }

    fn end(&self) {
        let held = self.0.replace(Held::new());
        held.events.close();
        drop(held.wake.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Dropping an actor kills it.
        drop(held);
    }
}
