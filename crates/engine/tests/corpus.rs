//! The hostile corpus: no guest in it ends this process, hangs it, bloats it, slows its neighbours or fails without a code, ten
//! times over; and each is seen to do its damage where its guard is missing, or the law about it would prove nothing.
//!
//! Every guest is run in two processes of its own: with the engine (`guarded`), and with wasmtime alone (`bare`).

#![cfg(target_os = "linux")]
#![expect(clippy::cast_possible_truncation, reason = "sizes of a test")]

#[path = "corpus/bare.rs"]
mod bare;
#[path = "corpus/bombs.rs"]
mod bombs;
#[path = "corpus/guarded.rs"]
mod guarded;
#[path = "corpus/lies.rs"]
mod lies;
#[path = "corpus/manifest.rs"]
mod manifest;
#[path = "corpus/usage.rs"]
mod usage;

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use manifest::{Binary, Damage, GUESTS, Guest, OPEN};
use rustix::process::{Resource, Rlimit, setrlimit};

const ROLE: &str = "BROOD_TEST_ROLE";
const GUEST: &str = "BROOD_TEST_GUEST";
/// Bytes that a process with a guest may write to: more than any law allows, less than a machine has.
const MEMORY: u64 = 3 << 30;
/// Seconds of CPU after which the system ends it: it hangs.
const CPU: u64 = 20;

impl Guest {
    fn bytes(&self) -> Vec<u8> {
        match self.binary {
            Binary::Made(make) => make(),
            Binary::Text => wat::parse_file(folder().join(self.name).with_extension("wat")).expect("its text"),
        }
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))
}

/// This binary again, with one guest.
fn alone(role: &str, guest: &Guest) -> Output {
    Command::new(env::current_exe().expect("this binary"))
        .args([
            "--exact",
            "the_roles_of_the_other_tests",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROLE, role)
        .env(GUEST, guest.name)
        // An error of wasmtime's would read all debug information of this binary: 60 MiB and much time.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .expect("a process")
}

#[test]
fn the_roles_of_the_other_tests() {
    let (Ok(role), Ok(name)) = (env::var(ROLE), env::var(GUEST)) else {
        return;
    };
    let guest = GUESTS.iter().find(|guest| guest.name == name).expect("a guest");
    for (resource, most) in [(Resource::Data, MEMORY), (Resource::Cpu, CPU), (Resource::Core, 0)] {
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
        .expect("a limit");
    }
    let binary = guest.bytes();
    match role.as_str() {
        "guarded" => println!("{:?}", guarded::run(guest, &binary)),
        "bare" => {
            let seen = bare::watch(guest, &binary);
            assert!(seen.has(guest.damage), "{:?} is not seen: {seen:?}", guest.damage);
        }
        _ => unreachable!("no such role"),
    }
}

/// All that went wrong with the guests of a category, with the engine and without.
fn check(category: &str) {
    let mut wrong = String::new();
    let guests = GUESTS
        .iter()
        .filter(|guest| guest.name.split('/').next() == Some(category));
    for guest in guests {
        let guarded = alone("guarded", guest);
        if OPEN.iter().any(|(name, _)| *name == guest.name) {
            if guarded.status.success() {
                wrong.push_str(&format!("\n{} holds, and is still listed as open\n", guest.name));
            }
        } else if !guarded.status.success() {
            wrong.push_str(&told(guest, "with its guard", &guarded));
        } else if env::var_os("BROOD_FIGURES").is_some() {
            println!("{:32} {}", guest.name, figures(&guarded));
        }
        let bare = alone("bare", guest);
        // The loader still loads, or the guest took its process along: that is the damage.
        let gone = bare.status.code() == Some(bare::STILL_LOADING) || bare.status.code().is_none();
        let expected = matches!(guest.damage, Damage::Load | Damage::Host(_));
        if !(bare.status.success() || gone && expected) {
            wrong.push_str(&told(guest, "without it", &bare));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn told(guest: &Guest, how: &str, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(4).collect();
    format!(
        "\n{} (stopped by {:?}), {how}: {}\n  {}\n",
        guest.name,
        guest.guard,
        output.status,
        lines.join("\n  ")
    )
}

fn figures(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines()
        .find(|line| line.contains("Measured"))
        .unwrap_or_default()
        .to_owned()
}

macro_rules! categories {
    ($($law:ident: $category:literal,)*) => {
        const CATEGORIES: &[&str] = &[$($category),*];
        $(#[test] fn $law() { check($category); })*
    };
}

categories! {
    a_loop_ends_with_its_cpu_time: "loops",
    a_recursion_ends_with_its_stack: "recursion",
    a_memory_grows_up_to_its_limit: "memory",
    a_table_grows_up_to_the_limit_of_memory: "tables",
    memories_and_tables_share_one_limit: "memories",
    a_result_is_no_larger_than_what_may_be_copied: "results",
    a_pointer_is_looked_at_before_it_is_followed: "pointers",
    room_for_arguments_is_looked_at_before_it_is_filled: "realloc",
    a_start_function_has_the_limits_of_a_call: "starts",
    output_is_bounded_and_clean: "floods",
    instructions_on_much_memory_end_with_the_cpu_time: "bulk",
    a_bomb_for_the_loader_is_refused_at_once: "loads",
    what_is_no_component_is_told_apart: "malformed",
    a_component_of_another_world_is_told_apart: "worlds",
    handles_are_bounded: "handles",
    a_call_of_the_host_ends_with_its_guest: "hostcalls",
    a_trap_ends_its_actor_alone: "traps",
    the_text_of_an_error_is_short_and_clean: "texts",
}

#[test]
fn every_guest_is_in_a_category_and_every_text_is_a_guest() {
    let named: BTreeSet<&str> = GUESTS.iter().map(|guest| guest.name).collect();
    assert_eq!(named.len(), GUESTS.len(), "two guests of one name");
    let categories: BTreeSet<&str> = named.iter().filter_map(|name| name.split('/').next()).collect();
    assert_eq!(categories, CATEGORIES.iter().copied().collect());
    for category in CATEGORIES {
        let Ok(files) = folder().join(category).read_dir() else {
            continue;
        };
        for file in files {
            let path = file.expect("an entry").path();
            let name = path.strip_prefix(folder()).expect("below").with_extension("");
            assert!(
                named.contains(name.to_str().expect("a name")),
                "{} is in no test",
                path.display()
            );
        }
    }
}
