//! Functions of the program that has loaded the addon, found by name: Node exports libuv's, and a C library its own.

use std::ffi::{CStr, c_char, c_int, c_void};

use napi::sys::uv_loop_s;

/// `uv_loop_fork`.
pub(crate) type LoopFork = unsafe extern "C" fn(*mut uv_loop_s) -> c_int;

fn find(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name ends with a zero, and looking for it runs no code.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// A function by its name, if it is there.
///
/// # Safety
/// `F` is the type of a function pointer, and that function's.
pub(crate) unsafe fn function<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the caller's promise; a pointer to a function is as large as any.
    find(name).map(|found| unsafe { std::mem::transmute_copy::<*mut c_void, F>(&found) })
}

/// libuv's, if it is there.
pub(crate) fn loop_fork() -> Option<LoopFork> {
    // SAFETY: this is its signature in every libuv 1.x.
    unsafe { function(c"uv_loop_fork") }
}

/// The version of the libuv that runs.
pub(crate) fn libuv_version() -> Option<String> {
    text_of(c"uv_version_string")
}

/// The version of the glibc that runs, if the C library is that.
pub(crate) fn glibc_version() -> Option<String> {
    text_of(c"gnu_get_libc_version")
}

/// What a function without arguments says of itself.
fn text_of(name: &CStr) -> Option<String> {
    type Tell = unsafe extern "C" fn() -> *const c_char;
    let found = find(name)?;
    // SAFETY: both that are asked for have this signature in every version.
    let tell = unsafe { std::mem::transmute::<*mut c_void, Tell>(found) };
    // SAFETY: they take nothing, and return text that lasts.
    let text = unsafe { tell() };
    if text.is_null() {
        return None;
    }
    // SAFETY: it ends with a zero.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().ok().map(str::to_owned)
}
