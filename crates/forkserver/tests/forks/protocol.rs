//! What is not in the protocol: a template that hears it ends, a host that hears it believes nothing more.

use std::os::fd::{AsFd, OwnedFd};

use brood_forkserver::fork::CODE_OF_BROKEN;
use brood_forkserver::host::{Event, Host, Order};
use brood_forkserver::kernel::Linux;
use brood_forkserver::lifeline;
use brood_forkserver::protocol::{Failure, MAX_OTHERS, MAX_PAYLOAD, Reply, Request, Step};
use brood_forkserver::rights;
use brood_forkserver::runtime::Plain;
use brood_forkserver::status::Status;
use brood_forkserver::template::{Template, tell};
use brood_forkserver::wait::{Waited, wait_for};
use proptest::prelude::*;

use crate::stage::{SOON, Stage, stay};

#[test]
fn a_template_that_hears_nonsense_ends_with_all_that_it_has_forked() {
    let good = Request {
        seq: 9,
        stdio: [false; 3],
        others: 0,
        payload: b"",
    };
    let (reader, _writer) = lifeline::pipe().unwrap();
    let (one, two) = ([reader.as_fd()], [reader.as_fd(), reader.as_fd()]);
    let nonsense: [(&[u8], &[_]); 5] = [
        (b"x", &[]),
        (&[0; 200], &[]),
        (&good.encode()[..7], &one),
        (&good.encode(), &[]),
        (&good.encode(), &two),
    ];
    for (packet, descriptors) in nonsense {
        let mut stage = Stage::new(|_child| stay());
        let (asked, process) = stage.start(b"");
        rights::send(stage.host.socket().as_fd(), packet, descriptors).unwrap();
        assert!(matches!(stage.next(), Event::Closed(None)));
        assert_eq!(stage.template_end(), Status::Exited(CODE_OF_BROKEN));
        assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
        drop(asked);
    }
}

#[test]
fn only_the_first_thread_can_serve_and_only_a_control_socket() {
    let (_host, control) = Host::new().unwrap();
    let refused = |control: OwnedFd| Template::new(control, Plain, Linux).err().unwrap().raw_os_error();
    // Tests run in threads.
    assert_eq!(refused(control), Some(libc::EINVAL));
    let process = crate::stage::fork_process(|| {
        let (reader, _writer) = std::io::pipe().unwrap();
        let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(refused(reader.into()), Some(libc::EINVAL));
        assert_eq!(refused(stream.into()), Some(libc::EINVAL));
        0
    });
    assert_eq!(wait_for(&process, SOON).unwrap(), Waited::Ended);
    assert_eq!(process.reap().unwrap(), Some(Status::Exited(0)));
}

#[test]
fn what_is_told_arrives_in_its_order_and_a_host_that_is_gone_is_noticed() {
    let (mut host, control) = Host::new().unwrap();
    tell(control.as_fd(), b"first").unwrap();
    tell(control.as_fd(), &[1; MAX_PAYLOAD]).unwrap();
    tell(control.as_fd(), b"").unwrap();
    assert_eq!(
        tell(control.as_fd(), &[1; MAX_PAYLOAD + 1]).unwrap_err().raw_os_error(),
        Some(libc::EMSGSIZE)
    );
    let told: Vec<Vec<u8>> = host
        .receive(64)
        .into_iter()
        .map(|event| match event {
            Event::Told(payload) => payload,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [b"first".to_vec(), vec![1; MAX_PAYLOAD], vec![]]);
    assert!(host.receive(64).is_empty());
    drop(host);
    assert_eq!(
        tell(control.as_fd(), b"x").unwrap_err().raw_os_error(),
        Some(libc::EPIPE)
    );
}

#[test]
fn a_host_takes_no_more_events_than_it_asks_for() {
    let (mut host, control) = Host::new().unwrap();
    for number in 0..10 {
        tell(control.as_fd(), &[number]).unwrap();
    }
    assert_eq!(host.receive(4).len(), 4);
    assert_eq!(host.receive(64).len(), 6);
}

#[test]
fn what_was_told_before_the_end_arrives_also_if_something_was_left_unread() {
    let (mut host, control) = asked_for_one();
    tell(control.as_fd(), b"first").unwrap();
    tell(control.as_fd(), b"second").unwrap();
    // The order was not read: the kernel tells of that first.
    drop(control);
    let events = host.receive(64);
    assert!(
        matches!(&events[..], [Event::Told(_), Event::Told(_), Event::Closed(None)]),
        "{events:?}"
    );
}

#[test]
fn an_order_that_is_too_large_or_not_new_is_refused() {
    let (mut host, _control) = Host::new().unwrap();
    let (reader, _writer) = lifeline::pipe().unwrap();
    let good = || Order {
        seq: 1,
        payload: b"",
        lifeline: reader.as_fd(),
        stdio: [None; 3],
        others: &[],
    };
    let long = vec![0; MAX_PAYLOAD + 1];
    let many = [reader.as_fd(); MAX_OTHERS + 1];
    let mut refused = |order: Order<'_>| host.fork(&order).err().and_then(|error| error.raw_os_error());
    assert_eq!(
        refused(Order {
            payload: &long,
            ..good()
        }),
        Some(libc::EMSGSIZE)
    );
    assert_eq!(
        refused(Order {
            others: &many,
            ..good()
        }),
        Some(libc::EMSGSIZE)
    );
    let most = Order {
        payload: &long[1..],
        others: &many[1..],
        ..good()
    };
    assert_eq!(refused(most), None);
    assert_eq!(refused(good()), Some(libc::EINVAL));
}

/// A host that has asked for 1, with the other end in the test's hands.
fn asked_for_one() -> (Host, OwnedFd) {
    let (mut host, control) = Host::new().unwrap();
    let (reader, _writer) = lifeline::pipe().unwrap();
    host.fork(&Order {
        seq: 1,
        payload: b"",
        lifeline: reader.as_fd(),
        stdio: [None; 3],
        others: &[],
    })
    .unwrap();
    (host, control)
}

#[test]
fn a_host_believes_nothing_that_does_not_fit_what_it_asked() {
    let failure = Failure {
        step: Step::Fork,
        errno: libc::EAGAIN,
    };
    let exited = |seq| Reply::Exited {
        seq,
        status: Status::Exited(0),
        core: false,
    };
    let forked = |seq| Reply::Forked {
        seq,
        pid: std::process::id().cast_signed(),
    };
    let own = rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty()).unwrap();
    let (reader, _writer) = std::io::pipe().unwrap();
    let (handle, pipe) = ([own.as_fd()], [reader.as_fd()]);
    let two = [own.as_fd(), own.as_fd()];
    let lies: Vec<Vec<(Reply<'_>, &[_])>> = vec![
        vec![(forked(2), &handle)],
        vec![(forked(1), &[])],
        vec![(forked(1), &pipe)],
        vec![(forked(1), &two)],
        vec![(forked(1), &handle), (forked(1), &handle)],
        vec![(exited(1), &[])],
        vec![(exited(2), &[])],
        vec![(forked(1), &handle), (exited(1), &[]), (exited(1), &[])],
        vec![(Reply::Failed { seq: 2, failure }, &[])],
        vec![(forked(1), &handle), (Reply::Failed { seq: 1, failure }, &[])],
        vec![(Reply::Broken { seq: 2, failure }, &[])],
        vec![(Reply::Told(b""), &handle)],
    ];
    for lie in lies {
        let (mut host, control) = asked_for_one();
        for (reply, descriptors) in &lie {
            rights::send(control.as_fd(), &reply.encode(), descriptors).unwrap();
        }
        let events = host.receive(64);
        assert!(
            matches!(events.last(), Some(Event::Closed(Some(libc::EPROTO)))),
            "{lie:?} gave {events:?}"
        );
        tell(control.as_fd(), b"more").unwrap();
        assert!(host.receive(64).is_empty(), "nothing counts any more");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_packets_leave_a_host_standing(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..24), 1..20)) {
        let (mut host, control) = asked_for_one();
        for packet in &packets {
            rights::send(control.as_fd(), packet, &[]).unwrap();
        }
        let events = host.receive(64);
        let closed = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
        prop_assert!(closed <= 1);
        prop_assert!(closed == 0 || matches!(events.last(), Some(Event::Closed(_))));
        prop_assert!(host.receive(64).is_empty());
    }
}
