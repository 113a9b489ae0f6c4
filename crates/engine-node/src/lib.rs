//! `brood-engine.node`: converts between JavaScript and `brood-engine`, and ties actors and components to the life of their
//! environment (the main thread or one Worker).
//!
//! Every function enqueues and returns. What comes back waits in one queue per environment, which JavaScript drains when it is
//! woken. Nothing runs before the first component is loaded, and no panic reaches Node: it becomes an exception.

mod convert;
mod environment;
mod events;
mod failure;

use std::path::PathBuf;
use std::time::Duration;

use brood_engine::actor::Actor;
use brood_engine::host::{Settings, WASMTIME};
use brood_engine::limits::Limits;
use brood_engine::loader::{self, Source};
use napi::Env;
use napi::bindgen_prelude::{Array, Function, Uint8Array, retain_current_module_for_unload_safety};
use napi_derive::napi;

use crate::environment::Environment;
use crate::failure::{Result, argument, raise};

/// The version of this addon.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The version of wasmtime in it.
#[napi(catch_unwind)]
#[must_use]
pub fn wasmtime() -> &'static str {
    WASMTIME
}

/// Sets what has effect from the first component on.
///
/// # Errors
/// Others are in effect already.
#[napi(catch_unwind)]
pub fn configure(threads: u32, max_actors: u32, cache_dir: Option<String>) -> Result<()> {
    let settings = Settings {
        threads: threads.max(1) as usize,
        max_actors: max_actors.max(1) as usize,
        cache: cache_dir.map(PathBuf::from),
    };
    brood_engine::host::configure(settings).map_err(|failure| raise(&failure))
}

/// Has `callback` called when there is something to drain. It never keeps the event loop alive.
///
/// # Errors
/// Node-API has none to give.
#[napi(catch_unwind)]
pub fn on_wake(env: Env, callback: Function<'_, (), ()>) -> Result<()> {
    Environment::of(env)?.wake_by(&callback)
}

/// Events in a flat list: kind, subject, number, value; and so on. At most so many that JavaScript is done within
/// milliseconds; when there are more, the callback comes again.
///
/// # Errors
/// Node-API cannot make a value.
#[napi(catch_unwind)]
pub fn drain(env: Env) -> Result<Array<'static>> {
    let environment = Environment::of(env)?;
    events::drain(env, &environment)
}

/// Loads a component from a file or from bytes. An isolated load takes it from the cache or fails with `not-cached`.
///
/// # Errors
/// Not exactly one of `file` and `bytes`.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "the values come from JavaScript")]
pub fn load(env: Env, request: u32, file: Option<String>, bytes: Option<Uint8Array>, isolated: bool) -> Result<()> {
    // Signal handlers and threads are on their way: the image must stay from now on.
    retain_current_module_for_unload_safety();
    let environment = Environment::of(env)?;
    let source = match (file, bytes) {
        (Some(file), None) => Source::File(PathBuf::from(file)),
        (None, Some(bytes)) => Source::Bytes(bytes.to_vec()),
        _ => return Err(argument("load: either a file or bytes")),
    };
    loader::load(&environment.events(), request, source, isolated);
    Ok(())
}

/// Lets go of a component; actors that run go on.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn unload(env: Env, component: u32) -> Result<()> {
    Environment::of(env)?.unload(component);
    Ok(())
}

/// What an actor may use; 0 is no limit for times.
#[napi(object, object_to_js = false)]
#[derive(Debug)]
pub struct EngineLimits {
    /// Bytes over all memories and tables.
    pub memory: f64,
    /// ms of CPU per call.
    pub cpu: f64,
    /// ms of CPU over its life.
    pub cpu_total: f64,
    /// ms of life.
    pub wall: f64,
    /// Bytes of standard output and error.
    pub output: f64,
}

/// Starts an actor. `Started` or `Ended` follows.
///
/// # Errors
/// There is no such component; the number is in use; the engine cannot run here.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "the values come from JavaScript")]
pub fn start(
    env: Env,
    actor: u32,
    component: u32,
    limits: EngineLimits,
    start_timeout: f64,
    first: Option<Uint8Array>,
) -> Result<()> {
    let environment = Environment::of(env)?;
    environment.claim(actor)?;
    let loaded = environment
        .component(component)
        .ok_or_else(|| argument(&format!("start: there is no component {component}")))?;
    let limits = Limits {
        memory: bytes(limits.memory),
        cpu: time(limits.cpu),
        cpu_total: time(limits.cpu_total),
        wall: time(limits.wall),
        output: bytes(limits.output),
    };
    let within = time(start_timeout).unwrap_or(Duration::from_secs(10));
    let started = Actor::start(&environment.events(), actor, &loaded, limits, within, first.as_deref())
        .map_err(|failure| raise(&failure))?;
    environment.keep(actor, started);
    Ok(())
}

/// Hands whole frames to a JavaScript actor; they are copied. Returns how many bytes wait in its inbox now; 0 for one that is gone.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "the values come from JavaScript")]
#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
pub fn send(env: Env, actor: u32, frames: napi::bindgen_prelude::Uint8ArraySlice<'_>) -> Result<f64> {
    let waiting = Environment::of(env)?.with(actor, |actor| actor.send(&frames));
    Ok(waiting.unwrap_or(0) as f64)
}

/// Calls an export of a component.
///
/// # Errors
/// There is no such export, a type of it cannot cross, or an argument does not fit; nothing happened then.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "the values come from JavaScript")]
pub fn call(env: Env, actor: u32, call: u32, name: String, args: Array<'_>) -> Result<()> {
    Environment::of(env)?
        .with(actor, |actor| {
            let (export, values) = convert::arguments(actor.loaded(), &name, &args)?;
            actor.call(call, export, values);
            Ok(())
        })
        .unwrap_or(Ok(()))
}

/// Takes a call back. False: it has begun.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn withdraw(env: Env, actor: u32, call: u32) -> Result<bool> {
    Ok(Environment::of(env)?
        .with(actor, |actor| actor.withdraw(call))
        .unwrap_or(false))
}

/// Asks an actor to end. `Ended` follows.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn stop(env: Env, actor: u32) -> Result<()> {
    Environment::of(env)?.with(actor, Actor::stop);
    Ok(())
}

/// Ends an actor wherever it is. `Ended` follows.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn kill(env: Env, actor: u32) -> Result<()> {
    Environment::of(env)?.with(actor, Actor::kill);
    Ok(())
}

/// Compiles into the cache, on this thread: what a process of its own does for a component that is not trusted.
///
/// # Errors
/// Why it cannot be compiled.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value, reason = "the values come from JavaScript")]
pub fn compile_to_cache(bytes: Uint8Array) -> Result<()> {
    loader::compile_to_cache(&bytes).map_err(|failure| raise(&failure))
}

/// Bounds this process's address space to what it has now and so many bytes more.
///
/// # Errors
/// The system refuses.
#[napi(catch_unwind)]
pub fn limit_address_space(extra: f64) -> Result<()> {
    brood_engine::host::limit_address_space(bytes(extra) as u64).map_err(|failure| raise(&failure))
}

/// In a process that was just forked in the middle of its work: everything here was its parent's, and is left alone.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn forget_inherited(env: Env) -> Result<()> {
    brood_engine::host::abandon();
    Environment::of(env)?.abandon();
    Ok(())
}

/// What lives now.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Stats {
    /// Actors of this environment whose end it was not told yet.
    pub actors: u32,
    /// Components that it holds.
    pub components: u32,
}

/// What lives now.
///
/// # Errors
/// Node-API fails.
#[napi(catch_unwind)]
pub fn stats(env: Env) -> Result<Stats> {
    let (actors, components) = Environment::of(env)?.counts();
    Ok(Stats { actors, components })
}

fn time(ms: f64) -> Option<Duration> {
    (ms > 0.0).then(|| Duration::try_from_secs_f64(ms / 1e3).unwrap_or(Duration::MAX))
}

#[allow(clippy::cast_possible_truncation, reason = "it saturates")]
#[allow(clippy::cast_sign_loss, reason = "it saturates")]
fn bytes(count: f64) -> usize {
    count as usize
}
