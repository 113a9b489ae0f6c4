//! Where processes have no descriptors: the same names as on Linux, so that a binding compiles. No handle can be opened, so
//! nothing else in here is ever reached.

/// See the module of this name on Linux.
pub mod abandon {
    use std::time::Duration;

    use super::pidfd::Pidfd;

    /// There is none to end.
    pub fn end_abandoned(_processes: &[Pidfd], _within: Duration) {}
}

/// See the module of this name on Linux.
pub mod holders {
    use std::collections::HashSet;
    use std::io::{self, PipeReader};
    use std::os::fd::{AsFd, AsRawFd};

    use rustix::fs::fstat;

    use super::pidfd::Pidfd;

    /// What an open descriptor stands for.
    ///
    /// # Errors
    /// `EBADF` if it is not open.
    pub fn inode(descriptor: &impl AsFd) -> io::Result<u64> {
        Ok(fstat(descriptor)?.st_ino)
    }

    /// What tells one pipe from all others.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct PipeId(i32);

    impl PipeId {
        /// Of an open pipe.
        ///
        /// # Errors
        /// None here.
        pub fn of(pipe: &PipeReader) -> io::Result<Self> {
            Ok(Self(pipe.as_raw_fd()))
        }
    }

    /// Children cannot be searched for here: their lifelines end them.
    #[must_use]
    pub fn children_holding(_pipes: &HashSet<PipeId>) -> Vec<Pidfd> {
        Vec::new()
    }
}

/// See the module of this name on Linux.
pub mod pidfd {
    use std::convert::Infallible;
    use std::io;

    use crate::status::Status;

    /// There is none.
    #[derive(Clone, Debug)]
    pub struct Pidfd(pub(super) Infallible);

    impl Pidfd {
        /// Refuses.
        ///
        /// # Errors
        /// `ENOSYS`, always.
        pub fn open(_pid: i32) -> io::Result<Self> {
            Err(io::Error::from_raw_os_error(libc::ENOSYS))
        }

        /// Never reached.
        #[must_use]
        pub fn pid(&self) -> i32 {
            match self.0 {}
        }

        /// Never reached.
        ///
        /// # Errors
        /// None.
        pub fn signal(&self, _signal: i32) -> io::Result<bool> {
            match self.0 {}
        }

        /// Never reached.
        ///
        /// # Errors
        /// None.
        pub fn signal_group(&self, _signal: i32) -> io::Result<bool> {
            match self.0 {}
        }

        /// Never reached.
        #[must_use]
        pub fn exit_status(&self) -> Status {
            match self.0 {}
        }
    }
}

/// See the module of this name on Linux.
pub mod watch {
    use std::io;
    use std::sync::Arc;

    use super::pidfd::Pidfd;

    /// Who is told.
    pub trait Ends: Send + Sync {
        /// Never called.
        fn ended(&self, id: u64);
    }

    /// There is none.
    #[derive(Debug)]
    pub struct Watch(std::convert::Infallible);

    impl Watch {
        /// Never reached.
        pub fn stop(self) {
            match self.0 {}
        }

        /// Never reached.
        pub fn detach(self) {
            match self.0 {}
        }
    }

    /// Never reached.
    ///
    /// # Errors
    /// None.
    pub fn watch(process: &Pidfd, _id: u64, _to: Arc<dyn Ends>) -> io::Result<Watch> {
        match process.0 {}
    }
}
