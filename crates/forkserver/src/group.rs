//! Whether a process group is still the one that a process led, on kernels that cannot signal a group by pidfd.
//!
//! A group's id is not given to a new process while the group has a member. So a member that is older than the end of the
//! leader proves that the group is still the old one; without such a member the id may belong to strangers by now, and the
//! group counts as gone.

use std::fs;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// A moment in clock ticks since boot, the unit of start times in `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Boottime);
        let per_second = clock_ticks_per_second();
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
        Self(seconds * per_second + nanoseconds * per_second / 1_000_000_000)
    }
}

/// What one `/proc/PID/stat` says about groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group that the process is in.
    pub group: i32,
    /// When it started.
    pub started: Ticks,
}

/// Reads one `/proc/PID/stat`. `None` where the text is not of that form.
///
/// The name of a process stands in parentheses and may hold anything, spaces and parentheses included: what follows
/// begins after the last one.
#[must_use]
pub fn parse_stat(stat: &[u8]) -> Option<Member> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?;
    // After the name: state, ppid, pgrp (0, 1, 2); the start time is field 22 of the file, the 20th from here.
    let mut fields = rest.split_ascii_whitespace();
    let group = fields.nth(2)?.parse().ok()?;
    let started = fields.nth(16)?.parse().ok()?;
    Some(Member {
        group,
        started: Ticks(started),
    })
}

/// Whether one of `members` belongs to `group` and started no later than `ended`, when the leader of the group ended.
#[must_use]
pub fn is_still_the_same(group: i32, ended: Ticks, members: impl IntoIterator<Item = Member>) -> bool {
    members
        .into_iter()
        .any(|member| member.group == group && member.started <= ended)
}

/// Every process that `/proc` shows now. One that ends while the walk runs is left out.
pub fn walk() -> impl Iterator<Item = Member> {
    fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name();
        if !name.as_encoded_bytes().first()?.is_ascii_digit() {
            return None;
        }
        parse_stat(&fs::read(entry.path().join("stat")).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stat_line(name: &str, group: i32, started: u64) -> String {
        format!(
            "4242 ({name}) S 1 {group} 4242 0 -1 4194560 100 0 0 0 1 2 3 4 20 0 1 0 {started} 2314240 200 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"
        )
    }

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = b"1 (systemd) S 0 1 1 0 -1 4194560 53 0 7 0 3 12 0 0 20 0 1 0 27 22507520 3213 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        assert_eq!(
            parse_stat(line),
            Some(Member {
                group: 1,
                started: Ticks(27)
            })
        );
    }

    #[test]
    fn the_walk_finds_this_process() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(is_still_the_same(own, Ticks::now(), walk()));
        assert!(
            !is_still_the_same(own, Ticks(0), walk()),
            "nobody in it is as old as the boot"
        );
    }

    proptest! {
        #[test]
        fn any_name_leaves_group_and_start_readable(name in "[ -~]{0,15}|\\PC{0,15}|[() 0-9S]{0,15}", group in 0..i32::MAX, started: u64) {
            prop_assert_eq!(parse_stat(stat_line(&name, group, started).as_bytes()), Some(Member { group, started: Ticks(started) }));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_stat(&bytes);
        }

        #[test]
        fn a_cut_line_is_never_misread(cut in 0usize..90) {
            let line = stat_line("a) b (c", 77, 123_456);
            let cut = cut.min(line.len());
            if let Some(member) = parse_stat(&line.as_bytes()[..cut]) {
                prop_assert_eq!(member.group, 77);
                prop_assert!("123456".starts_with(&member.started.0.to_string()));
            }
        }

        #[test]
        fn only_a_member_as_old_as_the_end_proves_the_group(
            group in 2..6i32,
            ended in 0..100u64,
            members in proptest::collection::vec((2..6i32, 0..100u64), 0..12),
        ) {
            let members: Vec<Member> = members.into_iter().map(|(group, started)| Member { group, started: Ticks(started) }).collect();
            let mut expected = false;
            for member in &members {
                expected |= member.group == group && member.started.0 <= ended;
            }
            prop_assert_eq!(is_still_the_same(group, Ticks(ended), members), expected);
        }
    }
}
