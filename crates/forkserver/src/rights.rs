//! Packets with descriptors over a pair of Unix sockets, never waiting. A descriptor that does not arrive is never overlooked,
//! and one that arrives is close-on-exec and owned by somebody.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair, sockopt,
};

use crate::protocol::MAX_DESCRIPTORS;

/// A connected pair: what is sent at one end arrives whole at the other. Close-on-exec.
///
/// # Errors
/// `EMFILE`, `ENFILE`, `ENOBUFS`.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Whether `socket` is an end of such a pair.
#[must_use]
pub fn is_end(socket: BorrowedFd<'_>) -> bool {
    sockopt::socket_domain(socket).is_ok_and(|domain| domain == AddressFamily::UNIX)
        && sockopt::socket_type(socket).is_ok_and(|kind| kind == SocketType::SEQPACKET)
}

/// Sends one packet, whole or not at all.
///
/// # Errors
/// `EAGAIN` while there is no room, `EPIPE` or `ECONNRESET` if nobody is there, `EMSGSIZE`, `ETOOMANYREFS`, `EBADF` for a
/// descriptor that is not open.
pub fn send(socket: BorrowedFd<'_>, packet: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::MSGSIZE.into());
    }
    loop {
        let sent = sendmsg(
            socket,
            &[IoSlice::new(packet)],
            &mut ancillary,
            SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
        );
        match sent {
            // A packet socket sends all or nothing.
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What there was to receive.
#[derive(Debug)]
pub enum Received {
    /// A packet, its length in the buffer, and all descriptors that came with it.
    Packet(usize, Vec<OwnedFd>),
    /// The same, but descriptors were lost, because this process may have no more of them; those that came are closed.
    Short(usize),
    /// A packet that does not fit the buffer.
    TooLong,
    /// Nothing now.
    Nothing,
    /// Nobody is at the other end any more, and nothing is left to read.
    End,
}

/// Receives one packet, if there is one.
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `ENOMEM`.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Received> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = loop {
        let received = recvmsg(
            socket,
            &mut [IoSliceMut::new(buffer)],
            &mut ancillary,
            RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC,
        );
        match received {
            Ok(message) => break message,
            Err(Errno::AGAIN) => return Ok(Received::Nothing),
            // Told once, before what is left to read: the other end has closed with something unread.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let mut descriptors = Vec::new();
    for item in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = item {
            descriptors.extend(rights);
        }
    }
    Ok(if message.flags.contains(ReturnFlags::TRUNC) {
        Received::TooLong
    } else if message.flags.contains(ReturnFlags::CTRUNC) {
        Received::Short(message.bytes)
    } else if message.bytes == 0 {
        // An empty packet looks the same; nobody of ours sends one.
        Received::End
    } else {
        Received::Packet(message.bytes, descriptors)
    })
}

/// A descriptor for each that is borrowed, as `send` takes them.
pub fn borrowed(descriptors: &[OwnedFd]) -> Vec<BorrowedFd<'_>> {
    descriptors.iter().map(AsFd::as_fd).collect()
}
