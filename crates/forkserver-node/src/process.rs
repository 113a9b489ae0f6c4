//! `ProcessHandle`: one process as JavaScript holds it. Closing it, or losing it to the garbage collector, ends nothing but
//! the watching.

use std::cell::RefCell;
use std::sync::Arc;

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
    watching: Option<(Watch, i64)>,
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

#[napi]
impl ProcessHandle {
    /// A handle on the process that has the number `pid` now.
    #[napi(factory, catch_unwind)]
    pub fn open(env: Env, pid: f64) -> Result<Self> {
        let pid = whole("ProcessHandle.open: pid", pid, 1, i32::MAX)?;
        let environment = Environment::of(env)?;
        let process = Pidfd::open(pid).map_err(|error| failed(&format!("process {pid}"), &error))?;
        let key = environment.opened(process.clone());
        Ok(Self {
            pid,
            environment,
            open: RefCell::new(Some(Opened {
                process,
                key,
                watching: None,
            })),
        })
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
            Status::Exited(code) => Some(ExitStatus {
                code: Some(code),
                signal: None,
            }),
            Status::Signalled(signal) => Some(ExitStatus {
                code: None,
                signal: Some(signal),
            }),
            Status::Unknown => None,
        })
    }

    /// Has its end reported through `onExit`, once, as `id`.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: f64) -> Result<()> {
        if id.fract() != 0.0 || !(0.0..=LAST_ID).contains(&id) {
            return Err(refused(
                libc::EINVAL,
                format!("watch: got {id}, expected a whole number from 0 to {LAST_ID}"),
            ));
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        let id = id as i64;
        let mut open = self.open.borrow_mut();
        let opened = open.as_mut().ok_or_else(|| self.closed())?;
        if opened.watching.is_some() {
            return Err(refused(libc::EEXIST, format!("process {}: watched already", self.pid)));
        }
        // The watcher's thread runs code of this image, which Node would unload with the last Worker that has it.
        napi::bindgen_prelude::retain_current_module_for_unload_safety();
        let to = Arc::clone(&self.environment.exits) as Arc<dyn Ends>;
        let watching = watch(&opened.process, id.cast_unsigned(), to).map_err(|error| self.failed("watch", &error))?;
        opened.watching = Some((watching, id));
        Ok(())
    }

    /// Stops watching and lets go of the process, which goes on.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        let Some(opened) = self.open.take() else { return };
        self.environment.closed(opened.key);
        if let Some((watching, id)) = opened.watching {
            drop(watching);
            self.environment.exits.forget(id);
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

impl Drop for ProcessHandle {
    fn drop(&mut self) {
        self.close();
    }
}

/// Calls `callback` with the ids of the processes that have ended since its last call.
#[napi(catch_unwind)]
pub(crate) fn on_exit(env: Env, callback: Function<'_, Vec<i64>, ()>) -> Result<()> {
    Environment::of(env)?.exits.tell(&callback)
}
