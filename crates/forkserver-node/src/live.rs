//! Forks the process of this very JavaScript, at the top of a turn of its event loop: no frame of JavaScript is on the stack then, and
//! no tick and no promise is due. The callback is called in both processes.
//!
//! Source of the order of steps: what breaks otherwise was tried, see `brood_forkserver::live` and [`crate::uv`].

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use brood_forkserver::exit_now;
use brood_forkserver::fork::CODE_OF_BROKEN;
use brood_forkserver::kernel::Linux;
use brood_forkserver::live::{Born, Forked, Gifts, Live};
use brood_forkserver::protocol::Failure;
use brood_forkserver::runtime::Runtime;
use napi::bindgen_prelude::{Function, ToNapiValue};
use napi::sys::{self, uv_loop_s};
use napi::{Env, JsValue};
use napi_derive::napi;

use crate::descriptor::borrowed;
use crate::environment::Environment;
use crate::failure::{Failure as Refusal, Result, failed, from_napi, refused};
use crate::process::{ExitStatus, ProcessHandle};
use crate::serve::{ForkedChild, fork_support};
use crate::template::ForkFailure;
use crate::uv::{Handle, Uv};

/// libuv's part in it.
struct Busy {
    uv: Uv,
    main: *mut uv_loop_s,
}

impl Runtime for Busy {
    fn before(&mut self) -> io::Result<()> {
        // SAFETY: the loop was compared with what is believed of it, and is this thread's.
        unsafe { self.uv.hold(self.main) };
        Ok(())
    }

    fn in_parent(&mut self) {
        // SAFETY: as above; it was held by `before`.
        unsafe { self.uv.let_go(self.main) };
    }

    fn in_child(&mut self) -> io::Result<()> {
        // SAFETY: as above. This is the thread that has held it, in the copy of the process.
        unsafe {
            self.uv.let_go(self.main);
            self.uv.forget_work(self.main);
        }
        // SAFETY: it is the loop of this thread, and between two of its turns.
        match unsafe { (self.uv.loop_fork)(self.main) } {
            0 => {}
            error => return Err(io::Error::from_raw_os_error(error.saturating_neg())),
        }
        // SAFETY: as above; the loop was forked just now.
        unsafe { self.uv.renew_watchers(self.main) };
        // SAFETY: as above; by now something quiet is at each of their descriptors.
        OWN_TIMERS.with_borrow(|kept| unsafe { self.uv.quiet(self.main, kept) });
        Ok(())
    }
}

/// What the first thread of this process has for forking itself.
struct Host {
    live: Live,
    busy: Busy,
    turn: *mut Handle,
    armed: Option<Armed>,
}

/// What the next turn is to fork.
struct Armed {
    env: sys::napi_env,
    may_fork: sys::napi_ref,
    callback: sys::napi_ref,
    environment: Arc<Environment>,
    lifeline: OwnedFd,
    stdio: [Option<OwnedFd>; 3],
    others: Vec<OwnedFd>,
}

thread_local! {
    /// Node's own: what JavaScript's timers hang on.
    static OWN_TIMERS: RefCell<Vec<*mut Handle>> = const { RefCell::new(Vec::new()) };
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// What a child is given.
#[napi(object, object_to_js = false)]
pub struct LiveForkRequest {
    /// The child's end of its lifeline.
    pub lifeline: f64,
    /// What becomes 0, 1 and 2.
    pub stdio: Vec<f64>,
    /// What else it gets.
    pub descriptors: Vec<f64>,
}

/// What came of it: one of the three.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct LiveFork {
    /// In the parent.
    pub born: Option<LiveChild>,
    /// In the child.
    pub child: Option<ForkedChild>,
    /// In the parent, where there is no child.
    pub failure: Option<ForkFailure>,
    /// How long the loop of the parent stood still for it, in ms.
    pub pause: f64,
}

/// A child of this very process, to be reaped by it.
#[napi]
pub struct LiveChild {
    pid: i32,
    environment: Arc<Environment>,
    /// `None` once closed.
    born: RefCell<Option<Born>>,
}

#[napi]
impl LiveChild {
    fn of(environment: Arc<Environment>, born: Born) -> Self {
        Self {
            pid: born.process.pid(),
            environment,
            born: RefCell::new(Some(born)),
        }
    }

    /// The number of the process.
    #[napi(getter, catch_unwind)]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// A handle on it, to be closed.
    #[napi(catch_unwind)]
    pub fn handle(&self) -> Result<ProcessHandle> {
        self.with(|born| Ok(ProcessHandle::of(&self.environment, born.process.clone())))
    }

    /// Reaps it, if it has ended.
    #[napi(catch_unwind)]
    pub fn reap(&self) -> Result<Option<ExitStatus>> {
        self.with(|born| {
            let status = born.process.reap().map_err(|error| failed("reap", &error))?;
            Ok(status.map(ExitStatus::of))
        })
    }

    /// Why it has ended without having begun.
    #[napi(catch_unwind)]
    pub fn trouble(&self) -> Result<Option<ForkFailure>> {
        self.with(|born| Ok(born.trouble().map(ForkFailure::from)))
    }

    /// Nothing is asked of it any more.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        drop(self.born.take());
    }

    fn with<T>(&self, look: impl FnOnce(&Born) -> Result<T>) -> Result<T> {
        match &*self.born.borrow() {
            Some(born) => look(born),
            None => Err(refused(libc::EBADF, format!("process {}: it is closed", self.pid))),
        }
    }
}

/// Why this process cannot fork itself, as far as native code can say; null if it can.
#[napi(catch_unwind)]
pub fn live_fork_obstacle(env: Env) -> Result<Option<String>> {
    if let Some(reason) = fork_support().reason {
        return Ok(Some(reason));
    }
    let Some(uv) = Uv::find() else {
        return Ok(Some(
            "this program does not export libuv's functions, as Node does".into(),
        ));
    };
    let main = env.get_uv_event_loop().map_err(from_napi)?;
    // SAFETY: it is the loop of this thread.
    let known = unsafe { uv.knows(main) };
    Ok((!known).then(|| "the libuv of this Node is laid out in a way that is not known".into()))
}

/// Before any code of the user's: the timers that the loop has now are Node's own, and stay in a child. Where the loop is not known,
/// nothing is forked either.
#[napi(catch_unwind)]
pub fn remember_loop(env: Env) -> Result<()> {
    if live_fork_obstacle(env)?.is_none()
        && let Some(uv) = Uv::find()
    {
        let main = env.get_uv_event_loop().map_err(from_napi)?;
        // SAFETY: it is the loop of this thread.
        OWN_TIMERS.set(unsafe { uv.timers(main) });
    }
    Ok(())
}

/// Forks this process at the top of the next turn of its loop, if `may_fork` says so then and nothing of the loop is about to end; and
/// calls `callback` in both. `EAGAIN` at the step `turn`: not in this turn.
#[napi(catch_unwind)]
pub fn fork_live(
    env: Env,
    request: LiveForkRequest,
    may_fork: Function<'_, (), bool>,
    callback: Function<'_, LiveFork, ()>,
) -> Result<()> {
    let copy = |fd: f64| -> Result<OwnedFd> {
        borrowed("forkLive", fd)?
            .try_clone_to_owned()
            .map_err(|error| failed("forkLive", &error))
    };
    let mut stdio = [None, None, None];
    for (copied, &given) in stdio.iter_mut().zip(&request.stdio) {
        *copied = if given < 0.0 { None } else { Some(copy(given)?) };
    }
    let mut armed = Armed {
        env: env.raw(),
        may_fork: ptr::null_mut(),
        callback: ptr::null_mut(),
        environment: Environment::of(env)?,
        lifeline: copy(request.lifeline)?,
        stdio,
        others: request.descriptors.iter().map(|&fd| copy(fd)).collect::<Result<_>>()?,
    };
    HOST.with_borrow_mut(|host| {
        let host = match host {
            Some(host) => host,
            none => none.insert(Host::new(env)?),
        };
        if host.armed.is_some() {
            return Err(refused(libc::EBUSY, "forkLive: a fork is due already".into()));
        }
        // SAFETY: the callback is a value of the scope of this call; a reference keeps it.
        check(unsafe { sys::napi_create_reference(env.raw(), callback.raw(), 1, &raw mut armed.callback) })?;
        // SAFETY: as above.
        check(unsafe { sys::napi_create_reference(env.raw(), may_fork.raw(), 1, &raw mut armed.may_fork) })?;
        host.armed = Some(armed);
        // SAFETY: it is this host's own.
        unsafe { host.busy.uv.start(host.turn, on_turn) };
        Ok(())
    })
}

impl Host {
    fn new(env: Env) -> Result<Self> {
        if let Some(reason) = live_fork_obstacle(env)? {
            return Err(refused(libc::ENOSYS, format!("forkLive: {reason}")));
        }
        let uv = Uv::find().ok_or_else(|| refused(libc::ENOSYS, "forkLive: no libuv".into()))?;
        let main = env.get_uv_event_loop().map_err(from_napi)?;
        let live = Live::new().map_err(|error| failed("forkLive", &error))?;
        // SAFETY: it is the loop of this thread, whose environment ends only with the process.
        let turn = unsafe { uv.idle(main) };
        Ok(Self {
            live,
            busy: Busy { uv, main },
            turn,
            armed: None,
        })
    }

    fn fork(&mut self, armed: &Armed) -> std::result::Result<Forked, Failure> {
        let others: Vec<BorrowedFd<'_>> = armed.others.iter().map(AsFd::as_fd).collect();
        let gifts = Gifts {
            lifeline: armed.lifeline.as_fd(),
            stdio: [0, 1, 2].map(|number: usize| armed.stdio[number].as_ref().map(AsFd::as_fd)),
            others: &others,
        };
        self.live.fork(&Linux, &mut self.busy, &gifts)
    }
}

/// libuv calls it at the top of a turn.
unsafe extern "C" fn on_turn(_handle: *mut Handle) {
    let parent = std::process::id();
    // A panic in here would unwind through C.
    let turned = catch_unwind(AssertUnwindSafe(turn));
    // In the parent a start that is never answered has its own end.
    if !matches!(turned, Ok(Ok(()))) && std::process::id() != parent {
        exit_now(CODE_OF_BROKEN);
    }
}

fn turn() -> Result<()> {
    let from = Instant::now();
    let Some((armed, busy)) = HOST.with_borrow_mut(|host| {
        let host = host.as_mut()?;
        // SAFETY: it is this host's own.
        unsafe { host.busy.uv.stop(host.turn) };
        Some((host.armed.take()?, (host.busy.uv, host.busy.main)))
    }) else {
        return Ok(());
    };
    let (env, callback, environment) = (armed.env, armed.callback, Arc::clone(&armed.environment));
    let (uv, main) = busy;
    let may_fork = ask(env, armed.may_fork)?;
    // SAFETY: it is the loop of this thread.
    let forked = if !may_fork || unsafe { uv.is_ending(main) } {
        None
    } else {
        HOST.with_borrow_mut(|host| host.as_mut().map(|host| host.fork(&armed)))
    };
    let mut told = LiveFork::default();
    match forked {
        None => {
            told.failure = Some(ForkFailure {
                code: "EAGAIN".into(),
                step: "turn",
            });
        }
        Some(Ok(Forked::Parent(born))) => told.born = Some(LiveChild::of(environment, born)),
        Some(Ok(Forked::Child(child))) => {
            // What it was made with is the parent's: here other things have these numbers.
            HOST.with_borrow_mut(|host| std::mem::forget(host.take()));
            told.child = Some(child.into());
        }
        Some(Err(failure)) => told.failure = Some(failure.into()),
    }
    // In the child something quiet is at these numbers, which nobody needs.
    drop(armed);
    told.pause = from.elapsed().as_secs_f64() * 1_000.0;
    tell(env, callback, told)
}

/// Asks JavaScript. Nothing that waits, a tick or a promise, runs because of it.
fn ask(env: sys::napi_env, may_fork: sys::napi_ref) -> Result<bool> {
    let mut scope = ptr::null_mut();
    // SAFETY: this is the thread of that environment, which is alive, and no JavaScript of it runs.
    check(unsafe { sys::napi_open_handle_scope(env, &raw mut scope) })?;
    let asked = (|| {
        let (mut function, mut global, mut result) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let mut answer = false;
        // SAFETY: the reference is ours, and is used once; all values are of this scope.
        unsafe {
            check(sys::napi_get_reference_value(env, may_fork, &raw mut function))?;
            check(sys::napi_delete_reference(env, may_fork))?;
            check(sys::napi_get_global(env, &raw mut global))?;
            check(sys::napi_call_function(
                env,
                global,
                function,
                0,
                ptr::null(),
                &raw mut result,
            ))?;
            check(sys::napi_get_value_bool(env, result, &raw mut answer))?;
        }
        Ok(answer)
    })();
    // SAFETY: it was opened above.
    check(unsafe { sys::napi_close_handle_scope(env, scope) })?;
    asked
}

/// Calls JavaScript, as a turn of the loop does: what it leaves to ticks and promises is done when this returns.
fn tell(env: sys::napi_env, callback: sys::napi_ref, told: LiveFork) -> Result<()> {
    let mut scope = ptr::null_mut();
    // SAFETY: this is the thread of that environment, which is alive, and no JavaScript of it runs.
    check(unsafe { sys::napi_open_handle_scope(env, &raw mut scope) })?;
    let called = (|| {
        let mut function = ptr::null_mut();
        let mut global = ptr::null_mut();
        let mut result = ptr::null_mut();
        // SAFETY: the reference is ours, and is used once.
        unsafe {
            check(sys::napi_get_reference_value(env, callback, &raw mut function))?;
            check(sys::napi_delete_reference(env, callback))?;
            check(sys::napi_get_global(env, &raw mut global))?;
        }
        // SAFETY: as above; a scope is open.
        let value = unsafe { LiveFork::to_napi_value(env, told) }.map_err(from_napi)?;
        // SAFETY: all are values of this scope; no context means that of nobody.
        let status = unsafe {
            sys::napi_make_callback(
                env,
                ptr::null_mut(),
                global,
                function,
                1,
                &raw const value,
                &raw mut result,
            )
        };
        if status == sys::Status::napi_pending_exception {
            let mut error = ptr::null_mut();
            // SAFETY: there is one. It becomes an uncaught one, as in any callback.
            unsafe {
                check(sys::napi_get_and_clear_last_exception(env, &raw mut error))?;
                check(sys::napi_fatal_exception(env, error))?;
            }
            return Ok(());
        }
        check(status)
    })();
    // SAFETY: it was opened above.
    check(unsafe { sys::napi_close_handle_scope(env, scope) })?;
    called
}

fn check(status: sys::napi_status) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Refusal::new(
            format!("NAPI_{status}"),
            "Node-API refused a call".to_owned(),
        ))
    }
}
