//! One actor: a store of its own, driven on the engine's runtime from its start to its end. Whatever happens, its owner hears of
//! the end exactly once, and nothing of it is left by then.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::{Instance, StreamReader};

use crate::calls::{Call, Calls};
use crate::events::{Events, What};
use crate::failure::{Code, Failure, Stop};
use crate::frames::{FromGuest, Link, ToGuest};
use crate::host::{Host, host};
use crate::invoke::{Invoke, invoker};
use crate::limits::Limits;
use crate::loader::{Loaded, Shape};
use crate::meter::{Meter, Metered};
use crate::store::{State, store};
use crate::value::{Value, WitType};

/// The owner's handle. Dropping it kills the actor.
pub struct Actor {
    meter: Arc<Meter>,
    loaded: Arc<Loaded>,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Frames(Arc<Link>),
    Calls(Arc<Calls>),
}

impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Actor")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}

impl Actor {
    /// Starts an actor. Its owner hears `Started` or `Ended` about `id`. `within` bounds the wait for a free place; `first` is what
    /// a JavaScript actor finds in its inbox before anything else.
    ///
    /// # Errors
    /// The engine itself cannot run here.
    pub fn start(
        events: &Events,
        id: u32,
        loaded: &Arc<Loaded>,
        limits: Limits,
        within: Duration,
        first: Option<&[u8]>,
    ) -> Result<Self, Failure> {
        let host = host()?;
        let meter = Arc::new(Meter::new(limits));
        let body = match loaded.shape {
            Shape::Actor => Body::Frames(Arc::new(Link::new(id, events.clone(), Arc::clone(&meter)))),
            Shape::Component => Body::Calls(Arc::default()),
        };
        if let (Body::Frames(link), Some(first)) = (&body, first) {
            link.send(first);
        }
        let guest = live(
            host,
            events.clone(),
            id,
            Arc::clone(loaded),
            Arc::clone(&meter),
            body.clone(),
            within,
        );
        let on_timer: Box<dyn Fn(u32) + Send> = match &body {
            Body::Frames(link) => {
                let link = Arc::clone(link);
                Box::new(move |timer| link.timer(timer))
            }
            Body::Calls(_) => Box::new(|_| {}),
        };
        let driven = Metered::new(Arc::clone(&meter), host.ticker, guest, on_timer);
        let end = End {
            events: events.clone(),
            id,
            meter: Arc::clone(&meter),
        };
        host.runtime.spawn(async move {
            let why = driven.await;
            end.tell(why);
        });
        Ok(Self {
            meter,
            loaded: Arc::clone(loaded),
            body,
        })
    }

    /// What it was started from.
    #[must_use]
    pub fn loaded(&self) -> &Arc<Loaded> {
        &self.loaded
    }

    /// Hands whole frames to a JavaScript actor. Returns how many bytes wait in its inbox now.
    #[must_use]
    pub fn send(&self, frames: &[u8]) -> usize {
        match &self.body {
            Body::Frames(link) => link.send(frames),
            Body::Calls(_) => 0,
        }
    }

    /// Calls an export of a component, by its index. The owner hears `Result`, `Failed`, `Refused` or the end of the actor.
    pub fn call(&self, id: u32, export: usize, args: Vec<Value>) {
        if let Body::Calls(calls) = &self.body {
            calls.push(Call { id, export, args });
        }
    }

    /// Takes a call back. False: it has begun, or is over.
    #[must_use]
    pub fn withdraw(&self, id: u32) -> bool {
        match &self.body {
            Body::Calls(calls) => calls.withdraw(id),
            Body::Frames(_) => false,
        }
    }

    /// Asks it to end: a component finishes the call that runs; a JavaScript actor's inbox ends.
    pub fn stop(&self) {
        match &self.body {
            Body::Calls(calls) => calls.close(),
            Body::Frames(link) => link.close(),
        }
    }

    /// Ends it, wherever it is.
    pub fn kill(&self) {
        self.meter.stop(Failure::new(Code::Killed, "it was killed"));
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Tells the end, also where the runtime drops the task.
struct End {
    events: Events,
    id: u32,
    meter: Arc<Meter>,
}

impl End {
    fn tell(&self, why: Failure) {
        self.events.push(self.id, What::Ended(self.meter.used_ms(), why));
    }
}

/// The whole life of a guest. Its store is dropped with this future, before the place that it took is given back.
async fn live(
    host: &'static Host,
    events: Events,
    id: u32,
    loaded: Arc<Loaded>,
    meter: Arc<Meter>,
    body: Body,
    within: Duration,
) -> Failure {
    let place = tokio::time::timeout(within, Arc::clone(&host.places).acquire_owned());
    let Ok(Ok(_place)) = place.await else {
        let most = host.max_actors;
        return Failure::new(
            Code::Full,
            &format!(
                "{most} actors live already, and none ended within {} ms",
                within.as_millis()
            ),
        );
    };
    let engine = loaded.pre.engine();
    let mut store = store(engine, &meter, &events, id);
    meter.runs_on(engine);
    let instance = match loaded.pre.instantiate_async(&mut store).await {
        Ok(instance) => instance,
        Err(error) => return Failure::of(&error, Code::Instantiate),
    };
    match body {
        Body::Frames(link) => {
            events.push(id, What::Started);
            match converse(&mut store, instance, &loaded, link).await {
                Ok(()) => Failure::new(Code::Returned, "it has ended"),
                Err(error) => Failure::of(&error, Code::Trap),
            }
        }
        Body::Calls(calls) => {
            events.push(id, What::Started);
            serve(&mut store, instance, &loaded, &calls, &events, id, &meter).await
        }
    }
}

/// Runs a JavaScript guest until it has closed its direction.
async fn converse(
    store: &mut Store<State>,
    instance: Instance,
    loaded: &Loaded,
    link: Arc<Link>,
) -> wasmtime::Result<()> {
    let run = loaded
        .run
        .ok_or_else(|| wasmtime::Error::msg("it has no export `run`"))?;
    let run = instance
        .get_typed_func::<(StreamReader<Vec<u8>>,), (StreamReader<Vec<u8>>,)>(&mut *store, run)
        .map_err(|error| {
            Stop::new(
                Code::World,
                format!("its export `run` has another type: {}", error.root_cause()),
            )
        })?;
    let inbox = StreamReader::new(&mut *store, ToGuest(Arc::clone(&link)))?;
    store
        .run_concurrent(async |accessor| -> wasmtime::Result<()> {
            let (outbox,) = run.call_concurrent(accessor, (inbox,)).await?;
            accessor.with(|mut access| outbox.pipe(&mut access, FromGuest::new(Arc::clone(&link))))?;
            link.over().await;
            Ok(())
        })
        .await?
}

/// Runs the calls of a component, one after the other, until it is stopped or one of them ends it.
async fn serve(
    store: &mut Store<State>,
    instance: Instance,
    loaded: &Loaded,
    calls: &Calls,
    events: &Events,
    id: u32,
    meter: &Meter,
) -> Failure {
    let share = Arc::default();
    let mut ready: Vec<Option<Box<dyn Invoke>>> = Vec::new();
    ready.resize_with(loaded.exports.len(), || None);
    while let Some(call) = calls.next().await {
        let (Some(export), Some(slot)) = (loaded.exports.get(call.export), ready.get_mut(call.export)) else {
            events.push(
                id,
                What::Refused(call.id, Failure::new(Code::UnknownExport, "there is no such export")),
            );
            continue;
        };
        if slot.is_none() {
            let made = instance
                .get_func(&mut *store, export.index)
                .ok_or_else(|| Failure::new(Code::UnknownExport, "there is no such export"))
                .and_then(|func| {
                    let params: Vec<WitType> = export.params.iter().map(|(_, ty)| ty.clone()).collect();
                    invoker(store, func, &params, export.result.as_ref())
                });
            match made {
                Ok(made) => *slot = Some(made),
                Err(why) => {
                    events.push(id, What::Refused(call.id, why));
                    continue;
                }
            }
        }
        let Some(invoke) = slot else { continue };
        meter.calls_began(1, 0);
        let (size, answer) = match invoke.invoke(store, call.args).await {
            Ok(value) => (value.size(), answer(call.id, value, export.result.as_ref())),
            // Nothing of the guest's has run.
            Err(why) if matches!(why.code, Code::Argument | Code::Unsupported) => (0, What::Refused(call.id, why)),
            Err(why) => return why,
        };
        events.push_answer(id, answer, size, &share);
        // A slow owner is not buried under answers: the next call waits until it has taken some.
        events.room(&share).await;
    }
    Failure::new(Code::Returned, "it has ended")
}

/// What the owner hears of a call that has come back: the error of a `result` is the guest's own.
fn answer(call: u32, value: Value, ty: Option<&WitType>) -> What {
    match value {
        Value::Result(Err(payload)) if matches!(ty, Some(WitType::Result(..))) => What::Failed(call, *payload),
        Value::Result(Ok(value)) if matches!(ty, Some(WitType::Result(..))) => What::Result(call, *value),
        value => What::Result(call, value),
    }
}
