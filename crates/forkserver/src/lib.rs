//! What brood knows about processes: forking, lifelines, descriptors of processes, watching and waiting.
//!
//! Nothing in here knows Node, starts a thread unasked, or waits without a bound (a lifeline's thread and a template excepted,
//! whose purpose is to wait for the host's end).

#[cfg(target_os = "linux")]
pub mod abandon;
#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
pub mod fork;
#[cfg(target_os = "linux")]
pub mod group;
#[cfg(target_os = "linux")]
pub mod holders;
#[cfg(target_os = "linux")]
pub mod host;
#[cfg(target_os = "linux")]
pub mod kernel;
pub mod lifeline;
#[cfg(target_os = "linux")]
pub mod live;
#[cfg(target_os = "linux")]
pub mod maps;
pub mod output;
#[cfg(target_os = "linux")]
pub mod pidfd;
pub mod protocol;
#[cfg(target_os = "linux")]
pub mod rights;
#[cfg(target_os = "linux")]
pub mod runtime;
pub mod status;
pub mod support;
mod sys;
#[cfg(target_os = "linux")]
pub mod template;
#[cfg(target_os = "linux")]
pub mod threads;
#[cfg(target_os = "linux")]
pub mod wait;
#[cfg(target_os = "linux")]
pub mod watch;
pub mod whole;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{abandon, holders, pidfd, watch};
pub use sys::exit_now;
