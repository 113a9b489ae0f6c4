//! What a guest does where nothing stops it: wasmtime as it comes, without limits, for 300 ms. Run in a process of its own,
//! which the guest may well end.

use std::pin::Pin;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::AsyncWrite;
use wasmtime::component::{Component, Func, Linker, ResourceTable, Val};
use wasmtime::{Config, Engine, ResourceLimiter, Store, Trap};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::lies::lies;
use crate::manifest::{Arg, Damage, Entry, Guest};
use crate::usage::{cpu, files, peak_addresses_gib, peak_mib, reset_peak};

/// How long a guest is watched that is to run or to wait on and on; and any other, which may have a busy machine.
const WATCHED: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(5);
/// Where a guest that takes memory is stopped, for the sake of the machine.
const ENOUGH: u64 = 256 << 20;
/// What a load may take, which is a hundred times of what an honest component of this size takes.
const TOO_LONG: Duration = Duration::from_secs(1);
/// How this process ends when it has taken longer.
pub(crate) const STILL_LOADING: i32 = 66;
const STACK: usize = 8 << 20;

/// What was seen of it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) runs: bool,
    pub(crate) waits: bool,
    pub(crate) refused: bool,
    pub(crate) poisoned: bool,
    pub(crate) overflowed: bool,
    pub(crate) answered: bool,
    /// Bytes of memory and tables that it asked for.
    pub(crate) asked: u64,
    /// MiB by which this process grew.
    pub(crate) grown: u64,
    /// GiB of addresses by which it grew.
    pub(crate) addresses: u64,
    /// Files that are open in it.
    pub(crate) files: usize,
    /// Bytes that it wrote.
    pub(crate) written: u64,
    pub(crate) wrote_controls: bool,
    pub(crate) load: Duration,
    pub(crate) lies: bool,
    pub(crate) error: String,
}

impl Seen {
    /// Whether that is the damage that the manifest tells.
    pub(crate) fn has(&self, damage: Damage) -> bool {
        match damage {
            Damage::Runs => self.runs,
            Damage::Waits => self.waits,
            Damage::Memory => self.asked >= ENOUGH,
            Damage::Stack => self.overflowed && self.grown >= 7,
            Damage::Host(mib) => self.grown >= mib,
            Damage::Addresses => self.addresses > 10 << 10,
            Damage::Descriptors => self.files > 500,
            Damage::Output => self.written > 1 << 20,
            Damage::Escapes => self.wrote_controls,
            Damage::Load => self.load > TOO_LONG || self.grown > 500,
            Damage::Poisons => self.poisoned,
            Damage::Text => self.error.len() > 64 << 10 || has_controls(&self.error),
            Damage::Refused => self.refused,
            Damage::Lies => self.lies,
            Damage::None => true,
        }
    }
}

/// Control characters other than the line breaks of a text that is meant to have lines.
pub(crate) fn has_controls(text: &str) -> bool {
    text.chars()
        .any(|char| char.is_control() && char != '\n' && char != '\t')
}

struct Bare {
    wasi: WasiCtx,
    table: ResourceTable,
    asked: Arc<AtomicU64>,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Bare {
    fn asks(&self, more: usize) -> wasmtime::Result<bool> {
        let before = self.asked.fetch_add(more as u64, Ordering::Relaxed);
        if before + more as u64 >= ENOUGH {
            return Err(wasmtime::Error::msg("seen enough"));
        }
        Ok(true)
    }
}

impl ResourceLimiter for Bare {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.asks(desired.saturating_sub(current))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.asks(desired.saturating_sub(current).saturating_mul(8))
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<AtomicU64>, Arc<AtomicBool>);

impl IsTerminal for Sink {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Sink {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Sink {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if bytes.iter().any(|byte| *byte < b' ' && *byte != b'\n') {
            self.1.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Loads, starts and calls the guest as its manifest says. Ends this process where the guest does.
pub(crate) fn watch(guest: &Guest, binary: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK)
        .async_stack_size(STACK + (2 << 20));
    let engine = Engine::new(&config).expect("an engine");
    reset_peak();
    let before = peak_mib();
    let from = Instant::now();
    let load = || Component::new(&engine, binary);
    let component = if guest.damage == Damage::Load {
        bounded(load)
    } else {
        load()
    };
    seen.load = from.elapsed();
    match component {
        Err(error) => {
            seen.refused = true;
            seen.error = format!("{error:?}");
        }
        Ok(component) if !matches!(guest.entry, Entry::Load) || guest.damage == Damage::Refused => {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(enter(guest, &engine, &component, &mut seen));
        }
        Ok(_) => {}
    }
    seen.lies = guest.damage == Damage::Lies && lies(guest.name, binary);
    seen.addresses = peak_addresses_gib();
    seen.grown = peak_mib().saturating_sub(before);
    seen
}

/// A load that takes too long is not waited for: this process ends, which its parent knows to read.
fn bounded<T>(load: impl FnOnce() -> T) -> T {
    let done = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&done);
    thread::spawn(move || {
        thread::sleep(TOO_LONG);
        if !watched.load(Ordering::Relaxed) {
            process::exit(STILL_LOADING);
        }
    });
    let loaded = load();
    done.store(true, Ordering::Relaxed);
    loaded
}

async fn enter(guest: &Guest, engine: &Engine, component: &Component, seen: &mut Seen) {
    let (sink, asked) = (Sink::default(), Arc::new(AtomicU64::new(0)));
    let mut wasi = WasiCtx::builder();
    wasi.stdout(sink.clone()).stderr(sink.clone()).max_random_size(u64::MAX);
    let state = Bare {
        wasi: wasi.build(),
        table: ResourceTable::new(),
        asked: Arc::clone(&asked),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(usize::MAX);
    store.set_max_component_handles(usize::MAX);
    store.set_epoch_deadline(1);
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("WASI");

    let clock = engine.clone();
    let on_and_on = matches!(guest.damage, Damage::Runs | Damage::Waits | Damage::Output);
    let watched = if on_and_on { WATCHED } else { PATIENCE };
    thread::spawn(move || {
        thread::sleep(watched);
        clock.increment_epoch();
    });
    let cpu_before = cpu();
    let whole = async {
        let instance = match linker.instantiate_pre(component) {
            Err(error) => {
                seen.refused = true;
                return Err(error);
            }
            Ok(pre) => pre.instantiate_async(&mut store).await,
        };
        let instance = match instance {
            Ok(instance) => instance,
            // What started is gone: there is nothing left to enter.
            Err(error) => {
                seen.poisoned = error.downcast_ref::<Trap>().is_some();
                return Err(error);
            }
        };
        let Entry::Call(name, args) = &guest.entry else {
            return Ok(());
        };
        let name = name();
        let Some(func) = instance.get_func(&mut store, &name) else {
            seen.refused = true;
            return Err(wasmtime::Error::msg("no such export"));
        };
        let ended = call(&mut store, func, args).await;
        if ended.is_err() {
            seen.poisoned = call(&mut store, func, args)
                .await
                .is_err_and(|error| matches!(error.downcast_ref::<Trap>(), Some(Trap::CannotEnterComponent)));
        }
        ended
    };
    match tokio::time::timeout(watched * 2, whole).await {
        Err(_) => seen.waits = cpu() - cpu_before < watched / 2,
        Ok(Ok(())) => seen.answered = true,
        Ok(Err(error)) => {
            seen.runs = matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt));
            seen.overflowed = matches!(error.downcast_ref::<Trap>(), Some(Trap::StackOverflow));
            seen.error = format!("{error:?}");
        }
    }
    seen.files = files();
    seen.asked = asked.load(Ordering::Relaxed);
    seen.written = sink.0.load(Ordering::Relaxed);
    seen.wrote_controls = sink.1.load(Ordering::Relaxed);
}

/// One call; a result of bytes is taken as bytes, as every host would.
async fn call(store: &mut Store<Bare>, func: Func, args: &[Arg]) -> wasmtime::Result<()> {
    type Bytes = Vec<u8>;
    macro_rules! sixteen {
        ($t:ty) => {
            ($t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t, $t)
        };
    }
    if let Ok(typed) = func.typed::<(), (Bytes,)>(&*store) {
        return typed.call_async(store, ()).await.map(drop);
    }
    if let Ok(typed) = func.typed::<(), (Vec<Bytes>,)>(&*store) {
        return typed.call_async(store, ()).await.map(drop);
    }
    if let Ok(typed) = func.typed::<(), (sixteen!(Bytes),)>(&*store) {
        return typed.call_async(store, ()).await.map(drop);
    }
    let args: Vec<Val> = args.iter().map(Arg::val).collect();
    let mut results = vec![Val::Bool(false); func.ty(&*store).results().len()];
    func.call_async(store, &args, &mut results).await
}

impl Arg {
    fn val(&self) -> Val {
        match *self {
            Arg::Text(text) => Val::String(text.into()),
            Arg::Bytes(bytes) => Val::List(bytes.iter().copied().map(Val::U8).collect()),
            Arg::U8(value) => Val::U8(value),
            Arg::S16(value) => Val::S16(value),
            Arg::Bool(value) => Val::Bool(value),
            Arg::U64(value) => Val::U64(value),
        }
    }
}
