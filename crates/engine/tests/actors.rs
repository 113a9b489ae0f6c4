//! Laws of actors that are components: each runs the real engine, on components written as text.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use brood_engine::actor::Actor;
use brood_engine::events::{Event, Events, What};
use brood_engine::failure::{Code, Failure};
use brood_engine::limits::Limits;
use brood_engine::loader::{Loaded, Source, load_now};
use brood_engine::value::Value;

/// Far more than anything here takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Owner {
    events: Events,
    woken: Receiver<()>,
    heard: Vec<Event>,
}

impl Owner {
    fn new() -> Self {
        let (wake, woken) = channel();
        Self {
            events: Events::new(move || {
                let _ = wake.send(());
            }),
            woken,
            heard: Vec::new(),
        }
    }

    fn start(&self, id: u32, loaded: &Arc<Loaded>, limits: Limits) -> Actor {
        Actor::start(&self.events, id, loaded, limits, PATIENCE, None).expect("the engine runs")
    }

    fn hear<T>(&mut self, what: &str, mut found: impl FnMut(&Event) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some((at, found)) = self
                .heard
                .iter()
                .enumerate()
                .find_map(|(at, event)| Some((at, found(event)?)))
            {
                self.heard.remove(at);
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                self.woken.recv_timeout(left).is_ok(),
                "{what} was not heard; heard: {:?}",
                self.heard
            );
            self.heard.extend(self.events.drain(1_000, usize::MAX));
        }
    }

    fn end(&mut self, id: u32) -> Failure {
        self.hear("the end", |event| match &event.what {
            What::Ended(_, why) if event.subject == id => Some(why.clone()),
            _ => None,
        })
    }

    fn value(&mut self, call: u32) -> Value {
        self.hear("a value", |event| match &event.what {
            What::Result(id, value) if *id == call => Some(value.clone()),
            _ => None,
        })
    }
}

fn component(text: &str) -> Arc<Loaded> {
    let bytes = wat::parse_str(text).expect("it is a component");
    Arc::new(load_now(Source::Bytes(bytes), false).expect("it can be loaded"))
}

fn export(loaded: &Loaded, name: &str) -> usize {
    loaded
        .exports
        .iter()
        .position(|export| export.name == name)
        .expect("it is exported")
}

/// `add`, a loop, a trap, endless recursion, memory on demand, and a call that fails by its `result`.
fn worker() -> Arc<Loaded> {
    component(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                (func (export "spin") (loop $again (br $again)))
                (func (export "trap") unreachable)
                (func $deep (export "deep") (call $deep))
                (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
                (func (export "half") (param i32) (result i32)
                    (i32.store8 (i32.const 0) (i32.and (local.get 0) (i32.const 1)))
                    (i32.store (i32.const 4) (i32.shr_u (local.get 0) (i32.const 1)))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
            (func (export "spin") (canon lift (core func $i "spin")))
            (func (export "trap") (canon lift (core func $i "trap")))
            (func (export "deep") (canon lift (core func $i "deep")))
            (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow")))
            (func (export "half") (param "of" u32) (result (result u32 (error u32)))
                (canon lift (core func $i "half") (memory (core memory $i "memory")))))"#,
    )
}

fn numbers(values: &[f64]) -> Vec<Value> {
    values.iter().map(|&value| Value::Number(value)).collect()
}

#[test]
fn calls_are_answered_in_their_order() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let actor = owner.start(1, &loaded, Limits::default());
    for call in 0..100 {
        actor.call(call, export(&loaded, "add"), numbers(&[f64::from(call), 1.0]));
    }
    for call in 0..100 {
        assert_eq!(owner.value(call), Value::Number(f64::from(call) + 1.0));
    }
    actor.stop();
    assert_eq!(owner.end(1).code, Code::Returned);
}

#[test]
fn an_error_that_a_result_carries_is_no_end() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let actor = owner.start(1, &loaded, Limits::default());
    actor.call(1, export(&loaded, "half"), numbers(&[8.0]));
    assert_eq!(owner.value(1), Value::Number(4.0));
    actor.call(2, export(&loaded, "half"), numbers(&[9.0]));
    let payload = owner.hear("the error", |event| match &event.what {
        What::Failed(2, payload) => Some(payload.clone()),
        _ => None,
    });
    assert_eq!(payload, Value::Number(4.0));
    actor.call(3, export(&loaded, "add"), numbers(&[1.0, 1.0]));
    assert_eq!(owner.value(3), Value::Number(2.0));
}

#[test]
fn every_way_to_end_has_its_code() {
    let loaded = worker();
    let cpu = Limits {
        cpu: Some(Duration::from_millis(30)),
        ..Limits::default()
    };
    let total = Limits {
        cpu_total: Some(Duration::from_millis(30)),
        ..Limits::default()
    };
    let wall = Limits {
        wall: Some(Duration::from_millis(30)),
        ..Limits::default()
    };
    let memory = Limits {
        memory: 1 << 20,
        ..Limits::default()
    };
    let cases: [(&str, Vec<Value>, Limits, Code); 6] = [
        ("spin", vec![], cpu, Code::Cpu),
        ("spin", vec![], total, Code::CpuTotal),
        ("spin", vec![], wall, Code::Wall),
        ("trap", vec![], Limits::default(), Code::Trap),
        ("deep", vec![], Limits::default(), Code::Stack),
        ("grow", numbers(&[16.0]), memory, Code::Memory),
    ];
    let mut owner = Owner::new();
    for (id, (name, args, limits, code)) in (1..).zip(cases) {
        let actor = owner.start(id, &loaded, limits);
        actor.call(id, export(&loaded, name), args);
        let why = owner.end(id);
        assert_eq!(why.code, code, "{name}: {why}");
    }
}

#[test]
fn a_growth_within_the_limit_is_given() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let actor = owner.start(
        1,
        &loaded,
        Limits {
            memory: 1 << 20,
            ..Limits::default()
        },
    );
    actor.call(1, export(&loaded, "grow"), numbers(&[15.0]));
    assert_eq!(owner.value(1), Value::Number(1.0));
}

#[test]
fn the_cpu_limit_is_for_each_call_and_not_for_all_of_them() {
    let loaded = component(
        r#"(component
            (core module $m
                (func (export "work") (param $n i32)
                    (loop $again
                        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                        (br_if $again (local.get $n)))))
            (core instance $i (instantiate $m))
            (func (export "work") (param "n" u32) (canon lift (core func $i "work"))))"#,
    );
    let mut owner = Owner::new();
    let limit = Duration::from_millis(60);
    let actor = owner.start(
        1,
        &loaded,
        Limits {
            cpu: Some(limit),
            ..Limits::default()
        },
    );
    let mut used = Duration::ZERO;
    let mut call = 0;
    // Each takes a few ms; all together far more than the limit of one.
    while used < 4 * limit {
        let from = Instant::now();
        actor.call(call, 0, numbers(&[5_000_000.0]));
        assert_eq!(owner.value(call), Value::Nothing);
        used += from.elapsed();
        call += 1;
    }
}

#[test]
fn a_kill_ends_an_actor_that_computes_one_that_waits_and_one_that_starts() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let busy = owner.start(1, &loaded, Limits::default());
    busy.call(1, export(&loaded, "spin"), vec![]);
    let idle = owner.start(2, &loaded, Limits::default());
    for id in [1, 2] {
        owner.hear("Started", |event| {
            (event.subject == id && matches!(event.what, What::Started)).then_some(())
        });
    }
    let starting = owner.start(3, &loaded, Limits::default());
    for (id, actor) in [(1, busy), (2, idle), (3, starting)] {
        let from = Instant::now();
        actor.kill();
        assert_eq!(owner.end(id).code, Code::Killed);
        assert!(from.elapsed() < Duration::from_secs(5), "{:?}", from.elapsed());
    }
}

#[test]
fn an_owner_that_takes_no_answers_is_not_buried_under_them() {
    let mut owner = Owner::new();
    let loaded = component(
        "(component (core module $m (memory (export \"memory\") 64)
             (func (export \"large\") (result i32) (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 4000000)) (i32.const 0)))
         (core instance $i (instantiate $m))
         (func (export \"large\") (result (list u8)) (canon lift (core func $i \"large\") (memory (core memory $i \"memory\")))))",
    );
    let actor = owner.start(1, &loaded, Limits::default());
    for call in 0..20 {
        actor.call(call, export(&loaded, "large"), Vec::new());
    }
    // One answer fills the share of an actor: the second call waits, and can be taken back, until the owner comes.
    owner.hear("the start", |event| matches!(event.what, What::Started).then_some(()));
    std::thread::sleep(Duration::from_millis(100));
    assert!((2..20).all(|call| actor.withdraw(call)), "calls went on");
    for call in 0..2 {
        assert_eq!(owner.value(call), Value::Bytes(vec![0; 4_000_000]));
    }
}

#[test]
fn a_call_that_waits_can_be_taken_back_and_one_that_runs_cannot() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let actor = owner.start(1, &loaded, Limits::default());
    actor.call(1, export(&loaded, "spin"), vec![]);
    actor.call(2, export(&loaded, "trap"), vec![]);
    owner.hear("Started", |event| matches!(event.what, What::Started).then_some(()));
    assert!(actor.withdraw(2));
    assert!(!actor.withdraw(2));
    while actor.withdraw(1) {
        actor.call(1, export(&loaded, "spin"), vec![]);
    }
    actor.kill();
    assert_eq!(owner.end(1).code, Code::Killed);
}

#[test]
fn a_handle_that_is_dropped_kills_its_actor() {
    let (mut owner, loaded) = (Owner::new(), worker());
    drop(owner.start(1, &loaded, Limits::default()));
    assert_eq!(owner.end(1).code, Code::Killed);
}

#[test]
fn busy_guests_share_a_thread_with_one_that_answers() {
    let (mut owner, loaded) = (Owner::new(), worker());
    let busy: Vec<Actor> = (10..14)
        .map(|id| {
            let actor = owner.start(id, &loaded, Limits::default());
            actor.call(id, export(&loaded, "spin"), vec![]);
            actor
        })
        .collect();
    let actor = owner.start(1, &loaded, Limits::default());
    for call in 0..50 {
        actor.call(call, export(&loaded, "add"), numbers(&[1.0, 1.0]));
        assert_eq!(owner.value(call), Value::Number(2.0));
    }
    drop(busy);
}

#[test]
fn what_nobody_gives_is_refused_by_name() {
    let bytes = wat::parse_str(
        r#"(component (import "acme:host/log@1.0.0" (instance (export "write" (func (param "line" string))))))"#,
    )
    .expect("it is a component");
    let why = load_now(Source::Bytes(bytes), false).expect_err("nobody gives it");
    assert_eq!(why.code, Code::Import);
    assert!(why.message.contains("acme:host/log@1.0.0"), "{why}");
}

#[test]
fn a_file_that_is_no_component_has_its_own_code() {
    let module = wat::parse_str("(module)").expect("it is a module");
    let component = wat::parse_str("(component (core module))").expect("it is a component");
    let cases = [
        (module, Code::CoreModule),
        (component[..component.len() - 1].to_vec(), Code::Malformed),
        (b"no wasm at all".to_vec(), Code::Malformed),
        (vec![], Code::Malformed),
    ];
    for (bytes, code) in cases {
        let why = load_now(Source::Bytes(bytes), false).expect_err("it is none");
        assert_eq!(why.code, code, "{why}");
    }
    let why = load_now(Source::File("/nowhere/at/all.wasm".into()), false).expect_err("there is none");
    assert_eq!(why.code, Code::Io, "{why}");
}

#[test]
fn a_type_that_cannot_cross_is_named() {
    let loaded = component(
        r#"(component
            (core module $m (func (export "f") (param i32)))
            (core instance $i (instantiate $m))
            (type $point (record (field "x" u32)))
            (export $public "point" (type $point))
            (func (export "f") (param "at" $public) (canon lift (core func $i "f"))))"#,
    );
    assert_eq!(loaded.exports[0].params[0].1.unsupported(), Some("record"));
}
