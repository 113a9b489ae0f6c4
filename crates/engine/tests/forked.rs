//! A law of a process that was forked: what its parent had of the engine is left alone, and its own is made anew. In a process of its
//! own, since it is about all of it.

use brood_engine::host::{Settings, abandon, configure};
use brood_engine::loader::{Source, load_now};

#[test]
fn after_abandon_the_engine_is_configured_and_made_anew() {
    let bytes = wat::parse_str("(component)").expect("it is a component");
    let load = || load_now(Source::Bytes(bytes.clone()), false);
    let one = Settings::default();
    let other = Settings {
        max_actors: 5,
        ..Settings::default()
    };
    configure(one.clone()).expect("it is the first");
    let before = load().expect("it can be loaded");
    assert!(configure(other.clone()).is_err());
    abandon();
    configure(other).expect("there is no other");
    load().expect("it can be loaded again");
    assert!(configure(one).is_err());
    // It is nobody's any more, and never ends.
    std::mem::forget(before);
}
