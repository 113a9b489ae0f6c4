//! Hosts WebAssembly components for brood's `wasm` actors: scan, load, start, call, limit, kill. It knows nothing of Node: its owner
//! enqueues, and drains events (`Events`).
//!
//! It promises that no input and no guest ends the process, blocks its owner, or takes more than its limits; that every end is
//! told exactly once, as one of the codes of `Code`; and that nothing of an actor is left when its end is told.

pub mod actor;
pub mod cache;
mod calls;
pub mod clean;
pub mod events;
pub mod failure;
mod frames;
pub mod host;
mod invoke;
pub mod limits;
pub mod loader;
mod meter;
mod output;
pub mod scan;
mod store;
mod ticker;
pub mod value;
mod world;
