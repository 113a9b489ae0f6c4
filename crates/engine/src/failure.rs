//! Every way in which a load, an actor or a call can go wrong, as one enum with stable codes. What a guest had a hand in is cut
//! and cleaned before it leaves this crate.

use std::fmt;

use wasmtime::{Trap, WasmBacktrace};

use crate::clean::clean;
use crate::limits::MAX_HANDED_OVER;

/// Most bytes of a failure's text: enough for a sentence and a name, far below what a guest can put into one.
const MAX_MESSAGE: usize = 4 << 10;
/// Most bytes of a backtrace: the 20 frames that the engine records, with long names.
const MAX_FRAMES: usize = 8 << 10;

/// What went wrong, or how an actor ended. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The actor left by itself, or finished after a stop.
    Returned,
    /// Ended by its owner.
    Killed,
    /// Over its CPU time for one call.
    Cpu,
    /// Over its CPU time for its whole life.
    CpuTotal,
    /// Over its memory.
    Memory,
    /// Over its wall time.
    Wall,
    /// Its stack is exhausted.
    Stack,
    /// Any other trap.
    Trap,
    /// It broke the protocol of frames.
    Breach,
    /// It handed more to the host at once than it may.
    Fuel,
    /// It holds too many handles or instances.
    Handles,
    /// A fault of this crate.
    Internal,
    /// No place became free in time.
    Full,
    /// It failed while it was instantiated.
    Instantiate,
    /// The file cannot be read.
    Io,
    /// A core module and not a component.
    CoreModule,
    /// No WebAssembly, cut off, or not valid.
    Malformed,
    /// Over a limit of the scan.
    Refused,
    /// The compiler refused it.
    Compile,
    /// It is to be compiled elsewhere, and the cache does not have it.
    NotCached,
    /// An isolated compile took too long.
    CompileTime,
    /// An isolated compile took too much memory.
    CompileMemory,
    /// It imports what the host does not give.
    Import,
    /// Its exports are not those that were expected.
    World,
    /// An argument does not fit its parameter.
    Argument,
    /// A type that cannot cross yet.
    Unsupported,
    /// There is no such export.
    UnknownExport,
}

impl Code {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Killed => "killed",
            Self::Cpu => "cpu",
            Self::CpuTotal => "cpu-total",
            Self::Memory => "memory",
            Self::Wall => "wall",
            Self::Stack => "stack",
            Self::Trap => "trap",
            Self::Breach => "breach",
            Self::Fuel => "fuel",
            Self::Handles => "handles",
            Self::Internal => "internal",
            Self::Full => "full",
            Self::Instantiate => "instantiate",
            Self::Io => "io",
            Self::CoreModule => "core-module",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Compile => "compile",
            Self::NotCached => "not-cached",
            Self::CompileTime => "compile-time",
            Self::CompileMemory => "compile-memory",
            Self::Import => "import",
            Self::World => "world",
            Self::Argument => "argument",
            Self::Unsupported => "unsupported",
            Self::UnknownExport => "unknown-export",
        }
    }
}

/// A failure as it leaves this crate: a code, and texts that are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub code: Code,
    /// One line for people, at most 4 KiB.
    pub message: String,
    /// The guest's stack, one frame per line, where there is one.
    pub frames: Option<String>,
}

impl Failure {
    /// A failure with a text of any origin.
    #[must_use]
    pub fn new(code: Code, message: &str) -> Self {
        Self {
            code,
            message: clean(message, MAX_MESSAGE),
            frames: None,
        }
    }

    /// What an error of wasmtime means; `otherwise` is the code of what is neither a trap nor a stop of ours.
    #[must_use]
    pub(crate) fn of(error: &wasmtime::Error, otherwise: Code) -> Self {
        let frames = error.downcast_ref::<WasmBacktrace>().and_then(frames_of);
        if let Some(stop) = error.downcast_ref::<Stop>() {
            let mut failure = Self::new(stop.code, &stop.message);
            failure.frames = frames;
            return failure;
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            let code = match trap {
                Trap::StackOverflow => Code::Stack,
                _ => Code::Trap,
            };
            let mut failure = Self::new(code, &trap.to_string());
            failure.frames = frames;
            return failure;
        }
        let mut text = root_text(error);
        // wasmtime has no types for these (48.0.8: component/func/options.rs, component/resources.rs, vm/component/handle_table.rs).
        let code = if text.contains("fuel allocated for hostcalls has been exhausted") {
            text =
                format!("it handed more than {MAX_HANDED_OVER} bytes to the host at once, or than its memory may hold");
            Code::Fuel
        } else if HANDLES.iter().any(|known| text.contains(known)) {
            Code::Handles
        } else {
            otherwise
        };
        let mut failure = Self::new(code, &text);
        failure.frames = frames;
        failure
    }
}

/// What wasmtime says where there are too many handles.
const HANDLES: [&str; 3] = [
    "resource table has no free keys",
    "too many handles",
    "store handle limit exceeded",
];

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Why this crate ended a guest, as it travels through wasmtime.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Stop {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Stop {}

/// The innermost text of an error, without the backtrace that stands around it; bounded before it is rendered any further.
fn root_text(error: &wasmtime::Error) -> String {
    let mut text = error.root_cause().to_string();
    if let Some((end, _)) = text.char_indices().nth(2 * MAX_MESSAGE) {
        text.truncate(end);
    }
    text
}

fn frames_of(trace: &WasmBacktrace) -> Option<String> {
    let lines: Vec<String> = trace
        .frames()
        .iter()
        .map(|frame| {
            let name = frame.func_name().unwrap_or("<unnamed>");
            clean(&format!("at {name} (function {})", frame.func_index()), 512)
        })
        .collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = lines.join("\n");
    if let Some((end, _)) = text.char_indices().nth(MAX_FRAMES) {
        text.truncate(end);
    }
    Some(text)
}
