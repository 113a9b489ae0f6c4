//! What brood knows about processes: lifelines, descriptors of processes, watching and waiting.
//!
//! Nothing in here knows Node, starts a thread unasked, or waits without a bound (a lifeline's thread excepted, whose
//! purpose is to wait for the host's end).

pub mod abandon;
pub mod group;
pub mod holders;
pub mod lifeline;
pub mod output;
pub mod pidfd;
pub mod status;
pub mod support;
mod sys;
pub mod wait;
pub mod watch;

pub use sys::exit_now;
