//! Errors as JavaScript sees them: `code` is the name of the engine's code, the text says what failed and why.

use brood_engine::failure::{Code, Failure};

/// What the functions of the addon return.
pub(crate) type Result<T> = std::result::Result<T, napi::Error<String>>;

/// A failure of the engine's.
pub(crate) fn raise(failure: &Failure) -> napi::Error<String> {
    napi::Error::new(failure.code.as_str().to_owned(), failure.message.clone())
}

/// A value that does not fit.
pub(crate) fn argument(text: &str) -> napi::Error<String> {
    raise(&Failure::new(Code::Argument, text))
}

/// An error of Node-API.
pub(crate) fn from_napi(error: napi::Error) -> napi::Error<String> {
    napi::Error::new(error.status.as_ref().to_owned(), error.reason.clone())
}
