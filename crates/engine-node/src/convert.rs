//! Values between JavaScript and the exports of components, by the types of their signatures.

use std::ptr;

use brood_engine::failure::{Code, Failure};
use brood_engine::loader::{Export, Loaded};
use brood_engine::value::{Number, Value, WitType};
use napi::bindgen_prelude::{
    Array, BigInt, FromNapiValue, JsObjectValue, JsValue, Object, ToNapiValue, Uint8Array, Unknown,
};
use napi::{ValueType, check_status, sys};

use crate::failure::{Result, argument, from_napi, raise};

/// The export of that name, and the arguments as it wants them.
pub(crate) fn arguments(loaded: &Loaded, name: &str, args: &Array<'_>) -> Result<(usize, Vec<Value>)> {
    let Some((index, export)) = loaded
        .exports
        .iter()
        .enumerate()
        .find(|(_, export)| export.name == name)
    else {
        return Err(raise(&Failure::new(
            Code::UnknownExport,
            &format!("there is no export {name}"),
        )));
    };
    if let Some(why) = unsupported(export) {
        return Err(raise(&Failure::new(Code::Unsupported, &why)));
    }
    let given = args.len();
    let wanted = export.params.len();
    if given as usize > wanted {
        return Err(argument(&format!("{given} arguments for {wanted}")));
    }
    let mut values = Vec::with_capacity(wanted);
    for (at, (_, ty)) in (0_u32..).zip(&export.params) {
        let value = match args.get::<Unknown<'_>>(at).map_err(from_napi)? {
            Some(value) => to_value(&value, ty, &|| format!("args[{at}]"))?,
            None if matches!(ty, WitType::Option(_)) => Value::Option(None),
            None => {
                return Err(argument(&format!(
                    "args[{at}]: {} is expected, nothing was given",
                    describe(ty)
                )));
            }
        };
        values.push(value);
    }
    Ok((index, values))
}

/// Why an export cannot be called, if it cannot.
pub(crate) fn unsupported(export: &Export) -> Option<String> {
    let says = |place: &str, name: &str| format!("{place} is of the type {name}, which this version cannot pass");
    export
        .params
        .iter()
        .find_map(|(name, ty)| {
            ty.unsupported()
                .map(|other| says(&format!("the parameter {name}"), other))
        })
        .or_else(|| {
            let result = export.result.as_ref()?.unsupported()?;
            Some(says("the result", result))
        })
}

/// A type in the words of WIT.
pub(crate) fn describe(ty: &WitType) -> String {
    match ty {
        WitType::Bool => "bool".into(),
        WitType::Char => "char".into(),
        WitType::String => "string".into(),
        WitType::Number(number) => number.name().into(),
        WitType::Bytes => "list<u8>".into(),
        WitType::Option(inner) => format!("option<{}>", describe(inner)),
        WitType::Result(ok, err) => {
            let name = |ty: &Option<Box<WitType>>| ty.as_deref().map_or_else(|| "_".to_owned(), describe);
            format!("result<{}, {}>", name(ok), name(err))
        }
        WitType::Tuple(members) => {
            let names: Vec<String> = members.iter().map(describe).collect();
            format!("tuple<{}>", names.join(", "))
        }
        WitType::Other(name) => (*name).into(),
    }
}

fn to_value(value: &Unknown<'_>, ty: &WitType, place: &dyn Fn() -> String) -> Result<Value> {
    let kind = value.get_type().map_err(from_napi)?;
    let wrong = || {
        argument(&format!(
            "{}: {} is expected, not {}",
            place(),
            describe(ty),
            name_of(kind)
        ))
    };
    Ok(match ty {
        WitType::Bool if kind == ValueType::Boolean => Value::Bool(read(value)?),
        WitType::String if kind == ValueType::String => Value::String(read(value)?),
        WitType::Char if kind == ValueType::String => {
            let text: String = read(value)?;
            let mut chars = text.chars();
            match (chars.next(), chars.next()) {
                (Some(one), None) => Value::Char(one),
                _ => {
                    return Err(argument(&format!(
                        "{}: a char is expected, a string of one character",
                        place()
                    )));
                }
            }
        }
        WitType::Number(number @ (Number::U64 | Number::S64)) if kind == ValueType::BigInt => {
            to_wide(&read::<BigInt>(value)?, *number).ok_or_else(|| {
                argument(&format!(
                    "{}: the bigint is not within the bounds of {}",
                    place(),
                    number.name()
                ))
            })?
        }
        WitType::Number(number) if kind == ValueType::Number && !matches!(number, Number::U64 | Number::S64) => {
            let number_value: f64 = read(value)?;
            check_number(number_value, *number).map_err(|why| argument(&format!("{}: {why}", place())))?;
            Value::Number(number_value)
        }
        WitType::Bytes if kind == ValueType::Object => {
            let bytes: Uint8Array = read(value).map_err(|_| wrong())?;
            Value::Bytes(bytes.to_vec())
        }
        WitType::Option(inner) => match kind {
            ValueType::Undefined | ValueType::Null => Value::Option(None),
            _ => Value::Option(Some(Box::new(to_value(value, inner, place)?))),
        },
        WitType::Tuple(types) if kind == ValueType::Object => {
            let list: Array<'_> = read(value).map_err(|_| wrong())?;
            if list.len() as usize != types.len() {
                return Err(argument(&format!(
                    "{}: {} is expected, not {} values",
                    place(),
                    describe(ty),
                    list.len()
                )));
            }
            let mut members = Vec::with_capacity(types.len());
            for (at, ty) in (0_u32..).zip(types) {
                let place = || format!("{}[{at}]", place());
                let member = list.get::<Unknown<'_>>(at).map_err(from_napi)?.ok_or_else(|| {
                    argument(&format!("{}: {} is expected, nothing was given", place(), describe(ty)))
                })?;
                members.push(to_value(&member, ty, &place)?);
            }
            Value::Tuple(members)
        }
        WitType::Result(ok, err) if kind == ValueType::Object => {
            let object: Object<'_> = read(value)?;
            let side = |name: &str, ty: &Option<Box<WitType>>| -> Result<Box<Value>> {
                let place = || format!("{}.{name}", place());
                let Some(ty) = ty else {
                    return Ok(Box::new(Value::Nothing));
                };
                let inner: Unknown<'_> = object.get_named_property(name).map_err(from_napi)?;
                to_value(&inner, ty, &place).map(Box::new)
            };
            let has = |name: &str| object.has_named_property(name).map_err(from_napi);
            match (has("ok")?, has("err")?) {
                (true, false) => Value::Result(Ok(side("ok", ok)?)),
                (false, true) => Value::Result(Err(side("err", err)?)),
                _ => return Err(argument(&format!("{}: {{ ok }} or {{ err }} is expected", place()))),
            }
        }
        _ => return Err(wrong()),
    })
}

fn read<T: FromNapiValue>(value: &Unknown<'_>) -> Result<T> {
    let raw = value.value();
    // SAFETY: the value is alive, and of this environment: it was read from the arguments of the running call.
    unsafe { T::from_napi_value(raw.env, raw.value) }.map_err(from_napi)
}

fn to_wide(value: &BigInt, number: Number) -> Option<Value> {
    if number == Number::U64 {
        let (negative, value, lossless) = value.get_u64();
        (lossless && !negative).then_some(Value::U64(value))
    } else {
        let (value, lossless) = value.get_i64();
        lossless.then_some(Value::S64(value))
    }
}

fn check_number(value: f64, number: Number) -> std::result::Result<(), String> {
    let (low, high) = match number {
        Number::U8 => (0.0, f64::from(u8::MAX)),
        Number::U16 => (0.0, f64::from(u16::MAX)),
        Number::U32 => (0.0, f64::from(u32::MAX)),
        Number::S8 => (f64::from(i8::MIN), f64::from(i8::MAX)),
        Number::S16 => (f64::from(i16::MIN), f64::from(i16::MAX)),
        Number::S32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => return Ok(()),
    };
    if value.fract() == 0.0 && value >= low && value <= high {
        return Ok(());
    }
    Err(format!(
        "{value} is no {}, a whole number from {low} to {high}",
        number.name()
    ))
}

fn name_of(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Undefined => "undefined",
        ValueType::Null => "null",
        ValueType::Boolean => "a boolean",
        ValueType::Number => "a number",
        ValueType::String => "a string",
        ValueType::Symbol => "a symbol",
        ValueType::Object => "an object",
        ValueType::Function => "a function",
        ValueType::BigInt => "a bigint",
        _ => "this value",
    }
}

/// Bytes up to which a copy into memory of JavaScript's own is cheaper than handing it memory that must be given back.
const COPIED: usize = 16 << 10;

/// A value as JavaScript gets it.
///
/// # Safety
/// `env` is the environment of the running call.
pub(crate) unsafe fn to_js(env: sys::napi_env, value: Value) -> napi::Result<sys::napi_value> {
    // SAFETY: as promised by the caller, in every arm.
    unsafe {
        match value {
            Value::Nothing | Value::Option(None) => ToNapiValue::to_napi_value(env, ()),
            Value::Bool(value) => ToNapiValue::to_napi_value(env, value),
            Value::Char(value) => ToNapiValue::to_napi_value(env, String::from(value)),
            Value::String(value) => ToNapiValue::to_napi_value(env, value),
            Value::Bytes(value) => bytes_to_js(env, value),
            Value::Number(value) => ToNapiValue::to_napi_value(env, value),
            Value::U64(value) => ToNapiValue::to_napi_value(env, BigInt::from(value)),
            Value::S64(value) => ToNapiValue::to_napi_value(env, BigInt::from(value)),
            Value::Option(Some(value)) => to_js(env, *value),
            Value::Result(value) => {
                let mut object = Object::new(&napi::Env::from_raw(env))?;
                let (name, value) = match value {
                    Ok(value) => ("ok", value),
                    Err(value) => ("err", value),
                };
                let inner = to_js(env, *value)?;
                object.set_named_property(name, Unknown::from_raw_unchecked(env, inner))?;
                Ok(object.raw())
            }
            Value::Tuple(values) => {
                let list = array(env, values.len())?;
                for (at, value) in (0_u32..).zip(values) {
                    let member = to_js(env, value)?;
                    check_status!(sys::napi_set_element(env, list, at, member))?;
                }
                Ok(list)
            }
        }
    }
}

/// An array with room for so many.
///
/// # Safety
/// `env` is the environment of the running call.
pub(crate) unsafe fn array(env: sys::napi_env, length: usize) -> napi::Result<sys::napi_value> {
    let mut list = ptr::null_mut();
    // SAFETY: as promised by the caller.
    check_status!(unsafe { sys::napi_create_array_with_length(env, length, &raw mut list) })?;
    Ok(list)
}

/// A plain `Uint8Array`.
///
/// # Safety
/// `env` is the environment of the running call.
pub(crate) unsafe fn bytes_to_js(env: sys::napi_env, bytes: Vec<u8>) -> napi::Result<sys::napi_value> {
    if bytes.len() > COPIED {
        // SAFETY: as promised by the caller.
        return unsafe { Uint8Array::to_napi_value(env, Uint8Array::from(bytes)) };
    }
    let mut data = ptr::null_mut();
    let mut buffer = ptr::null_mut();
    let mut view = ptr::null_mut();
    // SAFETY: as promised by the caller; `data` has room for as many bytes as were asked for.
    unsafe {
        check_status!(sys::napi_create_arraybuffer(
            env,
            bytes.len(),
            &raw mut data,
            &raw mut buffer
        ))?;
        if !bytes.is_empty() {
            ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), bytes.len());
        }
        check_status!(sys::napi_create_typedarray(
            env,
            sys::TypedarrayType::uint8_array,
            bytes.len(),
            buffer,
            0,
            &raw mut view
        ))?;
    }
    Ok(view)
}
