//! The host's hold on one template: requests go out, events come in, nothing waits, and nothing that the template says is
//! believed that does not fit what it was asked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;

use crate::pidfd::Pidfd;
use crate::protocol::{Failure, MAX_MESSAGE, MAX_OTHERS, MAX_PAYLOAD, Reply, Request, Step};
use crate::rights::{self, Received};
use crate::status::Status;

/// One fork that is asked for.
#[derive(Debug)]
pub struct Order<'a> {
    /// What tells it from all others.
    pub seq: u32,
    /// What the child gets as it is.
    pub payload: &'a [u8],
    /// The child's end of its lifeline.
    pub lifeline: BorrowedFd<'a>,
    /// What becomes 0, 1 and 2.
    pub stdio: [Option<BorrowedFd<'a>>; 3],
    /// What else it gets.
    pub others: &'a [BorrowedFd<'a>],
}

/// What a template tells.
#[derive(Debug)]
pub enum Event {
    /// Some bytes.
    Told(Vec<u8>),
    /// The child lives.
    Forked {
        /// The order's.
        seq: u32,
        /// The child.
        process: Pidfd,
    },
    /// There is no child, or none that outlives its lifeline.
    Failed {
        /// The order's.
        seq: u32,
        /// Why.
        failure: Failure,
    },
    /// The child has ended and was reaped.
    Exited {
        /// The order's.
        seq: u32,
        /// How.
        status: Status,
        /// Whether the kernel wrote a core file.
        core: bool,
        /// Why it ended before it had begun, if it did.
        failure: Option<Failure>,
    },
    /// The last one. With an errno: the socket failed, or (`EPROTO`) what was said on it is not in the protocol.
    Closed(Option<i32>),
}

/// What is known of an order.
#[derive(Debug, Default)]
struct Known {
    forked: bool,
    /// The child's handle was lost on its way, so that its user was told that it failed.
    lost: bool,
    broken: Option<Failure>,
}

/// Those that were asked for and have not failed or ended.
#[derive(Debug, Default)]
struct Orders(HashMap<u32, Known>);

/// The host's end of the control socket.
#[derive(Debug)]
pub struct Host {
    socket: Arc<OwnedFd>,
    orders: Orders,
    packet: Vec<u8>,
    closed: bool,
}

impl Host {
    /// A new one, and the template's end. Both close-on-exec.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOBUFS`.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        let (own, template) = rights::pair()?;
        let host = Self {
            socket: Arc::new(own),
            orders: Orders::default(),
            packet: vec![0; MAX_MESSAGE],
            closed: false,
        };
        Ok((host, template))
    }

    /// The host's end, to be watched.
    #[must_use]
    pub fn socket(&self) -> &Arc<OwnedFd> {
        &self.socket
    }

    /// Asks for a fork. The descriptors may be closed afterwards.
    ///
    /// # Errors
    /// `EINVAL` for a `seq` that is in use, `EMSGSIZE`, `EPIPE` once the template is gone, and what [`rights::send`] says.
    pub fn fork(&mut self, order: &Order<'_>) -> io::Result<()> {
        if order.payload.len() > MAX_PAYLOAD || order.others.len() > MAX_OTHERS {
            return Err(Errno::MSGSIZE.into());
        }
        if self.closed {
            return Err(Errno::PIPE.into());
        }
        let Entry::Vacant(entry) = self.orders.0.entry(order.seq) else {
            return Err(Errno::INVAL.into());
        };
        let request = Request {
            seq: order.seq,
            stdio: order.stdio.map(|given| given.is_some()),
            others: order.others.len(),
            payload: order.payload,
        };
        let mut descriptors = vec![order.lifeline];
        descriptors.extend(order.stdio.iter().flatten());
        descriptors.extend(order.others);
        rights::send(self.socket.as_fd(), &request.encode(), &descriptors).map_err(|error| {
            if error.raw_os_error() == Some(libc::ECONNRESET) {
                Errno::PIPE.into()
            } else {
                error
            }
        })?;
        entry.insert(Known::default());
        Ok(())
    }

    /// What the template has told, at most `most` events. Nothing comes after [`Event::Closed`].
    pub fn receive(&mut self, most: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while !self.closed && events.len() < most {
            let understood = match rights::receive(self.socket.as_fd(), &mut self.packet) {
                Ok(Received::Nothing) => break,
                // Memory, for the moment.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOMEM | libc::ENOBUFS)) => break,
                Ok(Received::Packet(length, descriptors)) => {
                    self.orders.understand(&self.packet[..length], descriptors, false)
                }
                Ok(Received::Short(length)) => self.orders.understand(&self.packet[..length], Vec::new(), true),
                Ok(Received::TooLong) => Err(Some(libc::EPROTO)),
                Ok(Received::End) => Err(None),
                Err(error) => Err(error.raw_os_error()),
            };
            match understood {
                Ok(event) => events.extend(event),
                Err(why) => {
                    self.closed = true;
                    events.push(Event::Closed(why));
                }
            }
        }
        events
    }
}

impl Orders {
    /// What a packet tells, if it tells anything new. The error is that of the last event.
    fn understand(
        &mut self,
        packet: &[u8],
        mut descriptors: Vec<OwnedFd>,
        short: bool,
    ) -> Result<Option<Event>, Option<i32>> {
        let senseless = Some(libc::EPROTO);
        let reply = Reply::decode(packet).ok_or(senseless)?;
        let expected = usize::from(matches!(reply, Reply::Forked { .. }));
        if descriptors.len() != expected && !(short && expected == 1) {
            return Err(senseless);
        }
        Ok(Some(match reply {
            Reply::Told(payload) => Event::Told(payload.to_vec()),
            Reply::Forked { seq, pid } => {
                let known = self.0.get_mut(&seq).filter(|known| !known.forked);
                let known = known.ok_or(senseless)?;
                known.forked = true;
                match descriptors.pop() {
                    Some(process) => Event::Forked {
                        seq,
                        process: Pidfd::adopt(process, pid).ok_or(senseless)?,
                    },
                    None => {
                        known.lost = true;
                        Event::Failed {
                            seq,
                            failure: Failure {
                                step: Step::Receive,
                                errno: libc::EMFILE,
                            },
                        }
                    }
                }
            }
            Reply::Failed { seq, failure } => {
                let known = self.0.remove(&seq).filter(|known| !known.forked);
                known.ok_or(senseless)?;
                Event::Failed { seq, failure }
            }
            Reply::Exited { seq, status, core } => {
                let known = self.0.remove(&seq).filter(|known| known.forked);
                let known = known.ok_or(senseless)?;
                if known.lost {
                    return Ok(None);
                }
                Event::Exited {
                    seq,
                    status,
                    core,
                    failure: known.broken,
                }
            }
            Reply::Broken { seq, failure } => {
                self.0.get_mut(&seq).ok_or(senseless)?.broken = Some(failure);
                return Ok(None);
            }
        }))
    }
}
