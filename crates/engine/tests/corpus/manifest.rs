//! The hostile guests, by category: how each is entered, which guard stops it, how it must end, and what is seen of its damage
//! where that guard is missing. What a guest does is told in the first line of its text, or above the function in `bombs` that
//! makes it.
//!
//! Limits under which the engine runs them: 64 MiB of memory, 20 ms of CPU for a call, 64 KiB of output, and for those that only wait
//! 100 ms of life.

use crate::bombs;

pub(crate) struct Guest {
    /// Category and name: the text's path without `.wat`.
    pub(crate) name: &'static str,
    pub(crate) binary: Binary,
    pub(crate) entry: Entry,
    pub(crate) guard: Guard,
    pub(crate) ends: Ends,
    pub(crate) damage: Damage,
}

pub(crate) enum Binary {
    /// `<name>.wat` beside this file.
    Text,
    Made(fn() -> Vec<u8>),
}

pub(crate) enum Entry {
    /// The damage is done, or refused, while it is loaded.
    Load,
    /// While it is instantiated.
    Start,
    /// By a call of this export with these arguments.
    Call(fn() -> String, &'static [Arg]),
}

#[derive(Clone, Copy)]
pub(crate) enum Arg {
    Text(&'static str),
    Bytes(&'static [u8]),
    U8(u8),
    S16(i16),
    Bool(bool),
    U64(u64),
}

/// What stands between the guest and its damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Cpu,
    Memory,
    Stack,
    Wall,
    Output,
    /// The bytes that a guest may have copied into the host in one call.
    Fuel,
    Handles,
    Random,
    /// What is looked at before anything is compiled.
    Scan,
    /// Validation, and the checks of the canonical ABI: these are wasmtime's, and always on.
    Wasmtime,
    /// Only what was granted can be imported.
    Imports,
    /// Only types that the engine passes on can be called.
    Types,
    /// Text is cut and cleaned before it leaves the engine.
    Cleaning,
}

/// How the engine must tell that it ended.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// With one of these codes.
    As(&'static [&'static str]),
    /// It does harm to itself alone: the call is answered.
    Answers,
}

impl Ends {
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self, Self::Answers)
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::As(codes) if codes.contains(&code))
    }
}

/// What is seen without the guard. Measured by `bare`, in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It still runs after 300 ms.
    Runs,
    /// It still waits after 300 ms, without using the CPU.
    Waits,
    /// It asks for 256 MiB of memory and tables.
    Memory,
    /// It fills a stack of 8 MiB.
    Stack,
    /// The host has grown by this many MiB, beyond the guest's memory.
    Host(u64),
    /// It writes more than 1 MiB in 300 ms.
    Output,
    /// It writes control characters.
    Escapes,
    /// It takes 10 TiB of the addresses that a process has, of which there are 128.
    Addresses,
    /// It opens 500 files in the host.
    Descriptors,
    /// Loading it takes more than a second or 500 MiB.
    Load,
    /// Its core module, asked directly, names a place that is not there or is not what it says.
    Lies,
    /// It traps, and its store can never be entered again.
    Poisons,
    /// The error's text has control characters or more than 64 KiB.
    Text,
    /// There is none to see: wasmtime refuses it too. The law is about the code and the text.
    Refused,
    /// There is none to see: it loads anywhere.
    None,
}

fn run() -> String {
    String::from("run")
}

const RUN: Entry = Entry::Call(run, &[]);

const fn text(name: &'static str, entry: Entry, guard: Guard, ends: Ends, damage: Damage) -> Guest {
    Guest {
        name,
        binary: Binary::Text,
        entry,
        guard,
        ends,
        damage,
    }
}

const fn called(name: &'static str, guard: Guard, code: &'static [&'static str], damage: Damage) -> Guest {
    text(name, RUN, guard, Ends::As(code), damage)
}

const fn started(name: &'static str, guard: Guard, code: &'static [&'static str], damage: Damage) -> Guest {
    text(name, Entry::Start, guard, Ends::As(code), damage)
}

const fn loaded(name: &'static str, guard: Guard, code: &'static [&'static str], damage: Damage) -> Guest {
    text(name, Entry::Load, guard, Ends::As(code), damage)
}

const fn bomb(name: &'static str, make: fn() -> Vec<u8>) -> Guest {
    Guest {
        name,
        binary: Binary::Made(make),
        entry: Entry::Load,
        guard: Guard::Scan,
        ends: Ends::As(&["refused"]),
        damage: Damage::Load,
    }
}

const fn broken(name: &'static str, make: fn() -> Vec<u8>, code: &'static [&'static str]) -> Guest {
    Guest {
        name,
        binary: Binary::Made(make),
        entry: Entry::Load,
        guard: Guard::Wasmtime,
        ends: Ends::As(code),
        damage: Damage::Refused,
    }
}

const ROOM: Entry = Entry::Call(run, &[Arg::Text("some text to make room for")]);
const NUMBERS: [Arg; 17] = [Arg::U64(0x0123_4567_89ab_cdef); 17];

// A table: a row is a guest.
#[rustfmt::skip]
pub(crate) const GUESTS: &[Guest] = &[
    called("loops/plain", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/calls", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/br-table", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/indirect", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/tail-calls", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/post-return", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/async-spin", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/async-yield", Guard::Cpu, &["cpu"], Damage::Runs),
    called("loops/async-forever", Guard::Wasmtime, &["trap"], Damage::None),
    called("recursion/direct", Guard::Stack, &["stack"], Damage::Stack),
    called("recursion/indirect", Guard::Stack, &["stack"], Damage::Stack),
    called("recursion/across-instances", Guard::Stack, &["stack"], Damage::Stack),
    Guest { binary: Binary::Made(bombs::wide_frames), ..called("recursion/wide-frames", Guard::Stack, &["stack"], Damage::Stack) },
    called("memory/grow", Guard::Memory, &["memory"], Damage::Memory),
    called("memory/creep", Guard::Memory, &["memory"], Damage::Memory),
    called("memory/grow-64", Guard::Memory, &["memory"], Damage::Memory),
    started("memory/initial", Guard::Memory, &["memory"], Damage::Memory),
    started("memory/initial-64", Guard::Memory, &["memory"], Damage::Memory),
    called("tables/grow", Guard::Memory, &["memory"], Damage::Memory),
    called("tables/creep", Guard::Memory, &["memory"], Damage::Memory),
    called("tables/many", Guard::Memory, &["memory"], Damage::Memory),
    started("tables/initial", Guard::Memory, &["memory"], Damage::Memory),
    called("memories/six", Guard::Memory, &["memory"], Damage::Memory),
    called("memories/with-tables", Guard::Memory, &["memory"], Damage::Memory),
    started("memories/instances", Guard::Memory, &["memory"], Damage::Memory),
    called("results/bytes", Guard::Fuel, &["fuel"], Damage::Host(50)),
    called("results/text", Guard::Fuel, &["fuel"], Damage::Host(50)),
    called("results/utf16", Guard::Fuel, &["fuel"], Damage::Host(50)),
    called("results/overlapping", Guard::Fuel, &["fuel"], Damage::Host(200)),
    called("results/list-of-lists", Guard::Types, &["unsupported"], Damage::Host(500)),
    called("results/numbers", Guard::Types, &["unsupported"], Damage::Host(100)),
    called("pointers/outside", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/end", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/wraps", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/longest", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/odd-utf16", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/area-outside", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/area-unaligned", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/not-utf8", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/lone-surrogate", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/no-such-case", Guard::Wasmtime, &["trap"], Damage::Lies),
    called("pointers/no-such-char", Guard::Wasmtime, &["trap"], Damage::Lies),
    text("pointers/narrow", Entry::Call(run, &[Arg::U8(255), Arg::S16(-1), Arg::Bool(true)]), Guard::Wasmtime, Ends::Answers, Damage::Lies),
    text("realloc/zero", ROOM, Guard::Wasmtime, Ends::Answers, Damage::None),
    text("realloc/outside", ROOM, Guard::Wasmtime, Ends::As(&["trap"]), Damage::Lies),
    text("realloc/end", ROOM, Guard::Wasmtime, Ends::As(&["trap"]), Damage::Lies),
    text("realloc/wraps", ROOM, Guard::Wasmtime, Ends::As(&["trap"]), Damage::Lies),
    text("realloc/unaligned", Entry::Call(run, &NUMBERS), Guard::Wasmtime, Ends::As(&["trap"]), Damage::Lies),
    text("realloc/overlapping", Entry::Call(run, &[Arg::Bytes(b"first"), Arg::Bytes(b"other")]), Guard::Wasmtime, Ends::Answers, Damage::None),
    text("realloc/loops", ROOM, Guard::Cpu, Ends::As(&["cpu"]), Damage::Runs),
    text("realloc/traps", ROOM, Guard::Wasmtime, Ends::As(&["trap"]), Damage::Poisons),
    text("realloc/recursion", ROOM, Guard::Stack, Ends::As(&["stack"]), Damage::Stack),
    text("realloc/grows", ROOM, Guard::Memory, Ends::As(&["memory"]), Damage::Memory),
    started("starts/loop", Guard::Cpu, &["cpu"], Damage::Runs),
    started("starts/relay", Guard::Cpu, &["cpu"], Damage::Runs),
    started("starts/trap", Guard::Wasmtime, &["trap"], Damage::Poisons),
    started("starts/data-outside", Guard::Wasmtime, &["trap"], Damage::Poisons),
    started("starts/recursion", Guard::Stack, &["stack"], Damage::Stack),
    started("starts/memory", Guard::Memory, &["memory"], Damage::Memory),
    called("floods/stdout", Guard::Output, &["cpu"], Damage::Output),
    called("floods/stderr-no-line", Guard::Output, &["cpu"], Damage::Output),
    called("floods/bytewise", Guard::Output, &["cpu"], Damage::Runs),
    text("floods/escapes", RUN, Guard::Cleaning, Ends::Answers, Damage::Escapes),
    called("floods/one-write", Guard::Fuel, &["fuel"], Damage::Host(40)),
    called("floods/zeroes", Guard::Wasmtime, &["trap", "cpu"], Damage::Poisons),
    called("floods/ignores-permits", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("bulk/fill", Guard::Cpu, &["cpu"], Damage::Runs),
    called("bulk/copy", Guard::Cpu, &["cpu"], Damage::Runs),
    called("bulk/table", Guard::Cpu, &["cpu"], Damage::Runs),
    bomb("loads/doubling", bombs::doubling),
    bomb("loads/fan-out", bombs::fan_out),
    bomb("loads/nested", bombs::nested),
    bomb("loads/nested-types", bombs::nested_types),
    Guest { damage: Damage::Refused, ..bomb("loads/doubling-type", bombs::doubling_type) },
    bomb("loads/slow-to-compile", bombs::slow_to_compile),
    bomb("loads/many-locals", bombs::many_locals),
    bomb("loads/many-functions", bombs::many_functions),
    bomb("loads/jump-table", bombs::jump_table),
    bomb("loads/nested-blocks", bombs::nested_blocks),
    Guest { entry: Entry::Start, damage: Damage::Addresses, ..bomb("loads/many-memories", bombs::many_memories) },
    Guest { entry: Entry::Start, damage: Damage::Descriptors, ..bomb("loads/many-images", bombs::many_images) },
    Guest { damage: Damage::Refused, ..bomb("loads/many-instances", bombs::many_instances) },
    Guest { ends: Ends::As(&["refused", "import"]), damage: Damage::Refused, ..bomb("loads/many-imports", bombs::many_imports) },
    Guest { damage: Damage::Host(50), ..bomb("loads/many-exports", bombs::many_exports) },
    Guest { damage: Damage::None, ..bomb("loads/ballast", bombs::ballast) },
    broken("malformed/empty", bombs::empty, &["malformed"]),
    broken("malformed/truncated", bombs::truncated, &["malformed"]),
    broken("malformed/last-byte-missing", bombs::last_byte_missing, &["malformed"]),
    broken("malformed/bad-magic", bombs::bad_magic, &["malformed"]),
    broken("malformed/bad-version", bombs::bad_version, &["malformed"]),
    broken("malformed/core-module", bombs::core_module, &["core-module"]),
    broken("malformed/text", bombs::text, &["malformed"]),
    broken("malformed/noise", bombs::noise, &["malformed"]),
    broken("malformed/section-past-end", bombs::section_past_end, &["malformed"]),
    broken("malformed/endless-length", bombs::endless_length, &["malformed"]),
    broken("malformed/endless-vector", bombs::endless_vector, &["malformed", "refused"]),
    broken("malformed/unknown-section", bombs::unknown_section, &["malformed"]),
    broken("malformed/wrong-order", bombs::wrong_order, &["malformed"]),
    broken("malformed/wrong-types", bombs::wrong_types, &["malformed"]),
    broken("malformed/name-not-utf8", bombs::name_not_utf8, &["malformed"]),
    broken("malformed/native-code", bombs::native_code, &["malformed"]),
    called("worlds/unsupported-type", Guard::Types, &["unsupported"], Damage::None),
    started("worlds/run-of-another-type", Guard::Imports, &["world"], Damage::Refused),
    loaded("worlds/text-of-another-type", Guard::Imports, &["import", "world"], Damage::Refused),
    loaded("worlds/unknown-import", Guard::Imports, &["import"], Damage::Refused),
    loaded("worlds/import-of-a-function", Guard::Imports, &["import"], Damage::Refused),
    loaded("worlds/import-of-a-module", Guard::Imports, &["refused", "malformed"], Damage::Refused),
    loaded("worlds/import-of-a-component", Guard::Imports, &["refused", "malformed"], Damage::Refused),
    loaded("worlds/wasi-of-another-version", Guard::Imports, &["import"], Damage::Refused),
    loaded("worlds/wasi-of-another-type", Guard::Imports, &["import"], Damage::Refused),
    called("worlds/nothing", Guard::Types, &["unknown-export"], Damage::None),
    called("handles/own", Guard::Handles, &["handles"], Damage::Host(16)),
    called("handles/stdout", Guard::Handles, &["handles"], Damage::Host(16)),
    called("handles/timers", Guard::Handles, &["handles"], Damage::Host(16)),
    called("handles/streams", Guard::Handles, &["handles"], Damage::Host(16)),
    called("handles/waitable-sets", Guard::Handles, &["handles"], Damage::Host(16)),
    called("handles/forged", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("hostcalls/random-4-gib", Guard::Random, &["trap"], Damage::Host(500)),
    called("hostcalls/random-120-mib", Guard::Random, &["trap"], Damage::Host(100)),
    called("hostcalls/random-loop", Guard::Cpu, &["cpu"], Damage::Runs),
    called("hostcalls/random-numbers", Guard::Cpu, &["cpu"], Damage::Runs),
    called("hostcalls/clock", Guard::Cpu, &["cpu"], Damage::Runs),
    called("hostcalls/naps", Guard::Cpu, &["cpu", "wall"], Damage::Runs),
    called("hostcalls/sleep", Guard::Wall, &["wall"], Damage::Waits),
    called("traps/unreachable", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/divide", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/overflow", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/not-a-number", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/outside", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/wrong-type", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/no-function", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("traps/table-outside", Guard::Wasmtime, &["trap"], Damage::Poisons),
    called("texts/trap-in-named", Guard::Cleaning, &["trap"], Damage::Text),
    called("texts/trap-that-lies", Guard::Cleaning, &["trap"], Damage::Poisons),
    loaded("texts/missing-import", Guard::Cleaning, &["malformed"], Damage::Text),
    loaded("texts/missing-export", Guard::Cleaning, &["malformed"], Damage::Text),
    Guest { binary: Binary::Made(bombs::long_backtrace), ..called("texts/long-backtrace", Guard::Cleaning, &["trap"], Damage::Text) },
    Guest { name: "texts/long-export", binary: Binary::Made(bombs::long_export), entry: Entry::Call(bombs::long_export_name, &[]), guard: Guard::Cleaning, ends: Ends::As(&["trap", "refused"]), damage: Damage::Poisons, },
];

/// Promises about these that the engine does not keep yet, each with what is wrong. One that it keeps must not be here.
#[rustfmt::skip]
pub(crate) const OPEN: &[(&str, &str)] = &[];
