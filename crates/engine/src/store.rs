//! One store per actor, with everything that a guest can reach: WASI that grants nothing, coarse clocks, captured output, and the
//! limits that are wasmtime's own to enforce.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::events::Events;
use crate::failure::Stop;
use crate::limits::{Limiter, MAX_HANDED_OVER};
use crate::meter::Meter;
use crate::output::{Output, OutputBudget};

/// Handles that a guest may hold: far more than any needs, and at some 100 bytes each no burden.
const MAX_HANDLES: usize = 10_000;
/// Bytes of randomness per request: the quota of the web's `getRandomValues`.
pub(crate) const MAX_RANDOM: u64 = 64 << 10;
/// The steps in which time is told, in ns: coarse clocks tell a guest less about its neighbours.
const CLOCK_STEP: u64 = 1_000_000;

/// The data of a store.
pub(crate) struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limiter: Limiter,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A store for one actor.
pub(crate) fn store(engine: &Engine, meter: &Arc<Meter>, events: &Events, actor: u32) -> Store<State> {
    let limits = *meter.limits();
    let budget = OutputBudget::new(limits.output);
    let mut table = ResourceTable::new();
    table.set_max_capacity(MAX_HANDLES);
    let wasi = WasiCtx::builder()
        .stdout(Output::new(events.clone(), actor, 1, Arc::clone(&budget)))
        .stderr(Output::new(events.clone(), actor, 2, budget))
        .max_random_size(MAX_RANDOM)
        .wall_clock(CoarseWall)
        .monotonic_clock(CoarseMonotonic(Instant::now()))
        .build();
    let mut store = Store::new(
        engine,
        State {
            wasi,
            table,
            limiter: Limiter::new(limits.memory),
        },
    );
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.memory.min(MAX_HANDED_OVER));
    store.set_max_component_handles(MAX_HANDLES);
    store.set_epoch_deadline(1);
    let meter = Arc::clone(meter);
    store.epoch_deadline_callback(move |_| match meter.stopped() {
        None => Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))),
        Some(why) => Err(Stop::new(why.code, why.message).into()),
    });
    store
}

struct CoarseWall;

impl HostWallClock for CoarseWall {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(CLOCK_STEP)
    }

    fn now(&self) -> Duration {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Counts from the start of the actor: an absolute value would tell when the machine was started.
struct CoarseMonotonic(Instant);

impl HostMonotonicClock for CoarseMonotonic {
    fn resolution(&self) -> u64 {
        CLOCK_STEP
    }

    fn now(&self) -> u64 {
        let now = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        now - now % CLOCK_STEP
    }
}
