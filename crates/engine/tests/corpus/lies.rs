//! Asks the core module of a guest directly, as an engine would that takes its word: what it answers is then a place outside of
//! its memory, or a value that is no value of its type.

use wasmparser::{Parser, Payload};
use wasmtime::{Config, Engine, Instance, Memory, Module, Store};

/// Bytes that the guest's allocator is asked for, and how they are to be aligned.
const SIZE: i32 = 136;
const ALIGN: i32 = 8;

/// Whether the guest lies.
pub(crate) fn lies(name: &str, component: &[u8]) -> bool {
    let engine = Engine::new(&Config::new()).expect("an engine");
    let module = Module::new(&engine, first_module(component)).expect("its core module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let memory = instance.get_memory(&mut store, "memory");
    if name.starts_with("realloc/") {
        let make_room = instance
            .get_typed_func::<(i32, i32, i32, i32), i32>(&mut store, "cabi_realloc")
            .expect("its allocator");
        let at = make_room.call(&mut store, (0, 0, ALIGN, SIZE)).expect("room");
        return at % ALIGN != 0 || bytes(memory, &store, at, SIZE).is_none();
    }
    let answer = match instance.get_typed_func::<(), i32>(&mut store, "run") {
        Ok(run) => run.call(&mut store, ()),
        Err(_) => instance
            .get_typed_func::<(i32, i32, i32), i32>(&mut store, "run")
            .and_then(|run| run.call(&mut store, (0, 0, 0))),
    };
    let area = answer.expect("an answer");
    let byte = |at: i32| bytes(memory, &store, at, 1).map(|bytes| bytes[0]);
    match name {
        "pointers/no-such-char" => char::from_u32(area.cast_unsigned()).is_none(),
        "pointers/no-such-case" => byte(area).is_some_and(|case| case > 1),
        "pointers/narrow" => byte(area + 4).is_some_and(|bool| bool > 1),
        "pointers/area-unaligned" => area % ALIGN != 0,
        _ => {
            let (Some(at), Some(length)) = (
                number(memory, &store, area),
                number(memory, &store, area.wrapping_add(4)),
            ) else {
                return true;
            };
            match name {
                "pointers/odd-utf16" => at % 2 != 0,
                "pointers/lone-surrogate" => {
                    let text = bytes(memory, &store, at, length * 2).expect("its text");
                    let units = text.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
                    char::decode_utf16(units).any(|char| char.is_err())
                }
                _ => bytes(memory, &store, at, length).is_none_or(|text| std::str::from_utf8(text).is_err()),
            }
        }
    }
}

fn first_module(component: &[u8]) -> &[u8] {
    let modules = Parser::new(0).parse_all(component).find_map(|payload| match payload {
        Ok(Payload::ModuleSection { unchecked_range, .. }) => Some(unchecked_range),
        _ => None,
    });
    &component[modules.expect("a core module")]
}

fn bytes(memory: Option<Memory>, store: &Store<()>, at: i32, length: i32) -> Option<&[u8]> {
    let [at, length] = [at, length].map(|number| number.cast_unsigned() as usize);
    memory?.data(store).get(at..at.checked_add(length)?)
}

fn number(memory: Option<Memory>, store: &Store<()>, at: i32) -> Option<i32> {
    let bytes = bytes(memory, store, at, 4)?;
    Some(i32::from_le_bytes(bytes.try_into().ok()?))
}
