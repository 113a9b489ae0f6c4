//! From bytes to something that actors are started from: scanned, compiled or taken from the cache, inspected, and linked once.
//! Nothing of this runs on the owner's thread, and one compile runs at a time.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::cache::Key;
use crate::events::{Events, What};
use crate::failure::{Code, Failure};
use crate::host::{Hosting, host};
use crate::scan::{ScanError, ScanLimits, outline, scan};
use crate::store::State;
use crate::value::WitType;
use crate::world;

/// Where a component comes from.
#[derive(Debug)]
pub enum Source {
    /// A file, read when the load begins.
    File(PathBuf),
    /// The component itself.
    Bytes(Vec<u8>),
}

/// What kind of actor a component makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A JavaScript guest: frames over two streams.
    Actor,
    /// Any other: its exports are called.
    Component,
}

/// An exported function.
#[derive(Clone, Debug)]
pub struct Export {
    /// `add`, or `acme:md/api@0.1.0#render`.
    pub name: String,
    /// Names and types.
    pub params: Vec<(String, WitType)>,
    /// Its type, where it has a result.
    pub result: Option<WitType>,
    /// Whether it is an `async func`.
    pub is_async: bool,
    pub(crate) index: ComponentExportIndex,
}

/// A component that is ready to be instantiated.
pub struct Loaded {
    /// Frames, or calls.
    pub shape: Shape,
    /// Every function that it exports, those of interfaces included.
    pub exports: Vec<Export>,
    /// The names of its imports.
    pub imports: Vec<String>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) run: Option<ComponentExportIndex>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("shape", &self.shape)
            .field("exports", &self.exports.len())
            .finish_non_exhaustive()
    }
}

/// Loads a component on a thread of the engine's. The owner hears `Loaded` or `LoadFailed` about `request`. With `only_cached` it is
/// not compiled here: one that the cache does not have fails with [`Code::NotCached`].
pub fn load(events: &Events, request: u32, source: Source, only_cached: bool) {
    let host = match host() {
        Ok(host) => host,
        Err(why) => return events.push(request, What::LoadFailed(why)),
    };
    let told = Told {
        events: events.clone(),
        request,
        done: false,
    };
    host.runtime.spawn_blocking(move || {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| load_now(source, only_cached)));
        told.tell(match outcome {
            Ok(Ok(loaded)) => What::Loaded(Arc::new(loaded)),
            Ok(Err(why)) => What::LoadFailed(why),
            Err(_) => What::LoadFailed(Failure::new(
                Code::Internal,
                "the engine failed while it loaded the component",
            )),
        });
    });
}

/// Tells how a load went, also where its job never ran.
struct Told {
    events: Events,
    request: u32,
    done: bool,
}

impl Told {
    fn tell(mut self, what: What) {
        self.done = true;
        self.events.push(self.request, what);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if !self.done {
            let why = Failure::new(Code::Internal, "the engine is ending");
            self.events.push(self.request, What::LoadFailed(why));
        }
    }
}

/// As [`load`], on this thread.
///
/// # Errors
/// Why it cannot be loaded.
pub fn load_now(source: Source, only_cached: bool) -> Result<Loaded, Failure> {
    let bytes = read(source)?;
    let (hosting, component) = component(&bytes, only_cached)?;
    inspect(hosting, &component)
}

/// Compiles a component into the cache, on this thread: what a process of its own does for one that is not trusted.
///
/// # Errors
/// Why it cannot be compiled, or kept.
pub fn compile_to_cache(bytes: &[u8]) -> Result<(), Failure> {
    if host()?.cache.is_none() {
        return Err(Failure::new(Code::Io, "there is no cache to compile into"));
    }
    component(bytes, false).map(drop)
}

fn read(source: Source) -> Result<Vec<u8>, Failure> {
    match source {
        Source::Bytes(bytes) => Ok(bytes),
        Source::File(path) => {
            let most = ScanLimits::default().size;
            let mut bytes = Vec::new();
            // One byte more than is allowed: the scan then says that it is too long.
            File::open(&path)
                .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
                .map_err(|error| Failure::new(Code::Io, &format!("{}: {error}", path.display())))?;
            Ok(bytes)
        }
    }
}

fn key(hosting: &Hosting, bytes: &[u8]) -> Key {
    Key::new(bytes, &hosting.compatibility)
}

fn component(bytes: &[u8], only_cached: bool) -> Result<(&'static Hosting, Component), Failure> {
    let limits = ScanLimits::default();
    // What the cache has was scanned in full before it was compiled: to find it, the outline is enough.
    let outlined = outline(bytes, &limits).map_err(|error| refused(&error))?;
    let host = host()?;
    let hosting = host.hosting(outlined.kind)?;
    let key = key(hosting, bytes);
    let found = || {
        host.cache
            .as_ref()
            .and_then(|cache| cached(&hosting.engine, cache, &key))
    };
    if let Some(component) = found() {
        return Ok((hosting, component));
    }
    scan(bytes, &limits).map_err(|error| refused(&error))?;
    if only_cached {
        return Err(Failure::new(Code::NotCached, "the cache does not have it"));
    }
    let compilers = host.compilers.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever compiled before may have compiled the same.
    if let Some(component) = found() {
        return Ok((hosting, component));
    }
    let Some(cache) = &host.cache else {
        let component = compilers
            .install(|| Component::new(&hosting.engine, bytes))
            .map_err(|error| not_compiled(&error))?;
        return Ok((hosting, component));
    };
    let artifact = compilers
        .install(|| hosting.engine.precompile_component(bytes))
        .map_err(|error| not_compiled(&error))?;
    // A full disk costs the next start a compile, and this one nothing.
    let _ = cache.put(&key, &artifact);
    if let Some(component) = found() {
        return Ok((hosting, component));
    }
    // SAFETY: this very process has compiled it a moment ago, and nobody else has touched it.
    let component =
        unsafe { Component::deserialize(&hosting.engine, &artifact) }.map_err(|error| not_compiled(&error))?;
    Ok((hosting, component))
}

fn cached(engine: &Engine, cache: &crate::cache::Cache, key: &Key) -> Option<Component> {
    let file = cache.get(key)?;
    // SAFETY: the file is ours, in a directory that is ours alone, opened without following links and checked by its
    // descriptor; entries are never written in place, only renamed and removed (cache.rs). Whoever can forge one runs as this
    // user already.
    unsafe { Component::deserialize_file(engine, file) }.ok()
}

fn refused(error: &ScanError) -> Failure {
    let code = match error {
        ScanError::CoreModule => Code::CoreModule,
        ScanError::Refused { .. } | ScanError::Unsupported { .. } => Code::Refused,
        _ => Code::Malformed,
    };
    Failure::new(code, &error.to_string())
}

fn not_compiled(error: &wasmtime::Error) -> Failure {
    Failure::of(error, Code::Compile)
}

fn inspect(hosting: &'static Hosting, component: &Component) -> Result<Loaded, Failure> {
    let engine = &hosting.engine;
    let imports = world::check_imports(engine, component)?;
    let pre = hosting
        .linker
        .instantiate_pre(component)
        .map_err(|error| Failure::of(&error, Code::Import))?;
    let mut exports = Vec::new();
    for (name, item) in component.component_type().exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(func) => {
                if let Some(index) = component.get_export_index(None, name) {
                    exports.push(export(name.to_owned(), &func, index));
                }
            }
            ComponentItem::ComponentInstance(instance) => {
                let Some(interface) = component.get_export_index(None, name) else {
                    continue;
                };
                for (inner, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(func) = item.ty
                        && let Some(index) = component.get_export_index(Some(&interface), inner)
                    {
                        exports.push(export(format!("{name}#{inner}"), &func, index));
                    }
                }
            }
            _ => {}
        }
    }
    let run = exports
        .iter()
        .find(|export| export.name == "run" && is_run(export))
        .filter(|_| imports.iter().any(|name| name.starts_with("brood:actor/")))
        .map(|export| export.index);
    let shape = if run.is_some() { Shape::Actor } else { Shape::Component };
    Ok(Loaded {
        shape,
        exports,
        imports,
        pre,
        run,
    })
}

fn export(name: String, func: &ComponentFunc, index: ComponentExportIndex) -> Export {
    Export {
        name,
        params: func
            .params()
            .map(|(name, ty)| (name.to_owned(), WitType::of(&ty)))
            .collect(),
        result: func.results().next().map(|ty| WitType::of(&ty)),
        is_async: func.async_(),
        index,
    }
}

/// `run: async func(inbox: stream<...>) -> stream<...>`; whether the items are right is checked when it is instantiated.
fn is_run(export: &Export) -> bool {
    const STREAM: WitType = WitType::Other("stream");
    export.is_async && export.params.len() == 1 && export.params[0].1 == STREAM && export.result == Some(STREAM)
}
