//! Finds the children of a thread that hold the actor's end of certain lifelines: actors that were started, but whose
//! starter was stopped before it could open a handle on them.

use std::collections::HashSet;
use std::fs;
use std::io::PipeReader;
use std::os::fd::AsFd;

use rustix::fs::fstat;
use rustix::thread::gettid;

use crate::pidfd::Pidfd;

/// What tells one pipe from all others while either of its ends is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PipeId(u64);

impl PipeId {
    /// Of an open pipe.
    ///
    /// # Errors
    /// What `fstat` says.
    pub fn of(pipe: &PipeReader) -> std::io::Result<Self> {
        Ok(Self(inode(pipe)?))
    }
}

/// What an open descriptor stands for: no other open pipe or socket has the same.
///
/// # Errors
/// `EBADF` if it is not open.
pub fn inode(descriptor: &impl AsFd) -> std::io::Result<u64> {
    Ok(fstat(descriptor)?.st_ino)
}

/// Handles on the living processes that this thread has started and that hold one of `pipes`. Empty where `/proc` does not
/// show the children of a thread.
#[must_use]
pub fn children_holding(pipes: &HashSet<PipeId>) -> Vec<Pidfd> {
    if pipes.is_empty() {
        return Vec::new();
    }
    // The list is by thread, and every thread may read its own.
    let children = format!("/proc/self/task/{}/children", gettid().as_raw_nonzero());
    let children = fs::read_to_string(children).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    // The handle comes first: what is then found under the number is about the process that the handle means, or the
    // handle means one that has ended.
    children
        .filter_map(|pid: i32| Pidfd::open(pid).ok())
        .filter(|process| holds_one_of(process.pid(), pipes))
        .collect()
}

fn holds_one_of(pid: i32, pipes: &HashSet<PipeId>) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path()).is_ok_and(|target| {
            let name = target.to_string_lossy();
            let inode = name.strip_prefix("pipe:[").and_then(|rest| rest.strip_suffix(']'));
            inode
                .and_then(|inode| inode.parse().ok())
                .is_some_and(|inode| pipes.contains(&PipeId(inode)))
        })
    })
}
