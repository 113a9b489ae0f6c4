//! Makes this process's heap one that a fork takes along.
//!
//! V8 marks all that it maps with `MADV_DONTFORK`, so that spawning stays quick: a child would be without its JavaScript heap,
//! and crash at once. So each private range without a file behind it is unmarked right before the fork, and nothing may map
//! anything in between: reading and parsing take no memory but what was set aside before.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Room for the text at first, in bytes: some 3,000 ranges. A Node with a heap of 200 MB has 1,100.
const FIRST_TEXT: usize = 256 * 1024;
/// The most text that is read, in bytes. The kernel allows 65,530 ranges unless it is told otherwise, of some 60 bytes each.
const MOST_TEXT: usize = 64 * 1024 * 1024;

/// A range of addresses: where it starts, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first address.
    pub start: usize,
    /// In bytes.
    pub length: usize,
}

/// The ranges of this process. The file is held open: a process that may open no more can still fork.
#[derive(Debug)]
pub struct Maps {
    file: File,
    text: Vec<u8>,
    ranges: Vec<Range>,
}

impl Maps {
    /// Of this process. A child of it must make its own: the file goes on to show the process that has opened it.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`, `ENOENT` where there is no `/proc`.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            file: File::open("/proc/self/maps")?,
            text: vec![0; FIRST_TEXT],
            ranges: Vec::with_capacity(FIRST_TEXT / 64),
        })
    }

    /// The ranges that a fork must take along, as they are now. No memory was taken since they were read.
    ///
    /// # Errors
    /// What reading says; `EFBIG` for more ranges than a process can have; `EINVAL` for text that is not of the known form.
    pub fn read(&mut self) -> io::Result<&[Range]> {
        // Growing maps memory, so it begins anew after that. It ends because growing does.
        loop {
            let Some(length) = self.read_text()? else {
                if self.text.len() >= MOST_TEXT {
                    return Err(io::Error::from_raw_os_error(libc::EFBIG));
                }
                let more = self.text.len();
                self.text.try_reserve_exact(more)?;
                self.text.resize(more * 2, 0);
                continue;
            };
            self.ranges.clear();
            let text = &self.text[..length];
            let mut lost = 0;
            for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                let mapping = parse(line).ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
                if !mapping.goes_along() {
                    continue;
                }
                if self.ranges.len() < self.ranges.capacity() {
                    self.ranges.push(mapping.range);
                } else {
                    lost += 1;
                }
            }
            if lost == 0 {
                return Ok(&self.ranges);
            }
            self.ranges.try_reserve(self.ranges.len() + lost)?;
        }
    }

    /// The length of the text, or `None` if there is no room for it.
    fn read_text(&mut self) -> io::Result<Option<usize>> {
        let mut length = 0;
        loop {
            let room = &mut self.text[length..];
            if room.is_empty() {
                return Ok(None);
            }
            match self.file.read_at(room, length as u64) {
                Ok(0) => return Ok(Some(length)),
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// One line of `/proc/PID/maps`, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping<'a> {
    range: Range,
    private: bool,
    inode: u64,
    name: &'a [u8],
}

impl Mapping<'_> {
    /// Private memory with no file behind it, PROT_NONE included, that is not the kernel's own. Kernels that let a process
    /// name its memory print `[anon:NAME]`.
    fn goes_along(&self) -> bool {
        self.private && self.inode == 0 && (self.name.is_empty() || self.name.starts_with(b"[anon:"))
    }
}

/// `start-end perms offset device inode name`; the name may be missing and may hold anything but a line break.
fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let (start, rest) = hexadecimal(line)?;
    let (end, rest) = hexadecimal(rest.strip_prefix(b"-")?)?;
    let length = end.checked_sub(start)?;
    let mut fields = rest.strip_prefix(b" ")?.splitn(5, |&byte| byte == b' ');
    let permissions = fields.next()?;
    let _offset = fields.next()?;
    let _device = fields.next()?;
    let inode = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let private = match permissions {
        [_, _, _, b'p'] => true,
        [_, _, _, b's'] => false,
        _ => return None,
    };
    Some(Mapping {
        range: Range { start, length },
        private,
        inode,
        name: fields.next().unwrap_or_default().trim_ascii_start(),
    })
}

fn hexadecimal(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = text.split_at(digits);
    let number = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some((number, rest))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failure here fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lines_of_a_kernel_are_read() {
        let goes = |line: &str| parse(line.as_bytes()).unwrap().goes_along();
        assert!(goes("7f1c2e000000-7f1c2e021000 rw-p 00000000 00:00 0 "));
        assert!(goes("7f1c2e021000-7f1c32000000 ---p 00000000 00:00 0 "));
        assert!(goes(
            "7f1c2e021000-7f1c32000000 rw-p 00000000 00:00 0                          [anon:v8]"
        ));
        assert!(goes("7f1c2e021000-7f1c32000000 rw-p 00000000 00:00 0"));
        assert!(!goes(
            "55d0c8a00000-55d0c8a21000 rw-p 00000000 00:00 0                          [heap]"
        ));
        assert!(!goes(
            "7ffd0a5c0000-7ffd0a5e1000 rw-p 00000000 00:00 0                          [stack]"
        ));
        assert!(!goes(
            "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]"
        ));
        assert!(!goes("7f1c2e021000-7f1c32000000 rw-s 00000000 00:00 0"));
        assert!(!goes(
            "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/a name with spaces"
        ));
        assert_eq!(
            parse(b"1000-3000 rw-p 00000000 00:00 0").unwrap().range,
            Range {
                start: 0x1000,
                length: 0x2000
            }
        );
    }

    #[test]
    fn reading_finds_a_new_mapping_and_takes_no_memory_for_it() {
        let mut maps = Maps::open().unwrap();
        maps.read().unwrap();
        let capacity = (maps.text.capacity(), maps.ranges.capacity());
        // Above the threshold from which malloc maps.
        let block = vec![1_u8; 64 * 1024 * 1024];
        let address = block.as_ptr() as usize;
        let ranges = maps.read().unwrap();
        assert!(
            ranges
                .iter()
                .any(|range| range.start <= address && address < range.start + range.length)
        );
        assert_eq!((maps.text.capacity(), maps.ranges.capacity()), capacity);
    }

    #[test]
    fn what_is_set_aside_grows_until_it_is_enough() {
        let mut maps = Maps::open().unwrap();
        let expected = maps.read().unwrap().len();
        maps.text = vec![0; 100];
        maps.ranges = Vec::new();
        let found = maps.read().unwrap().len();
        assert!(
            found.abs_diff(expected) <= 8,
            "{found} of {expected}: other tests run beside this one"
        );
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse(&line);
        }

        #[test]
        fn any_name_leaves_the_rest_readable(start in 0..1usize << 47, pages in 1..1000usize, private: bool, inode: u64, name in "\\PC{0,20}") {
            let end = start + pages * 4096;
            let line = format!("{start:x}-{end:x} rw-{} 00000000 00:00 {inode}      {name}", if private { 'p' } else { 's' });
            let found = parse(line.as_bytes()).unwrap();
            prop_assert_eq!(found.range, Range { start, length: pages * 4096 });
            prop_assert_eq!((found.private, found.inode), (private, inode));
        }
    }
}
