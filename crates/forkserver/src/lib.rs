//! What brood knows about processes: lifelines, descriptors of processes, watching and waiting.
//!
//! Nothing in here knows Node, starts a thread unasked, or waits without a bound (a lifeline's thread excepted, whose
//! purpose is to wait for the host's end).

#[cfg(target_os = "linux")]
pub mod abandon;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
pub mod group;
#[cfg(target_os = "linux")]
pub mod holders;
pub mod lifeline;
pub mod output;
#[cfg(target_os = "linux")]
pub mod pidfd;
pub mod status;
pub mod support;
mod sys;
#[cfg(target_os = "linux")]
pub mod wait;
#[cfg(target_os = "linux")]
pub mod watch;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{abandon, holders, pidfd, watch};
pub use sys::exit_now;
