//! What a template's JavaScript calls: it looks at its threads, tells its host something, and serves.
//!
//! Serving is one call that returns in children only, so no JavaScript runs in a template meanwhile. Nothing that goes wrong in
//! there becomes an exception: the process ends.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use brood_forkserver::exit_now;
use brood_forkserver::fork::CODE_OF_BROKEN;
use brood_forkserver::kernel::Linux;
use brood_forkserver::rights;
use brood_forkserver::runtime::Runtime;
use brood_forkserver::support::fork_obstacle;
use brood_forkserver::template::{self, Served, Template, Until};
use napi::Env;
use napi::bindgen_prelude::Uint8Array;
use napi::sys::uv_loop_s;
use napi_derive::napi;

use crate::descriptor::{borrowed, whole};
use crate::failure::{Result, failed, from_napi, refused};
use crate::symbols::{self, LoopFork};

/// libuv's part in a fork: the loop of the main thread is made anew in a child, with all that it watches. No layout of libuv's
/// is relied upon.
struct Libuv {
    main: *mut uv_loop_s,
    fork: LoopFork,
}

impl Runtime for Libuv {
    fn in_child(&mut self) -> io::Result<()> {
        // SAFETY: it is the loop of this thread, which is alive as long as its environment and does not run: JavaScript is in
        // a call of ours.
        match unsafe { (self.fork)(self.main) } {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error.saturating_neg())),
        }
    }
}

thread_local! {
    /// A template that was asked for one turn, with the number of its control socket.
    static BETWEEN_TURNS: RefCell<Option<(RawFd, Template<Libuv>)>> = const { RefCell::new(None) };
}

/// Whether this system can fork.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Debug)]
pub struct ForkSupport {
    /// Why not.
    pub reason: Option<String>,
    /// The version of glibc.
    pub glibc: Option<String>,
    /// The version of libuv.
    pub libuv: Option<String>,
}

/// Whether this system can fork, and with what.
#[napi(catch_unwind)]
#[must_use]
pub fn fork_support() -> ForkSupport {
    let glibc = symbols::glibc_version();
    let reason = fork_obstacle()
        .or_else(|| {
            glibc
                .is_none()
                .then_some("the C library is not glibc, the only one for which forking a Node is known to work")
        })
        .or_else(|| {
            symbols::loop_fork()
                .is_none()
                .then_some("this program does not export libuv's functions, as Node does")
        });
    ForkSupport {
        reason: reason.map(str::to_owned),
        glibc,
        libuv: symbols::libuv_version(),
    }
}

/// One thread of this process.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct Thread {
    /// Its number.
    pub tid: i32,
    /// Its name.
    pub name: String,
    /// What it does, one letter.
    pub state: String,
}

/// The threads of this process.
#[napi(catch_unwind)]
pub fn threads() -> Result<Vec<Thread>> {
    let found = brood_forkserver::threads::threads().map_err(|error| failed("threads", &error))?;
    let shown = found.into_iter().map(|thread| Thread {
        tid: thread.tid,
        name: thread.name,
        state: thread.state.into(),
    });
    Ok(shown.collect())
}

/// How many threads of brood's forkserver have been asked for and have no name of their own yet.
#[napi(catch_unwind)]
#[must_use]
pub fn beginning_threads() -> u32 {
    u32::try_from(brood_forkserver::threads::beginning()).unwrap_or(u32::MAX)
}

/// Tells the host some bytes.
#[napi(catch_unwind)]
pub fn tell(control: f64, payload: &[u8]) -> Result<()> {
    template::tell(borrowed("tell", control)?, payload).map_err(|error| failed("tell", &error))
}

/// What a child begins with.
#[napi(object, object_from_js = false)]
pub struct ForkedChild {
    /// The request's.
    pub seq: u32,
    /// Its number.
    pub pid: i32,
    /// The template's.
    pub ppid: i32,
    /// The request's.
    pub payload: Uint8Array,
    /// The request's, as numbers here.
    pub descriptors: Vec<i32>,
    /// Randomness of its own.
    pub seed: Uint8Array,
}

impl From<brood_forkserver::fork::ForkedChild> for ForkedChild {
    fn from(child: brood_forkserver::fork::ForkedChild) -> Self {
        Self {
            seq: child.seq,
            pid: child.pid,
            ppid: child.ppid,
            payload: child.payload.into(),
            descriptors: child.descriptors,
            seed: child.seed.to_vec().into(),
        }
    }
}

/// Serves as long as there is a host; returns in children only.
#[napi]
pub fn serve(env: Env, control: f64) -> Result<ForkedChild> {
    match serve_until(env, control, Until::End)? {
        Some(child) => Ok(child),
        None => exit_now(CODE_OF_BROKEN),
    }
}

/// Serves one request; for tests.
#[napi]
pub fn serve_one(env: Env, control: f64) -> Result<Option<ForkedChild>> {
    serve_until(env, control, Until::Turn)
}

fn serve_until(env: Env, control: f64, until: Until) -> Result<Option<ForkedChild>> {
    // A panic in a template would be an exception in a process whose JavaScript believes that it is a child.
    let served = catch_unwind(AssertUnwindSafe(|| {
        let (control, template) = template(env, control)?;
        Ok(match template.serve(until) {
            Served::Child(child) => Some(child.into()),
            Served::Template(template) => {
                BETWEEN_TURNS.set(Some((control, template)));
                None
            }
        })
    }));
    served.unwrap_or_else(|_panic| exit_now(CODE_OF_BROKEN))
}

fn template(env: Env, control: f64) -> Result<(RawFd, Template<Libuv>)> {
    let fd = whole("serve", control, 0, RawFd::MAX)?;
    if let Some((known, template)) = BETWEEN_TURNS.take() {
        if known == fd {
            return Ok((fd, template));
        }
        BETWEEN_TURNS.set(Some((known, template)));
        return Err(refused(libc::EINVAL, format!("serve: it serves at {known} already")));
    }
    if let Some(reason) = fork_support().reason {
        return Err(refused(libc::ENOSYS, format!("serve: {reason}")));
    }
    if !rights::is_end(borrowed("serve", control)?) {
        return Err(refused(libc::EINVAL, format!("serve: {fd} is no control socket")));
    }
    let runtime = Libuv {
        main: env.get_uv_event_loop().map_err(from_napi)?,
        fork: symbols::loop_fork().ok_or_else(|| refused(libc::ENOSYS, "serve: no libuv".into()))?,
    };
    // SAFETY: it is open, and JavaScript gives it away with this call.
    let control = unsafe { OwnedFd::from_raw_fd(fd) };
    debug_assert!(rights::is_end(control.as_fd()));
    let template = Template::new(control, runtime, Linux).map_err(|error| failed("serve", &error))?;
    Ok((fd, template))
}
