//! Forks of real processes: a template is a process forked from the test, and what it forks are processes too.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

mod descriptors;
mod ends;
mod errors;
mod heap;
mod live;
mod protocol;
mod stage;
