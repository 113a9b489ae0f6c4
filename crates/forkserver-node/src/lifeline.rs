//! Lifelines: the host's half as an object whose end is the lifeline's end, the actor's half as one call.

use std::cell::RefCell;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;

use brood_forkserver::lifeline;
use napi_derive::napi;

use crate::descriptor::borrowed;
use crate::failure::{Result, failed, refused};

/// The host's half of a lifeline. When it is dropped (collected, its Worker ended, the process died) the actor ends.
#[napi]
#[derive(Debug)]
pub struct Lifeline {
    reader: RefCell<Option<PipeReader>>,
    writer: RefCell<Option<PipeWriter>>,
}

#[napi]
impl Lifeline {
    /// A new lifeline: both ends close-on-exec.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Result<Self> {
        let (reader, writer) = lifeline::pipe().map_err(|error| failed("lifeline", &error))?;
        Ok(Self {
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
    }
}

/// In the actor: from here on the end of the host ends this process and its group.
#[napi(catch_unwind)]
pub(crate) fn arm_lifeline(fd: f64) -> Result<()> {
    let fd = borrowed("armLifeline", fd)?;
    arm(fd).map_err(|error| refused(error.errno, error.to_string()))
}

fn arm(fd: std::os::fd::BorrowedFd<'_>) -> std::result::Result<(), lifeline::ArmError> {
    let armed = lifeline::arm(fd);
    if armed.is_ok() || brood_forkserver::support::support().kernel_lifeline {
        return armed;
    }
    // SAFETY: JavaScript gives the lifeline away with this call and uses the number no more.
    let owned = unsafe { std::os::fd::OwnedFd::from_raw_fd(fd.as_raw_fd()) };
    lifeline::arm_with_thread(owned)
}
