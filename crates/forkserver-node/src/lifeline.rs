//! Lifelines: the host's half as an object whose end is the lifeline's end, the actor's half as one call.

use std::cell::RefCell;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use brood_forkserver::holders::PipeId;
use brood_forkserver::lifeline;
use brood_forkserver::support::support;
use napi::Env;
use napi_derive::napi;

use crate::descriptor::borrowed;
use crate::environment::Environment;
use crate::failure::{Result, failed, refused};

/// The host's half of a lifeline. When it is dropped (collected, its Worker ended, the process died) the actor ends.
#[napi]
pub struct Lifeline {
    environment: Arc<Environment>,
    id: PipeId,
    reader: RefCell<Option<PipeReader>>,
    writer: RefCell<Option<PipeWriter>>,
}

#[napi]
impl Lifeline {
    /// A new lifeline: both ends close-on-exec.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        let environment = Environment::of(env)?;
        let (reader, writer) = lifeline::pipe().map_err(|error| failed("lifeline", &error))?;
        let id = PipeId::of(&reader).map_err(|error| failed("lifeline", &error))?;
        environment.lifeline_opened(id);
        Ok(Self {
            environment,
            id,
            reader: RefCell::new(Some(reader)),
            writer: RefCell::new(Some(writer)),
        })
    }

    /// The descriptor to hand to the actor; -1 once it was handed over.
    #[napi(getter, catch_unwind)]
    pub fn read_fd(&self) -> i32 {
        self.reader.borrow().as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// The actor has its end: closes the host's copy.
    #[napi(catch_unwind)]
    pub fn handed_over(&self) {
        drop(self.reader.take());
    }

    /// Ends the lifeline, and with it the actor that has armed it.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        drop(self.reader.take());
        drop(self.writer.take());
        // One that was collected instead stays known: `terminate()` may have come right after the start of its actor, and a
        // collection right after that.
        self.environment.lifeline_released(self.id);
    }
}

/// In the actor: from here on the end of the host ends this process and its group.
#[napi(catch_unwind)]
pub fn arm_lifeline(fd: f64) -> Result<()> {
    let fd = borrowed("armLifeline", fd)?;
    arm(fd).map_err(|error| refused(error.errno, error.to_string()))
}

fn arm(fd: BorrowedFd<'_>) -> std::result::Result<(), lifeline::ArmError> {
    let armed = lifeline::arm(fd);
    if armed.is_ok() || support().kernel_lifeline {
        return armed;
    }
    // SAFETY: JavaScript gives the lifeline away with this call and uses the number no more.
    let owned = unsafe { OwnedFd::from_raw_fd(fd.as_raw_fd()) };
    lifeline::arm_with_thread(owned)
}
