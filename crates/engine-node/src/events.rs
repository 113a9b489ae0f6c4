//! Events as JavaScript gets them: one flat list, four entries for each.

use brood_engine::events::{Event, What};
use brood_engine::failure::Failure;
use brood_engine::loader::{Export, Loaded, Shape};
use brood_engine::value::WitType;
use napi::bindgen_prelude::{Array, FromNapiValue, JsObjectValue, JsValue, Object, ToNapiValue, Unknown};
use napi::{Env, check_status, sys};

use crate::convert::{array, bytes_to_js, describe, to_js, unsupported};
use crate::environment::Environment;
use crate::failure::{Result, from_napi};

/// Events, and bytes of frames, that JavaScript is given at once: a few milliseconds of work.
const MOST_EVENTS: usize = 1_024;
const MOST_BYTES: usize = 1 << 20;

// The numbers of the kinds, as in ts/native/engine.ts.
const LOADED: u32 = 0;
const LOAD_FAILED: u32 = 1;
const STARTED: u32 = 2;
const BYTES: u32 = 3;
const DRAINED: u32 = 4;
const RESULT: u32 = 5;
const FAILED: u32 = 6;
const ENDED: u32 = 7;
const OUTPUT: u32 = 8;
const LOG: u32 = 9;
const REFUSED: u32 = 10;

/// What has happened since.
pub(crate) fn drain(env: Env, environment: &Environment) -> Result<Array<'static>> {
    let events = environment.events().drain(MOST_EVENTS, MOST_BYTES);
    let raw = env.raw();
    // SAFETY: `raw` is the environment of the running call.
    unsafe { list(raw, environment, events) }.map_err(from_napi)
}

unsafe fn list(env: sys::napi_env, environment: &Environment, events: Vec<Event>) -> napi::Result<Array<'static>> {
    // SAFETY: as promised by the caller, for all below.
    unsafe {
        let list = array(env, events.len() * 4)?;
        let mut at = 0;
        let mut put = |value: sys::napi_value| {
            at += 1;
            check_status!(sys::napi_set_element(env, list, at - 1, value))
        };
        for Event { subject, what } in events {
            let (kind, number, value) = entry(env, environment, subject, what)?;
            put(u32::to_napi_value(env, kind)?)?;
            put(u32::to_napi_value(env, subject)?)?;
            put(f64::to_napi_value(env, number)?)?;
            put(value)?;
        }
        Array::from_napi_value(env, list)
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
unsafe fn entry(
    env: sys::napi_env,
    environment: &Environment,
    subject: u32,
    what: What,
) -> napi::Result<(u32, f64, sys::napi_value)> {
    // SAFETY: as promised by the caller, for all below.
    unsafe {
        let nothing = || <() as ToNapiValue>::to_napi_value(env, ());
        Ok(match what {
            What::Loaded(loaded) => {
                let info = info(env, &loaded)?;
                (LOADED, environment.add(loaded).into(), info)
            }
            What::LoadFailed(why) => (LOAD_FAILED, 0.0, failure(env, &why)?),
            What::Started => (STARTED, 0.0, nothing()?),
            What::Bytes(bytes) => (BYTES, 0.0, bytes_to_js(env, bytes)?),
            What::Drained(waiting) => (DRAINED, waiting as f64, nothing()?),
            What::Result(call, value) => (RESULT, call.into(), to_js(env, value)?),
            What::Failed(call, payload) => (FAILED, call.into(), to_js(env, payload)?),
            What::Refused(call, why) => (REFUSED, call.into(), failure(env, &why)?),
            What::Ended(used, why) => {
                environment.forget(subject);
                (ENDED, used, failure(env, &why)?)
            }
            What::Output(stream, line) => (OUTPUT, stream.into(), String::to_napi_value(env, line)?),
            What::Log(level, text) => (LOG, level.into(), String::to_napi_value(env, text)?),
        })
    }
}

fn failure(env: sys::napi_env, why: &Failure) -> napi::Result<sys::napi_value> {
    let mut object = Object::new(&Env::from_raw(env))?;
    object.set_named_property("code", why.code.as_str())?;
    object.set_named_property("message", why.message.as_str())?;
    if let Some(frames) = &why.frames {
        object.set_named_property("frames", frames.as_str())?;
    }
    Ok(object.raw())
}

fn info(env: sys::napi_env, loaded: &Loaded) -> napi::Result<sys::napi_value> {
    let env = Env::from_raw(env);
    let mut object = Object::new(&env)?;
    let kind = match loaded.shape {
        Shape::Actor => "actor",
        Shape::Component => "component",
    };
    object.set_named_property("kind", kind)?;
    object.set_named_property("imports", loaded.imports.clone())?;
    let mut exports = Object::new(&env)?;
    for export in &loaded.exports {
        exports.set_named_property(&export.name, function(&env, export)?)?;
    }
    object.set_named_property("exports", exports)?;
    Ok(object.raw())
}

fn function<'env>(env: &'env Env, export: &Export) -> napi::Result<Object<'env>> {
    let mut object = Object::new(env)?;
    let mut params = Vec::with_capacity(export.params.len());
    for (name, ty) in &export.params {
        let mut param = Object::new(env)?;
        param.set_named_property("name", name.as_str())?;
        param.set_named_property("type", wit(env, ty)?)?;
        params.push(param);
    }
    object.set_named_property("params", params)?;
    match &export.result {
        Some(ty) => object.set_named_property("result", wit(env, ty)?)?,
        None => object.set_named_property("result", napi::bindgen_prelude::Null)?,
    }
    object.set_named_property("async", export.is_async)?;
    if let Some(why) = unsupported(export) {
        object.set_named_property("unsupported", why)?;
    }
    Ok(object)
}

fn wit<'env>(env: &'env Env, ty: &WitType) -> napi::Result<Unknown<'env>> {
    let mut object = Object::new(env)?;
    match ty {
        WitType::Bool | WitType::Char | WitType::String | WitType::Number(_) => {
            return text(env, &describe(ty));
        }
        WitType::Bytes => object.set_named_property("list", "u8")?,
        WitType::Option(inner) => object.set_named_property("option", wit(env, inner)?)?,
        WitType::Result(ok, err) => {
            let mut sides = Object::new(env)?;
            for (name, side) in [("ok", ok), ("err", err)] {
                match side {
                    Some(ty) => sides.set_named_property(name, wit(env, ty)?)?,
                    None => sides.set_named_property(name, napi::bindgen_prelude::Null)?,
                }
            }
            object.set_named_property("result", sides)?;
        }
        WitType::Tuple(members) => {
            let members = members
                .iter()
                .map(|ty| wit(env, ty))
                .collect::<napi::Result<Vec<_>>>()?;
            object.set_named_property("tuple", members)?;
        }
        WitType::Other(name) => object.set_named_property("other", *name)?,
    }
    Ok(object.to_unknown())
}

fn text<'env>(env: &'env Env, text: &str) -> napi::Result<Unknown<'env>> {
    Ok(env.create_string(text)?.to_unknown())
}
