//! Laws of the scan: what it counts, what it refuses, and that nothing brings it down.

use std::fmt::Write;
use std::time::{Duration, Instant};

use brood_engine::scan::{Counts, FEATURES, Kind, Limit, Scan, ScanError, ScanLimits, outline, scan};
use proptest::prelude::*;

fn binary(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn scanned(bytes: &[u8]) -> Result<Scan, ScanError> {
    scan(bytes, &ScanLimits::default())
}

fn counts(text: &str) -> Counts {
    scanned(&binary(text))
        .unwrap_or_else(|error| panic!("{error}: {text}"))
        .counts
}

fn refused(bytes: &[u8]) -> Limit {
    let started = Instant::now();
    let verdict = scanned(bytes);
    // The longest of them takes a hundredth of this.
    assert!(started.elapsed() < Duration::from_secs(10), "a refusal is quick");
    match verdict {
        Err(ScanError::Refused { what, found, limit }) => {
            assert!(found > limit);
            what
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// A section: its number, its length, its contents.
fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    let mut length = contents.len();
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).expect("7 bits") | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).expect("7 bits"));
    bytes.extend_from_slice(contents);
    bytes
}

const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

fn component(sections: &[Vec<u8>]) -> Vec<u8> {
    [HEADER, sections.concat().as_slice()].concat()
}

// What a file is.

#[test]
fn what_is_not_webassembly_is_told_from_what_is_cut_off_and_from_what_is_another_kind() {
    for other in [
        b"".as_slice(),
        b"(component)",
        b"\x7fELF",
        b"#!/bin/sh",
        b"\0asn\x0d\0\x01\0",
        &[0; 100],
    ] {
        assert_eq!(scanned(other), Err(ScanError::NotWasm), "{other:?}");
    }
    for length in 1..HEADER.len() {
        let cut = ScanError::Truncated {
            length: u64::try_from(length).expect("small"),
        };
        assert_eq!(scanned(&HEADER[..length]), Err(cut));
    }
    assert_eq!(scanned(&binary("(module (func))")), Err(ScanError::CoreModule));
    assert!(matches!(
        scanned(b"\0asm\x0e\0\x01\0"),
        Err(ScanError::Malformed { offset: 4, .. })
    ));
    assert_eq!(scanned(HEADER).map(|scan| scan.counts.components), Ok(1));
}

/// Parts of everything: modules, nested components, types, imports, lifts, names.
const FULL: &str = r#"
    (component $full
        (import "host" (instance $host
            (export "bytes" (type (sub resource)))
            (export "log" (func (param "text" string)))))
        (core module $libc
            (memory (export "memory") 2)
            (table (export "table") 4 funcref)
            (global (export "top") (mut i32) (i32.const 8))
            (func $a (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
                (loop (br_if 0 (local.tee 4 (local.get 3))))
                (block (block (br_table 0 1 0 (local.get 0))))
                local.get 1)
            (elem (i32.const 1) $a $a)
            (data (i32.const 1024) "hello")
            (data (i32.const 70000) "far away"))
        (core instance $libc (instantiate $libc))
        (core func $log (canon lower (func $host "log") (memory (core memory $libc "memory"))))
        (core module $main
            (import "host" "log" (func (param i32 i32)))
            (import "libc" "memory" (memory 1))
            (func (export "run") (param i32 i32) (result i32) (call 0 (local.get 0) (local.get 1)) i32.const 0))
        (core instance $main (instantiate $main
            (with "host" (instance (export "log" (func $log))))
            (with "libc" (instance $libc))))
        (type $pair (record (field "a" (list u8)) (field "b" (option string))))
        (func $run (param "a" string) (result string)
            (canon lift (core func $main "run") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (component $wrap
            (import "run" (func $run (param "a" string) (result string)))
            (export "run" (func $run)))
        (instance $api (instantiate $wrap (with "run" (func $run))))
        (export "acme:md/api@0.1.0" (instance $api))
    )"#;

#[test]
fn a_component_that_ends_within_a_section_is_cut_off() {
    let whole = binary(FULL);
    scanned(&whole).expect("valid");
    let mut between = 0;
    for length in HEADER.len()..whole.len() {
        match scanned(&whole[..length]) {
            Err(ScanError::Truncated { length: told }) => assert_eq!(told, u64::try_from(length).expect("small")),
            // Between two of its outermost sections it is a shorter component.
            _ => between += 1,
        }
    }
    assert!((5..40).contains(&between), "{between}");
}

// What it counts.

#[test]
fn what_one_start_makes_is_counted() {
    let found = counts(FULL);
    let expected = Counts {
        core_instances: 2,
        component_instances: 2,
        memories: 1,
        tables: 1,
        components: 2,
        modules: 2,
        functions: 2,
        depth: 2,
        ..found
    };
    assert_eq!(found, expected);
    // 2 imports, a global, and the functions that are exported or in the table.
    assert_eq!(found.slots, 2 + 1 + 1 + 1);
    // Between "hello" and "far away", and up to the last element of the table.
    assert_eq!(found.images, (70_008 - 1_024 - 2 * 13) + 3 * 4);
}

#[test]
fn a_nested_component_counts_as_often_as_it_is_instantiated() {
    let inner = "(component $inner (core module $m (memory 1) (table 1 funcref)) (core instance (instantiate $m)) (core instance (instantiate $m)))";
    let found = counts(&format!(
        "(component {inner} (instance (instantiate $inner)) (instance (instantiate $inner)) (instance (instantiate $inner)))"
    ));
    let made = (
        found.component_instances,
        found.core_instances,
        found.memories,
        found.tables,
    );
    assert_eq!(made, (1 + 3, 6, 6, 6));
    assert_eq!((found.components, found.modules, found.depth), (2, 1, 2));
    assert_eq!(
        counts(&format!("(component {inner})")).core_instances,
        0,
        "what is only defined makes nothing"
    );
}

#[test]
fn it_counts_through_every_way_to_name_a_component() {
    let inner = "(component $inner (core module $m (memory 1)) (core instance (instantiate $m)))";
    for rest in [
        // An outer alias, over two components.
        "(component $mid (component $low (alias outer 2 $inner (component $x)) (instance (instantiate $x))) (instance (instantiate $low)))
         (instance (instantiate $mid))",
        // An alias in the same component, and one of an alias.
        "(component $mid (alias outer 1 $inner (component $x)) (component $low (alias outer 1 $x (component $y)) (instance (instantiate $y))) (instance (instantiate $low)))
         (instance (instantiate $mid))",
        // The index that an export makes.
        "(export $again \"inner\" (component $inner)) (instance (instantiate $again))",
    ] {
        let found = counts(&format!("(component {inner} {rest})"));
        assert_eq!((found.core_instances, found.memories), (1, 1), "{rest}");
    }
}

#[test]
fn a_core_module_counts_as_often_as_it_is_instantiated() {
    let found = counts(
        r#"(component
            (core module $m (import "a" "b" (func)) (memory 1) (memory 1) (table 1 funcref))
            (component $c (alias outer 1 $m (core module $n)) (core module $e (func (export "b"))) (core instance $e (instantiate $e))
                (core instance (instantiate $n (with "a" (instance $e)))))
            (instance (instantiate $c)) (instance (instantiate $c)))"#,
    );
    assert_eq!((found.core_instances, found.memories, found.tables), (4, 4, 2));
}

#[test]
fn an_outline_counts_the_same_structure() {
    let bytes = binary(FULL);
    let scan = scanned(&bytes).expect("valid");
    let outline = outline(&bytes, &ScanLimits::default()).expect("valid");
    assert!(scan.counts.operations > 0 && scan.counts.spread > 0);
    let structure = Counts {
        operations: 0,
        spread: 0,
        ..scan.counts
    };
    assert_eq!(
        outline,
        Scan {
            kind: scan.kind,
            counts: structure
        }
    );
}

// Which engine it needs.

#[test]
fn whatever_needs_async_says_so() {
    let lib = r#"(core module $m (memory (export "m") 1) (func (export "f") (result i32) unreachable) (func (export "g") (param i32 i32 i32) (result i32) unreachable) (func (export "h")))
        (core instance $i (instantiate $m))"#;
    for text in [
        "(type (stream u8))".to_owned(),
        "(type (future))".to_owned(),
        "(type (func async (param \"a\" u8)))".to_owned(),
        "(import \"a\" (func async))".to_owned(),
        "(import \"a\" (instance (export \"f\" (func async))))".to_owned(),
        "(type (component (import \"a\" (instance (export \"f\" (func async))))))".to_owned(),
        "(component (type (list u8)) (type (stream)))".to_owned(),
        format!("{lib} (func async (canon lift (core func $i \"f\") async (callback (core func $i \"g\"))))"),
        "(core func (canon task.cancel))".to_owned(),
        "(core func (canon waitable-set.new))".to_owned(),
        "(core func (canon subtask.drop))".to_owned(),
        "(core func (canon context.get i32 0))".to_owned(),
        "(core func (canon backpressure.inc))".to_owned(),
        "(core func (canon task.return))".to_owned(),
    ] {
        let text = format!("(component {text})");
        let scan = scanned(&binary(&text)).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(scan.kind, Kind::Frames, "{text}");
    }
}

#[test]
fn what_does_not_need_async_runs_without() {
    let bytes = binary(FULL);
    assert_eq!(scanned(&bytes).expect("valid").kind, Kind::Plain);
    let plain = FEATURES.difference(wasmparser::WasmFeatures::CM_ASYNC);
    wasmparser::Validator::new_with_features(plain)
        .validate_all(&bytes)
        .expect("valid without async");
}

// What the engine does not run.

#[test]
fn what_the_engine_does_not_run_is_named() {
    for (text, what) in [
        ("(core module (type (struct)))", "garbage-collected types"),
        ("(core module (func (param externref)))", "garbage-collected types"),
        ("(core module (tag))", "exceptions"),
        ("(core module (memory 1 1 shared))", "threads"),
        (
            "(core module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
            "threads",
        ),
        ("(type (list u8 4))", "lists of a fixed length"),
        ("(import \"a\" (component))", "components handed on as values"),
        ("(import \"a\" (core module))", "core modules handed on as values"),
        (
            "(component $c) (component $d (component $e) (export \"e\" (component $e))) (instance $d (instantiate $d)) (alias export $d \"e\" (component))",
            "components handed on as values",
        ),
    ] {
        match scanned(&binary(&format!("(component {text})"))) {
            Err(ScanError::Unsupported { what: told, offset }) => assert!(told == what && offset > 0, "{told}: {text}"),
            other => panic!("{other:?}: {text}"),
        }
    }
}

#[test]
fn what_is_on_by_default_in_the_engine_is_accepted() {
    counts(
        "(component (core module
            (memory i64 1) (memory 1)
            (func (result v128) (i8x16.splat (i32.const 1)))
            (func (result i32 i32) (i32.const 1) (i32.const 2))
            (func (return_call 0))
            (global i32 (i32.add (i32.const 1) (i32.const 2)))
            (func (memory.copy (i32.const 0) (i64.const 0) (i32.const 0)) drop) (func unreachable)))"
            .replace("(func (return_call 0))", "(func (result v128) (return_call 0))")
            .replace(
                "(func (memory.copy (i32.const 0) (i64.const 0) (i32.const 0)) drop)",
                "",
            )
            .as_str(),
    );
}

// Limits.

/// Sets one limit.
type Set = fn(&mut ScanLimits, u64);

fn with(set: Set, value: u64) -> ScanLimits {
    let mut limits = ScanLimits::default();
    set(&mut limits, value);
    limits
}

fn small(value: u64) -> u32 {
    u32::try_from(value).expect("small")
}

#[test]
fn each_limit_admits_what_is_on_it_and_refuses_one_more() {
    let nested = "(component (component (component)))";
    let params = "(component (core module (func (param i32 i32 i32))))";
    let instances = "(component (component $c (core module $m (memory 1) (table 1 funcref)) (core instance (instantiate $m))) (instance (instantiate $c)) (instance (instantiate $c)))";
    let cases: &[(&str, Limit, u64, Set)] = &[
        ("(component)", Limit::Size, 8, |limits, value| limits.size = value),
        (nested, Limit::Depth, 3, |limits, value| limits.depth = small(value)),
        (nested, Limit::Components, 3, |limits, value| limits.components = value),
        (FULL, Limit::Modules, 2, |limits, value| limits.modules = value),
        (FULL, Limit::Functions, 2, |limits, value| limits.functions = value),
        (
            "(component (type u8) (core module (type (func))) (core type (func)))",
            Limit::Types,
            3,
            |limits, value| {
                limits.types = value;
            },
        ),
        (
            "(component (type (component (type (instance (type u8))))))",
            Limit::TypeDepth,
            3,
            |limits, value| {
                limits.type_depth = small(value);
            },
        ),
        (instances, Limit::ComponentInstances, 3, |limits, value| {
            limits.component_instances = value;
        }),
        (instances, Limit::CoreInstances, 2, |limits, value| {
            limits.core_instances = value;
        }),
        (instances, Limit::Memories, 2, |limits, value| limits.memories = value),
        (instances, Limit::Tables, 2, |limits, value| limits.tables = value),
        (FULL, Limit::Slots, 5, |limits, value| limits.slots = value),
        (
            "(component (import \"abcdef\" (func)))",
            Limit::Name,
            6,
            |limits, value| limits.name = value,
        ),
        (
            "(component (core module (func (export \"abcdef\"))))",
            Limit::Name,
            6,
            |limits, value| limits.name = value,
        ),
        (
            "(component (core module (import \"a\" \"b\" (func)) (export \"c\" (func 0))))",
            Limit::Names,
            2,
            |limits, value| limits.names = value,
        ),
        // An instance, the two functions in it and their types, and the same again.
        (
            "(component (import \"a\" (instance $i (export \"b\" (func)) (export \"c\" (func)))) (export \"d\" (instance $i)))",
            Limit::Surface,
            10,
            |limits, value| limits.surface = value,
        ),
        (
            "(component (core module (memory 1) (data \"a\") (data \"b\")))",
            Limit::Segments,
            2,
            |limits, value| limits.segments = value,
        ),
        (params, Limit::Params, 3, |limits, value| limits.params = small(value)),
        (
            "(component (type (func (param \"a\" u8) (param \"b\" u8))))",
            Limit::Params,
            2,
            |limits, value| {
                limits.params = small(value);
            },
        ),
        (params, Limit::Locals, 3, |limits, value| limits.locals = small(value)),
        // No locals, and its end.
        (params, Limit::Function, 2, |limits, value| limits.function = value),
        // An opcode, a value, and its end.
        (
            "(component (core module (global i32 (i32.const 1))))",
            Limit::Expression,
            3,
            |limits, value| {
                limits.expression = value;
            },
        ),
        (
            "(component (core module (memory 1) (data (i32.const 0) \"a\") (data (i32.const 99) \"b\")))",
            Limit::Images,
            96,
            |limits, value| limits.images = value,
        ),
        (
            "(component (core module (func (param i32) local.get 0 if else end)))",
            Limit::Blocks,
            9,
            |limits, value| limits.blocks = value,
        ),
        (
            "(component (core module (func loop loop end end loop end)))",
            Limit::Loops,
            2,
            |limits, value| limits.loops = value,
        ),
        (
            // The outer loop sees both, the inner one the first, and again the first in its second turn.
            "(component (core module (func (param i32 i32) loop loop local.get 0 local.get 0 drop drop end local.get 1 drop loop local.get 0 drop end end local.get 1 drop)))",
            Limit::Carried,
            4,
            |limits, value| limits.carried = value,
        ),
        (
            "(component (core module (func (param i32) local.get 0 if else end)))",
            Limit::Spread,
            9,
            |limits, value| limits.spread = value,
        ),
    ];
    for (text, limit, value, set) in cases {
        let bytes = binary(text);
        if let Err(error) = scan(&bytes, &with(*set, *value)) {
            panic!("{limit:?}: {error}");
        }
        match scan(&bytes, &with(*set, value - 1)) {
            Err(ScanError::Refused {
                what,
                found,
                limit: told,
            }) => {
                assert_eq!((what, found, told), (*limit, *value, value - 1), "{text}");
            }
            other => panic!("{limit:?}: {other:?}"),
        }
    }
}

#[test]
fn code_is_limited_by_the_size_of_the_file() {
    // A loop takes three bytes and moves a hundred values in and out.
    let values = " i32".repeat(100);
    let mut text = format!(
        "(component (core module (type $t (func (param{values}) (result{values}))) (func (param{values}) (result{values})"
    );
    for index in 0..100 {
        write!(text, " local.get {index}").expect("written");
    }
    text.push_str(&" loop (type $t) end".repeat(10_000));
    text.push_str(")))");
    assert_eq!(refused(&binary(&text)), Limit::Operations);

    // So does a function that declares locals.
    let text = format!(
        "(component (core module {}))",
        format!("(func (local {}))", "i32 ".repeat(15_000)).repeat(500)
    );
    assert_eq!(refused(&binary(&text)), Limit::Operations);

    // The targets of a table may each carry all values of their label.
    let text = format!(
        "(component (core module (type $t (func (param i32{values}) (result{values}))) (func (type $t) unreachable br_table{} end)))",
        " 0".repeat(40_000)
    );
    assert_eq!(refused(&binary(&text)), Limit::Operations);
}

#[test]
fn locals_that_spread_over_many_blocks_are_refused() {
    let function = |locals: usize, blocks: usize| {
        let mut text = String::from("(func (param i32) (local");
        text.push_str(&" i32".repeat(locals));
        text.push(')');
        text.push_str(&" local.get 0 if end".repeat(blocks));
        for index in 1..=locals {
            write!(text, " local.get 0 local.set {index}").expect("written");
        }
        text + ")"
    };
    let component = |functions: String| binary(&format!("(component (core module {functions}))"));
    counts(&format!("(component (core module {}))", function(100, 500)));
    assert_eq!(refused(&component(function(15_000, 10_000))), Limit::Spread);
    assert_eq!(refused(&component(function(1_500, 1_500).repeat(20))), Limit::AllSpread);
}

#[test]
fn a_jump_table_counts_each_entry_as_an_edge() {
    // Every one of them would carry every local: 78 KB that took more than 10 GiB.
    let mut text = String::from("(component (core module (func (param i32) (local");
    text.push_str(&" i32".repeat(2_000));
    text.push_str(") loop");
    for index in 1..=2_000 {
        write!(text, " local.get {index} i32.const 1 i32.add local.set {index}").expect("written");
    }
    write!(text, " local.get 0 br_table{} end)))", " 0".repeat(60_000)).expect("written");
    assert_eq!(refused(&binary(&text)), Limit::Spread);
}

#[test]
fn calls_through_tables_count_for_what_they_become() {
    // 18 KB each to the compiler, 5 bytes in the file.
    let call = " i32.const 0 call_indirect (type $t)".repeat(15_000);
    let module = format!("(core module (type $t (func)) (table 1 funcref) (func{call}))");
    assert_eq!(refused(&binary(&format!("(component {module})"))), Limit::Operations);
}

// What would blow up the loader.

#[test]
fn instances_that_double_at_every_level_are_refused() {
    let mut text = String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=200 {
        let below = level - 1;
        write!(
            text,
            "(component $c{level} (alias outer 1 $c{below} (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))"
        )
        .expect("written");
    }
    assert_eq!(
        refused(&binary(&(text + "(instance (instantiate $c200)))"))),
        Limit::ComponentInstances
    );
}

#[test]
fn components_that_carry_each_other_along_are_refused() {
    // Nothing is instantiated: each component only takes the one before it from outside, twice.
    let mut text = String::from("(component (component $c0)");
    for level in 1..=80 {
        let below = level - 1;
        write!(
            text,
            "(component $c{level} (alias outer 1 $c{below} (component)) (alias outer 1 $c{below} (component)))"
        )
        .expect("written");
    }
    assert_eq!(refused(&binary(&(text + ")"))), Limit::Work);
}

#[test]
fn an_instance_that_grows_behind_a_type_that_hides_it_is_refused() {
    // The type of every instance says "empty"; what is in it doubles each time.
    let mut text = String::from(
        r#"(component
            (component $twice
                (type $empty (instance))
                (import "a" (instance $a (type $empty)))
                (instance $both (export "x" (instance $a)) (export "y" (instance $a)))
                (export "out" (instance $both) (instance (type $empty))))
            (instance $i0)"#,
    );
    for step in 1..=80 {
        let before = step - 1;
        write!(
            text,
            "(instance $j{step} (instantiate $twice (with \"a\" (instance $i{before})))) (alias export $j{step} \"out\" (instance $i{step}))"
        )
        .expect("written");
    }
    assert_eq!(refused(&binary(&(text + ")"))), Limit::Work);
}

#[test]
fn components_nested_too_deep_are_refused() {
    let mut bytes = HEADER.to_vec();
    for _ in 0..8_000 {
        bytes = component(&[section(4, &bytes)]);
    }
    assert_eq!(refused(&bytes), Limit::Depth);
}

#[test]
fn types_nested_too_deep_are_refused_on_a_small_stack() {
    // Three bytes a level, which the reader of the validator would follow by recursion.
    for opening in [[0x41, 1, 1], [0x42, 1, 1]] {
        let mut types = vec![1];
        types.extend(opening.repeat(1_000_000));
        let bytes = component(&[section(7, &types)]);
        let thread = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || refused(&bytes))
            .expect("started");
        assert_eq!(thread.join().expect("no panic"), Limit::TypeDepth);
    }
}

#[test]
fn types_that_refer_to_each_other_too_deep_are_refused() {
    // The validator asserts a depth of at most 127, and checks it for types of values only.
    let mut text = String::from("(component (type $t0 (instance))");
    for level in 1..=2_000 {
        let below = level - 1;
        write!(
            text,
            "(type $t{level} (instance (alias outer 1 $t{below} (type $p)) (export \"a\" (instance (type $p)))))"
        )
        .expect("written");
    }
    assert_eq!(refused(&binary(&(text + ")"))), Limit::TypeDepth);
}

#[test]
fn instances_within_instances_too_deep_are_refused() {
    let mut text = String::from("(component (instance $i0)");
    for level in 1..=900 {
        let below = level - 1;
        write!(text, "(instance $i{level} (export \"a\" (instance $i{below})))").expect("written");
    }
    assert_eq!(refused(&binary(&(text + ")"))), Limit::TypeDepth);
}

#[test]
fn types_that_double_are_refused_where_they_are_used() {
    let mut text = String::from("(component (type $t0 (tuple u32 u32))");
    for level in 1..=60 {
        let below = level - 1;
        write!(text, "(type $t{level} (tuple $t{below} $t{below}))").expect("written");
    }
    assert_eq!(refused(&binary(&(text + ")"))), Limit::Work);
}

#[test]
fn exports_times_instantiations_are_refused() {
    let mut text = String::from(
        "(component (component $c (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func $f (canon lift (core func $i \"f\")))",
    );
    for index in 0..2_000 {
        write!(text, "(export \"e{index}\" (func $f))").expect("written");
    }
    text.push(')');
    text.push_str(&"(instance (instantiate $c))".repeat(900));
    assert_eq!(refused(&binary(&(text + ")"))), Limit::Work);

    let mut text = String::from("(component (core module $m (func $f)");
    for index in 0..2_000 {
        write!(text, "(export \"e{index}\" (func $f))").expect("written");
    }
    text.push(')');
    text.push_str(&"(core instance (instantiate $m))".repeat(900));
    assert_eq!(refused(&binary(&(text + ")"))), Limit::Work);
}

#[test]
fn gaps_that_the_loader_would_write_out_are_refused() {
    let memory = "(core module (memory 300) (data (i32.const 0) \"a\") (data (i32.const 0xfffff0) \"b\"))";
    assert_eq!(
        refused(&binary(&format!("(component {})", memory.repeat(30)))),
        Limit::Images
    );
    let table = "(core module (table 1000000 funcref) (func $f) (elem (i32.const 999999) $f))";
    assert_eq!(
        refused(&binary(&format!("(component {})", table.repeat(30)))),
        Limit::Images
    );
    // Too far apart for that: it is done at each start, and written nowhere.
    let found =
        counts("(component (core module (memory 1000) (data (i32.const 0) \"a\") (data (i32.const 0x2000000) \"b\")))");
    assert_eq!(found.images, 0);
}

#[test]
fn a_section_that_claims_more_items_than_it_has_is_malformed_and_reserves_nothing() {
    // Counts of 2^32 - 1 in the sections of types, imports, exports, aliases, instances, canonical functions.
    for id in [2, 3, 5, 6, 7, 8, 10, 11] {
        let bytes = component(&[section(id, &[0xff, 0xff, 0xff, 0xff, 0x0f])]);
        assert!(matches!(scanned(&bytes), Err(ScanError::Malformed { .. })), "{id}");
    }
}

// What it says.

#[test]
fn it_says_what_it_found_and_what_the_limit_is() {
    let mut bytes = HEADER.to_vec();
    for _ in 0..60 {
        bytes = component(&[section(4, &bytes)]);
    }
    let limits = ScanLimits::default();
    let said = |bytes: &[u8]| scan(bytes, &limits).expect_err("refused").to_string();
    assert_eq!(said(&bytes), "it nests components 51 deep; the limit is 50");
    assert_eq!(said(b"x"), "it is not a WebAssembly binary");
    assert_eq!(
        said(&binary("(module)")),
        "it is a core WebAssembly module, not a component"
    );
    assert_eq!(said(&HEADER[..6]), "it is cut off after 6 bytes");
    assert_eq!(
        said(&binary("(component (core module (tag)))")),
        "it uses exceptions (at byte 26), which the engine does not run"
    );
    let endless = ScanError::Refused {
        what: Limit::CoreInstances,
        found: u64::MAX,
        limit: 7,
    };
    assert_eq!(
        endless.to_string(),
        "it makes too many core instances to count; the limit is 7"
    );
}

#[test]
fn names_of_the_file_are_cut_and_cleaned_before_they_are_quoted() {
    let name = format!("\x1b[2J\u{202e}{}", "x".repeat(5_000));
    // A name twice.
    let export = |name: &str| {
        let mut export = vec![
            u8::try_from(name.len() & 0x7f).expect("7 bits") | 0x80,
            u8::try_from(name.len() >> 7).expect("7 bits"),
        ];
        export.extend_from_slice(name.as_bytes());
        export.extend([0, 0]);
        export
    };
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(7, &[vec![2], export(&name), export(&name)].concat()),
        section(10, &[1, 2, 0, 0x0b]),
    ]
    .concat();
    let Err(ScanError::Malformed { what, .. }) = scanned(&component(&[section(1, &module)])) else {
        panic!("malformed")
    };
    assert!(what.len() <= 512 && what.contains("xxx"), "{what}");
    assert!(!what.contains(['\x1b', '\u{202e}']), "{what:?}");
}

// Properties.

/// Components to mutate: small ones, so that one mutation hits something.
fn seeds() -> Vec<Vec<u8>> {
    [
        FULL,
        "(component)",
        "(component (component (component) (core module)) (type (func (param \"a\" (list u8)))))",
        "(component (import \"a\" (instance (type $t (stream u8)) (export \"b\" (type (eq $t))))) (alias export 0 \"b\" (type)))",
        "(component (type (component (import \"a\" (func)) (type u8) (export \"b\" (type (eq 0))))) (core type (module (import \"a\" \"b\" (func)))))",
        r#"(component (component $c (import "a" (instance $a (export "f" (func)))) (export "b" (instance $a))) (import "x" (instance $x (export "f" (func))))
            (instance $i (instantiate $c (with "a" (instance $x)))) (alias export $i "b" (instance $b)) (instance $j (export "q" (instance $b))) (export "z" (instance $j)))"#,
    ]
    .iter()
    .map(|text| binary(text))
    .collect()
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0_u8..5, any::<u8>(), 1_usize..20);
    (prop::sample::select(seeds()), prop::collection::vec(edit, 0..4)).prop_map(|(mut bytes, edits)| {
        for (place, kind, value, length) in edits {
            let at = place.index(bytes.len());
            let end = bytes.len().min(at + length);
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] = bytes[at].wrapping_add(1),
                2 => bytes.insert(at, value),
                3 => drop(bytes.drain(at..end)),
                _ => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
            if bytes.is_empty() {
                bytes.push(value);
            }
        }
        bytes
    })
}

fn verdict_holds(bytes: &[u8]) -> Result<(), TestCaseError> {
    let verdict = scanned(bytes);
    let outlined = outline(bytes, &ScanLimits::default());
    let valid = || wasmparser::Validator::new_with_features(FEATURES).validate_all(bytes);
    match verdict {
        Ok(scan) => {
            prop_assert!(valid().is_ok());
            prop_assert_eq!(outlined.map(|outline| outline.kind), Ok(scan.kind));
            // What runs without async is valid without it.
            if scan.kind == Kind::Plain {
                let plain = FEATURES.difference(wasmparser::WasmFeatures::CM_ASYNC);
                prop_assert!(
                    wasmparser::Validator::new_with_features(plain)
                        .validate_all(bytes)
                        .is_ok()
                );
            }
        }
        Err(ScanError::Malformed { ref what, .. }) => {
            prop_assert!(valid().is_err(), "called malformed: {}", what);
        }
        // The validator takes the end of the file for the end of a nested binary, and so accepts some that are cut off.
        Err(ref error) => prop_assert!(error.to_string().len() < 1_000),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        verdict_holds(&bytes)?;
    }

    #[test]
    fn any_sections_get_a_verdict(
        sections in prop::collection::vec((0_u8..13, prop::collection::vec(prop_oneof![0_u8..8, 0x40_u8..0x80, any::<u8>()], 0..30)), 0..6),
    ) {
        let sections: Vec<Vec<u8>> = sections.iter().map(|(id, contents)| section(*id, contents)).collect();
        verdict_holds(&component(&sections))?;
    }

    #[test]
    fn nothing_valid_is_called_malformed_and_nothing_malformed_is_admitted(bytes in mutated()) {
        verdict_holds(&bytes)?;
    }
}
