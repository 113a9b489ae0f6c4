//! What host and template say to each other: one message is one packet, fixed little-endian fields and at most one run of bytes.
//!
//! Decoding never panics, and refuses what is not exactly in the protocol: whoever says such a thing is not to be trusted with
//! the next message either.

use crate::status::Status;

/// The longest payload of a request and of a `tell`, in bytes. A packet must fit the send buffer of a Unix socket (212,992 bytes
/// by default, with the kernel's own accounting in it), and what is longer belongs on the actor's channel.
pub const MAX_PAYLOAD: usize = 64 * 1024;
/// The longest head of a message, in bytes.
const MAX_HEAD: usize = 16;
/// The longest message, in bytes.
pub const MAX_MESSAGE: usize = MAX_HEAD + MAX_PAYLOAD;
/// How many descriptors a child can be given besides its lifeline and its stdio. The kernel takes 253 in a message.
pub const MAX_OTHERS: usize = 32;
/// How many a message can bring: the lifeline, stdio, the others.
pub const MAX_DESCRIPTORS: usize = 1 + 3 + MAX_OTHERS;

const FORK: u8 = 1;
const TOLD: u8 = 16;
const FORKED: u8 = 17;
const FAILED: u8 = 18;
const EXITED: u8 = 19;
const BROKEN: u8 = 20;

/// Nobody knows how the process ended.
const ENDED_UNKNOWN: u8 = 0;
const ENDED_BY_CODE: u8 = 1;
const ENDED_BY_SIGNAL: u8 = 2;
const ENDED_WITH_CORE: u8 = 3;

/// A part of a fork that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// In the template: descriptors got lost on their way.
    Receive,
    /// In the template: the open descriptors could not be listed.
    Descriptors,
    /// In the template: the heap could not be made ready.
    Memory,
    /// In the template: `fork` itself.
    Fork,
    /// In the template: the child could not be held on to.
    Pidfd,
    /// In the child: it could not lead a group.
    Group,
    /// In the child: descriptors 0 to 2.
    Stdio,
    /// In the child: what was not given could not be closed.
    Close,
    /// In the template: it has ended already; in the child: it could not be armed.
    Lifeline,
    /// In the child: the event loop could not be made anew.
    Loop,
    /// In the child: no randomness.
    Random,
}

impl Step {
    /// All, each at its number on the wire.
    pub const ALL: [Self; 11] = [
        Self::Receive,
        Self::Descriptors,
        Self::Memory,
        Self::Fork,
        Self::Pidfd,
        Self::Group,
        Self::Stdio,
        Self::Close,
        Self::Lifeline,
        Self::Loop,
        Self::Random,
    ];

    /// As users read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Descriptors => "descriptors",
            Self::Memory => "memory",
            Self::Fork => "fork",
            Self::Pidfd => "pidfd",
            Self::Group => "group",
            Self::Stdio => "stdio",
            Self::Close => "close",
            Self::Lifeline => "lifeline",
            Self::Loop => "loop",
            Self::Random => "random",
        }
    }

    fn number(self) -> u8 {
        let number = Self::ALL.iter().position(|&step| step == self);
        number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
    }
}

/// What failed, and its errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub step: Step,
    /// Why.
    pub errno: i32,
}

impl Failure {
    /// Of an error of the system. One that has no errno counts as `EIO`.
    #[must_use]
    pub fn of(step: Step, error: &std::io::Error) -> Self {
        Self {
            step,
            errno: error.raw_os_error().unwrap_or(libc::EIO),
        }
    }
}

/// What a host says. Its descriptors come with the packet: the lifeline, then what becomes stdio, then the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What tells this fork from all others.
    pub seq: u32,
    /// Which of 0, 1 and 2 are given.
    pub stdio: [bool; 3],
    /// How many descriptors come besides the lifeline and those of stdio.
    pub others: usize,
    /// What the child gets as it is.
    pub payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// How many descriptors come with it.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        1 + self.stdio.iter().filter(|&&given| given).count() + self.others
    }

    /// As a packet. The caller keeps to the maxima.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let stdio = (0_u8..)
            .zip(self.stdio)
            .map(|(bit, given)| u8::from(given) << bit)
            .sum();
        let others = u8::try_from(self.others).unwrap_or(u8::MAX);
        let mut bytes = vec![FORK, stdio, others, 0];
        bytes.extend(self.seq.to_le_bytes());
        bytes.extend(self.payload);
        bytes
    }

    /// From a packet. `None`: not one of a host.
    #[must_use]
    pub fn decode(packet: &'a [u8]) -> Option<Self> {
        let (&[kind, stdio, others, zero], rest) = packet.split_first_chunk()?;
        let (&seq, payload) = rest.split_first_chunk()?;
        let others = usize::from(others);
        if kind != FORK || stdio > 7 || zero != 0 || others > MAX_OTHERS || payload.len() > MAX_PAYLOAD {
            return None;
        }
        Some(Self {
            seq: u32::from_le_bytes(seq),
            stdio: [stdio & 1 != 0, stdio & 2 != 0, stdio & 4 != 0],
            others,
            payload,
        })
    }
}

/// What a template says, and a child whose beginning failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Some bytes for the host's JavaScript.
    Told(&'a [u8]),
    /// There is a child; its pidfd comes with the packet.
    Forked {
        /// The request's.
        seq: u32,
        /// The child's number.
        pid: i32,
    },
    /// There is no child.
    Failed {
        /// The request's.
        seq: u32,
        /// Why.
        failure: Failure,
    },
    /// The child has ended and was reaped.
    Exited {
        /// The request's.
        seq: u32,
        /// How.
        status: Status,
        /// Whether the kernel wrote a core file.
        core: bool,
    },
    /// From the child: it ends before it has begun.
    Broken {
        /// The request's.
        seq: u32,
        /// Why.
        failure: Failure,
    },
}

impl<'a> Reply<'a> {
    /// As a packet. The caller keeps to the maxima.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAX_HEAD);
        match *self {
            Self::Told(payload) => {
                bytes.push(TOLD);
                bytes.extend(payload);
            }
            Self::Forked { seq, pid } => {
                bytes.push(FORKED);
                bytes.extend(seq.to_le_bytes());
                bytes.extend(pid.to_le_bytes());
            }
            Self::Failed { seq, failure } => encode_failure(&mut bytes, FAILED, seq, failure),
            Self::Broken { seq, failure } => encode_failure(&mut bytes, BROKEN, seq, failure),
            Self::Exited { seq, status, core } => {
                let (how, number) = match status {
                    Status::Exited(code) => (ENDED_BY_CODE, code),
                    Status::Signalled(signal) if core => (ENDED_WITH_CORE, signal),
                    Status::Signalled(signal) => (ENDED_BY_SIGNAL, signal),
                    Status::Unknown => (ENDED_UNKNOWN, 0),
                };
                bytes.push(EXITED);
                bytes.extend(seq.to_le_bytes());
                bytes.push(how);
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes
    }

    /// From a packet. `None`: not one of a template.
    #[must_use]
    pub fn decode(packet: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = packet.split_first()?;
        if kind == TOLD {
            return (rest.len() <= MAX_PAYLOAD).then_some(Self::Told(rest));
        }
        let (&seq, rest) = rest.split_first_chunk()?;
        let seq = u32::from_le_bytes(seq);
        match kind {
            FORKED => {
                let pid = i32::from_le_bytes(rest.try_into().ok()?);
                (pid > 1).then_some(Self::Forked { seq, pid })
            }
            FAILED => decode_failure(rest).map(|failure| Self::Failed { seq, failure }),
            BROKEN => decode_failure(rest).map(|failure| Self::Broken { seq, failure }),
            EXITED => {
                let (&how, number) = rest.split_first()?;
                let number = i32::from_le_bytes(number.try_into().ok()?);
                let (status, core) = match how {
                    ENDED_UNKNOWN if number == 0 => (Status::Unknown, false),
                    ENDED_BY_CODE if (0..=255).contains(&number) => (Status::Exited(number), false),
                    ENDED_BY_SIGNAL if (1..=64).contains(&number) => (Status::Signalled(number), false),
                    ENDED_WITH_CORE if (1..=64).contains(&number) => (Status::Signalled(number), true),
                    _ => return None,
                };
                Some(Self::Exited { seq, status, core })
            }
            _ => None,
        }
    }
}

fn encode_failure(bytes: &mut Vec<u8>, kind: u8, seq: u32, failure: Failure) {
    bytes.push(kind);
    bytes.extend(seq.to_le_bytes());
    bytes.push(failure.step.number());
    bytes.extend(failure.errno.to_le_bytes());
}

fn decode_failure(bytes: &[u8]) -> Option<Failure> {
    let (&step, errno) = bytes.split_first()?;
    let errno = i32::from_le_bytes(errno.try_into().ok()?);
    let step = *Step::ALL.get(usize::from(step))?;
    (errno > 0).then_some(Failure { step, errno })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failures() -> impl Strategy<Value = Failure> {
        (0..Step::ALL.len(), 1..200i32).prop_map(|(step, errno)| Failure {
            step: Step::ALL[step],
            errno,
        })
    }

    fn replies() -> impl Strategy<Value = Reply<'static>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..100).prop_map(|bytes| Reply::Told(bytes.leak())),
            (any::<u32>(), 2..i32::MAX).prop_map(|(seq, pid)| Reply::Forked { seq, pid }),
            (any::<u32>(), failures()).prop_map(|(seq, failure)| Reply::Failed { seq, failure }),
            (any::<u32>(), failures()).prop_map(|(seq, failure)| Reply::Broken { seq, failure }),
            (any::<u32>(), 0..256i32).prop_map(|(seq, code)| Reply::Exited {
                seq,
                status: Status::Exited(code),
                core: false
            }),
            (any::<u32>(), 1..65i32, any::<bool>()).prop_map(|(seq, signal, core)| Reply::Exited {
                seq,
                status: Status::Signalled(signal),
                core
            }),
            any::<u32>().prop_map(|seq| Reply::Exited {
                seq,
                status: Status::Unknown,
                core: false
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_request_comes_back_as_it_was(seq: u32, stdio: [bool; 3], others in 0..=MAX_OTHERS, payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            let request = Request { seq, stdio, others, payload: &payload };
            let packet = request.encode();
            prop_assert_eq!(Request::decode(&packet), Some(request));
        }

        #[test]
        fn a_reply_comes_back_as_it_was(reply in replies()) {
            let packet = reply.encode();
            prop_assert_eq!(Reply::decode(&packet), Some(reply));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(request) = Request::decode(&bytes) {
                prop_assert_eq!(request.encode(), bytes.clone());
                prop_assert!(request.descriptors() <= MAX_DESCRIPTORS);
            }
            if let Some(reply) = Reply::decode(&bytes) {
                prop_assert_eq!(reply.encode(), bytes);
            }
        }

        #[test]
        fn nothing_may_follow_a_reply_of_fixed_length(reply in replies(), more in 1..10usize) {
            let mut bytes = reply.encode();
            bytes.extend(std::iter::repeat_n(0, more));
            prop_assert!(matches!(Reply::decode(&bytes), None | Some(Reply::Told(_))));
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let payload = vec![0; MAX_PAYLOAD + 1];
        let with = |payload| {
            let request = Request {
                seq: 0,
                stdio: [false; 3],
                others: 0,
                payload,
            };
            Request::decode(&request.encode()).is_some()
        };
        assert!(!with(&payload));
        assert!(with(&payload[1..]));
        assert_eq!(Reply::decode(&Reply::Told(&payload).encode()), None);
    }
}
