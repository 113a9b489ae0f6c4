//! Guests that are made and not written: bombs for the loader, of sizes and depths that no text has, and files that are no
//! components. All are the same bytes in every run.

/// Unsigned LEB128.
fn leb(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb(content.len()).as_slice(), content].concat()
}

/// `count` and as many times `item`.
fn repeated(count: usize, item: &[u8]) -> Vec<u8> {
    [leb(count), item.repeat(count)].concat()
}

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [MODULE, &sections.concat()].concat()
}

/// A component that holds this module and does not instantiate it: the module is compiled all the same.
fn component_of(module: &[u8]) -> Vec<u8> {
    [COMPONENT, &section(1, module)].concat()
}

/// A module of one type `() -> ()` and of `count` functions with the same body.
fn functions(count: usize, body: &[u8]) -> Vec<u8> {
    let code = [leb(body.len()).as_slice(), body].concat();
    module(&[
        section(1, b"\x01\x60\0\0"),
        section(3, &repeated(count, b"\0")),
        section(10, &repeated(count, &code)),
    ])
}

fn from_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a bomb's text")
}

/// Components nested 24 deep, each instantiating the one inside of it twice: 2^24 instances in a file of some hundred bytes.
pub(crate) fn doubling() -> Vec<u8> {
    let mut text = String::from("(component $c (core module $m (memory 1)) (core instance (instantiate $m)))");
    for _ in 0..24 {
        text = format!("(component $c {text} (instance (instantiate $c)) (instance (instantiate $c)))");
    }
    from_text(&text)
}

/// The same with three levels of core instances within, wide instead of deep: 40 to the power of 4 instances.
pub(crate) fn fan_out() -> Vec<u8> {
    let mut text = String::from("(component $c (core module $m (table 1 funcref)) (core instance (instantiate $m)))");
    for _ in 0..4 {
        text = format!("(component $c {text} {})", "(instance (instantiate $c))".repeat(40));
    }
    from_text(&text)
}

/// Empty components nested 8,000 deep.
pub(crate) fn nested() -> Vec<u8> {
    let mut inner = COMPONENT.to_vec();
    for _ in 0..8_000 {
        inner = [COMPONENT, &section(4, &inner)].concat();
    }
    inner
}

/// Component types declared within component types, 100,000 deep.
pub(crate) fn nested_types() -> Vec<u8> {
    let mut bytes = vec![0x01];
    bytes.extend([0x41, 0x01, 0x01].repeat(100_000));
    bytes.extend([0x41, 0x00]);
    [COMPONENT, &section(7, &bytes)].concat()
}

/// Tuples of two tuples of two tuples and so on, a type of 2^18 numbers in 18 lines, which sixty functions take.
pub(crate) fn doubling_type() -> Vec<u8> {
    let mut text = String::from("(component (type $t0 (tuple u64 u64))");
    for level in 1..18 {
        text.push_str(&format!("(type $t{level} (tuple $t{} $t{}))", level - 1, level - 1));
    }
    for function in 0..60 {
        text.push_str(&format!(
            "(import \"sink{function}\" (func (param \"p{function}\" $t17)))"
        ));
    }
    text.push(')');
    from_text(&text)
}

/// One function of 158 KB in which every one of thousands of blocks joins thousands of values.
pub(crate) fn slow_to_compile() -> Vec<u8> {
    let locals = 2_000;
    let mut body = [leb(1), leb(locals), vec![0x7f]].concat();
    // loop { block { if (l0) br 0 ; l_i = l_{i+1} + 1 ... } ... }
    let mut local = 0;
    body.extend([0x03, 0x40]);
    while body.len() < 158_000 {
        let (from, to) = (leb(local % locals), leb((local + 7) % locals));
        body.extend([0x02, 0x40, 0x20]);
        body.extend(&from);
        body.extend([0x0d, 0x00, 0x20]);
        body.extend(&from);
        body.extend([0x41, 0x01, 0x6a, 0x21]);
        body.extend(&to);
        body.push(0x0b);
        local += 1;
    }
    body.extend([0x0c, 0x00, 0x0b, 0x0b]);
    component_of(&functions(1, &body))
}

/// 20,000 functions of 50,000 locals each, in twelve bytes apiece.
pub(crate) fn many_locals() -> Vec<u8> {
    let body = [leb(1), leb(50_000), vec![0x7e, 0x20], leb(49_999), vec![0x1a, 0x0b]].concat();
    component_of(&functions(20_000, &body))
}

/// 500,000 functions that do nothing.
pub(crate) fn many_functions() -> Vec<u8> {
    component_of(&functions(500_000, &[0x00, 0x0b]))
}

/// A table to jump through of 60,000 targets, each of which has to carry the values of 2,000 locals.
pub(crate) fn jump_table() -> Vec<u8> {
    let locals = 2_000;
    let mut body = [leb(1), leb(locals), vec![0x7f, 0x03, 0x40]].concat();
    for local in 0..locals {
        body.push(0x20);
        body.extend(leb(local));
        body.extend([0x41, 0x01, 0x6a, 0x21]);
        body.extend(leb(local));
    }
    body.extend([0x20, 0x00, 0x0e]);
    body.extend(leb(60_000));
    body.extend(vec![0x00; 60_001]);
    body.extend([0x0b, 0x0b]);
    component_of(&functions(1, &body))
}

/// A function of 300,000 blocks, one within the other.
pub(crate) fn nested_blocks() -> Vec<u8> {
    let depth = 300_000;
    let body = [vec![0x00], [0x02, 0x40].repeat(depth), vec![0x0b; depth + 1]].concat();
    component_of(&functions(1, &body))
}

/// A module with 90 empty memories, instantiated 100 times: each is given 4 GiB of addresses, 36 TiB together.
pub(crate) fn many_memories() -> Vec<u8> {
    let text = format!(
        "(component (core module $m {} (func (export \"run\"))) {}
         (core instance $i (instantiate $m)) (func (export \"run\") (canon lift (core func $i \"run\"))))",
        "(memory 0) ".repeat(90),
        "(core instance (instantiate $m)) ".repeat(99)
    );
    from_text(&text)
}

/// 900 modules with a byte of data each, all instantiated: the loader keeps a file open for each of their images.
pub(crate) fn many_images() -> Vec<u8> {
    let mut text = String::from("(component ");
    for number in 0..900 {
        text.push_str(&format!(
            "(core module $m{number} (memory 1) (data (i32.const 0) \"{number}\") (func (export \"run\")))
             (core instance $i{number} (instantiate $m{number}))"
        ));
    }
    text.push_str("(func (export \"run\") (canon lift (core func $i0 \"run\"))))");
    from_text(&text)
}

/// 50,000 instances of a module that has nothing in it.
pub(crate) fn many_instances() -> Vec<u8> {
    let instances = section(2, &repeated(50_000, &[0x00, 0x00, 0x00]));
    [component_of(MODULE), instances].concat()
}

/// 60,000 names, each followed by the same.
fn named(each: &[u8]) -> Vec<u8> {
    let mut entries = leb(60_000);
    for number in 0..60_000 {
        let name = format!("a{number}");
        entries.push(0x00);
        entries.extend(leb(name.len()));
        entries.extend(name.as_bytes());
        entries.extend(each);
    }
    entries
}

/// 60,000 imported functions.
pub(crate) fn many_imports() -> Vec<u8> {
    let function = section(7, b"\x01\x40\0\x01\0");
    [COMPONENT, &function, &section(10, &named(&[0x01, 0x00]))].concat()
}

/// 60,000 exports of one function.
pub(crate) fn many_exports() -> Vec<u8> {
    [small(), section(11, &named(&[0x01, 0x00, 0x00]))].concat()
}

/// An export whose name has 90,000 letters, called by its name.
pub(crate) fn long_export_name() -> String {
    "a".repeat(90_000)
}

pub(crate) fn long_export() -> Vec<u8> {
    from_text(&format!(
        "(component (core module $m (func (export \"run\") unreachable)) (core instance $i (instantiate $m))
         (func (export \"{}\") (canon lift (core func $i \"run\"))))",
        long_export_name()
    ))
}

/// Traps below twenty functions whose names have 99,000 letters each: a backtrace of two megabytes.
pub(crate) fn long_backtrace() -> Vec<u8> {
    let name = "x".repeat(99_000);
    let mut text = String::from("(component (core module $m ");
    for number in 0..20 {
        let call = if number == 0 {
            String::from("unreachable")
        } else {
            format!("call {}", number - 1)
        };
        text.push_str(&format!("(func (@name \"{number}{name}\") {call})"));
    }
    text.push_str(
        "(func (export \"run\") call 19)) (core instance $i (instantiate $m))
         (func (export \"run\") (canon lift (core func $i \"run\"))))",
    );
    from_text(&text)
}

/// Calls itself with a thousand values to keep meanwhile: a frame of some 8 KB each time.
pub(crate) fn wide_frames() -> Vec<u8> {
    let count = 1_000;
    let mut text = String::from("(component (core module $m (memory 1) (func $down (param i32) (result i64) ");
    text.push_str(&"(local i64)".repeat(count));
    for local in 1..=count {
        text.push_str(&format!(
            "(local.set {local} (i64.load offset={} (local.get 0)))",
            8 * local
        ));
    }
    text.push_str("(call $down (local.get 0))");
    for local in 1..=count {
        text.push_str(&format!("local.get {local} i64.add "));
    }
    text.push_str(
        ") (func (export \"run\") (drop (call $down (i32.const 0))))) (core instance $i (instantiate $m))
         (func (export \"run\") (canon lift (core func $i \"run\"))))",
    );
    from_text(&text)
}

/// A custom section of 80 MiB that nobody reads.
pub(crate) fn ballast() -> Vec<u8> {
    let content = [b"\x07ballast".as_slice(), &vec![0x5a; 80 << 20]].concat();
    [small(), section(0, &content)].concat()
}

/// A component with nothing wrong about it, to spoil.
fn small() -> Vec<u8> {
    from_text(
        "(component (core module $m (memory (export \"memory\") 1) (func (export \"run\") (result i32) i32.const 7))
         (core instance $i (instantiate $m)) (func (export \"run\") (result u32) (canon lift (core func $i \"run\"))))",
    )
}

pub(crate) fn empty() -> Vec<u8> {
    Vec::new()
}

/// The first half of a component.
pub(crate) fn truncated() -> Vec<u8> {
    let whole = small();
    whole[..whole.len() / 2].to_vec()
}

/// All of a component but its last byte.
pub(crate) fn last_byte_missing() -> Vec<u8> {
    let mut whole = small();
    whole.pop();
    whole
}

pub(crate) fn bad_magic() -> Vec<u8> {
    let mut whole = small();
    whole[..4].copy_from_slice(b"\0ASM");
    whole
}

/// A binary of the next version.
pub(crate) fn bad_version() -> Vec<u8> {
    let mut whole = small();
    whole[4] = 0x7f;
    whole
}

pub(crate) fn core_module() -> Vec<u8> {
    functions(1, &[0x00, 0x0b])
}

/// The text of a component, which is a component only for tools.
pub(crate) fn text() -> Vec<u8> {
    b"(component (core module (func)))".to_vec()
}

/// A header, and noise behind it.
pub(crate) fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    });
    COMPONENT.iter().copied().chain(noise.take(4096)).collect()
}

/// A section that says it is 4 GiB long.
pub(crate) fn section_past_end() -> Vec<u8> {
    [COMPONENT, b"\x01\xff\xff\xff\xff\x0f\0asm"].concat()
}

/// A section whose length does not end.
pub(crate) fn endless_length() -> Vec<u8> {
    [COMPONENT, b"\x01", &[0x80; 64]].concat()
}

/// A vector that says it has four billion entries.
pub(crate) fn endless_vector() -> Vec<u8> {
    [COMPONENT, &section(7, b"\xff\xff\xff\xff\x0f\x40\0\x01\0")].concat()
}

pub(crate) fn unknown_section() -> Vec<u8> {
    [small(), section(0x6e, b"what")].concat()
}

/// A core module whose code comes before its functions.
pub(crate) fn wrong_order() -> Vec<u8> {
    component_of(&module(&[
        section(10, b"\x01\x02\0\x0b"),
        section(1, b"\x01\x60\0\0"),
        section(3, b"\x01\0"),
    ]))
}

/// A core module that takes two numbers from a stack that has one.
pub(crate) fn wrong_types() -> Vec<u8> {
    component_of(&functions(1, &[0x00, 0x41, 0x01, 0x6a, 0x1a, 0x0b]))
}

/// An export whose name is no UTF-8.
pub(crate) fn name_not_utf8() -> Vec<u8> {
    let whole = small();
    let at = whole
        .windows(4)
        .rposition(|bytes| bytes == b"\x03run")
        .expect("the export's name")
        + 1;
    [&whole[..at], b"\xff\xfe\xfd", &whole[at + 3..]].concat()
}

/// What a compiler made of a component on some machine: native code, with the header that the loader of such code looks for.
pub(crate) fn native_code() -> Vec<u8> {
    [b"\x7fELF\x02\x01\x01\xc8wasmtime".as_slice(), &[0x90; 512]].concat()
}
