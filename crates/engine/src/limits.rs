//! What one actor may use, and the limiter that holds its memory to it: one budget for all memories and tables of a store.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::failure::{Code, Stop};

/// Bytes that a table takes per element: a pointer of the host.
const TABLE_ELEMENT: usize = size_of::<usize>();
/// Core instances, memories and tables of one store. A JavaScript guest has 9, 2 and 2 (facts, section 3); each costs the host
/// bookkeeping and mappings of its own.
const MAX_INSTANCES: usize = 100;
const MAX_MEMORIES: usize = 16;
const MAX_TABLES: usize = 32;
/// Most bytes that a guest may have copied into the host at once, as arguments of one import or as one result: the host holds
/// them beside the guest's own memory.
pub(crate) const MAX_HANDED_OVER: usize = 16 << 20;

/// The limits of one actor.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes, summed over all memories and tables.
    pub memory: usize,
    /// CPU per call, and per wake-up outside of calls.
    pub cpu: Option<Duration>,
    /// CPU over the actor's life.
    pub cpu_total: Option<Duration>,
    /// Wall time of the actor's life.
    pub wall: Option<Duration>,
    /// Bytes of standard output and error that are passed on.
    pub output: usize,
}

impl Default for Limits {
    /// 64 MiB of memory, 1 MiB of output, time without limit.
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            cpu: None,
            cpu_total: None,
            wall: None,
            output: 1 << 20,
        }
    }
}

/// Sums what the memories and tables of one store take. Over the limit the guest is ended, not told: a guest that catches its
/// own failed allocation would live on crippled.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit: usize,
    used: usize,
}

impl Limiter {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0 }
    }

    fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        let wanted = self.used.saturating_add(by);
        if wanted > self.limit {
            return Err(Stop::new(
                Code::Memory,
                format!("it asked for {wanted} bytes of memory; its limit is {}", self.limit),
            )
            .into());
        }
        self.used = wanted;
        Ok(true)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Over its own declared maximum a growth fails by itself and takes nothing.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Stop::new(Code::Memory, format!("the system gives it no more memory: {error}")).into())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current).saturating_mul(TABLE_ELEMENT))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(Stop::new(Code::Memory, format!("the system gives it no more table: {error}")).into())
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_and_tables_share_one_budget() {
        let mut limiter = Limiter::new(1 << 20);
        assert!(limiter.memory_growing(0, 512 << 10, None).is_ok_and(|grown| grown));
        assert!(limiter.memory_growing(0, 448 << 10, None).is_ok_and(|grown| grown));
        assert!(limiter.table_growing(0, 8 << 10, None).is_ok_and(|grown| grown));
        assert!(limiter.memory_growing(512 << 10, (512 << 10) + 1, None).is_err());
    }

    #[test]
    fn a_growth_over_its_own_maximum_takes_nothing() {
        let mut limiter = Limiter::new(1 << 20);
        assert!(
            limiter
                .memory_growing(0, 8 << 20, Some(4 << 20))
                .is_ok_and(|grown| !grown)
        );
        assert_eq!(limiter.used, 0);
    }
}
