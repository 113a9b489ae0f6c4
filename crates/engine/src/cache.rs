//! Compiled components, kept between processes in a directory that is this user's alone, or not at all.
//!
//! A compiled component is native code, and the engine believes what it reads. So nothing is taken from here that another
//! user could have written: the directory and each file must be ours by their open descriptors, not reached over a link,
//! and closed to everybody else. An entry is written beside, synced and renamed, never in place, and only ever removed
//! after that: what is mapped keeps its bytes for as long as it is mapped. Processes need no lock between them; two that
//! write the same entry both succeed, and one of the two equal files stays.
//!
//! Where modes do not say who may write (not Unix) there is no cache.

use std::fmt;
use std::io;

use sha2::{Digest, Sha256};

#[cfg(unix)]
pub use unix::{Cache, Entry};

#[cfg(not(unix))]
pub use elsewhere::{Cache, Entry};

/// Most bytes that all entries take together. Origin: some two hundred components of the size of a JavaScript actor, whose
/// code takes 5 MB; and a quarter of what package managers keep without asking.
pub const DEFAULT_SIZE: u64 = 1 << 30;

/// What an entry is found by: the component and everything that its code depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The key of `wasm` as compiled by an engine that `engine` describes: its version, and a hash of its configuration.
    #[must_use]
    pub fn new(wasm: &[u8], engine: &str) -> Self {
        let mut hash = Sha256::new();
        // Both parts have a fixed length, so no two pairs hash the same bytes.
        hash.update(Sha256::digest(engine));
        hash.update(Sha256::digest(wasm));
        let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{PREFIX}{digits}{SUFFIX}"))
    }
}

/// Names of entries, and of files that are still being written. The directory holds other caches, too.
const PREFIX: &str = "component-";
const SUFFIX: &str = ".cwasm";
#[cfg(unix)]
const UNFINISHED: &str = ".cwasm-unfinished";

/// Why there is no cache, or why an entry was not written. Nobody's load fails over it.
#[derive(Debug)]
pub enum CacheError {
    /// The directory is not ours alone.
    NotPrivate {
        /// What is wrong with it, as "it is ..." would go on.
        why: &'static str,
    },
    /// The entry is larger than all entries together may be.
    TooLarge {
        /// Its bytes.
        size: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The system refused something.
    Io(io::Error),
    /// There is none on this platform.
    Unavailable,
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPrivate { why } => write!(f, "the cache directory is {why}"),
            Self::TooLarge { size, limit } => {
                write!(
                    f,
                    "the compiled component has {size} bytes; the whole cache may have {limit}"
                )
            }
            Self::Io(error) => error.fmt(f),
            Self::Unavailable => f.write_str("there is no cache on this platform"),
        }
    }
}

impl std::error::Error for CacheError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for CacheError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for CacheError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::{CStr, CString};
    use std::fs::{DirBuilder, File};
    use std::io::Write;
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};
    use std::os::unix::fs::DirBuilderExt;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, SystemTime};

    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW};
    use rustix::io::Errno;

    use super::{CacheError, DEFAULT_SIZE, Key, PREFIX, SUFFIX, UNFINISHED};

    /// A file that is being written belongs to somebody who died when it is older than this: a write takes seconds.
    const ABANDONED: Duration = Duration::from_secs(60 * 60);
    /// How often another name is tried for a new file; each is used once in this process.
    const ATTEMPTS: usize = 16;

    /// Everything that others may do with a file.
    const OTHERS: Mode = Mode::RWXG.union(Mode::RWXO);

    /// A private directory of compiled components.
    #[derive(Debug)]
    pub struct Cache {
        /// The directory that was checked, whatever becomes of its path.
        directory: OwnedFd,
        path: PathBuf,
        limit: u64,
    }

    /// A compiled component that was found. As a path it leads to the very file that was checked, for as long as this lives.
    #[derive(Debug)]
    pub struct Entry {
        file: File,
        path: PathBuf,
    }

    impl Entry {
        /// The open file.
        #[must_use]
        pub fn file(&self) -> &File {
            &self.file
        }
    }

    impl AsRef<Path> for Entry {
        fn as_ref(&self) -> &Path {
            &self.path
        }
    }

    impl Cache {
        /// Opens a directory of at most [`DEFAULT_SIZE`], and makes it first, for this user alone, if it is not there.
        ///
        /// # Errors
        ///
        /// If it is not ours alone, is a link, or cannot be made or read: there is then no cache.
        pub fn open(path: &Path) -> Result<Self, CacheError> {
            Self::with_limit(path, DEFAULT_SIZE)
        }

        /// The same with another ceiling for all entries together, in bytes.
        ///
        /// # Errors
        ///
        /// As [`Cache::open`].
        pub fn with_limit(path: &Path, limit: u64) -> Result<Self, CacheError> {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let directory = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| match error {
                // Linux says NOTDIR for a link where a directory is asked for, others say LOOP.
                Errno::NOTDIR | Errno::LOOP => CacheError::NotPrivate { why: "a link" },
                error => error.into(),
            })?;
            let stat = rustix::fs::fstat(&directory)?;
            if stat.st_uid != rustix::process::geteuid().as_raw() {
                return Err(CacheError::NotPrivate { why: "somebody else's" });
            }
            if Mode::from_raw_mode(stat.st_mode).intersects(OTHERS) {
                return Err(CacheError::NotPrivate {
                    why: "open to others: its mode must be 0700",
                });
            }
            Ok(Self {
                directory,
                path: path.to_owned(),
                limit,
            })
        }

        /// The entry of `key`, if there is one that can be trusted. It counts as used now.
        #[must_use]
        pub fn get(&self, key: &Key) -> Option<Entry> {
            // NONBLOCK: whatever else has that name, opening it must not wait.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = rustix::fs::openat(&self.directory, key.0.as_str(), flags, Mode::empty()).ok()?;
            if !trusted(&rustix::fs::fstat(&file).ok()?) {
                return None;
            }
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_NOW,
            };
            // The order of removal is worth no failure.
            let _ = rustix::fs::futimens(
                &file,
                &Timestamps {
                    last_access: now,
                    last_modification: now,
                },
            );
            let path = self.path_of(&file, key);
            Some(Entry {
                file: file.into(),
                path,
            })
        }

        /// The path of an open file: where the system has one, that of the descriptor itself.
        fn path_of(&self, file: &OwnedFd, key: &Key) -> PathBuf {
            if cfg!(target_os = "linux") {
                let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
                if path.exists() {
                    return path;
                }
            }
            // Nobody but this user can have put another file there since.
            self.path.join(&key.0)
        }

        /// Writes an entry, then removes those that were not used for longest until all fit.
        ///
        /// # Errors
        ///
        /// If it was not written. What was there before is there still.
        pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), CacheError> {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if size > self.limit {
                return Err(CacheError::TooLarge {
                    size,
                    limit: self.limit,
                });
            }
            let (name, mut file) = self.create()?;
            let written: Result<(), CacheError> = (|| {
                file.write_all(bytes)?;
                // Before the name says that it is whole.
                file.sync_all()?;
                rustix::fs::renameat(&self.directory, name.as_c_str(), &self.directory, key.0.as_str())?;
                Ok(())
            })();
            if written.is_err() {
                let _ = rustix::fs::unlinkat(&self.directory, name.as_c_str(), AtFlags::empty());
            }
            written?;
            // What is not removed now is removed by the next that writes.
            let _ = self.trim(key);
            Ok(())
        }

        /// A new file that nobody else has, and its name.
        fn create(&self) -> Result<(CString, File), CacheError> {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut error = Errno::EXIST;
            for _ in 0..ATTEMPTS {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let name = format!("{PREFIX}{}-{number}{UNFINISHED}", std::process::id());
                let Ok(name) = CString::new(name) else { break };
                match rustix::fs::openat(&self.directory, name.as_c_str(), flags, Mode::RUSR | Mode::WUSR) {
                    Ok(file) => return Ok((name, file.into())),
                    Err(Errno::EXIST) => {}
                    Err(other) => {
                        error = other;
                        break;
                    }
                }
            }
            Err(error.into())
        }

        /// Removes what is over the limit, the least recently used first, and what others left unfinished.
        fn trim(&self, just_written: &Key) -> Result<(), Errno> {
            let mut entries = Vec::new();
            let mut total = 0_u64;
            for found in Dir::read_from(self.directory.as_fd())? {
                let found = found?;
                let name = found.file_name();
                let Ok(text) = name.to_str() else { continue };
                let unfinished = text.ends_with(UNFINISHED);
                if !text.starts_with(PREFIX) || !(unfinished || text.ends_with(SUFFIX)) {
                    continue;
                }
                let Ok(stat) = rustix::fs::statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
                    continue;
                };
                let used = modified(&stat);
                if unfinished {
                    if SystemTime::now().duration_since(used).is_ok_and(|age| age > ABANDONED) {
                        self.remove(name);
                    }
                    continue;
                }
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                total = total.saturating_add(size);
                if text != just_written.0 {
                    entries.push((used, size, name.to_owned()));
                }
            }
            entries.sort();
            for (_, size, name) in entries {
                if total <= self.limit {
                    break;
                }
                self.remove(&name);
                total = total.saturating_sub(size);
            }
            Ok(())
        }

        /// Whoever has it open or mapped keeps it.
        fn remove(&self, name: &CStr) {
            // Another process may have been faster.
            let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
        }
    }

    /// Whether a file is one that only this user can have written: it is run.
    fn trusted(stat: &Stat) -> bool {
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_uid == rustix::process::geteuid().as_raw()
            && !Mode::from_raw_mode(stat.st_mode).intersects(OTHERS)
            && stat.st_size > 0
    }

    fn modified(stat: &Stat) -> SystemTime {
        let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
        let nanoseconds = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
        SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::convert::Infallible;
    use std::path::Path;

    use super::{CacheError, Key};

    /// There is none on this platform.
    #[derive(Debug)]
    pub struct Cache(Infallible);

    /// There is none on this platform.
    #[derive(Debug)]
    pub struct Entry(Infallible);

    impl AsRef<Path> for Entry {
        fn as_ref(&self) -> &Path {
            match self.0 {}
        }
    }

    impl Cache {
        /// Never opens.
        ///
        /// # Errors
        ///
        /// Always.
        pub fn open(_: &Path) -> Result<Self, CacheError> {
            Err(CacheError::Unavailable)
        }

        /// Never opens.
        ///
        /// # Errors
        ///
        /// Always.
        pub fn with_limit(_: &Path, _: u64) -> Result<Self, CacheError> {
            Err(CacheError::Unavailable)
        }

        /// Cannot be called.
        #[must_use]
        pub fn get(&self, _: &Key) -> Option<Entry> {
            match self.0 {}
        }

        /// Cannot be called.
        ///
        /// # Errors
        ///
        /// Never.
        pub fn put(&self, _: &Key, _: &[u8]) -> Result<(), CacheError> {
            match self.0 {}
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use super::{Cache, CacheError, Entry, Key};

    /// A directory of this test's own, gone with it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("brood-cache-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).expect("made");
            Self(path)
        }

        fn cache(&self) -> Cache {
            Cache::open(&self.0.join("cache")).expect("opened")
        }

        fn files(&self) -> Vec<PathBuf> {
            let mut files: Vec<PathBuf> = fs::read_dir(self.0.join("cache"))
                .expect("read")
                .map(|entry| entry.expect("read").path())
                .collect();
            files.sort();
            files
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn key(name: &str) -> Key {
        Key::new(name.as_bytes(), "engine 1")
    }

    fn read(entry: &Entry) -> String {
        let mut text = String::new();
        fs::File::open(entry)
            .expect("opened")
            .read_to_string(&mut text)
            .expect("read");
        text
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    }

    #[test]
    fn what_is_put_is_found_by_another_process() {
        let place = Place::new("found");
        place.cache().put(&key("a"), b"code").expect("written");
        let entry = place.cache().get(&key("a")).expect("found");
        assert_eq!(read(&entry), "code");
        assert_eq!(
            entry.file().metadata().expect("known").permissions().mode() & 0o777,
            0o600
        );
        assert!(place.cache().get(&key("b")).is_none());
        assert_eq!(place.files().len(), 1);
    }

    #[test]
    fn a_key_depends_on_the_component_and_on_the_engine() {
        let keys = [
            Key::new(b"a", "1"),
            Key::new(b"a", "2"),
            Key::new(b"b", "1"),
            Key::new(b"a1", ""),
            Key::new(b"", "a1"),
        ];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys[index + 1..].iter().all(|other| one != other));
        }
        assert_eq!(Key::new(b"a", "1"), keys[0]);
    }

    #[test]
    fn the_directory_is_made_for_this_user_alone() {
        let place = Place::new("made");
        let path = place.0.join("some/where");
        Cache::open(&path).expect("opened");
        assert_eq!(fs::metadata(&path).expect("known").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_is_open_to_others_is_refused() {
        let place = Place::new("open");
        let path = place.0.join("cache");
        drop(place.cache());
        for mode in [0o701, 0o710, 0o750, 0o777, 0o1777] {
            set_mode(&path, mode);
            assert!(
                matches!(Cache::open(&path), Err(CacheError::NotPrivate { .. })),
                "{mode:o}"
            );
        }
        set_mode(&path, 0o700);
        Cache::open(&path).expect("opened");
    }

    #[test]
    fn a_link_to_a_directory_is_refused() {
        let place = Place::new("link");
        drop(place.cache());
        let link = place.0.join("link");
        symlink(place.0.join("cache"), &link).expect("linked");
        assert!(matches!(
            Cache::open(&link),
            Err(CacheError::NotPrivate { why: "a link" })
        ));
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        // Only root can make one.
        if rustix::process::geteuid().is_root() {
            let place = Place::new("foreign");
            let path = place.0.join("cache");
            drop(place.cache());
            std::os::unix::fs::chown(&path, Some(12_345), None).expect("changed");
            assert!(matches!(
                Cache::open(&path),
                Err(CacheError::NotPrivate { why: "somebody else's" })
            ));
        } else {
            assert!(matches!(
                Cache::open(Path::new("/")),
                Err(CacheError::NotPrivate { .. })
            ));
        }
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let place = Place::new("file");
        let path = place.0.join("file");
        fs::write(&path, "").expect("written");
        assert!(Cache::open(&path).is_err());
    }

    #[test]
    fn an_entry_that_others_could_have_written_is_not_there() {
        let place = Place::new("entry");
        let cache = place.cache();
        cache.put(&key("a"), b"code").expect("written");
        let file = place.files().remove(0);
        for mode in [0o620, 0o602, 0o644, 0o604] {
            set_mode(&file, mode);
            assert!(cache.get(&key("a")).is_none(), "{mode:o}");
        }
        set_mode(&file, 0o600);
        assert!(cache.get(&key("a")).is_some());

        let elsewhere = place.0.join("elsewhere");
        fs::rename(&file, &elsewhere).expect("moved");
        symlink(&elsewhere, &file).expect("linked");
        assert!(cache.get(&key("a")).is_none(), "a link");

        fs::remove_file(&file).expect("removed");
        fs::create_dir(&file).expect("made");
        assert!(cache.get(&key("a")).is_none(), "a directory");

        fs::remove_dir(&file).expect("removed");
        fs::write(&file, "").expect("written");
        set_mode(&file, 0o600);
        assert!(cache.get(&key("a")).is_none(), "an empty file");
    }

    #[test]
    fn a_pipe_in_an_entrys_place_keeps_nobody_waiting() {
        let place = Place::new("pipe");
        let cache = place.cache();
        cache.put(&key("a"), b"code").expect("written");
        let file = place.files().remove(0);
        fs::remove_file(&file).expect("removed");
        let made = std::process::Command::new("mkfifo")
            .arg("-m")
            .arg("600")
            .arg(&file)
            .status()
            .expect("ran");
        assert!(made.success());
        assert!(cache.get(&key("a")).is_none());
    }

    #[test]
    fn an_entry_that_is_open_keeps_its_bytes_when_it_is_written_again_and_removed() {
        let place = Place::new("open-entry");
        let cache = place.cache();
        cache.put(&key("a"), b"first").expect("written");
        let first = cache.get(&key("a")).expect("found");
        cache.put(&key("a"), b"second").expect("written");
        assert_eq!(read(&cache.get(&key("a")).expect("found")), "second");
        let mut text = String::new();
        first.file().read_to_string(&mut text).expect("read");
        assert_eq!(text, "first");
        #[cfg(target_os = "linux")]
        assert_eq!(read(&first), "first", "its path leads to the file that was checked");
    }

    #[test]
    fn the_least_recently_used_entries_make_room() {
        let place = Place::new("room");
        let path = place.0.join("cache");
        let cache = Cache::with_limit(&path, 30).expect("opened");
        let other = path.join("entry-of-another-cache.v8");
        fs::write(&other, [0; 100]).expect("written");
        for (age, name) in [(50, "a"), (40, "b"), (30, "c")] {
            cache.put(&key(name), &[0; 10]).expect("written");
            let used = SystemTime::now() - Duration::from_secs(age);
            cache
                .get(&key(name))
                .expect("found")
                .file()
                .set_modified(used)
                .expect("changed");
        }
        // Used now, so it is the next but last to go.
        assert!(cache.get(&key("a")).is_some());
        cache.put(&key("d"), &[0; 15]).expect("written");
        let left: Vec<bool> = ["a", "b", "c", "d"]
            .map(|name| cache.get(&key(name)).is_some())
            .to_vec();
        assert_eq!(left, [true, false, false, true]);
        assert!(other.exists(), "what is not ours is left alone");
    }

    #[test]
    fn an_entry_larger_than_the_cache_is_not_written_and_costs_nobody_anything() {
        let place = Place::new("large");
        let cache = Cache::with_limit(&place.0.join("cache"), 30).expect("opened");
        cache.put(&key("a"), &[0; 10]).expect("written");
        let refused = cache.put(&key("b"), &[0; 31]).expect_err("refused");
        assert_eq!(
            refused.to_string(),
            "the compiled component has 31 bytes; the whole cache may have 30"
        );
        assert!(cache.get(&key("a")).is_some());
    }

    #[test]
    fn what_a_writer_that_died_has_left_is_removed_after_an_hour() {
        let place = Place::new("died");
        let cache = place.cache();
        let unfinished = [
            (7_200, "component-1-0.cwasm-unfinished"),
            (60, "component-1-1.cwasm-unfinished"),
        ];
        for (age, name) in unfinished {
            let file = fs::File::create(place.0.join("cache").join(name)).expect("made");
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .expect("changed");
        }
        cache.put(&key("a"), b"code").expect("written");
        let names: Vec<PathBuf> = place.files();
        assert!(!names.iter().any(|name| name.ends_with(unfinished[0].1)));
        assert!(
            names.iter().any(|name| name.ends_with(unfinished[1].1)),
            "a write that is under way is left alone"
        );
    }

    #[test]
    fn a_directory_that_went_away_fails_the_write_alone() {
        let place = Place::new("away");
        let cache = place.cache();
        fs::remove_dir(place.0.join("cache")).expect("removed");
        assert!(matches!(cache.put(&key("a"), b"code"), Err(CacheError::Io(_))));
        assert!(cache.get(&key("a")).is_none());
    }

    #[test]
    fn many_that_write_and_read_the_same_entries_at_once_only_ever_see_whole_ones() {
        let place = Place::new("many");
        let bodies: Vec<Vec<u8>> = (0_u8..4).map(|letter| vec![b'a' + letter; 100_000]).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    // As another process would: with a descriptor of its own.
                    let cache = Cache::with_limit(&place.0.join("cache"), 250_000).expect("opened");
                    for round in 0..50 {
                        let body = &bodies[round % bodies.len()];
                        let key = Key::new(body, "engine");
                        cache.put(&key, body).expect("written");
                        if let Some(entry) = cache.get(&key) {
                            let mut found = Vec::new();
                            entry.file().read_to_end(&mut found).expect("read");
                            assert_eq!(&found, body);
                        }
                    }
                });
            }
        });
        assert!(place.files().len() <= 2, "two fit");
    }
}
