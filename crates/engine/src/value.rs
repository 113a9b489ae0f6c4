//! Values that cross between the owner and the exports of a component, and the types that say which.

use wasmtime::component::{Type, Val};

use crate::failure::{Code, Failure};

/// A type of WIT as far as it can cross, and the name of what cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitType {
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `string`
    String,
    /// `u8` to `u64`, `s8` to `s64`, `f32`, `f64`
    Number(Number),
    /// `list<u8>`
    Bytes,
    /// `option<T>`
    Option(Box<WitType>),
    /// `result<T, E>`
    Result(Option<Box<WitType>>, Option<Box<WitType>>),
    /// `tuple<...>`
    Tuple(Vec<WitType>),
    /// What cannot cross yet, by its name in WIT.
    Other(&'static str),
}

/// The number types of WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "their names say all")]
pub enum Number {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
}

impl Number {
    /// Its name in WIT.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// How deep a type may nest. Deeper ones are named as unsupported: they are read by recursion.
const MAX_DEPTH: usize = 32;

impl WitType {
    pub(crate) fn of(ty: &Type) -> Self {
        Self::within(ty, MAX_DEPTH)
    }

    fn within(ty: &Type, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else {
            return Self::Other("a type nested more than 32 levels deep");
        };
        match ty {
            Type::Bool => Self::Bool,
            Type::Char => Self::Char,
            Type::String => Self::String,
            Type::U8 => Self::Number(Number::U8),
            Type::U16 => Self::Number(Number::U16),
            Type::U32 => Self::Number(Number::U32),
            Type::U64 => Self::Number(Number::U64),
            Type::S8 => Self::Number(Number::S8),
            Type::S16 => Self::Number(Number::S16),
            Type::S32 => Self::Number(Number::S32),
            Type::S64 => Self::Number(Number::S64),
            Type::Float32 => Self::Number(Number::F32),
            Type::Float64 => Self::Number(Number::F64),
            Type::List(list) if matches!(list.ty(), Type::U8) => Self::Bytes,
            Type::Option(option) => Self::Option(Box::new(Self::within(&option.ty(), depth))),
            Type::Result(result) => Self::Result(
                result.ok().map(|ok| Box::new(Self::within(&ok, depth))),
                result.err().map(|err| Box::new(Self::within(&err, depth))),
            ),
            Type::Tuple(tuple) => Self::Tuple(tuple.types().map(|ty| Self::within(&ty, depth)).collect()),
            Type::List(_) => Self::Other("list of anything but u8"),
            Type::FixedLengthList(_) => Self::Other("list of fixed length"),
            Type::Map(_) => Self::Other("map"),
            Type::Record(_) => Self::Other("record"),
            Type::Variant(_) => Self::Other("variant"),
            Type::Enum(_) => Self::Other("enum"),
            Type::Flags(_) => Self::Other("flags"),
            Type::Own(_) => Self::Other("resource"),
            Type::Borrow(_) => Self::Other("borrow of a resource"),
            Type::Future(_) => Self::Other("future"),
            Type::Stream(_) => Self::Other("stream"),
            Type::ErrorContext => Self::Other("error-context"),
        }
    }

    /// The first type in it that cannot cross.
    #[must_use]
    pub fn unsupported(&self) -> Option<&'static str> {
        match self {
            Self::Other(name) => Some(name),
            Self::Option(inner) => inner.unsupported(),
            Self::Result(ok, err) => [ok, err].into_iter().flatten().find_map(|inner| inner.unsupported()),
            Self::Tuple(members) => members.iter().find_map(Self::unsupported),
            Self::Bool | Self::Char | Self::String | Self::Number(_) | Self::Bytes => None,
        }
    }
}

/// A value on its way to or from an export.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value, where a function has none.
    Nothing,
    /// `bool`
    Bool(bool),
    /// `char`
    Char(char),
    /// `string`
    String(String),
    /// `list<u8>`
    Bytes(Vec<u8>),
    /// All integers of at most 32 bits, and floats.
    Number(f64),
    /// `u64`
    U64(u64),
    /// `s64`
    S64(i64),
    /// `option`
    Option(Option<Box<Value>>),
    /// `result`
    Result(Result<Box<Value>, Box<Value>>),
    /// `tuple`
    Tuple(Vec<Value>),
}

impl Value {
    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::String(text) => text.len(),
                Self::Bytes(bytes) => bytes.len(),
                Self::Option(inner) => inner.as_ref().map_or(0, |inner| inner.size()),
                Self::Result(Ok(inner) | Err(inner)) => inner.size(),
                Self::Tuple(members) => members.iter().map(Self::size).sum(),
                _ => 0,
            }
    }

    /// As wasmtime wants it. The owner has made it for this type; what does not fit is a fault of the owner.
    pub(crate) fn lower(self, ty: &WitType) -> Result<Val, Failure> {
        Ok(match (self, ty) {
            (Self::Bool(value), WitType::Bool) => Val::Bool(value),
            (Self::Char(value), WitType::Char) => Val::Char(value),
            (Self::String(value), WitType::String) => Val::String(value),
            (Self::Bytes(value), WitType::Bytes) => Val::List(value.into_iter().map(Val::U8).collect()),
            (Self::Number(value), WitType::Number(number)) => lower_number(value, *number)?,
            (Self::U64(value), WitType::Number(Number::U64)) => Val::U64(value),
            (Self::S64(value), WitType::Number(Number::S64)) => Val::S64(value),
            (Self::Option(value), WitType::Option(inner)) => {
                Val::Option(value.map(|value| value.lower(inner).map(Box::new)).transpose()?)
            }
            (Self::Result(value), WitType::Result(ok, err)) => Val::Result(match value {
                Ok(value) => Ok(lower_maybe(*value, ok.as_deref())?),
                Err(value) => Err(lower_maybe(*value, err.as_deref())?),
            }),
            (Self::Tuple(values), WitType::Tuple(types)) if values.len() == types.len() => Val::Tuple(
                values
                    .into_iter()
                    .zip(types)
                    .map(|(value, ty)| value.lower(ty))
                    .collect::<Result<_, _>>()?,
            ),
            (value, ty) => {
                return Err(Failure::new(Code::Argument, &format!("{value:?} is no {ty:?}")));
            }
        })
    }

    pub(crate) fn lift(val: Val) -> Result<Self, Failure> {
        Ok(match val {
            Val::Bool(value) => Self::Bool(value),
            Val::Char(value) => Self::Char(value),
            Val::String(value) => Self::String(value),
            Val::U8(value) => Self::Number(value.into()),
            Val::U16(value) => Self::Number(value.into()),
            Val::U32(value) => Self::Number(value.into()),
            Val::S8(value) => Self::Number(value.into()),
            Val::S16(value) => Self::Number(value.into()),
            Val::S32(value) => Self::Number(value.into()),
            Val::Float32(value) => Self::Number(value.into()),
            Val::Float64(value) => Self::Number(value),
            Val::U64(value) => Self::U64(value),
            Val::S64(value) => Self::S64(value),
            Val::List(values) => Self::Bytes(
                values
                    .into_iter()
                    .map(|value| match value {
                        Val::U8(byte) => Ok(byte),
                        _ => Err(unsupported("list of anything but u8")),
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Val::Option(value) => Self::Option(value.map(|value| Self::lift(*value).map(Box::new)).transpose()?),
            Val::Result(value) => Self::Result(match value {
                Ok(value) => Ok(lift_maybe(value)?),
                Err(value) => Err(lift_maybe(value)?),
            }),
            Val::Tuple(values) => Self::Tuple(values.into_iter().map(Self::lift).collect::<Result<_, _>>()?),
            _ => return Err(unsupported("a value of this type")),
        })
    }
}

fn lower_maybe(value: Value, ty: Option<&WitType>) -> Result<Option<Box<Val>>, Failure> {
    ty.map(|ty| value.lower(ty).map(Box::new)).transpose()
}

fn lift_maybe(value: Option<Box<Val>>) -> Result<Box<Value>, Failure> {
    value.map_or_else(
        || Ok(Box::new(Value::Nothing)),
        |value| Value::lift(*value).map(Box::new),
    )
}

fn unsupported(what: &str) -> Failure {
    Failure::new(Code::Unsupported, &format!("{what} cannot cross in this version"))
}

#[allow(clippy::cast_possible_truncation, reason = "checked; f32 rounds")]
#[allow(clippy::cast_sign_loss, reason = "checked to be within bounds")]
fn lower_number(value: f64, number: Number) -> Result<Val, Failure> {
    let whole = |low: f64, high: f64| {
        if value.fract() == 0.0 && value >= low && value <= high {
            Ok(value)
        } else {
            Err(Failure::new(
                Code::Argument,
                &format!("{value} is no {}: a whole number from {low} to {high}", number.name()),
            ))
        }
    };
    Ok(match number {
        Number::U8 => Val::U8(whole(0.0, u8::MAX.into())? as u8),
        Number::U16 => Val::U16(whole(0.0, u16::MAX.into())? as u16),
        Number::U32 => Val::U32(whole(0.0, u32::MAX.into())? as u32),
        Number::S8 => Val::S8(whole(i8::MIN.into(), i8::MAX.into())? as i8),
        Number::S16 => Val::S16(whole(i16::MIN.into(), i16::MAX.into())? as i16),
        Number::S32 => Val::S32(whole(i32::MIN.into(), i32::MAX.into())? as i32),
        Number::F32 => Val::Float32(value as f32),
        Number::F64 => Val::Float64(value),
        Number::U64 | Number::S64 => {
            return Err(Failure::new(
                Code::Argument,
                &format!("a {} is a bigint", number.name()),
            ));
        }
    })
}
