//! Drives one guest: counts its CPU time, ends it for its limits or when its owner wants, and lets nothing that goes wrong in it
//! reach the thread that it runs on. The guest yields at every tick, so each of these waits for a tick at most.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Sleep, sleep_until};
use wasmtime::Engine;

use crate::failure::{Code, Failure};
use crate::limits::Limits;
use crate::ticker::Ticker;

/// Later than any timer of a guest: about 136 years.
const NEVER: Duration = Duration::from_secs(1 << 32);

/// What a guest's driver shares with its owner and with the guest's own host functions.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    born: Instant,
    /// CPU time used, in ns.
    used: AtomicU64,
    /// What `used` may become before the limit per call is passed, in ns.
    allowed: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stop: Option<Failure>,
    waker: Option<Waker>,
    engine: Option<Engine>,
    /// The one timer of a JavaScript actor: when, and under which number.
    timer: Option<(Instant, u32)>,
    timer_changed: bool,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            born: Instant::now(),
            used: AtomicU64::new(0),
            allowed: AtomicU64::new(limits.cpu.map_or(u64::MAX, nanos)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Ends the guest, for the first reason that is given.
    pub(crate) fn stop(&self, why: Failure) {
        let (waker, engine) = {
            let mut state = self.state();
            if state.stop.is_some() {
                return;
            }
            state.stop = Some(why);
            (state.waker.take(), state.engine.clone())
        };
        // If it computes: at its next check, and not at the next tick.
        if let Some(engine) = engine {
            engine.increment_epoch();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Why the guest is being ended, if it is.
    pub(crate) fn stopped(&self) -> Option<Failure> {
        self.state().stop.clone()
    }

    /// The guest computes on this engine from now on.
    pub(crate) fn runs_on(&self, engine: &Engine) {
        self.state().engine = Some(engine.clone());
    }

    /// CPU time used so far, in ms.
    pub(crate) fn used_ms(&self) -> f64 {
        Duration::from_nanos(self.used.load(Ordering::Relaxed)).as_secs_f64() * 1e3
    }

    /// `calls` more have begun: each brings its own allowance.
    pub(crate) fn calls_began(&self, calls: u32, running_before: u32) {
        let Some(limit) = self.limits.cpu else { return };
        let used = self.used.load(Ordering::Relaxed);
        let from = if running_before == 0 {
            used
        } else {
            self.allowed.load(Ordering::Relaxed).max(used)
        };
        self.allowed.store(
            from.saturating_add(nanos(limit).saturating_mul(calls.into())),
            Ordering::Relaxed,
        );
    }

    /// A call has ended; what it did not use is not left to the `running` others.
    pub(crate) fn call_ended(&self, running: u32) {
        let Some(limit) = self.limits.cpu else { return };
        let most = self
            .used
            .load(Ordering::Relaxed)
            .saturating_add(nanos(limit).saturating_mul(running.max(1).into()));
        self.allowed.fetch_min(most, Ordering::Relaxed);
    }

    /// The guest is woken while no call runs: that counts as a call of its own.
    pub(crate) fn woken_idle(&self) {
        self.calls_began(1, 0);
    }

    /// Sets the guest's one timer, or takes it away.
    pub(crate) fn set_timer(&self, timer: Option<(Duration, u32)>) {
        let waker = {
            let mut state = self.state();
            state.timer = timer.map(|(after, id)| (Instant::now() + after, id));
            state.timer_changed = true;
            state.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn over_cpu(&self) -> Option<Failure> {
        let used = self.used.load(Ordering::Relaxed);
        let told = |code, limit: Duration, what: &str| {
            Failure::new(
                code,
                &format!(
                    "it used {:.0} ms of CPU; its limit is {} ms {what}",
                    Duration::from_nanos(used).as_secs_f64() * 1e3,
                    limit.as_millis()
                ),
            )
        };
        if let Some(limit) = self.limits.cpu_total
            && used > nanos(limit)
        {
            return Some(told(Code::CpuTotal, limit, "over its life"));
        }
        if let Some(limit) = self.limits.cpu
            && used > self.allowed.load(Ordering::Relaxed)
        {
            return Some(told(Code::Cpu, limit, "for one call"));
        }
        None
    }
}

/// A guest on its way, as a future that settles with why it ended.
pub(crate) struct Metered<F> {
    meter: Arc<Meter>,
    ticker: &'static Ticker,
    /// Dropped the moment it has ended: with it goes the store.
    guest: Option<Pin<Box<F>>>,
    wall: Option<Pin<Box<Sleep>>>,
    timer: Option<(Pin<Box<Sleep>>, u32)>,
    on_timer: Box<dyn Fn(u32) + Send>,
}

impl<F: Future<Output = Failure> + Send> Metered<F> {
    /// `on_timer` is given the number of the timer that is due.
    pub(crate) fn new(
        meter: Arc<Meter>,
        ticker: &'static Ticker,
        guest: F,
        on_timer: impl Fn(u32) + Send + 'static,
    ) -> Self {
        Self {
            meter,
            ticker,
            guest: Some(Box::pin(guest)),
            wall: None,
            timer: None,
            on_timer: Box::new(on_timer),
        }
    }

    /// Lets go of everything of the guest's.
    fn end(&mut self, why: Failure) -> Failure {
        let guest = self.guest.take();
        // Unwinds its stacks and runs its host-side destructors.
        match catch_unwind(AssertUnwindSafe(|| drop(guest))) {
            Ok(()) => why,
            Err(_) => Failure::new(Code::Internal, "the engine failed while it dropped the guest"),
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        let changed = {
            let mut state = self.meter.state();
            std::mem::take(&mut state.timer_changed).then_some(state.timer)
        };
        if let Some(timer) = changed {
            self.timer = timer.map(|(at, id)| (Box::pin(sleep_until(at.into())), id));
        }
        if let Some((sleep, id)) = &mut self.timer
            && sleep.as_mut().poll(cx).is_ready()
        {
            let id = *id;
            self.timer = None;
            (self.on_timer)(id);
        }
    }
}

impl<F: Future<Output = Failure> + Send> Future for Metered<F> {
    type Output = Failure;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Failure> {
        let this = &mut *self;
        let stop = {
            let mut state = this.meter.state();
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            state.stop.clone()
        };
        if let Some(why) = stop {
            return Poll::Ready(this.end(why));
        }
        // Made here: a timer belongs to the runtime that polls it.
        if let (None, Some(wall)) = (&this.wall, this.meter.limits.wall) {
            this.wall = Some(Box::pin(sleep_until((this.meter.born + wall).into())));
        }
        if let Some(wall) = &mut this.wall
            && wall.as_mut().poll(cx).is_ready()
        {
            let limit = this.meter.limits.wall.unwrap_or(NEVER).as_millis();
            return Poll::Ready(this.end(Failure::new(
                Code::Wall,
                &format!("it lived longer than its limit of {limit} ms"),
            )));
        }
        this.poll_timer(cx);
        let Some(guest) = &mut this.guest else {
            return Poll::Ready(Failure::new(Code::Internal, "the guest was polled after its end"));
        };
        let running = this.ticker.run();
        let from = thread_time();
        let polled = catch_unwind(AssertUnwindSafe(|| guest.as_mut().poll(cx)));
        let spent = thread_time().saturating_sub(from);
        drop(running);
        this.meter.used.fetch_add(spent, Ordering::Relaxed);
        match polled {
            Ok(Poll::Ready(why)) => {
                let why = this.meter.stopped().unwrap_or(why);
                Poll::Ready(this.end(why))
            }
            Ok(Poll::Pending) => match this.meter.over_cpu() {
                Some(why) => Poll::Ready(this.end(why)),
                None => Poll::Pending,
            },
            Err(panic) => {
                let text = panic
                    .downcast_ref::<&str>()
                    .copied()
                    .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                    .unwrap_or("without a message");
                Poll::Ready(this.end(Failure::new(Code::Internal, &format!("the engine failed: {text}"))))
            }
        }
    }
}

/// CPU time of this thread, in ns.
fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
