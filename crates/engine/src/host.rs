//! What all actors of a process share: two engines, one runtime, one ticker, one number of places. Each is made when it is first
//! needed, and none of it ever ends before the process does. A process that was forked has a copy of it, whose threads are not there:
//! it leaves that alone, and makes its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Engine, WasmBacktraceDetails, WasmFeatures};

use crate::cache::Cache;
use crate::failure::{Code, Failure};
use crate::scan::Kind;
use crate::store::State;
use crate::ticker::Ticker;
use crate::world;

/// Bytes of stack that a guest has: in 512 KiB, what wasmtime gives by default, an interpreter of JavaScript nests some 700 calls;
/// in this some 3,000 (measured with QuickJS). Only what is touched takes memory.
const WASM_STACK: usize = 2 << 20;
/// With as much as 1 MiB for host functions that run on the same stack: a guest that overflows its part is ended, a host function
/// that overflowed the whole would end the process; 512 KiB are the least.
const WHOLE_STACK: usize = 3 << 20;
/// Frames in the backtrace of a trap.
const BACKTRACE: NonZeroUsize = NonZeroUsize::new(20).unwrap();
/// Threads that read files and compile beside the guests.
const BLOCKING_THREADS: usize = 4;

/// What the owner of the process decides once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Threads that run guests, and threads that compile; at least 1.
    pub threads: usize,
    /// Actors that live at the same time; at least 1.
    pub max_actors: usize,
    /// Where compiled components are kept; none: nowhere.
    pub cache: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 1,
            max_actors: 10_000,
            cache: None,
        }
    }
}

/// What one process has of this.
#[derive(Default)]
struct Process {
    settings: OnceLock<Settings>,
    host: OnceLock<Result<Host, Failure>>,
    ticker: Ticker,
}

/// No lock: a thread that is not there any more may hold it.
static PROCESS: AtomicPtr<Process> = AtomicPtr::new(ptr::null_mut());

fn process() -> &'static Process {
    let mut found = PROCESS.load(Ordering::Acquire);
    if found.is_null() {
        let made = Box::into_raw(Box::<Process>::default());
        found = match PROCESS.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                first
            }
        };
    }
    // SAFETY: it comes from a box that is never freed once it is here.
    unsafe { &*found }
}

/// In a process that was just forked, before it uses anything of this crate: what its parent had here is left alone, for ever, and
/// nothing of it may be used or dropped.
pub fn abandon() {
    PROCESS.store(Box::into_raw(Box::<Process>::default()), Ordering::Release);
}

/// Sets what has effect from the first component on.
///
/// # Errors
/// Others are in effect already.
pub fn configure(settings: Settings) -> Result<(), Failure> {
    let asked = settings.clone();
    let found = process().settings.get_or_init(|| settings);
    if *found == asked {
        return Ok(());
    }
    Err(Failure::new(
        Code::Argument,
        "the engine is configured already, and differently",
    ))
}

/// Everything that actors share.
pub(crate) struct Host {
    pub(crate) runtime: Runtime,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) max_actors: usize,
    pub(crate) ticker: &'static Ticker,
    pub(crate) cache: Option<Cache>,
    /// One compile at a time: each may take gigabytes, and all of these threads. Not rayon's own pool, which a fork would have without
    /// its threads.
    pub(crate) compilers: Mutex<rayon::ThreadPool>,
    frames: OnceLock<Result<Hosting, Failure>>,
    plain: OnceLock<Result<Hosting, Failure>>,
}

/// One engine, and what is linked on it.
pub(crate) struct Hosting {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    /// Tells apart what compiled code may run where; part of the cache's key.
    pub(crate) compatibility: String,
}

/// The shared parts; the first call makes them.
pub(crate) fn host() -> Result<&'static Host, Failure> {
    let process = process();
    process
        .host
        .get_or_init(|| Host::new(process))
        .as_ref()
        .map_err(Clone::clone)
}

impl Host {
    fn new(process: &'static Process) -> Result<Self, Failure> {
        let settings = process.settings.get_or_init(Settings::default);
        let internal =
            |what: &str, error: &dyn std::fmt::Display| Failure::new(Code::Internal, &format!("{what}: {error}"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("brood-engine")
            .enable_time()
            .build()
            .map_err(|error| internal("the threads of the engine cannot be started", &error))?;
        let compilers = rayon::ThreadPoolBuilder::new()
            .num_threads(settings.threads.max(1))
            .thread_name(|index| format!("brood-compile-{index}"))
            .build()
            .map_err(|error| internal("the threads that compile cannot be started", &error))?;
        Ok(Self {
            runtime,
            places: Arc::new(Semaphore::new(settings.max_actors.clamp(1, Semaphore::MAX_PERMITS))),
            max_actors: settings.max_actors,
            ticker: &process.ticker,
            compilers: Mutex::new(compilers),
            cache: settings.cache.as_deref().and_then(|dir| Cache::open(dir).ok()),
            frames: OnceLock::new(),
            plain: OnceLock::new(),
        })
    }

    /// The engine that components of this kind run on.
    pub(crate) fn hosting(&self, kind: Kind) -> Result<&Hosting, Failure> {
        let slot = match kind {
            Kind::Frames => &self.frames,
            Kind::Plain => &self.plain,
        };
        slot.get_or_init(|| self.make(kind)).as_ref().map_err(Clone::clone)
    }

    fn make(&self, kind: Kind) -> Result<Hosting, Failure> {
        let failed =
            |error: wasmtime::Error| Failure::new(Code::Internal, &format!("the engine cannot be made: {error:#}"));
        let engine = Engine::new(&config(kind)).map_err(failed)?;
        self.ticker
            .add(engine.weak())
            .map_err(|error| Failure::new(Code::Internal, &format!("the ticker cannot be started: {error}")))?;
        let linker = world::linker(&engine).map_err(failed)?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = format!("wasmtime-{} {kind:?} {:016x}", WASMTIME, hasher.finish());
        Ok(Hosting {
            engine,
            linker,
            compatibility,
        })
    }
}

/// The version of wasmtime that this is built with; a test holds it to the lockfile.
pub const WASMTIME: &str = "48.0.8";

/// Bounds the address space of this process to what it has now and `extra` bytes more: for one that only compiles.
///
/// # Errors
/// The system refuses.
pub fn limit_address_space(extra: u64) -> Result<(), Failure> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let failed = |what: &dyn std::fmt::Display| {
            Failure::new(Code::Io, &format!("the address space cannot be limited: {what}"))
        };
        let text = std::fs::read_to_string("/proc/self/statm").map_err(|error| failed(&error))?;
        let pages: u64 = text
            .split(' ')
            .next()
            .and_then(|pages| pages.parse().ok())
            .ok_or_else(|| failed(&"its size is not told"))?;
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let limit = Rlimit {
            current: Some(pages.saturating_mul(page).saturating_add(extra)),
            maximum: getrlimit(Resource::As).maximum,
        };
        setrlimit(Resource::As, limit).map_err(|error| failed(&error))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = extra;
    Ok(())
}

fn config(kind: Kind) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WHOLE_STACK)
        // Named off whatever the features of the crates say: cargo unifies those of all dependants.
        .wasm_features(
            WasmFeatures::GC | WasmFeatures::GC_TYPES | WasmFeatures::EXCEPTIONS | WasmFeatures::THREADS,
            false,
        )
        .wasm_backtrace_max_frames(Some(BACKTRACE))
        // Debug information is what a guest says of itself: nobody parses it.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .concurrency_support(matches!(kind, Kind::Frames))
        .macos_use_mach_ports(false);
    config
}

#[cfg(test)]
mod tests {
    use super::WASMTIME;

    #[test]
    fn the_version_that_is_told_is_the_one_in_the_lockfile() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"")));
    }
}
