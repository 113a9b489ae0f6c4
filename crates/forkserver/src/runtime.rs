//! What the program in a template has to do about a fork: an event loop, for one, has descriptors and threads of its own.

use std::io;

/// Called around each fork with all signals blocked.
pub trait Runtime {
    /// Last thing before the heap is made ready. It may still take memory.
    ///
    /// # Errors
    /// There will be no fork.
    fn before(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// In the process that has forked or failed to, after each `before` that went well.
    fn in_parent(&mut self) {}

    /// In the child, once all descriptors that it was not given are closed, and before any is opened.
    ///
    /// # Errors
    /// The child ends.
    fn in_child(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A program that has nothing to do.
#[derive(Debug)]
pub struct Plain;

impl Runtime for Plain {}
