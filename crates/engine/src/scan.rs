//! Looks at a binary before it is compiled, and refuses what the compiler could not bear.
//!
//! Loading is an attack surface of its own: 2.4 KB of components that instantiate each other twice, level after level, took
//! the loader 4 GiB, and nothing in its configuration stops that. So each binary is read first, in one pass: time and
//! memory are linear in its length, nothing recurses further than a stated limit, and what would be multiplied is counted
//! without being multiplied. What passes has been validated with the features that the engine runs.
//!
//! Guarantee: whatever the bytes are, a scan ends with an answer, does not panic, and does not hand the validator anything
//! that is over a limit.

mod module;
mod size;
mod space;
mod types;

use std::fmt;
use std::ops::Range;

use wasmparser::{
    BinaryReader, CanonicalFunction, CanonicalOption, Chunk, ComponentExternalKind, ComponentInstance, Encoding,
    Instance, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

use crate::clean::clean;
use module::{Reading, Scratch};
use size::{Form, Size};
use space::{Arena, Component, Item, Space, Surface, Totals, at};
use types::count;

/// What the engine runs: everything of WebAssembly 3.0 but garbage-collected types, exceptions and threads, and components
/// with async. The engine for components without async has the last switched off; a [`Kind::Plain`] does not use it.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .difference(
        WasmFeatures::GC
            .union(WasmFeatures::GC_TYPES)
            .union(WasmFeatures::EXCEPTIONS)
            .union(WasmFeatures::THREADS),
    )
    .union(WasmFeatures::COMPONENT_MODEL)
    .union(WasmFeatures::CM_ASYNC);

/// The ceilings of a scan. What is over one of them is refused, with the number found and this one.
///
/// Where a default says "largest", it means the largest that was seen in a QuickJS actor (1.6 MB), a StarlingMonkey
/// component (12.5 MB) and Rust tools of 2 to 5 MB; the default leaves room for components several times their size, and
/// costs of the loader were measured with wasmtime 48 on files that use it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// Bytes of the file: 64 MiB. Five times the largest; the compiler takes tens of bytes for each.
    pub size: u64,
    /// How deep components are written inside each other: 50. Largest: 3. The loader keeps a scope for each level.
    pub depth: u32,
    /// How deep types and instances hold each other, written inside or by reference: 90. The loader follows them by
    /// recursion, and the validator panics at 127.
    pub type_depth: u32,
    /// Components in the file, the outermost included: 1,000, as in the validator for each component. Largest: 4.
    pub components: u64,
    /// Core modules in the file: 100. Largest: 8. The engine keeps a descriptor open for the data of each.
    pub modules: u64,
    /// Functions in all core modules of the file: 100,000. Largest: 12,697. An empty one takes the compiler 5.6 KB.
    pub functions: u64,
    /// Types in the file, core ones and those of components: 100,000. Largest: 448.
    pub types: u64,
    /// Component instances that one start makes: 1,000. Largest: 4.
    pub component_instances: u64,
    /// Core instances that one start makes: 1,000. Largest: 8.
    pub core_instances: u64,
    /// Memories that one start makes: 100, each 4 GiB of addresses. Largest: 2.
    pub memories: u64,
    /// Tables that one start makes: 200. Largest: 2.
    pub tables: u64,
    /// Imports, globals and functions by address in all core instances that one start makes: 250,000, of up to 32 bytes
    /// each, which no limit of an actor counts. Largest: 7,917.
    pub slots: u64,
    /// What the loader copies while it unfolds the component, in items: 250,000. Largest: 14,215. A file that used up
    /// 205,000 took it 33 MiB.
    pub work: u64,
    /// Bytes of a name of an import or export: 8 KiB. Largest: 65.
    pub name: u64,
    /// Imports and exports of one core module: 50,000. Largest: 121.
    pub names: u64,
    /// What the component as a whole imports and exports, in items: 10,000. Largest: 582. The owner is told of all exports at once.
    pub surface: u64,
    /// Data segments, or element segments, of one core module: 50,000. Largest: 10,000.
    pub segments: u64,
    /// Bytes of zeroes that the loader would write out between pieces of data, and of images of tables: 64 MiB. Largest:
    /// 2 MB. They take twice that while they are written.
    pub images: u64,
    /// Parameters, or results, of one function: 256. Largest: 19. The validator would allow 1,000.
    pub params: u32,
    /// Bytes of an expression that initialises something: 1 KiB. Largest: 8.
    pub expression: u64,
    /// Bytes of one function: 1 MiB. Largest: 177,479. The compiler's time grows faster than this.
    pub function: u64,
    /// Locals of one function, its parameters included: 20,000. Largest: 129. The validator would allow 50,000.
    pub locals: u32,
    /// Operators of all functions, with the values that they move at once, for each byte of the file: 1. Largest: 0.49. One
    /// takes the compiler up to 1.6 KB.
    pub operations_per_byte: u64,
    /// Ends of basic blocks in one function: 100,000. Largest: 25,567. The compiler's time grows with its square.
    pub blocks: u64,
    /// How deep loops nest: 100. Largest: 21. At 250 a function of 2 KB took the compiler 26 s.
    pub loops: u64,
    /// Locals that are used within loops, once for each loop around, in one function: 50,000. Largest: 3,491. With 200,000
    /// a function of 18 KB took the compiler 14 s.
    pub carried: u64,
    /// Used locals times basic blocks of one function, of which the compiler makes a table: 16 Mi. Largest: 1,668,357.
    pub spread: u64,
    /// The same, summed over all functions, for each byte of the file: 16. Largest: 2.
    pub spread_per_byte: u64,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            size: 64 << 20,
            depth: 50,
            type_depth: 90,
            components: 1_000,
            modules: 100,
            functions: 100_000,
            types: 100_000,
            component_instances: 1_000,
            core_instances: 1_000,
            memories: 100,
            tables: 200,
            slots: 250_000,
            work: 250_000,
            name: 8 << 10,
            names: 50_000,
            surface: 10_000,
            segments: 50_000,
            images: 64 << 20,
            params: 256,
            expression: 1 << 10,
            function: 1 << 20,
            locals: 20_000,
            operations_per_byte: 1,
            blocks: 100_000,
            loops: 100,
            carried: 50_000,
            spread: 16 << 20,
            spread_per_byte: 16,
        }
    }
}

/// What any file may have of what is limited per byte, so that small ones need not be typical: 64 KiB more than it has. Files
/// that use up what this allows took the compiler 130 to 230 MiB and up to 16 s.
const FREE_BYTES: u64 = 64 << 10;

/// Which of the two engines a component needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one with component-model async: it has async functions, streams or futures, or calls their intrinsics.
    Frames,
    /// The one without.
    Plain,
}

/// What a scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Which engine it needs.
    pub kind: Kind,
    /// What it consists of.
    pub counts: Counts,
}

/// What a component consists of. What one start makes is counted as often as it is instantiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Core instances that one start makes. Instances that only give things other names are not counted.
    pub core_instances: u64,
    /// Component instances that one start makes, the outermost included.
    pub component_instances: u64,
    /// Memories that one start makes.
    pub memories: u64,
    /// Tables that one start makes.
    pub tables: u64,
    /// Imports, globals and functions by address in all core instances that one start makes.
    pub slots: u64,
    /// Items that the loader copies while it unfolds the component.
    pub work: u64,
    /// Components in the file.
    pub components: u64,
    /// Core modules in the file.
    pub modules: u64,
    /// Functions in the file.
    pub functions: u64,
    /// Types in the file.
    pub types: u64,
    /// How deep components are written inside each other; 1 for one without any inside.
    pub depth: u64,
    /// Bytes that the loader writes out for nothing but gaps.
    pub images: u64,
    /// Operators, with the values that they move at once. 0 from [`outline`].
    pub operations: u64,
    /// Used locals times basic blocks, summed over all functions. 0 from [`outline`].
    pub spread: u64,
}

/// Why a binary is not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanError {
    /// Not WebAssembly at all.
    NotWasm,
    /// A core module and not a component.
    CoreModule,
    /// It ends in the middle of a section; more was to come after `length` bytes.
    Truncated {
        /// Its length.
        length: u64,
    },
    /// It is not valid.
    Malformed {
        /// Where, in bytes from the start.
        offset: u64,
        /// What is wrong with it: short, and safe to print.
        what: String,
    },
    /// It uses something that the engine does not run.
    Unsupported {
        /// Where, in bytes from the start.
        offset: u64,
        /// What it uses, as "it uses ..." would go on.
        what: &'static str,
    },
    /// It is over a limit.
    Refused {
        /// Which limit.
        what: Limit,
        /// What was found. It may be more: the scan stops there.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
}

/// What a limit is set on; each is a field of [`ScanLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "documented at the fields of the same names")]
pub enum Limit {
    Size,
    Depth,
    TypeDepth,
    Components,
    Modules,
    Functions,
    Types,
    ComponentInstances,
    CoreInstances,
    Memories,
    Tables,
    Slots,
    Work,
    Name,
    Names,
    Surface,
    Segments,
    Images,
    Params,
    Expression,
    Function,
    Locals,
    Operations,
    Blocks,
    Loops,
    Carried,
    Spread,
    AllSpread,
}

impl Limit {
    /// The sentence around the number that was found.
    const fn phrase(self) -> (&'static str, &'static str) {
        match self {
            Self::Size => ("it has", "bytes"),
            Self::Depth => ("it nests components", "deep"),
            Self::TypeDepth => ("it nests types or instances", "deep"),
            Self::Components => ("it has", "components"),
            Self::Modules => ("it has", "core modules"),
            Self::Functions => ("it has", "functions"),
            Self::Types => ("it has", "types"),
            Self::ComponentInstances => ("it makes", "component instances"),
            Self::CoreInstances => ("it makes", "core instances"),
            Self::Memories => ("it makes", "memories"),
            Self::Tables => ("it makes", "tables"),
            Self::Slots => ("its instances hold", "imports, globals and function addresses"),
            Self::Work => ("it unfolds to", "items"),
            Self::Name => ("a name in it has", "bytes"),
            Self::Names => ("one of its modules has", "imports and exports"),
            Self::Surface => ("it has", "imports and exports"),
            Self::Segments => ("one of its modules has", "segments"),
            Self::Images => ("its memories and tables start with", "bytes of gaps"),
            Self::Params => ("one of its functions has", "parameters or results"),
            Self::Expression => ("an initialiser in it has", "bytes"),
            Self::Function => ("one of its functions has", "bytes"),
            Self::Locals => ("one of its functions has", "locals"),
            Self::Operations => ("its functions take", "operations"),
            Self::Blocks => ("one of its functions has", "ends of blocks"),
            Self::Loops => ("one of its functions nests loops", "deep"),
            Self::Carried => ("one of its functions carries locals through loops", "times"),
            Self::Spread => ("one of its functions spreads locals over blocks", "times"),
            Self::AllSpread => ("its functions spread locals over blocks", "times"),
        }
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWasm => f.write_str("it is not a WebAssembly binary"),
            Self::CoreModule => f.write_str("it is a core WebAssembly module, not a component"),
            Self::Truncated { length } => write!(f, "it is cut off after {length} bytes"),
            Self::Malformed { offset, what } => write!(f, "it is malformed at byte {offset}: {what}"),
            Self::Unsupported { offset, what } => {
                write!(f, "it uses {what} (at byte {offset}), which the engine does not run")
            }
            Self::Refused { what, found, limit } => {
                let (before, after) = what.phrase();
                match *found {
                    u64::MAX => write!(f, "{before} too many {after} to count; the limit is {limit}"),
                    found => write!(f, "{before} {found} {after}; the limit is {limit}"),
                }
            }
        }
    }
}

impl std::error::Error for ScanError {}

impl ScanError {
    fn malformed(offset: usize, what: &str) -> Self {
        Self::Malformed {
            offset: count(offset),
            what: what.to_owned(),
        }
    }

    /// An index or a name that leads nowhere.
    fn missing(offset: usize, what: &str) -> Self {
        Self::Malformed {
            offset: count(offset),
            what: format!("it refers to an unknown {what}"),
        }
    }

    fn unsupported(offset: usize, what: &'static str) -> Self {
        Self::Unsupported {
            offset: count(offset),
            what,
        }
    }

    /// The scan lost count of its own scopes; cannot happen, and is no reason to panic.
    fn internal(offset: usize) -> Self {
        Self::malformed(offset, "its sections are in an impossible order")
    }
}

/// Turns what the parser or the validator says into an error of ours.
trait Malformed<T> {
    fn malformed(self) -> Result<T, ScanError>;
}

/// Most bytes of what the validator says: a sentence and two names.
const MAX_WHAT: usize = 512;

impl<T> Malformed<T> for wasmparser::Result<T> {
    fn malformed(self) -> Result<T, ScanError> {
        self.map_err(|error| {
            if let Some(what) = error.missing_wasm_feature().and_then(feature) {
                return ScanError::unsupported(error.offset(), what);
            }
            // It quotes names of the file, of up to 100 KB, with whatever is in them.
            ScanError::Malformed {
                offset: count(error.offset()),
                what: clean(error.message(), MAX_WHAT),
            }
        })
    }
}

/// What people call a feature; none for those that no tool writes yet.
fn feature(feature: WasmFeatures) -> Option<&'static str> {
    [
        (WasmFeatures::THREADS, "threads"),
        (WasmFeatures::SHARED_EVERYTHING_THREADS, "threads"),
        (WasmFeatures::EXCEPTIONS, "exceptions"),
        (WasmFeatures::LEGACY_EXCEPTIONS, "exceptions"),
        (WasmFeatures::GC, "garbage-collected types"),
        (WasmFeatures::GC_TYPES, "garbage-collected types"),
        (WasmFeatures::STACK_SWITCHING, "stack switching"),
        (WasmFeatures::CUSTOM_PAGE_SIZES, "custom page sizes"),
        (WasmFeatures::WIDE_ARITHMETIC, "wide arithmetic"),
        (WasmFeatures::CM_VALUES, "values as imports or exports"),
        (WasmFeatures::CM_THREADING, "threads"),
        (WasmFeatures::CM_ERROR_CONTEXT, "error contexts"),
        (WasmFeatures::CM_ASYNC_STACKFUL, "async lifts without a callback"),
        (
            WasmFeatures::CM_MORE_ASYNC_BUILTINS,
            "async intrinsics that are still drafts",
        ),
        (WasmFeatures::CM_FIXED_LENGTH_LISTS, "lists of a fixed length"),
        (WasmFeatures::CM_MAP, "maps"),
        (WasmFeatures::CM_GC, "garbage-collected types"),
    ]
    .into_iter()
    .find_map(|(known, name)| feature.contains(known).then_some(name))
}

/// Scans all of a component and validates it. What it returns was found within `limits`.
pub fn scan(bytes: &[u8], limits: &ScanLimits) -> Result<Scan, ScanError> {
    Scanner::new(bytes, limits, true).run()
}

/// Scans the structure of a component only: sections are read, function bodies are skipped, and nothing is validated. It
/// tells the kind, for looking up what was compiled before; it is not enough to compile on.
pub fn outline(bytes: &[u8], limits: &ScanLimits) -> Result<Scan, ScanError> {
    Scanner::new(bytes, limits, false).run()
}

struct Scanner<'a, 'l> {
    bytes: &'a [u8],
    limits: &'l ScanLimits,
    /// None for an outline.
    validator: Option<Validator>,
    scratch: Scratch,
    arena: Arena<'a>,
    /// The components, and the types on top, that are being read; the innermost last.
    spaces: Vec<Space<'a>>,
    asynchronous: bool,
    depth: u64,
    components: u64,
    modules: u64,
    functions: u64,
    types: u64,
    images: u64,
    /// Items that the validator handles: as `work`, but each component once.
    spent: u64,
    operations: u64,
    allowed_operations: u64,
    all_spread: u64,
    allowed_spread: u64,
}

/// How every binary begins, and how a component's and a core module's go on.
const MAGIC: &[u8] = b"\0asm";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

impl<'a, 'l> Scanner<'a, 'l> {
    fn new(bytes: &'a [u8], limits: &'l ScanLimits, validate: bool) -> Self {
        let counted = count(bytes.len()).saturating_add(FREE_BYTES);
        Self {
            bytes,
            limits,
            validator: validate.then(|| Validator::new_with_features(FEATURES)),
            scratch: Scratch::default(),
            arena: Arena::default(),
            spaces: Vec::new(),
            asynchronous: false,
            depth: 0,
            components: 0,
            modules: 0,
            functions: 0,
            types: 0,
            images: 0,
            spent: 0,
            operations: 0,
            allowed_operations: counted.saturating_mul(limits.operations_per_byte),
            all_spread: 0,
            allowed_spread: counted.saturating_mul(limits.spread_per_byte),
        }
    }

    fn run(mut self) -> Result<Scan, ScanError> {
        self.header()?;
        self.refuse(Limit::Size, count(self.bytes.len()), self.limits.size)?;
        self.framing()?;
        let mut parser = Parser::new(0);
        parser.set_features(FEATURES);
        // A core module that is being read, and the parser to go on with after it.
        let mut module: Option<(Reading, Parser)> = None;
        let mut rest = self.bytes;
        self.enter(None)?;
        loop {
            let (payload, consumed) = match parser.parse(rest, true).malformed()? {
                Chunk::Parsed { payload, consumed } => (payload, consumed),
                // It was told that there is no more.
                Chunk::NeedMoreData(_) => return Err(self.truncated()),
            };
            rest = rest.get(consumed..).unwrap_or_default();
            match (&payload, &mut module) {
                (Payload::CodeSectionStart { size, .. }, Some(_)) if self.validator.is_none() => {
                    parser.skip_section();
                    let size = usize::try_from(*size).unwrap_or(usize::MAX);
                    let Some(after) = rest.get(size..) else {
                        return Err(self.truncated());
                    };
                    rest = after;
                    continue;
                }
                (Payload::End(_), Some(_)) => {}
                (_, Some((reading, _))) => self.module_section(&payload, reading)?,
                (_, None) => self.component_section(&payload)?,
            }
            let validated = match &mut self.validator {
                Some(validator) => validator.payload(&payload).malformed()?,
                None => ValidPayload::Ok,
            };
            if let ValidPayload::Func(func, body) = validated {
                self.function(func, &body)?;
            }
            match payload {
                Payload::ModuleSection {
                    parser: inner,
                    unchecked_range,
                } => {
                    self.contained(&unchecked_range)?;
                    self.modules += 1;
                    self.refuse(Limit::Modules, self.modules, self.limits.modules)?;
                    module = Some((Reading::default(), std::mem::replace(&mut parser, inner)));
                }
                Payload::ComponentSection {
                    parser: inner,
                    unchecked_range,
                } => {
                    self.contained(&unchecked_range)?;
                    self.enter(Some(std::mem::replace(&mut parser, inner)))?;
                }
                Payload::End(offset) => {
                    if let Some((reading, outer)) = module.take() {
                        let held = self.module_end(reading)?;
                        self.arena.modules.push(held);
                        let index = self.arena.modules.len() - 1;
                        self.space()?.core_modules.push(Some(index));
                        self.weigh(Size::ONE)?;
                        parser = outer;
                    } else if let Some(outer) = self.leave(offset)? {
                        parser = outer;
                    } else {
                        return self.finish();
                    }
                }
                _ => {}
            }
        }
    }

    /// Tells by its first bytes what a file is.
    fn header(&self) -> Result<(), ScanError> {
        if self.bytes.starts_with(COMPONENT) {
            return Ok(());
        }
        if self.bytes.starts_with(CORE_MODULE) {
            return Err(ScanError::CoreModule);
        }
        if self.bytes.starts_with(MAGIC) && self.bytes.len() >= COMPONENT.len() {
            return Err(ScanError::malformed(MAGIC.len(), "its version is unknown"));
        }
        let beginning = !self.bytes.is_empty() && (self.bytes.starts_with(MAGIC) || MAGIC.starts_with(self.bytes));
        Err(if beginning {
            self.truncated()
        } else {
            ScanError::NotWasm
        })
    }

    /// Tells a file that was cut off from one that is wrong: its outermost sections must end within it.
    fn framing(&self) -> Result<(), ScanError> {
        let mut reader = BinaryReader::new_features(self.bytes, 0, FEATURES);
        let cut = |_| self.truncated();
        reader.read_bytes(COMPONENT.len()).map_err(cut)?;
        while !reader.eof() {
            reader.read_u8().map_err(cut)?;
            // Five bytes are enough for any length: with fewer left, a bad one is one that was cut.
            let before = reader.bytes_remaining();
            let length = match reader.read_var_u32() {
                Ok(length) => length,
                Err(_) if before < 5 => return Err(self.truncated()),
                error => return error.map(drop).malformed(),
            };
            reader
                .read_bytes(usize::try_from(length).unwrap_or(usize::MAX))
                .map_err(cut)?;
        }
        Ok(())
    }

    fn truncated(&self) -> ScanError {
        ScanError::Truncated {
            length: count(self.bytes.len()),
        }
    }

    /// A nested binary must lie within the file; the parser takes the end of the file for its end.
    fn contained(&self, range: &Range<usize>) -> Result<(), ScanError> {
        if range.end <= self.bytes.len() {
            Ok(())
        } else {
            Err(self.truncated())
        }
    }

    fn enter(&mut self, outer: Option<Parser>) -> Result<(), ScanError> {
        self.components += 1;
        self.refuse(Limit::Components, self.components, self.limits.components)?;
        let depth = count(self.spaces.len()) + 1;
        self.refuse(Limit::Depth, depth, u64::from(self.limits.depth))?;
        self.depth = self.depth.max(depth);
        let mut space = Space::new(outer);
        space.totals.component_instances = 1;
        self.spaces.push(space);
        Ok(())
    }

    /// Ends the innermost component; tells the parser of the one around it.
    fn leave(&mut self, offset: usize) -> Result<Option<Parser>, ScanError> {
        let Some(space) = self.spaces.pop() else {
            return Err(ScanError::internal(offset));
        };
        let surface = self.arena.surface(space.surface);
        self.arena.components.push(Component {
            totals: space.totals,
            imports: space.imports,
            exports: space.exports,
            exported: space.exported,
            surface,
            taken: space.taken,
        });
        if space.outer.is_some() {
            let index = self.arena.components.len() - 1;
            self.space()?.components.push(Some(index));
            self.weigh(space.taken)?;
        }
        Ok(space.outer)
    }

    fn finish(self) -> Result<Scan, ScanError> {
        // The outermost is the last that was ended.
        let Some(component) = self.arena.components.last() else {
            return Err(ScanError::internal(0));
        };
        let totals = component.totals;
        self.check_totals(&totals)?;
        let surface = component.imports.nodes.saturating_add(component.exports.nodes);
        self.refuse(Limit::Surface, surface, self.limits.surface)?;
        Ok(Scan {
            kind: if self.asynchronous { Kind::Frames } else { Kind::Plain },
            counts: Counts {
                core_instances: totals.core_instances,
                component_instances: totals.component_instances,
                memories: totals.memories,
                tables: totals.tables,
                slots: totals.slots,
                work: totals.work.outermost().nodes.max(self.spent),
                components: self.components,
                modules: self.modules,
                functions: self.functions,
                types: self.types,
                depth: self.depth,
                images: self.images,
                operations: self.operations,
                spread: self.all_spread,
            },
        })
    }

    /// Reads one section of a component.
    fn component_section(&mut self, payload: &Payload<'a>) -> Result<(), ScanError> {
        match payload {
            Payload::CoreTypeSection(section) => {
                let mut reader = self.reader(section.range())?;
                for _ in 0..reader.read_var_u32().malformed()? {
                    self.core_type(&mut reader)?;
                }
            }
            Payload::ComponentTypeSection(section) => {
                let mut reader = self.reader(section.range())?;
                for _ in 0..reader.read_var_u32().malformed()? {
                    self.component_type(&mut reader, 1)?;
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone().into_iter_with_offsets() {
                    let (offset, alias) = alias.malformed()?;
                    self.alias(&alias, offset)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone().into_iter_with_offsets() {
                    let (offset, import) = import.malformed()?;
                    self.refuse_passed(import.ty.kind(), offset)?;
                    self.bounded_name(import.name.name)?;
                    let item = self.referred(import.ty, offset)?;
                    self.spend(item.form())?;
                    let space = self.space()?;
                    space.imports.hold(item.size);
                    space.define(item);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone().into_iter_with_offsets() {
                    let (offset, export) = export.malformed()?;
                    self.bounded_name(export.name.name)?;
                    let Some(mut item) = self.space()?.item(export.kind, export.index) else {
                        return Err(ScanError::missing(offset, "item"));
                    };
                    if let Some(ty) = export.ty {
                        // It keeps what it is, and shows what the type says.
                        let shown = self.referred(ty, offset)?;
                        item.size = shown.size;
                        item.instance = match (item.instance, shown.instance) {
                            (Some(instance), Some(shown)) => Some(instance.shown_as(shown)),
                            (instance, _) => instance,
                        };
                    }
                    self.export(export.name.name, item, export.index)?;
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone().into_iter_with_offsets() {
                    let (offset, instance) = instance.malformed()?;
                    self.component_instance(&instance, offset)?;
                }
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone().into_iter_with_offsets() {
                    let (offset, instance) = instance.malformed()?;
                    self.core_instance(&instance, offset)?;
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone().into_iter_with_offsets() {
                    let (offset, function) = function.malformed()?;
                    self.canonical(&function, offset)?;
                }
            }
            Payload::Version {
                encoding: Encoding::Module,
                range,
                ..
            } => {
                return Err(ScanError::internal(range.start));
            }
            _ => {}
        }
        Ok(())
    }

    /// An export has a name outside, and one more index inside.
    fn export(&mut self, name: &'a str, item: Item, index: u32) -> Result<(), ScanError> {
        // Copied twice: to its new index, and out of the component at its end.
        self.spend(item.form())?;
        self.spend(item.form())?;
        let space = self.space()?;
        space.exports.hold(item.size);
        space.exported.hold(item.form());
        space.surface.name(name, item);
        match item.kind {
            ComponentExternalKind::Module => {
                let module = at(&space.core_modules, index).copied().flatten();
                space.core_modules.push(module);
            }
            ComponentExternalKind::Component => {
                let component = at(&space.components, index).copied().flatten();
                space.components.push(component);
                let taken = component
                    .and_then(|id| self.arena.components.get(id))
                    .map_or(Size::ONE, |c| c.taken);
                self.weigh(taken)?;
            }
            _ => space.define(item),
        }
        Ok(())
    }

    fn component_instance(&mut self, instance: &ComponentInstance<'a>, offset: usize) -> Result<(), ScanError> {
        match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                let Some(id) = at(&self.space()?.components, *component_index).copied() else {
                    return Err(ScanError::missing(offset, "component"));
                };
                // None: one that only a type speaks of. The validator lets nobody instantiate it here.
                let Some(component) = id.and_then(|id| self.arena.components.get(id)).cloned() else {
                    return Err(ScanError::missing(offset, "component"));
                };
                let mut argument = Form::known(Size::ONE);
                for arg in args {
                    self.refuse_passed(arg.kind, offset)?;
                    let Some(item) = self.space()?.item(arg.kind, arg.index) else {
                        return Err(ScanError::missing(offset, "item"));
                    };
                    self.spend(item.form())?;
                    if item.kind == ComponentExternalKind::Instance {
                        argument = argument.max(item.form());
                    }
                }
                self.weigh(component.imports)?;
                self.weigh(component.exports)?;
                self.weigh(component.taken)?;
                let made = space::Instance::made(&component, argument);
                self.spend(made.form)?;
                let space = self.space()?;
                space.totals.add(&component.totals, argument);
                space.instances.push(made);
                let totals = space.totals;
                self.check_totals(&totals)
            }
            ComponentInstance::FromExports(exports) => {
                let mut form = Form::known(Size::ONE);
                let mut size = Size::ONE;
                let mut surface = Surface::default();
                for export in exports {
                    self.refuse_passed(export.kind, offset)?;
                    self.bounded_name(export.name.name)?;
                    let Some(item) = self.space()?.item(export.kind, export.index) else {
                        return Err(ScanError::missing(offset, "item"));
                    };
                    form.hold(item.form());
                    size.hold(item.size);
                    surface.name(export.name.name, item);
                }
                self.spend(form)?;
                let surface = self.arena.surface(surface);
                self.space()?.instances.push(space::Instance::here(form, size, surface));
                Ok(())
            }
        }
    }

    fn core_instance(&mut self, instance: &Instance<'a>, offset: usize) -> Result<(), ScanError> {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let space = self.space()?;
                let Some(id) = at(&space.core_modules, *module_index).copied() else {
                    return Err(ScanError::missing(offset, "core module"));
                };
                let Some(module) = id.and_then(|id| self.arena.modules.get(id)).copied() else {
                    return Err(ScanError::missing(offset, "core module"));
                };
                let space = self.space()?;
                space.totals.core_instances = space.totals.core_instances.saturating_add(1);
                space.totals.memories = space.totals.memories.saturating_add(module.memories);
                space.totals.tables = space.totals.tables.saturating_add(module.tables);
                space.totals.slots = space.totals.slots.saturating_add(module.slots);
                let totals = space.totals;
                self.check_totals(&totals)?;
                let nodes = module.names.saturating_add(count(args.len())).saturating_add(1);
                self.weigh(Size { nodes, depth: 1 })
            }
            Instance::FromExports(exports) => {
                for export in exports {
                    self.bounded_name(export.name)?;
                }
                self.weigh(Size {
                    nodes: count(exports.len()).saturating_add(1),
                    depth: 1,
                })
            }
        }
    }

    fn canonical(&mut self, function: &CanonicalFunction, offset: usize) -> Result<(), ScanError> {
        use CanonicalFunction as F;
        let (options, size): (&[CanonicalOption], Size) = match function {
            F::Lift {
                type_index, options, ..
            } => {
                let space = self.space()?;
                let Some(ty) = at(&space.types, *type_index).copied() else {
                    return Err(ScanError::missing(offset, "type"));
                };
                space.funcs.push(ty.size);
                (options, ty.size)
            }
            F::Lower { func_index, options } => {
                let Some(size) = at(&self.space()?.funcs, *func_index).copied() else {
                    return Err(ScanError::missing(offset, "function"));
                };
                (options, size)
            }
            F::ResourceNew { .. } | F::ResourceDrop { .. } | F::ResourceRep { .. } => (&[], Size::ONE),
            other => {
                // Everything else is an intrinsic of async.
                self.asynchronous = true;
                let size = match other {
                    F::TaskReturn { result: Some(ty), .. } => self.value(*ty, offset)?,
                    F::StreamNew { ty }
                    | F::StreamRead { ty, .. }
                    | F::StreamWrite { ty, .. }
                    | F::StreamCancelRead { ty, .. }
                    | F::StreamCancelWrite { ty, .. }
                    | F::StreamDropReadable { ty }
                    | F::StreamDropWritable { ty }
                    | F::FutureNew { ty }
                    | F::FutureRead { ty, .. }
                    | F::FutureWrite { ty, .. }
                    | F::FutureCancelRead { ty, .. }
                    | F::FutureCancelWrite { ty, .. }
                    | F::FutureDropReadable { ty }
                    | F::FutureDropWritable { ty } => {
                        let Some(ty) = at(&self.space()?.types, *ty) else {
                            return Err(ScanError::missing(offset, "type"));
                        };
                        ty.size
                    }
                    _ => Size::ONE,
                };
                (&[], size)
            }
        };
        self.asynchronous |= options
            .iter()
            .any(|option| matches!(option, CanonicalOption::Async | CanonicalOption::Callback(_)));
        self.weigh(size)
    }

    /// The contents of a section, to be read by hand.
    fn reader(&self, range: Range<usize>) -> Result<BinaryReader<'a>, ScanError> {
        let start = range.start;
        let bytes = self.bytes.get(range).ok_or_else(|| self.truncated())?;
        Ok(BinaryReader::new_features(bytes, start, FEATURES))
    }

    fn space(&mut self) -> Result<&mut Space<'a>, ScanError> {
        self.spaces.last_mut().ok_or_else(|| ScanError::internal(0))
    }

    fn refuse(&self, what: Limit, found: u64, limit: u64) -> Result<(), ScanError> {
        if found > limit {
            Err(ScanError::Refused { what, found, limit })
        } else {
            Ok(())
        }
    }

    fn check_depth(&self, depth: u32) -> Result<(), ScanError> {
        self.refuse(Limit::TypeDepth, u64::from(depth), u64::from(self.limits.type_depth))
    }

    fn check_totals(&self, totals: &Totals) -> Result<(), ScanError> {
        self.refuse(
            Limit::ComponentInstances,
            totals.component_instances,
            self.limits.component_instances,
        )?;
        self.refuse(Limit::CoreInstances, totals.core_instances, self.limits.core_instances)?;
        self.refuse(Limit::Memories, totals.memories, self.limits.memories)?;
        self.refuse(Limit::Tables, totals.tables, self.limits.tables)?;
        self.refuse(Limit::Slots, totals.slots, self.limits.slots)?;
        let work = totals.work.outermost();
        self.check_depth(work.depth)?;
        self.refuse(Limit::Work, work.nodes, self.limits.work)
    }

    fn bounded_name(&self, name: &str) -> Result<(), ScanError> {
        self.refuse(Limit::Name, count(name.len()), self.limits.name)
    }

    fn count_types(&mut self, more: u64) -> Result<(), ScanError> {
        self.types = self.types.saturating_add(more);
        self.refuse(Limit::Types, self.types, self.limits.types)
    }

    /// Charges what is copied once for each instance of this component.
    fn spend(&mut self, form: Form) -> Result<(), ScanError> {
        let space = self.space()?;
        space.totals.work.add(form);
        let work = space.totals.work.outermost();
        self.check_depth(work.depth)?;
        self.refuse(Limit::Work, work.nodes, self.limits.work)?;
        self.spent = self.spent.saturating_add(form.outermost().nodes);
        self.refuse(Limit::Work, self.spent, self.limits.work)
    }

    fn weigh(&mut self, size: Size) -> Result<(), ScanError> {
        self.spend(Form::known(size))
    }

    /// Charges what happens once, while the type around it is read.
    fn weigh_only(&mut self, size: Size) -> Result<(), ScanError> {
        self.check_depth(size.depth)?;
        self.spent = self.spent.saturating_add(size.nodes);
        self.refuse(Limit::Work, self.spent, self.limits.work)
    }
}
