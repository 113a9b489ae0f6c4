//! What a guest may import, and nothing else: WASI 0.2, which grants nothing, and the two interfaces of JavaScript guests.

use rustix::rand::GetRandomFlags;
use wasmtime::component::{Component, Linker, types::ComponentItem};
use wasmtime::{Engine, StoreContextMut};

use crate::failure::{Code, Failure, Stop};
use crate::store::{MAX_RANDOM, State};

/// Text for guests that have no codec of their own (wit/actor.wit).
const TEXT: &str = "brood:actor/text@0.1.0";
/// Randomness of the host for JavaScript guests.
const RANDOM: &str = "brood:actor/random@0.1.0";

/// Everything that can be imported.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let mut text = linker.instance(TEXT)?;
    text.func_wrap("encode", |_: StoreContextMut<'_, State>, (text,): (String,)| {
        Ok((text.into_bytes(),))
    })?;
    text.func_wrap("decode", |_: StoreContextMut<'_, State>, (bytes,): (Vec<u8>,)| {
        // Without a copy where it is well formed.
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok((text,))
    })?;
    let mut random = linker.instance(RANDOM)?;
    random.func_wrap("bytes", |_: StoreContextMut<'_, State>, (length,): (u32,)| {
        Ok((random_bytes(length)?,))
    })?;
    Ok(linker)
}

fn random_bytes(length: u32) -> wasmtime::Result<Vec<u8>> {
    if u64::from(length) > MAX_RANDOM {
        return Err(Stop::new(
            Code::Trap,
            format!("it asked for {length} random bytes at once; the limit is {MAX_RANDOM}"),
        )
        .into());
    }
    let mut bytes = vec![0; length as usize];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += rustix::io::retry_on_intr(|| rustix::rand::getrandom(&mut bytes[filled..], GetRandomFlags::empty()))
            .map_err(|error| Stop::new(Code::Internal, format!("the system gives no random bytes: {error}")))?;
    }
    Ok(bytes)
}

/// Refuses what asks for more than the linker has, by name.
pub(crate) fn check_imports(engine: &Engine, component: &Component) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for (name, extern_type) in component.component_type().imports(engine) {
        let known = name == TEXT || name == RANDOM || is_wasi(name) || matches!(extern_type.ty, ComponentItem::Type(_));
        if !known {
            return Err(Failure::new(
                Code::Import,
                &format!("it imports {name}, which nobody gives it"),
            ));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Whether an import is of WASI 0.2, in any of its patch versions.
fn is_wasi(name: &str) -> bool {
    const PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
    let Some(rest) = name.strip_prefix("wasi:") else {
        return false;
    };
    let Some((package, rest)) = rest.split_once('/') else {
        return false;
    };
    let Some((_, version)) = rest.split_once('@') else {
        return false;
    };
    PACKAGES.contains(&package) && (version == "0.2" || version.starts_with("0.2."))
}

#[cfg(test)]
mod tests {
    use super::is_wasi;

    #[test]
    fn only_wasi_of_version_0_2_is_known() {
        assert!(is_wasi("wasi:cli/environment@0.2.0"));
        assert!(is_wasi("wasi:random/random@0.2.12"));
        for name in [
            "wasi:cli/environment@0.3.0",
            "wasi:http/types@0.2.0",
            "acme:cli/x@0.2.0",
            "wasi:cli",
            "wasi:cli/x",
            "wasi:cli/x@0.20",
        ] {
            assert!(!is_wasi(name), "{name}");
        }
    }
}
