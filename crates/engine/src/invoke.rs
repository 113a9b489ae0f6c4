//! How an export is called: through a typed function where its signature is one of the common shapes with `list<u8>`, since each
//! byte would take 40 as a dynamic value (64 KiB: 7 us typed, 2,567 us dynamic; facts, section 5); else dynamically.

use std::pin::Pin;

use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Func, Lift, Lower, TypedFunc, Val};

use crate::failure::{Code, Failure};
use crate::store::State;
use crate::value::{Value, WitType};

/// What a call gave: the error is a trap or a fault, never the guest's own `result`.
pub(crate) type Outcome<'a> = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;

/// An export of one instance, ready to be called.
pub(crate) trait Invoke: Send + Sync {
    fn invoke<'a>(&'a self, store: &'a mut Store<State>, args: Vec<Value>) -> Outcome<'a>;
}

/// The best way to call `func`.
pub(crate) fn invoker(store: &mut Store<State>, func: Func, params: &[WitType], result: Option<&WitType>) -> Invoker {
    for shape in SHAPES {
        if (shape.fits)(params, result) {
            return (shape.make)(store, func);
        }
    }
    Ok(Box::new(Dynamic {
        func,
        params: params.to_vec(),
        has_result: result.is_some(),
    }))
}

struct Dynamic {
    func: Func,
    params: Vec<WitType>,
    has_result: bool,
}

impl Invoke for Dynamic {
    fn invoke<'a>(&'a self, store: &'a mut Store<State>, args: Vec<Value>) -> Outcome<'a> {
        Box::pin(async move {
            let args = args
                .into_iter()
                .zip(&self.params)
                .map(|(arg, ty)| arg.lower(ty))
                .collect::<Result<Vec<_>, _>>()?;
            let mut results = [Val::Bool(false)];
            let results = &mut results[..usize::from(self.has_result)];
            self.func
                .call_async(store, &args, results)
                .await
                .map_err(|error| Failure::of(&error, Code::Trap))?;
            match results.first_mut() {
                None => Ok(Value::Nothing),
                Some(result) => Value::lift(std::mem::replace(result, Val::Bool(false))),
            }
        })
    }
}

struct Typed<P, R>(TypedFunc<P, R>);

impl<P, R> Invoke for Typed<P, R>
where
    P: ComponentNamedList + Lower + Args + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Answer + Send + Sync + 'static,
{
    fn invoke<'a>(&'a self, store: &'a mut Store<State>, args: Vec<Value>) -> Outcome<'a> {
        Box::pin(async move {
            let Some(args) = P::from_values(args) else {
                return Err(Failure::new(Code::Argument, "arguments that do not fit the signature"));
            };
            let answer = self
                .0
                .call_async(store, args)
                .await
                .map_err(|error| Failure::of(&error, Code::Trap))?;
            Ok(answer.into_value())
        })
    }
}

/// A Rust type that stands for one type of WIT.
trait Crosses: Sized {
    fn is(ty: &WitType) -> bool;
    fn from_value(value: Value) -> Option<Self>;
    fn into_value(self) -> Value;
}

impl Crosses for String {
    fn is(ty: &WitType) -> bool {
        *ty == WitType::String
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
    fn into_value(self) -> Value {
        Value::String(self)
    }
}

impl Crosses for Vec<u8> {
    fn is(ty: &WitType) -> bool {
        *ty == WitType::Bytes
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
    fn into_value(self) -> Value {
        Value::Bytes(self)
    }
}

impl<T: Crosses> Crosses for Option<T> {
    fn is(ty: &WitType) -> bool {
        matches!(ty, WitType::Option(inner) if T::is(inner))
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Option(None) => Some(None),
            Value::Option(Some(inner)) => T::from_value(*inner).map(Some),
            _ => None,
        }
    }
    fn into_value(self) -> Value {
        Value::Option(self.map(|inner| Box::new(inner.into_value())))
    }
}

impl<T: Crosses, E: Crosses> Crosses for Result<T, E> {
    fn is(ty: &WitType) -> bool {
        matches!(ty, WitType::Result(Some(ok), Some(err)) if T::is(ok) && E::is(err))
    }
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Result(Ok(ok)) => T::from_value(*ok).map(Ok),
            Value::Result(Err(err)) => E::from_value(*err).map(Err),
            _ => None,
        }
    }
    fn into_value(self) -> Value {
        Value::Result(match self {
            Ok(ok) => Ok(Box::new(ok.into_value())),
            Err(err) => Err(Box::new(err.into_value())),
        })
    }
}

trait Args: Sized {
    fn are(params: &[WitType]) -> bool;
    fn from_values(values: Vec<Value>) -> Option<Self>;
}

impl Args for () {
    fn are(params: &[WitType]) -> bool {
        params.is_empty()
    }
    fn from_values(_: Vec<Value>) -> Option<Self> {
        Some(())
    }
}

impl<A: Crosses> Args for (A,) {
    fn are(params: &[WitType]) -> bool {
        matches!(params, [a] if A::is(a))
    }
    fn from_values(values: Vec<Value>) -> Option<Self> {
        let [a] = <[Value; 1]>::try_from(values).ok()?;
        Some((A::from_value(a)?,))
    }
}

impl<A: Crosses, B: Crosses> Args for (A, B) {
    fn are(params: &[WitType]) -> bool {
        matches!(params, [a, b] if A::is(a) && B::is(b))
    }
    fn from_values(values: Vec<Value>) -> Option<Self> {
        let [a, b] = <[Value; 2]>::try_from(values).ok()?;
        Some((A::from_value(a)?, B::from_value(b)?))
    }
}

trait Answer {
    fn is(result: Option<&WitType>) -> bool;
    fn into_value(self) -> Value;
}

impl Answer for () {
    fn is(result: Option<&WitType>) -> bool {
        result.is_none()
    }
    fn into_value(self) -> Value {
        Value::Nothing
    }
}

impl<R: Crosses> Answer for (R,) {
    fn is(result: Option<&WitType>) -> bool {
        result.is_some_and(R::is)
    }
    fn into_value(self) -> Value {
        self.0.into_value()
    }
}

/// A way to call, or why there is none.
type Invoker = Result<Box<dyn Invoke>, Failure>;

struct Shape {
    fits: fn(&[WitType], Option<&WitType>) -> bool,
    make: fn(&mut Store<State>, Func) -> Invoker,
}

fn make<P, R>(store: &mut Store<State>, func: Func) -> Invoker
where
    P: ComponentNamedList + Lower + Args + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Answer + Send + Sync + 'static,
{
    let typed = func
        .typed::<P, R>(store)
        .map_err(|error| Failure::of(&error, Code::Unsupported))?;
    Ok(Box::new(Typed(typed)))
}

const fn shape<P, R>() -> Shape
where
    P: ComponentNamedList + Lower + Args + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Answer + Send + Sync + 'static,
{
    Shape {
        fits: |params, result| P::are(params) && R::is(result),
        make: make::<P, R>,
    }
}

type Bytes = Vec<u8>;

/// The common shapes, most of them with bytes; what is not here is called dynamically.
const SHAPES: &[Shape] = &[
    shape::<(String,), (String,)>(),
    shape::<(String,), (Bytes,)>(),
    shape::<(String,), (Option<Bytes>,)>(),
    shape::<(String,), (Result<Bytes, String>,)>(),
    shape::<(Bytes,), ()>(),
    shape::<(Bytes,), (Bytes,)>(),
    shape::<(Bytes,), (String,)>(),
    shape::<(Bytes,), (Option<Bytes>,)>(),
    shape::<(Bytes,), (Result<Bytes, String>,)>(),
    shape::<(Bytes,), (Result<String, String>,)>(),
    shape::<(String, Bytes), ()>(),
    shape::<(String, Bytes), (Bytes,)>(),
    shape::<(String, Bytes), (String,)>(),
    shape::<(String, Bytes), (Result<Bytes, String>,)>(),
    shape::<(Bytes, String), (Bytes,)>(),
    shape::<(Bytes, String), (Result<Bytes, String>,)>(),
    shape::<(Bytes, Bytes), (Bytes,)>(),
    shape::<(Bytes, Bytes), (Result<Bytes, String>,)>(),
    shape::<(), (Bytes,)>(),
    shape::<(), (Result<Bytes, String>,)>(),
];
