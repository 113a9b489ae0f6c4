//! Ends processes that nobody will ask about again, within a bound, and leaves neither them nor a zombie of them behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::pidfd::Pidfd;
use crate::wait::wait_until;
use crate::watch::{Ends, watch};

/// Kills each process with the group that it leads, waits at most `within` for all of them together, and reaps those that
/// are children of this process. One that takes longer (the kernel may be writing its core) is reaped when it ends.
pub fn end_abandoned(processes: &[Pidfd], within: Duration) {
    for process in processes {
        // The group first: when its leader is gone it is harder to find. Not leading one yet is no reason to live.
        let _ = process.signal_group(libc::SIGKILL);
        let _ = process.signal(libc::SIGKILL);
    }
    let deadline = Instant::now() + within;
    for process in processes {
        let _ = wait_until(process, deadline);
        if matches!(process.reap(), Ok(None)) {
            let reaper = Arc::new(Reaper(process.clone()));
            if let Ok(watching) = watch(process, 0, reaper) {
                watching.detach();
            }
        }
    }
}

struct Reaper(Pidfd);

impl Ends for Reaper {
    fn ended(&self, _id: u64) {
        let _ = self.0.reap();
    }
}
