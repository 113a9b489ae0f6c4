//! libuv as a process sees it that forks itself in the middle of its work. Its functions are found by name; what has none is looked at
//! in its structs, whose layout is checked each time before it is relied upon.
//!
//! Sources: include/uv.h, include/uv/unix.h and src/unix/threadpool.c of libuv 1.46 to 1.52.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::ptr;

use napi::sys::uv_loop_s;

use crate::symbols::function;

/// `uv_handle_t`, of whatever kind.
#[repr(C)]
pub(crate) struct Handle {
    data: *mut c_void,
    of: *mut uv_loop_s,
    kind: c_int,
}

/// `uv_handle_type`, as far as it matters.
mod kind {
    use std::ffi::c_int;
    pub(super) const ASYNC: c_int = 1;
    pub(super) const FS_EVENT: c_int = 3;
    pub(super) const FS_POLL: c_int = 4;
    pub(super) const IDLE: c_int = 6;
    pub(super) const NAMED_PIPE: c_int = 7;
    pub(super) const POLL: c_int = 8;
    pub(super) const TCP: c_int = 12;
    pub(super) const TIMER: c_int = 13;
    pub(super) const TTY: c_int = 14;
}

/// The last of the descriptors that every process has.
const LAST_STDIO: c_int = 2;

/// `struct uv__queue`: the head of a ring.
#[repr(C)]
struct Queue {
    next: *mut Queue,
    prev: *mut Queue,
}

/// `uv_loop_t` up to what is needed of it: the queue of finished work and its lock.
#[repr(C)]
struct Loop {
    data: *mut c_void,
    active_handles: c_uint,
    handle_queue: Queue,
    active_reqs: *mut c_void,
    internal_fields: *mut c_void,
    stop_flag: c_uint,
    flags: std::ffi::c_ulong,
    backend_fd: c_int,
    pending_queue: Queue,
    watcher_queue: Queue,
    watchers: *mut c_void,
    nwatchers: c_uint,
    nfds: c_uint,
    wq: Queue,
    wq_mutex: libc::pthread_mutex_t,
    wq_async: Handle,
}

/// `uv__io_t`: what a loop waits for at one descriptor. `pevents` is what is wanted, `events` what the system was told.
#[repr(C)]
struct Watcher {
    callback: *mut c_void,
    pending_queue: Queue,
    watcher_queue: Queue,
    pevents: c_uint,
    events: c_uint,
    fd: c_int,
}

/// `uv_pipe_t` on a system of 64 bits: where the name of a listening socket's file is.
const PIPE_NAME: usize = 256;
const PIPE_SIZE: usize = 264;

type OnHandle = unsafe extern "C" fn(*mut Handle, *mut c_void);
pub(crate) type OnIdle = unsafe extern "C" fn(*mut Handle);

/// The functions of libuv that this needs.
#[derive(Clone, Copy)]
pub(crate) struct Uv {
    pub(crate) loop_fork: unsafe extern "C" fn(*mut uv_loop_s) -> c_int,
    backend_fd: unsafe extern "C" fn(*const uv_loop_s) -> c_int,
    walk: unsafe extern "C" fn(*mut uv_loop_s, OnHandle, *mut c_void),
    is_closing: unsafe extern "C" fn(*const Handle) -> c_int,
    fileno: unsafe extern "C" fn(*const Handle, *mut c_int) -> c_int,
    read_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    fs_event_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    fs_poll_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    poll_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    timer_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    has_ref: unsafe extern "C" fn(*const Handle) -> c_int,
    write_queue_size: unsafe extern "C" fn(*const Handle) -> usize,
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    idle_init: unsafe extern "C" fn(*mut uv_loop_s, *mut Handle) -> c_int,
    idle_start: unsafe extern "C" fn(*mut Handle, OnIdle) -> c_int,
    idle_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
    mutex_lock: unsafe extern "C" fn(*mut libc::pthread_mutex_t),
    mutex_unlock: unsafe extern "C" fn(*mut libc::pthread_mutex_t),
}

impl Uv {
    /// `None` where one of them is missing.
    pub(crate) fn find() -> Option<Self> {
        // SAFETY: these are their signatures in every libuv 1.x; handles of all kinds begin alike.
        unsafe {
            Some(Self {
                loop_fork: function(c"uv_loop_fork")?,
                backend_fd: function(c"uv_backend_fd")?,
                walk: function(c"uv_walk")?,
                is_closing: function(c"uv_is_closing")?,
                fileno: function(c"uv_fileno")?,
                read_stop: function(c"uv_read_stop")?,
                fs_event_stop: function(c"uv_fs_event_stop")?,
                fs_poll_stop: function(c"uv_fs_poll_stop")?,
                poll_stop: function(c"uv_poll_stop")?,
                timer_stop: function(c"uv_timer_stop")?,
                has_ref: function(c"uv_has_ref")?,
                write_queue_size: function(c"uv_stream_get_write_queue_size")?,
                handle_size: function(c"uv_handle_size")?,
                idle_init: function(c"uv_idle_init")?,
                idle_start: function(c"uv_idle_start")?,
                idle_stop: function(c"uv_idle_stop")?,
                mutex_lock: function(c"uv_mutex_lock")?,
                mutex_unlock: function(c"uv_mutex_unlock")?,
            })
        }
    }

    /// Whether a loop is laid out as this file believes: each thing that is relied upon is compared with what libuv itself says.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive.
    pub(crate) unsafe fn knows(&self, of: *mut uv_loop_s) -> bool {
        let view: *const Loop = of.cast_const().cast();
        // SAFETY: the size of a loop is much more than this view has in every libuv 1.x; numbers and addresses have no wrong values.
        let (backend, async_loop, async_kind, wq) = unsafe {
            (
                (*view).backend_fd,
                (*view).wq_async.of,
                (*view).wq_async.kind,
                &raw const (*view).wq,
            )
        };
        // SAFETY: the caller's promise.
        let truly = unsafe { (self.backend_fd)(of) };
        if backend != truly || async_loop != of || async_kind != kind::ASYNC {
            return false;
        }
        // SAFETY: it is a number of a kind.
        if unsafe { (self.handle_size)(kind::NAMED_PIPE) } != PIPE_SIZE {
            return false;
        }
        // The lock and the queue lie between what has been found and what has been found: their sizes are fixed by that. A ring leads
        // back to its head.
        // SAFETY: the neighbours are where they should be, so this is a ring whose members are alive; the lock keeps them so.
        unsafe {
            let lock = (&raw const (*view).wq_mutex).cast_mut();
            (self.mutex_lock)(lock);
            let next = (*wq).next;
            let ring = !next.is_null() && ptr::eq((*next).prev, wq);
            (self.mutex_unlock)(lock);
            ring
        }
    }

    /// Makes a handle that calls at the top of each turn of the loop, which never waits as long as it is started (so the turn comes also
    /// where nothing else happens). It is never freed, and stopped at first.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive.
    pub(crate) unsafe fn idle(&self, of: *mut uv_loop_s) -> *mut Handle {
        // SAFETY: it is a number of a kind.
        let size = unsafe { (self.handle_size)(kind::IDLE) };
        // Of u64, for its alignment.
        let room: &'static mut [u64] = Box::leak(vec![0_u64; size.div_ceil(8)].into_boxed_slice());
        let handle = room.as_mut_ptr().cast::<Handle>();
        // SAFETY: it is as large as libuv wants it, and is never moved or freed. It cannot fail.
        unsafe { (self.idle_init)(of, handle) };
        handle
    }

    /// # Safety
    /// `handle` is from [`Uv::idle`].
    pub(crate) unsafe fn start(&self, handle: *mut Handle, then: OnIdle) {
        // SAFETY: the caller's promise.
        unsafe { (self.idle_start)(handle, then) };
    }

    /// # Safety
    /// `handle` is from [`Uv::idle`].
    pub(crate) unsafe fn stop(&self, handle: *mut Handle) {
        // SAFETY: the caller's promise.
        unsafe { (self.idle_stop)(handle) };
    }

    /// No thread of the pool is in the queue of finished work until [`Uv::let_go`].
    ///
    /// # Safety
    /// The loop is one that it [`Uv::knows`].
    pub(crate) unsafe fn hold(&self, of: *mut uv_loop_s) {
        // SAFETY: the caller's promise.
        unsafe { (self.mutex_lock)(&raw mut (*of.cast::<Loop>()).wq_mutex) };
    }

    /// # Safety
    /// As [`Uv::hold`], which this thread, or the one it was forked from, has called.
    pub(crate) unsafe fn let_go(&self, of: *mut uv_loop_s) {
        // SAFETY: the caller's promise.
        unsafe { (self.mutex_unlock)(&raw mut (*of.cast::<Loop>()).wq_mutex) };
    }

    /// Forgets work that is finished and not told of yet.
    ///
    /// # Safety
    /// As [`Uv::hold`].
    pub(crate) unsafe fn forget_work(&self, of: *mut uv_loop_s) {
        // SAFETY: the caller's promise; a head that leads to itself is an empty ring.
        unsafe {
            let wq = &raw mut (*of.cast::<Loop>()).wq;
            (*wq).next = wq;
            (*wq).prev = wq;
        }
    }

    /// Has a loop that was forked tell its new epoll of every watcher as of a new one. `uv_loop_fork` does so for those that were at rest;
    /// one that was about to be told a change to the old epoll would be told to the new one as a change too, which knows nothing of it,
    /// and libuv ends the process then.
    ///
    /// # Safety
    /// As [`Uv::hold`], and after `uv_loop_fork`, before the next turn.
    pub(crate) unsafe fn renew_watchers(&self, of: *mut uv_loop_s) {
        let view: *mut Loop = of.cast();
        // SAFETY: the caller's promise: this is a ring whose members are alive, each of them within a watcher. One that is not found at its
        // descriptor in the loop's own list is not what it is believed to be, and left as it is.
        unsafe {
            let head = &raw mut (*view).watcher_queue;
            let list: *mut *mut Watcher = (*view).watchers.cast();
            let mut at = (*head).next;
            while !ptr::eq(at, head) {
                let watcher: *mut Watcher = at.byte_sub(std::mem::offset_of!(Watcher, watcher_queue)).cast();
                let known = usize::try_from((*watcher).fd)
                    .is_ok_and(|fd| fd < (*view).nwatchers as usize && ptr::eq(*list.add(fd), watcher));
                if known {
                    (*watcher).events = 0;
                }
                at = (*at).next;
            }
        }
    }

    /// Looks at each handle of a loop.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive; `look` neither makes nor frees handles.
    unsafe fn each<F: FnMut(*mut Handle)>(&self, of: *mut uv_loop_s, mut look: F) {
        unsafe extern "C" fn one<F: FnMut(*mut Handle)>(handle: *mut Handle, look: *mut c_void) {
            // SAFETY: it is the one that is passed below.
            (unsafe { &mut *look.cast::<F>() })(handle);
        }
        // SAFETY: the caller's promise; the walk is over when this returns.
        unsafe { (self.walk)(of, one::<F>, (&raw mut look).cast()) };
    }

    /// The timers that a loop has now.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive.
    pub(crate) unsafe fn timers(&self, of: *mut uv_loop_s) -> Vec<*mut Handle> {
        let mut list = Vec::new();
        // SAFETY: the caller's promise; handles of all kinds begin alike.
        unsafe {
            self.each(of, |handle| {
                if (*handle).kind == kind::TIMER {
                    list.push(handle);
                }
            });
        }
        list
    }

    /// Whether something of a loop is on its way that a fork would do too: who waits for the end of a handle is called in this very
    /// turn, and what was written to 0 to 2 is written as soon as there is room.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive.
    pub(crate) unsafe fn is_ending(&self, of: *mut uv_loop_s) -> bool {
        let mut found = false;
        // SAFETY: the caller's promise.
        unsafe {
            self.each(of, |handle| {
                found |= (self.is_closing)(handle) != 0 || self.is_writing(handle);
            });
        }
        found
    }

    /// Whether it is a stream at 0 to 2 with something to write.
    ///
    /// # Safety
    /// It is a handle of a loop of this thread.
    unsafe fn is_writing(&self, handle: *mut Handle) -> bool {
        // SAFETY: handles of all kinds begin alike; what is asked of a stream is asked of one.
        unsafe {
            let mut fd = -1;
            matches!((*handle).kind, kind::TCP | kind::TTY | kind::NAMED_PIPE)
                && (self.fileno)(handle, &raw mut fd) == 0
                && fd <= LAST_STDIO
                && (self.write_queue_size)(handle) > 0
        }
    }

    /// Has the handles of a loop see nothing of what they were about. None is closed, since that calls who waits for what they were
    /// doing; what is at their descriptors is quiet. Files are not watched any more, 0 to 2 not read, and a listening socket that is
    /// closed some day does not take its file with it, which is the parent's. Timers end, but for `kept`, and for those that do not
    /// keep a loop alive: these are V8's own.
    ///
    /// # Safety
    /// As [`Uv::hold`], and in a child that has none of their descriptors any more.
    pub(crate) unsafe fn quiet(&self, of: *mut uv_loop_s, kept: &[*mut Handle]) {
        // SAFETY: the caller's promise.
        unsafe {
            self.each(of, |handle| {
                if !kept.contains(&handle) {
                    self.quiet_one(handle);
                }
            });
        }
    }

    /// # Safety
    /// As [`Uv::quiet`], with a handle of the loop.
    unsafe fn quiet_one(&self, handle: *mut Handle) {
        // SAFETY: handles of all kinds begin alike.
        let kind = unsafe { (*handle).kind };
        // SAFETY: the caller's promise.
        if unsafe { (self.is_closing)(handle) } != 0 {
            return;
        }
        match kind {
            // SAFETY: it is of that kind.
            kind::FS_EVENT => drop(unsafe { (self.fs_event_stop)(handle) }),
            // SAFETY: it is of that kind.
            kind::FS_POLL => drop(unsafe { (self.fs_poll_stop)(handle) }),
            // SAFETY: it is of that kind.
            kind::POLL => drop(unsafe { (self.poll_stop)(handle) }),
            // SAFETY: it is of that kind.
            kind::TIMER if unsafe { (self.has_ref)(handle) } != 0 => drop(unsafe { (self.timer_stop)(handle) }),
            kind::TCP | kind::TTY | kind::NAMED_PIPE => {
                let mut fd = -1;
                // SAFETY: it is a stream, and a number is written.
                if unsafe { (self.fileno)(handle, &raw mut fd) } == 0 && fd <= LAST_STDIO {
                    // SAFETY: it is a stream of this loop.
                    unsafe { (self.read_stop)(handle) };
                }
                if kind == kind::NAMED_PIPE {
                    // SAFETY: the size of a pipe was compared, and its last member is this name.
                    let name = unsafe { handle.cast::<u8>().add(PIPE_NAME).cast::<*const c_char>() };
                    // SAFETY: as above. The name itself is never freed.
                    unsafe { name.write_unaligned(ptr::null()) };
                }
            }
            _ => {}
        }
    }
}
