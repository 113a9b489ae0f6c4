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
    pub(super) const NAMED_PIPE: c_int = 7;
    pub(super) const POLL: c_int = 8;
    pub(super) const PREPARE: c_int = 9;
    pub(super) const PROCESS: c_int = 10;
    pub(super) const TCP: c_int = 12;
    pub(super) const TTY: c_int = 14;
    pub(super) const UDP: c_int = 15;
}

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

/// `uv_pipe_t` on a system of 64 bits: where the name of a listening socket's file is.
const PIPE_NAME: usize = 256;
const PIPE_SIZE: usize = 264;

type OnHandle = unsafe extern "C" fn(*mut Handle, *mut c_void);
pub(crate) type OnPrepare = unsafe extern "C" fn(*mut Handle);

/// The functions of libuv that this needs.
#[derive(Clone, Copy)]
pub(crate) struct Uv {
    pub(crate) loop_fork: unsafe extern "C" fn(*mut uv_loop_s) -> c_int,
    backend_fd: unsafe extern "C" fn(*const uv_loop_s) -> c_int,
    walk: unsafe extern "C" fn(*mut uv_loop_s, OnHandle, *mut c_void),
    close: unsafe extern "C" fn(*mut Handle, *const c_void),
    is_closing: unsafe extern "C" fn(*const Handle) -> c_int,
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    prepare_init: unsafe extern "C" fn(*mut uv_loop_s, *mut Handle) -> c_int,
    prepare_start: unsafe extern "C" fn(*mut Handle, OnPrepare) -> c_int,
    prepare_stop: unsafe extern "C" fn(*mut Handle) -> c_int,
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
                close: function(c"uv_close")?,
                is_closing: function(c"uv_is_closing")?,
                handle_size: function(c"uv_handle_size")?,
                prepare_init: function(c"uv_prepare_init")?,
                prepare_start: function(c"uv_prepare_start")?,
                prepare_stop: function(c"uv_prepare_stop")?,
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

    /// Makes a handle that calls at the top of each turn of the loop; it is never freed, and stopped at first.
    ///
    /// # Safety
    /// `of` is a loop of this thread, and alive.
    pub(crate) unsafe fn prepare(&self, of: *mut uv_loop_s) -> *mut Handle {
        // SAFETY: it is a number of a kind.
        let size = unsafe { (self.handle_size)(kind::PREPARE) };
        // Of u64, for its alignment.
        let room: &'static mut [u64] = Box::leak(vec![0_u64; size.div_ceil(8)].into_boxed_slice());
        let handle = room.as_mut_ptr().cast::<Handle>();
        // SAFETY: it is as large as libuv wants it, and is never moved or freed. It cannot fail.
        unsafe { (self.prepare_init)(of, handle) };
        handle
    }

    /// # Safety
    /// `handle` is from [`Uv::prepare`].
    pub(crate) unsafe fn start(&self, handle: *mut Handle, then: OnPrepare) {
        // SAFETY: the caller's promise.
        unsafe { (self.prepare_start)(handle, then) };
    }

    /// # Safety
    /// `handle` is from [`Uv::prepare`].
    pub(crate) unsafe fn stop(&self, handle: *mut Handle) {
        // SAFETY: the caller's promise.
        unsafe { (self.prepare_stop)(handle) };
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

    /// Closes all handles of a loop that look outside of the process, but those of signals: Node counts these, and closes them with the
    /// last listener. libuv closes none of the descriptors 0 to 2 with them.
    ///
    /// # Safety
    /// As [`Uv::hold`], and in a child that has none of their descriptors any more.
    pub(crate) unsafe fn close_outward(&self, of: *mut uv_loop_s) {
        unsafe extern "C" fn one(handle: *mut Handle, uv: *mut c_void) {
            // SAFETY: it is the one that is passed below.
            let uv = unsafe { &*uv.cast::<Uv>() };
            // SAFETY: libuv calls with handles of the loop.
            unsafe { uv.close_if_outward(handle) };
        }
        let uv: *const Self = self;
        // SAFETY: the caller's promise; the walk is over when this returns.
        unsafe { (self.walk)(of, one, uv.cast_mut().cast()) };
    }

    /// # Safety
    /// As [`Uv::close_outward`], with a handle of the loop.
    unsafe fn close_if_outward(&self, handle: *mut Handle) {
        // SAFETY: handles of all kinds begin alike.
        let kind = unsafe { (*handle).kind };
        let outward = [
            kind::TCP,
            kind::NAMED_PIPE,
            kind::TTY,
            kind::UDP,
            kind::FS_EVENT,
            kind::FS_POLL,
            kind::POLL,
            kind::PROCESS,
        ];
        // SAFETY: the caller's promise.
        if !outward.contains(&kind) || unsafe { (self.is_closing)(handle) } != 0 {
            return;
        }
        if kind == kind::NAMED_PIPE {
            // The file of a listening socket is the parent's: closing would unlink it.
            // SAFETY: the size of a pipe was compared, and its last member is this name.
            unsafe {
                handle
                    .cast::<u8>()
                    .add(PIPE_NAME)
                    .cast::<*const c_char>()
                    .write_unaligned(ptr::null())
            };
        }
        // SAFETY: it is a handle of this loop that is not being closed.
        unsafe { (self.close)(handle, ptr::null()) };
    }
}
