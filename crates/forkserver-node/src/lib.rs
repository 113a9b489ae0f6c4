//! `brood-forkserver.node`: converts between JavaScript and `brood-forkserver`, and ties what was made to the life of its
//! environment (the main thread or one Worker).
//!
//! No function waits but `serve`, which is a template's life; none starts a thread but `watch` (and `armLifeline` where the
//! kernel cannot arm one); and no panic reaches Node: it becomes an exception, and in `serve` the end of the process.

pub mod descriptor;
mod environment;
mod exits;
mod failure;
pub mod lifeline;
#[cfg(target_os = "linux")]
pub mod live;
pub mod process;
#[cfg(target_os = "linux")]
pub mod serve;
#[cfg(target_os = "linux")]
mod symbols;
#[cfg(target_os = "linux")]
pub mod template;
#[cfg(target_os = "linux")]
mod uv;

use std::path::Path;

use brood_forkserver::support::support as probe;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// The version of this addon.
#[napi(catch_unwind)]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// What works on this system.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Support {
    /// What ends an actor at the end of its lifeline: the kernel, or a thread of the actor.
    pub lifeline: &'static str,
    /// Whether `ProcessHandle` works.
    pub pidfd: bool,
    /// Whether the kernel signals groups by handle; else they are found in `/proc`.
    pub group_signal: bool,
    /// Whether `exitStatus` ever tells.
    pub exit_info: bool,
}

/// What works on this system. Probed once.
#[napi(catch_unwind)]
#[must_use]
pub fn support() -> Support {
    let found = probe();
    Support {
        lifeline: if found.kernel_lifeline { "kernel" } else { "thread" },
        pidfd: found.pidfd,
        group_signal: found.group_signal,
        exit_info: found.exit_info,
    }
}

/// Writes a file that is there whole or not at all, for its owner alone; what had its name before is gone then.
#[napi(catch_unwind)]
pub fn write_whole(path: String, bytes: Uint8Array) -> failure::Result<()> {
    brood_forkserver::whole::write_whole(Path::new(&path), &bytes)
        .map_err(|error| failure::failed("writeWhole", &error))
}

/// Leaves at once: no JavaScript, no exit handlers, no joining of threads.
#[napi(catch_unwind)]
pub fn exit_now(code: i32) {
    brood_forkserver::exit_now(code)
}
