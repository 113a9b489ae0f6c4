//! A file that is there whole or not at all, whatever becomes of the process that writes it: it has no name before all of it is on
//! the disk. Linux only, and not on every file system.

use std::io;
use std::path::Path;

use rustix::io::Errno;

/// How often a name that somebody else has just given is taken away again.
#[cfg(target_os = "linux")]
const ATTEMPTS: usize = 8;

/// Writes `bytes` as the file `path`, for its owner alone. What had that name before is gone then.
///
/// # Errors
/// `EOPNOTSUPP` or `EISDIR` where the file system or the kernel has no files without names, `ENOENT` where there is no such directory or
/// no `/proc`; `ENOSPC`, `EROFS`, `EACCES`, `EMFILE` and kin. Nothing is left then.
#[cfg(target_os = "linux")]
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open, unlink};

    let directory = path.parent().ok_or(Errno::INVAL)?;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mut file = File::from(open(directory, flags, Mode::RUSR | Mode::WUSR)?);
    file.write_all(bytes)?;
    file.sync_data()?;
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    for _ in 0..ATTEMPTS {
        match linkat(CWD, &nameless, CWD, path, AtFlags::SYMLINK_FOLLOW) {
            Err(Errno::EXIST) => match unlink(path) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            },
            linked => return Ok(linked?),
        }
    }
    Err(Errno::EXIST.into())
}

/// Not here.
///
/// # Errors
/// `EOPNOTSUPP`.
#[cfg(not(target_os = "linux"))]
pub fn write_whole(_path: &Path, _bytes: &[u8]) -> io::Result<()> {
    Err(Errno::OPNOTSUPP.into())
}

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "a failure here fails the test")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A directory of its own, which goes with it.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("brood-whole-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn count(&self) -> usize {
            fs::read_dir(&self.0).unwrap().count()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn it_has_all_of_its_bytes_and_replaces_what_was_there() {
        let scratch = Scratch::new("replaces");
        let path = scratch.0.join("code");
        for bytes in [vec![1; 100_000], vec![2; 10], vec![]] {
            write_whole(&path, &bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(scratch.count(), 1);
    }

    #[test]
    fn where_it_cannot_be_nothing_is_left() {
        let scratch = Scratch::new("nothing");
        let missing = scratch.0.join("none").join("code");
        assert_eq!(
            write_whole(&missing, b"x").unwrap_err().raw_os_error(),
            Some(libc::ENOENT)
        );
        let taken = scratch.0.join("directory");
        fs::create_dir(&taken).unwrap();
        write_whole(&taken, b"x").unwrap_err();
        assert_eq!(scratch.count(), 1);
    }
}
