//! `TemplateHandle`: one template as its host's JavaScript holds it. Its end, or the end of its Worker, is the template's end.

use std::cell::RefCell;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use brood_forkserver::host::{Event, Host, Order};
use brood_forkserver::protocol::{Failure, MAX_OTHERS};
use brood_forkserver::status::Status;
use brood_forkserver::watch::{Arrivals, Watch, watch_readable};
use napi::Env;
use napi::bindgen_prelude::{Either, Uint8Array};
use napi_derive::napi;

use crate::descriptor::borrowed;
use crate::environment::Environment;
use crate::failure::{Failure as Refusal, Result, code_of, failed, refused};
use crate::process::{ProcessHandle, watch_id};

/// How many events JavaScript gets at once.
const MOST_EVENTS: usize = 64;

/// The host's hold on one template.
#[napi]
pub struct TemplateHandle {
    environment: Arc<Environment>,
    template_end: RefCell<Option<OwnedFd>>,
    /// `None` once closed.
    open: RefCell<Option<Opened>>,
}

struct Opened {
    host: Host,
    watching: Option<(Watch, i64)>,
}

/// Takes the news that there is something to receive to JavaScript.
struct Arrival {
    environment: Arc<Environment>,
    id: i64,
}

impl Arrivals for Arrival {
    fn arrived(&self, _id: u64) {
        self.environment.exits.push(self.id);
    }
}

/// One fork that is asked for.
#[napi(object, object_to_js = false)]
pub struct ForkRequest {
    /// What tells it from all others.
    pub seq: f64,
    /// What the child gets as it is.
    pub payload: Uint8Array,
    /// The child's end of its lifeline.
    pub lifeline: f64,
    /// What becomes 0, 1 and 2.
    pub stdio: Vec<f64>,
    /// What else it gets.
    pub descriptors: Vec<f64>,
}

/// What failed, and the name of its errno.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct ForkFailure {
    /// The step.
    pub step: &'static str,
    /// The errno.
    pub code: String,
}

impl From<Failure> for ForkFailure {
    fn from(failure: Failure) -> Self {
        Self {
            step: failure.step.name(),
            code: code_of(failure.errno),
        }
    }
}

/// What a template tells; what is there depends on the kind.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct TemplateEvent {
    /// Which one it is.
    pub kind: &'static str,
    /// The request's.
    pub seq: Option<u32>,
    /// The bytes of a `tell`.
    pub payload: Option<Uint8Array>,
    /// A new child.
    pub process: Option<ProcessHandle>,
    /// Why there is no child, or why it ended before it had begun.
    pub failure: Option<ForkFailure>,
    /// The code that a child left with; why nothing is believed any more.
    pub code: Option<Either<i32, String>>,
    /// The signal that ended a child.
    pub signal: Option<i32>,
    /// Whether the kernel wrote a core file.
    pub core: Option<bool>,
}

#[napi]
impl TemplateHandle {
    /// A new one, whose other end nobody has yet.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env) -> Result<Self> {
        let environment = Environment::of(env)?;
        let (host, template_end) = Host::new().map_err(|error| failed("template", &error))?;
        Ok(Self {
            environment,
            template_end: RefCell::new(Some(template_end)),
            open: RefCell::new(Some(Opened { host, watching: None })),
        })
    }

    /// The descriptor to hand to the template; -1 once it was handed over.
    #[napi(getter, catch_unwind)]
    pub fn template_fd(&self) -> i32 {
        self.template_end.borrow().as_ref().map_or(-1, AsRawFd::as_raw_fd)
    }

    /// The template has its end: closes the host's copy.
    #[napi(catch_unwind)]
    pub fn handed_over(&self) {
        drop(self.template_end.take());
    }

    /// Asks for a fork.
    #[napi(catch_unwind)]
    pub fn fork(&self, request: ForkRequest) -> Result<()> {
        let seq = request.seq;
        if seq.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&seq) {
            return Err(refused(libc::EINVAL, format!("fork: seq: got {seq}")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be whole and in range"
        )]
        let seq = seq as u32;
        let stdio: [f64; 3] = request
            .stdio
            .try_into()
            .map_err(|_wrong| refused(libc::EINVAL, "fork: stdio: expected three numbers".into()))?;
        if request.descriptors.len() > MAX_OTHERS {
            return Err(refused(
                libc::EMSGSIZE,
                format!("fork: descriptors: at most {MAX_OTHERS}"),
            ));
        }
        let mut given = [None; 3];
        for (given, fd) in given.iter_mut().zip(stdio) {
            if fd != -1.0 {
                *given = Some(borrowed("fork: stdio", fd)?);
            }
        }
        let others = request.descriptors.iter().map(|&fd| borrowed("fork: descriptors", fd));
        let others = others.collect::<Result<Vec<_>>>()?;
        let mut open = self.open.borrow_mut();
        let opened = open.as_mut().ok_or_else(closed)?;
        let order = Order {
            seq,
            payload: &request.payload,
            lifeline: borrowed("fork: lifeline", request.lifeline)?,
            stdio: given,
            others: &others,
        };
        opened.host.fork(&order).map_err(|error| failed("fork", &error))
    }

    /// What the template has told since the last call.
    #[napi(catch_unwind)]
    pub fn receive(&self) -> Result<Vec<TemplateEvent>> {
        let mut open = self.open.borrow_mut();
        let opened = open.as_mut().ok_or_else(closed)?;
        let events = opened.host.receive(MOST_EVENTS);
        let over = matches!(events.last(), Some(Event::Closed(_)));
        if let Some((watch, _id)) = opened.watching.as_ref().filter(|_| !over) {
            watch.again().map_err(|error| failed("template", &error))?;
        }
        Ok(events.into_iter().map(|event| self.shown(event)).collect())
    }

    /// Has `onExit` called with `id` when there is something to receive.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: f64) -> Result<()> {
        let id = watch_id(id)?;
        let mut open = self.open.borrow_mut();
        let opened = open.as_mut().ok_or_else(closed)?;
        if opened.watching.is_some() {
            return Err(refused(libc::EEXIST, "template: watched already".into()));
        }
        // As for processes: the watcher's thread runs code of this image.
        napi::bindgen_prelude::retain_current_module_for_unload_safety();
        let to = Arc::new(Arrival {
            environment: Arc::clone(&self.environment),
            id,
        });
        let watch = watch_readable(opened.host.socket(), 0, to).map_err(|error| failed("template: watch", &error))?;
        opened.watching = Some((watch, id));
        Ok(())
    }

    /// Ends the template, and what it has forked.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.handed_over();
        let Some(Opened { host, watching }) = self.open.take() else {
            return;
        };
        if let Some((watch, id)) = watching {
            watch.stop();
            self.environment.exits.forget(id);
        }
        drop(host);
    }

    fn shown(&self, event: Event) -> TemplateEvent {
        match event {
            Event::Told(payload) => TemplateEvent {
                kind: "told",
                payload: Some(payload.into()),
                ..TemplateEvent::default()
            },
            Event::Forked { seq, process } => TemplateEvent {
                kind: "forked",
                seq: Some(seq),
                process: Some(ProcessHandle::of(&self.environment, process)),
                ..TemplateEvent::default()
            },
            Event::Failed { seq, failure } => TemplateEvent {
                kind: "failed",
                seq: Some(seq),
                failure: Some(failure.into()),
                ..TemplateEvent::default()
            },
            Event::Exited {
                seq,
                status,
                core,
                failure,
            } => {
                let (code, signal) = match status {
                    Status::Exited(code) => (Some(Either::A(code)), None),
                    Status::Signalled(signal) => (None, Some(signal)),
                    Status::Unknown => (None, None),
                };
                TemplateEvent {
                    kind: "exited",
                    seq: Some(seq),
                    code,
                    signal,
                    core: Some(core),
                    failure: failure.map(ForkFailure::from),
                    ..TemplateEvent::default()
                }
            }
            Event::Closed(errno) => TemplateEvent {
                kind: "closed",
                code: errno.map(|errno| Either::B(code_of(errno))),
                ..TemplateEvent::default()
            },
        }
    }
}

fn closed() -> Refusal {
    refused(libc::EBADF, "template: the handle is closed".into())
}
