//! One thread that ticks every millisecond while a guest runs, so that each yields, is counted and can be ended. It sleeps when
//! nothing has run for a while: an idle process is not woken a thousand times a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::EngineWeak;

/// Between ticks: what every measurement of the facts was made with.
const TICK: Duration = Duration::from_millis(1);
/// The thread goes on ticking so long after the last guest has run: waking it for every call would cost more than that.
const LINGER: Duration = Duration::from_millis(50);

/// Counts who runs, and ticks the engines meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Ticker {
    running: AtomicUsize,
    /// Runs that have begun, ever.
    begun: AtomicUsize,
    asleep: AtomicBool,
    engines: Mutex<Engines>,
    wake: Condvar,
}

#[derive(Default)]
struct Engines {
    all: Vec<EngineWeak>,
    started: bool,
}

impl std::fmt::Debug for Engines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engines").field("count", &self.all.len()).finish()
    }
}

/// A guest runs while this lives.
pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Ticker {
    /// Ticks this engine too. The first one starts the thread.
    pub(crate) fn add(&'static self, engine: EngineWeak) -> std::io::Result<()> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.all.push(engine);
        if !engines.started {
            thread::Builder::new()
                .name("brood-ticker".into())
                .spawn(|| self.tick())?;
            engines.started = true;
        }
        Ok(())
    }

    /// Says that a guest runs now.
    pub(crate) fn run(&self) -> Running<'_> {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) {
            // Under the lock: the thread either sees what was counted above, or is in its wait and hears this.
            let _engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            self.wake.notify_one();
        }
        Running(self)
    }

    fn tick(&self) {
        let mut idle_since: Option<Instant> = None;
        let mut seen = 0;
        loop {
            thread::sleep(TICK);
            let begun = self.begun.load(Ordering::SeqCst);
            if self.running.load(Ordering::Acquire) > 0 || begun != seen {
                seen = begun;
                idle_since = None;
            } else if idle_since.get_or_insert_with(Instant::now).elapsed() >= LINGER {
                self.sleep(begun);
                idle_since = None;
            }
            let engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            for engine in engines.all.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
            }
        }
    }

    /// Returns when a run has begun that `begun` does not count.
    fn sleep(&self, begun: usize) {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        self.asleep.store(true, Ordering::SeqCst);
        while self.begun.load(Ordering::SeqCst) == begun {
            engines = self.wake.wait(engines).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.store(false, Ordering::SeqCst);
        drop(engines);
    }
}
