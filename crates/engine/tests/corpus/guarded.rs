//! What the engine makes of a guest: ten times, in a process of its own, beside a neighbour that has to be answered all the time.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use brood_engine::actor::Actor;
use brood_engine::events::{Events, What};
use brood_engine::failure::{Code, Failure};
use brood_engine::host::{Settings, configure};
use brood_engine::limits::Limits;
use brood_engine::loader::{Export, Loaded, Source, load_now};
use brood_engine::value::{Value, WitType};

use crate::manifest::{Arg, Entry, Guard, Guest};
use crate::usage::{peak_mib, reset_peak, resident_mib};

const RUNS: usize = 10;
const MEMORY: usize = 64 << 20;
const OUTPUT: usize = 64 << 10;
/// What the engine may take beside the guest's memory, MiB.
const BESIDE: u64 = 32;
/// CPU of a call, where that is what stops it. Short, so that ten runs of forty guests are.
const CPU: Duration = Duration::from_millis(20);
/// CPU of a call where something else has to come first, however busy the machine is.
const MUCH_CPU: Duration = Duration::from_secs(1);
/// Life of a guest that only waits.
const WALL: Duration = Duration::from_millis(100);
/// Longer than anything takes here, however busy the machine is: what is not over by then hangs.
const HANG: Duration = Duration::from_secs(10);
/// How late a neighbour's answer may be.
/// A law that needs a quiet machine has a tighter bound than this: others run beside these tests.
const NEIGHBOUR: Duration = Duration::from_secs(2);
/// A neighbour that answers what it was asked.
const HONEST: &str = "(component
    (core module $m (func (export \"run\") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m))
    (func (export \"run\") (param \"x\" u32) (result u32) (canon lift (core func $i \"run\"))))";

/// What was measured over all runs.
#[derive(Debug)]
pub(crate) struct Measured {
    /// MiB by which this process grew at most.
    pub(crate) grown: u64,
    pub(crate) slowest: Duration,
    pub(crate) neighbour: Duration,
}

/// How one run ended.
enum End {
    Answered,
    Failed(Failure),
}

/// Panics where a promise is broken.
pub(crate) fn run(guest: &Guest, binary: &[u8]) -> Measured {
    configure(Settings {
        threads: 1,
        max_actors: 8,
        cache: None,
    })
    .expect("settings");
    let neighbour = Neighbour::start();
    let mut measured = Measured {
        grown: 0,
        slowest: Duration::ZERO,
        neighbour: Duration::ZERO,
    };
    let loaded = if matches!(guest.entry, Entry::Load) {
        None
    } else {
        Some(load(binary))
    };
    reset_peak();
    let before = resident_mib();
    for _ in 0..RUNS {
        let from = Instant::now();
        let end = match &loaded {
            None => load(binary).map_or_else(End::Failed, |_| End::Answered),
            Some(Err(failure)) => End::Failed(failure.clone()),
            Some(Ok(loaded)) => enter(guest, loaded),
        };
        measured.slowest = measured.slowest.max(from.elapsed());
        judge(guest, end);
    }
    measured.grown = peak_mib().saturating_sub(before);
    measured.neighbour = neighbour.finish();
    assert!(measured.slowest < HANG, "it took {:?}", measured.slowest);
    let allowed = BESIDE + (MEMORY as u64 >> 20);
    assert!(measured.grown < allowed, "the host grew by {} MiB", measured.grown);
    assert!(
        measured.neighbour < NEIGHBOUR,
        "a neighbour waited {:?}",
        measured.neighbour
    );
    measured
}

fn load(binary: &[u8]) -> Result<Arc<Loaded>, Failure> {
    load_now(Source::Bytes(binary.to_vec()), false).map(Arc::new)
}

fn judge(guest: &Guest, end: End) {
    match end {
        End::Answered => assert!(guest.ends.is_answered(), "it was answered"),
        End::Failed(failure) => {
            let code = failure.code.as_str();
            assert!(guest.ends.is(code), "it ended as {code}: {}", failure.message);
            assert_clean(&failure.message, 4 << 10);
            for line in failure.frames.iter().flat_map(|frames| frames.lines()) {
                assert_clean(line, 4 << 10);
            }
            assert!(
                failure.frames.is_none_or(|frames| frames.len() <= 16 << 10),
                "its frames are long"
            );
        }
    }
}

fn assert_clean(text: &str, length: usize) {
    assert!(text.len() <= length, "a text of {} bytes", text.len());
    assert!(!text.chars().any(is_unsafe), "a text for a terminal: {text:?}");
}

/// Characters that a terminal obeys, and those that turn the direction of what follows.
fn is_unsafe(char: char) -> bool {
    char.is_control() || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Starts it and calls it, as its manifest says; returns when it is gone.
fn enter(guest: &Guest, loaded: &Arc<Loaded>) -> End {
    let inbox = Inbox::new();
    let limits = Limits {
        memory: MEMORY,
        cpu: Some(if matches!(guest.guard, Guard::Cpu | Guard::Output) {
            CPU
        } else {
            MUCH_CPU
        }),
        cpu_total: None,
        wall: (guest.guard == Guard::Wall).then_some(WALL),
        output: OUTPUT,
    };
    let actor = match Actor::start(&inbox.events, 1, loaded, limits, HANG, None) {
        Ok(actor) => actor,
        Err(failure) => return End::Failed(failure),
    };
    let mut written = 0;
    let mut answer = None;
    loop {
        match inbox.next() {
            What::Started => match &guest.entry {
                Entry::Call(name, args) => {
                    let name = name();
                    let Some(export) = loaded.exports.iter().position(|export| export.name == name) else {
                        answer = Some(End::Failed(Failure::new(Code::UnknownExport, "no such export")));
                        actor.kill();
                        continue;
                    };
                    // As every owner does before it calls.
                    if let Some(what) = unsupported(&loaded.exports[export]) {
                        answer = Some(End::Failed(Failure::new(Code::Unsupported, what)));
                        actor.stop();
                        continue;
                    }
                    actor.call(1, export, args.iter().map(|arg| arg.value()).collect());
                }
                _ => actor.stop(),
            },
            What::Result(1, _) | What::Failed(1, _) => {
                answer = Some(End::Answered);
                // What is left to be done after an answer is done before the end.
                actor.stop();
            }
            What::Refused(1, failure) => {
                answer = Some(End::Failed(failure));
                actor.stop();
            }
            What::Output(_, line) => {
                assert_clean(&line, 64 << 10);
                written += line.len();
            }
            What::Ended(_, failure) => {
                assert!(written <= OUTPUT + 1024, "{written} bytes of output");
                return match (answer, failure.code) {
                    (Some(answer), Code::Returned | Code::Killed) => answer,
                    _ => End::Failed(failure),
                };
            }
            other => panic!("{other:?}"),
        }
    }
}

fn unsupported(export: &Export) -> Option<&'static str> {
    let params = export.params.iter().map(|(_, ty)| ty);
    params.chain(&export.result).find_map(WitType::unsupported)
}

/// The events of one actor.
struct Inbox {
    events: Events,
    wakes: Receiver<()>,
    drained: Mutex<VecDeque<What>>,
}

impl Inbox {
    fn new() -> Self {
        let (wake, wakes) = channel();
        let wake = Mutex::new(wake);
        let events = Events::new(move || {
            // Nobody listens any more: nothing to tell.
            let _ = wake.lock().expect("the sender").send(());
        });
        Self {
            events,
            wakes,
            drained: Mutex::default(),
        }
    }

    fn next(&self) -> What {
        loop {
            let mut drained = self.drained.lock().expect("the queue");
            if let Some(what) = drained.pop_front() {
                return what;
            }
            match self.wakes.recv_timeout(HANG) {
                Ok(()) => drained.extend(self.events.drain(1_000, 1 << 20).into_iter().map(|event| event.what)),
                Err(RecvTimeoutError::Timeout) => panic!("nothing is heard of it: it hangs"),
                Err(RecvTimeoutError::Disconnected) => unreachable!("the sender lives with the events"),
            }
        }
    }
}

/// An honest actor on the same thread of the engine, called without a pause.
struct Neighbour {
    stop: Sender<()>,
    thread: thread::JoinHandle<Duration>,
}

impl Neighbour {
    fn start() -> Self {
        let loaded = load(&wat::parse_str(HONEST).expect("its text")).expect("it loads");
        let inbox = Inbox::new();
        let actor = Actor::start(&inbox.events, 2, &loaded, Limits::default(), HANG, None).expect("it starts");
        assert!(matches!(inbox.next(), What::Started), "it starts");
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            let mut call = 0;
            while stopped.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
                call += 1;
                let from = Instant::now();
                actor.call(call, 0, vec![Value::Number(f64::from(call))]);
                match inbox.next() {
                    What::Result(answered, Value::Number(value)) if answered == call && value == f64::from(call) => {}
                    other => panic!("a neighbour was told {other:?}"),
                }
                slowest = slowest.max(from.elapsed());
            }
            slowest
        });
        Self { stop, thread }
    }

    fn finish(self) -> Duration {
        self.stop.send(()).expect("it lives");
        self.thread.join().expect("its answers are right")
    }
}

impl Arg {
    fn value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::U8(value) => Value::Number(value.into()),
            Self::S16(value) => Value::Number(value.into()),
            Self::Bool(value) => Value::Bool(value),
            Self::U64(value) => Value::U64(value),
        }
    }
}
