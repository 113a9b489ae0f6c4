//! Standard output and error of a guest: cleaned lines for the owner, up to the actor's limit. What is over it is dropped and
//! counted; a guest that writes for ever never waits, and costs nobody but itself.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::clean::Lines;
use crate::events::{Events, What};
use crate::failure::{Code, Stop};

/// Bytes that are taken in one write: it is one call of the host's, in which nothing else of this thread runs.
const WRITE: usize = 64 << 10;
/// What a line costs beside its bytes: an event and a call of the owner's.
const LINE_COST: usize = 64;

/// What both streams of an actor may write together.
#[derive(Debug)]
pub(crate) struct OutputBudget(Mutex<Budget>);

#[derive(Debug)]
struct Budget {
    left: usize,
    dropped: usize,
}

impl OutputBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Budget {
            left: limit,
            dropped: 0,
        })))
    }

    /// Whether a line may pass.
    fn take(&self, bytes: usize) -> bool {
        let mut budget = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = bytes + LINE_COST;
        if budget.dropped > 0 || budget.left < cost {
            budget.dropped += bytes;
            return false;
        }
        budget.left -= cost;
        true
    }

    fn dropped(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).dropped)
    }
}

/// One of the two streams.
#[derive(Clone)]
pub(crate) struct Output(Arc<Stream>);

struct Stream {
    events: Events,
    actor: u32,
    number: u8,
    budget: Arc<OutputBudget>,
    lines: Mutex<Lines>,
}

impl Output {
    pub(crate) fn new(events: Events, actor: u32, number: u8, budget: Arc<OutputBudget>) -> Self {
        Self(Arc::new(Stream {
            events,
            actor,
            number,
            budget,
            lines: Mutex::new(Lines::new()),
        }))
    }
}

impl Stream {
    fn tell(&self, line: String) {
        if self.budget.take(line.len()) {
            self.events.push(self.actor, What::Output(self.number, line));
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(rest) = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner).finish() {
            self.tell(rest);
        }
        let dropped = self.budget.dropped();
        if dropped > 0 {
            let text = format!("({dropped} bytes of output were dropped: limits.output)");
            self.events.push(self.actor, What::Output(self.number, text));
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // For WASI 0.3, which is not linked.
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > WRITE {
            let text = format!("it wrote {} bytes at once, where {WRITE} were permitted", bytes.len());
            return Err(StreamError::Trap(Stop::new(Code::Trap, text).into()));
        }
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(&bytes, |line| self.0.tell(line));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}
