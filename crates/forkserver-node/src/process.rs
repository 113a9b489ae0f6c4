//! `ProcessHandle`: one process as JavaScript holds it. Closing it ends nothing but the watching. One that is lost to the
//! garbage collector while it is watched still reports its end, and still ends with its Worker.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use brood_forkserver::pidfd::Pidfd;
use brood_forkserver::status::Status;
use brood_forkserver::watch::{Ends, Watch, watch};
use napi::Env;
use napi::bindgen_prelude::Function;
use napi_derive::napi;

use crate::descriptor::whole;
use crate::environment::Environment;
use crate::failure::{Result, failed, refused};

/// The highest signal of Linux.
const LAST_SIGNAL: i32 = 64;
/// The greatest whole number that JavaScript has exactly.
const LAST_ID: f64 = 9_007_199_254_740_991.0;

/// A process, whatever becomes of its number.
#[napi]
pub struct ProcessHandle {
    pid: i32,
    environment: Arc<Environment>,
    /// `None` once closed.
    open: RefCell<Option<Opened>>,
}

struct Opened {
    process: Pidfd,
    key: u64,
    watching: Option<Watching>,
}

struct Watching {
    watch: Watch,
    end: Arc<End>,
}

/// Takes the end of one process to JavaScript.
struct End {
    process: Pidfd,
    environment: Arc<Environment>,
    key: u64,
    id: i64,
    /// Nobody will close the handle.
    lost: AtomicBool,
    told: AtomicBool,
}

impl Ends for End {
    fn ended(&self, _id: u64) {
        // Here and not in JavaScript: what the process has started must not outlive it because this host loops. It is
        // hardly ever reaped by now, so that its group is certain on every kernel.
        let _ = self.process.signal_group(libc::SIGKILL);
        self.environment.exits.push(self.id);
        self.told.store(true, Ordering::SeqCst);
        self.let_go_if_lost();
    }
}

impl End {
    fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.let_go_if_lost();
    }

    /// Whichever of the two comes second does it; both, if they come at once, which does no harm.
    fn let_go_if_lost(&self) {
        if self.lost.load(Ordering::SeqCst) && self.told.load(Ordering::SeqCst) {
            self.environment.let_go(self.key);
        }
    }
}

/// How a process ended: by itself with `code`, or by `signal`.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct ExitStatus {
    /// The code that it left with.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

impl ExitStatus {
    /// Neither, where nobody knows.
    pub(crate) fn of(status: Status) -> Self {
        let (code, signal) = match status {
            Status::Exited(code) => (Some(code), None),
            Status::Signalled(signal) => (None, Some(signal)),
            Status::Unknown => (None, None),
        };
        Self { code, signal }
    }
}

#[napi]
impl ProcessHandle {
    /// A handle on the process that has the number `pid` now.
    #[napi(factory, catch_unwind)]
    pub fn open(env: Env, pid: f64) -> Result<Self> {
        let pid = whole("ProcessHandle.open: pid", pid, 1, i32::MAX)?;
        let environment = Environment::of(env)?;
        let process = Pidfd::open(pid).map_err(|error| failed(&format!("process {pid}"), &error))?;
        Ok(Self::of(&environment, process))
    }

    /// The number of the process.
    #[napi(getter, catch_unwind)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal to the process. False: it is gone.
    #[napi(catch_unwind)]
    pub fn signal(&self, signal: f64) -> Result<bool> {
        let signal = whole("signal", signal, 0, LAST_SIGNAL)?;
        self.process()?
            .signal(signal)
            .map_err(|error| self.failed("signal", &error))
    }

    /// Sends a signal to the group that the process leads or led. False: nobody is left.
    #[napi(catch_unwind)]
    pub fn signal_group(&self, signal: f64) -> Result<bool> {
        let signal = whole("signalGroup", signal, 0, LAST_SIGNAL)?;
        self.process()?
            .signal_group(signal)
            .map_err(|error| self.failed("signalGroup", &error))
    }

    /// How it ended, if the kernel tells: once it was reaped.
    #[napi(catch_unwind)]
    pub fn exit_status(&self) -> Result<Option<ExitStatus>> {
        Ok(match self.process()?.exit_status() {
            Status::Unknown => None,
            status => Some(ExitStatus::of(status)),
        })
    }

    /// Has its end reported through `onExit`, once, as `id`, and its group killed then.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: f64) -> Result<()> {
        let id = watch_id(id)?;
        let mut open = self.open.borrow_mut();
        let opened = open.as_mut().ok_or_else(|| self.closed())?;
        if opened.watching.is_some() {
            return Err(refused(libc::EEXIST, format!("process {}: watched already", self.pid)));
        }
        // The watcher's thread runs code of this image, which Node would unload with the last Worker that has it.
        napi::bindgen_prelude::retain_current_module_for_unload_safety();
        let end = Arc::new(End {
            process: opened.process.clone(),
            environment: Arc::clone(&self.environment),
            key: opened.key,
            id,
            lost: AtomicBool::new(false),
            told: AtomicBool::new(false),
        });
        let to = Arc::clone(&end) as Arc<dyn Ends>;
        let watch = watch(&opened.process, opened.key, to).map_err(|error| self.failed("watch", &error))?;
        opened.watching = Some(Watching { watch, end });
        Ok(())
    }

    /// Stops watching and lets go of the process, which goes on.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        let Some(opened) = self.open.take() else { return };
        self.environment.let_go(opened.key);
        if let Some(Watching { watch, end }) = opened.watching {
            watch.stop();
            self.environment.exits.forget(end.id);
        }
    }

    fn process(&self) -> Result<Pidfd> {
        self.open
            .borrow()
            .as_ref()
            .map(|opened| opened.process.clone())
            .ok_or_else(|| self.closed())
    }

    fn closed(&self) -> crate::failure::Failure {
        refused(libc::EBADF, format!("process {}: the handle is closed", self.pid))
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> crate::failure::Failure {
        failed(&format!("process {}: {what}", self.pid), error)
    }
}

impl ProcessHandle {
    /// A handle that JavaScript gets, on a process that is kept for it until then.
    pub(crate) fn of(environment: &Arc<Environment>, process: Pidfd) -> Self {
        Self {
            pid: process.pid(),
            environment: Arc::clone(environment),
            open: RefCell::new(Some(Opened {
                key: environment.keep(process.clone()),
                process,
                watching: None,
            })),
        }
    }
}

/// What JavaScript calls something that it watches.
pub(crate) fn watch_id(id: f64) -> Result<i64> {
    if id.fract() != 0.0 || !(0.0..=LAST_ID).contains(&id) {
        return Err(refused(
            libc::EINVAL,
            format!("watch: got {id}, expected a whole number from 0 to {LAST_ID}"),
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    return Ok(id as i64);
}

impl Drop for ProcessHandle {
    fn drop(&mut self) {
        let lost = self.open.get_mut().take();
        match lost {
            None => {}
            Some(Opened {
                watching: Some(Watching { watch, end }),
                ..
            }) => {
                watch.detach();
                end.lose();
            }
            Some(Opened {
                key, watching: None, ..
            }) => self.environment.let_go(key),
        }
    }
}

/// Calls `callback` with the ids of the processes that have ended since its last call.
#[napi(catch_unwind)]
pub fn on_exit(env: Env, callback: Function<'_, Vec<i64>, ()>) -> Result<()> {
    let environment = Environment::of(env)?;
    environment.exits.tell(&environment, &callback)
}
