//! The frame channel of a JavaScript actor, as far as native code reads it: headers, and the fixed bodies of Timer, Credit and
//! Log. Both directions are bounded, control goes before data, and nothing that a guest sends is decoded any further here.
//! The format is that of `ts/protocol/frame.ts`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult};

use crate::clean::clean;
use crate::events::{ACTOR_BYTES, ACTOR_FRAMES, Events, Share, What};
use crate::failure::{Code, Failure, Stop};
use crate::meter::Meter;
use crate::store::State;

/// Bytes of a header: u32 length, u8 type, u8 flags, u32 context, little endian.
const HEADER: usize = 10;
const MAX_PAYLOAD: usize = 64 << 10;
const MORE: u8 = 1;
const KNOWN_FLAGS: u8 = 7;

const START: u8 = 4;
const CREDIT: u8 = 8;
const STOP: u8 = 9;
const RETURN: u8 = 10;
const ERROR: u8 = 11;
const CANCEL: u8 = 12;
const CANCEL_ACK: u8 = 13;
const LOG: u8 = 16;
const TIMER: u8 = 17;

/// The window of calls: see `ts/protocol/credit.ts`.
const WINDOW_MESSAGES: u32 = 256;
const WINDOW_BYTES: u64 = 1 << 20;

/// Bytes of one stream item in either direction: what the channel hands out at once, twice over.
const MAX_ITEM: usize = 256 << 10;
/// Items taken from a guest at once; each may have the full size.
const ITEMS_AT_ONCE: usize = 4;
/// The owner hears of it when an inbox has been over the first and comes below the second.
const INBOX_HIGH: usize = 128 << 10;
const INBOX_LOW: usize = 64 << 10;

/// A timer that takes away the one before.
const NO_TIMER: u32 = u32::MAX;

/// Log lines that may come at once, and how many more every second; the rest is counted and told.
const LOG_BURST: f64 = 200.0;
const LOG_RATE: f64 = 100.0;
/// Bytes of a log line.
const LOG_LINE: usize = 16 << 10;

#[derive(Clone, Copy)]
struct Header {
    length: usize,
    kind: u8,
    flags: u8,
    context: u32,
}

impl Header {
    /// The frame at the beginning of `bytes`, which must be there as a whole.
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some(head) = bytes.first_chunk::<HEADER>() else {
            return Err("an item that ends within a frame");
        };
        let header = Self {
            length: u32_at(head, 0) as usize,
            kind: head[4],
            flags: head[5],
            context: u32_at(head, 6),
        };
        if header.length > MAX_PAYLOAD {
            return Err("a frame that is longer than 64 KiB");
        }
        if header.kind == 0 || header.kind > TIMER {
            return Err("a frame of unknown type");
        }
        if header.flags & !KNOWN_FLAGS != 0 {
            return Err("a frame with unknown flags");
        }
        if bytes.len() < HEADER + header.length {
            return Err("an item that ends within a frame");
        }
        Ok(header)
    }

    fn size(self) -> usize {
        HEADER + self.length
    }

    fn is_last(self) -> bool {
        self.flags & MORE == 0
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// What both directions of one channel share.
pub(crate) struct Link {
    actor: u32,
    events: Events,
    meter: Arc<Meter>,
    inbox: Mutex<Inbox>,
    calls: Mutex<Calls>,
    /// The guest has closed its direction.
    over: AtomicBool,
    over_waker: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct Inbox {
    /// Control frames that overtake.
    control: Vec<u8>,
    data: VecDeque<Chunk>,
    /// Contexts of which data waits: their control frames wait behind it.
    contexts: HashSet<u32>,
    bytes: usize,
    full: bool,
    closed: bool,
    waker: Option<Waker>,
}

struct Chunk {
    bytes: Vec<u8>,
    /// Calls that begin in it.
    starts: Vec<u32>,
}

/// The calls that run in the guest, and its credit for their answers.
#[derive(Default)]
struct Calls {
    running: HashSet<u32>,
    messages: u32,
    bytes: u64,
}

impl Link {
    pub(crate) fn new(actor: u32, events: Events, meter: Arc<Meter>) -> Self {
        Self {
            actor,
            events,
            meter,
            inbox: Mutex::default(),
            calls: Mutex::default(),
            over: AtomicBool::new(false),
            over_waker: Mutex::default(),
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whole frames of the owner's. Returns how many bytes wait now.
    pub(crate) fn send(&self, frames: &[u8]) -> usize {
        let mut chunk = Chunk {
            bytes: Vec::with_capacity(frames.len()),
            starts: Vec::new(),
        };
        let mut rest = frames;
        let (waiting, waker) = {
            let mut inbox = self.inbox();
            while !rest.is_empty() {
                let Ok(header) = Header::read(rest) else { break };
                let (frame, after) = rest.split_at(header.size());
                rest = after;
                if header.kind == CREDIT && header.context == 0 && header.length == 8 {
                    self.granted(u32_at(frame, HEADER), u32_at(frame, HEADER + 4));
                }
                // The cancel of the whole actor keeps its place: what was asked before it is begun before it, as in a process.
                let overtakes = matches!(header.kind, CREDIT | TIMER)
                    || (matches!(header.kind, STOP | CANCEL | CANCEL_ACK)
                        && header.context != 0
                        && !inbox.contexts.contains(&header.context));
                if overtakes {
                    inbox.control.extend_from_slice(frame);
                } else {
                    if header.kind == START && header.is_last() {
                        chunk.starts.push(header.context);
                    }
                    inbox.contexts.insert(header.context);
                    chunk.bytes.extend_from_slice(frame);
                }
            }
            inbox.bytes += frames.len() - rest.len();
            if !chunk.bytes.is_empty() {
                inbox.data.push_back(chunk);
            }
            inbox.full |= inbox.bytes > INBOX_HIGH;
            (inbox.bytes, inbox.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        waiting
    }

    /// The guest's timer is due.
    pub(crate) fn timer(&self, id: u32) {
        let mut frame = [0; HEADER + 8];
        frame[0] = 8;
        frame[4] = TIMER;
        frame[HEADER..HEADER + 4].copy_from_slice(&id.to_le_bytes());
        self.send(&frame);
    }

    /// Nothing more will be sent.
    pub(crate) fn close(&self) {
        let waker = {
            let mut inbox = self.inbox();
            inbox.closed = true;
            inbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Settles when the guest has closed its direction.
    pub(crate) async fn over(&self) {
        std::future::poll_fn(|cx| {
            if self.over.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            *self.over_waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            if self.over.load(Ordering::Acquire) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// The next item for the guest.
    fn take(&self, cx: &Context<'_>) -> Option<Vec<u8>> {
        let (item, starts, drained) = {
            let mut inbox = self.inbox();
            let mut item = std::mem::take(&mut inbox.control);
            let mut starts = Vec::new();
            while let Some(chunk) = inbox.data.front() {
                if !item.is_empty() && item.len() + chunk.bytes.len() > MAX_ITEM {
                    break;
                }
                let Some(chunk) = inbox.data.pop_front() else { break };
                if item.is_empty() {
                    item = chunk.bytes;
                } else {
                    item.extend_from_slice(&chunk.bytes);
                }
                starts.extend(chunk.starts);
            }
            if inbox.data.is_empty() {
                inbox.contexts.clear();
            }
            if item.is_empty() {
                inbox.waker = Some(cx.waker().clone());
                return None;
            }
            inbox.bytes -= item.len();
            let drained = inbox.full && inbox.bytes <= INBOX_LOW;
            inbox.full &= !drained;
            (item, starts, drained.then_some(inbox.bytes))
        };
        let mut calls = self.calls();
        let before = u32::try_from(calls.running.len()).unwrap_or(u32::MAX);
        let began = u32::try_from(starts.len()).unwrap_or(u32::MAX);
        calls.running.extend(starts);
        drop(calls);
        if began > 0 {
            self.meter.calls_began(began, before);
        } else if before == 0 {
            self.meter.woken_idle();
        }
        if let Some(bytes) = drained {
            self.events.push(self.actor, What::Drained(bytes));
        }
        Some(item)
    }

    /// The owner has consumed so much of what the guest sent.
    fn granted(&self, messages: u32, bytes: u32) {
        let mut calls = self.calls();
        calls.messages = calls.messages.saturating_sub(messages);
        calls.bytes = calls.bytes.saturating_sub(bytes.into());
    }
}

/// The guest's inbox, as it reads it.
pub(crate) struct ToGuest(pub(crate) Arc<Link>);

impl StreamProducer<State> for ToGuest {
    type Item = Vec<u8>;
    type Buffer = Option<Vec<u8>>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, Vec<u8>, Option<Vec<u8>>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if let Some(item) = self.0.take(cx) {
            destination.set_buffer(Some(item));
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        if self.0.inbox().closed {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        if finish {
            Poll::Ready(Ok(StreamResult::Cancelled))
        } else {
            Poll::Pending
        }
    }
}

/// What the guest sends, on its way to the owner.
pub(crate) struct FromGuest {
    link: Arc<Link>,
    share: Arc<Share>,
    /// Bytes of messages of which a part has come, by context.
    begun: HashMap<u32, u64>,
    log: LogLimit,
}

struct LogLimit {
    tokens: f64,
    at: Instant,
    dropped: u64,
}

impl FromGuest {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            share: Arc::default(),
            begun: HashMap::new(),
            log: LogLimit {
                tokens: LOG_BURST,
                at: Instant::now(),
                dropped: 0,
            },
        }
    }

    /// Serves what is native code's business, and passes the rest on.
    fn item(&mut self, item: Vec<u8>) -> Result<(), &'static str> {
        if item.len() > MAX_ITEM {
            return Err("an item of more than 256 KiB");
        }
        // Most items are passed on whole, and so without a copy.
        let mut kept: Option<Vec<u8>> = None;
        let mut frames = 0;
        let mut at = 0;
        while at < item.len() {
            let header = Header::read(&item[at..])?;
            let end = at + header.size();
            let payload = &item[at + HEADER..end];
            if self.frame(header, payload)? {
                frames += 1;
                if let Some(kept) = &mut kept {
                    kept.extend_from_slice(&item[at..end]);
                }
                if frames >= ACTOR_FRAMES / 2 {
                    let part = match kept.take() {
                        Some(part) => part,
                        None => item[..end].to_vec(),
                    };
                    self.pass(part, frames);
                    kept = Some(Vec::new());
                    frames = 0;
                }
            } else if kept.is_none() {
                kept = Some(item[..at].to_vec());
            }
            at = end;
        }
        if frames > 0 {
            self.pass(kept.unwrap_or(item), frames);
        }
        Ok(())
    }

    fn pass(&self, bytes: Vec<u8>, frames: usize) {
        self.link
            .events
            .push_frames(self.link.actor, bytes, frames, &self.share);
    }

    /// Whether the frame is for the owner.
    fn frame(&mut self, header: Header, payload: &[u8]) -> Result<bool, &'static str> {
        match header.kind {
            TIMER => {
                if header.length != 8 || header.context != 0 || !header.is_last() {
                    return Err("a Timer of the wrong shape");
                }
                let (id, ms) = (u32_at(payload, 0), u32_at(payload, 4));
                let timer = (ms != NO_TIMER).then(|| (Duration::from_millis(ms.into()), id));
                self.link.meter.set_timer(timer);
                return Ok(false);
            }
            LOG => {
                let Some((&level, text)) = payload.split_first() else {
                    return Err("a Log without a level");
                };
                if header.context != 0 || !header.is_last() {
                    return Err("a Log of the wrong shape");
                }
                self.log(level, text);
                return Ok(false);
            }
            CREDIT if header.length != 8 => return Err("a Credit of the wrong shape"),
            RETURN | ERROR if header.context != 0 => self.charge(header)?,
            CANCEL_ACK if header.context != 0 => self.ended(header.context),
            _ => {}
        }
        Ok(true)
    }

    /// Answers are under credit: a guest that does not keep to it is ended.
    fn charge(&mut self, header: Header) -> Result<(), &'static str> {
        let whole = self.begun.remove(&header.context).unwrap_or(0) + header.length as u64;
        if !header.is_last() {
            self.begun.insert(header.context, whole);
            return Ok(());
        }
        {
            let mut calls = self.link.calls();
            if calls.messages >= WINDOW_MESSAGES || calls.bytes > WINDOW_BYTES {
                return Err("more answers than its credit allows");
            }
            calls.messages += 1;
            calls.bytes += whole;
        }
        self.ended(header.context);
        Ok(())
    }

    fn ended(&self, context: u32) {
        let mut calls = self.link.calls();
        if calls.running.remove(&context) {
            let running = u32::try_from(calls.running.len()).unwrap_or(u32::MAX);
            drop(calls);
            self.link.meter.call_ended(running);
        }
    }

    fn log(&mut self, level: u8, text: &[u8]) {
        let log = &mut self.log;
        let now = Instant::now();
        log.tokens = LOG_BURST.min(log.tokens + (now - log.at).as_secs_f64() * LOG_RATE);
        log.at = now;
        if log.tokens < 1.0 {
            log.dropped += 1;
            return;
        }
        log.tokens -= 1.0;
        self.tell_dropped();
        let text = clean(&String::from_utf8_lossy(text), LOG_LINE);
        self.link.events.push(self.link.actor, What::Log(level, text));
    }

    fn tell_dropped(&mut self) {
        let dropped = std::mem::take(&mut self.log.dropped);
        if dropped > 0 {
            const WARN: u8 = 2;
            let text = format!("{dropped} log lines were dropped: an actor may write {LOG_RATE} a second");
            self.link.events.push(self.link.actor, What::Log(WARN, text));
        }
    }
}

impl Drop for FromGuest {
    fn drop(&mut self) {
        self.tell_dropped();
        self.link.over.store(true, Ordering::Release);
        let waker = self
            .link
            .over_waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl StreamConsumer<State> for FromGuest {
    type Item = Vec<u8>;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'_, State>,
        mut source: Source<'_, Vec<u8>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if !self.link.events.has_room(&self.share, cx.waker()) {
            return if finish {
                Poll::Ready(Ok(StreamResult::Cancelled))
            } else {
                Poll::Pending
            };
        }
        let count = source.remaining(&mut store).min(ITEMS_AT_ONCE);
        let mut items = Vec::with_capacity(count);
        if count > 0 {
            source.read(&mut store, &mut items)?;
        }
        for item in items {
            if let Err(why) = self.item(item) {
                let why = format!("it sent {why}");
                self.link.meter.stop(Failure::new(Code::Breach, &why));
                return Poll::Ready(Err(Stop::new(Code::Breach, why).into()));
            }
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

const _: () = assert!(ITEMS_AT_ONCE * MAX_ITEM <= 4 * ACTOR_BYTES);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Event;
    use crate::limits::Limits;

    fn frame(kind: u8, flags: u8, context: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        bytes.push(kind);
        bytes.push(flags);
        bytes.extend(context.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    fn link() -> (Arc<Link>, Events) {
        let events = Events::new(|| {});
        let meter = Arc::new(Meter::new(Limits::default()));
        (Arc::new(Link::new(7, events.clone(), meter)), events)
    }

    fn take(link: &Link) -> Option<Vec<u8>> {
        link.take(&Context::from_waker(Waker::noop()))
    }

    fn drained(events: &Events) -> Vec<What> {
        events
            .drain(usize::MAX, usize::MAX)
            .into_iter()
            .map(|Event { what, .. }| what)
            .collect()
    }

    #[test]
    fn what_waits_for_a_guest_goes_as_one_item_with_control_first() {
        let (link, _) = link();
        let data = [frame(START, 0, 1, b"a"), frame(START, 0, 3, b"b")].concat();
        let _ = link.send(&data);
        let _ = link.send(&frame(CANCEL, 0, 7, b"c"));
        assert_eq!(take(&link), Some([frame(CANCEL, 0, 7, b"c"), data].concat()));
        assert_eq!(take(&link), None);
    }

    #[test]
    fn a_control_frame_does_not_overtake_the_data_of_its_own_context() {
        let (link, _) = link();
        let _ = link.send(&frame(START, 0, 5, b"a"));
        let _ = link.send(&frame(CANCEL, 0, 5, b""));
        assert_eq!(
            take(&link),
            Some([frame(START, 0, 5, b"a"), frame(CANCEL, 0, 5, b"")].concat())
        );
    }

    #[test]
    fn the_cancel_of_the_actor_overtakes_nothing() {
        let (link, _) = link();
        let _ = link.send(&frame(START, 0, 5, b"a"));
        let _ = link.send(&frame(CANCEL, 0, 0, b""));
        assert_eq!(
            take(&link),
            Some([frame(START, 0, 5, b"a"), frame(CANCEL, 0, 0, b"")].concat())
        );
    }

    #[test]
    fn an_inbox_that_was_full_tells_when_there_is_room_again() {
        let (link, events) = link();
        let big = frame(START, 0, 1, &[0; 60_000]);
        let mut waiting = 0;
        for _ in 0..4 {
            waiting = link.send(&big);
        }
        assert!(waiting > INBOX_HIGH);
        assert!(take(&link).is_some());
        assert!(matches!(drained(&events)[..], [What::Drained(0)]));
    }

    #[test]
    fn an_item_for_a_guest_has_256_kib_at_most() {
        let (link, _) = link();
        for _ in 0..6 {
            let _ = link.send(&frame(START, 0, 1, &[0; 60_000]));
        }
        assert_eq!(take(&link).map(|item| item.len()), Some(4 * 60_010));
        assert_eq!(take(&link).map(|item| item.len()), Some(2 * 60_010));
    }

    #[test]
    fn frames_for_the_owner_pass_and_those_for_native_code_do_not() {
        let (link, events) = link();
        let mut from = FromGuest::new(Arc::clone(&link));
        let timer = frame(TIMER, 0, 0, &[1, 0, 0, 0, 100, 0, 0, 0]);
        let log = frame(LOG, 0, 0, b"\x03hello \x1b[31mred");
        let item = [frame(1, 0, 0, b"hello"), timer, log, frame(3, 0, 0, b"ready")].concat();
        assert_eq!(from.item(item), Ok(()));
        let told = drained(&events);
        assert!(
            matches!(&told[..], [What::Log(3, text), What::Bytes(bytes)]
            if text == "hello red" && *bytes == [frame(1, 0, 0, b"hello"), frame(3, 0, 0, b"ready")].concat()),
            "{told:?}"
        );
    }

    #[test]
    fn what_is_no_frame_is_a_breach() {
        let (link, _) = link();
        let mut from = FromGuest::new(Arc::clone(&link));
        let wrong = [
            (vec![1, 2, 3], "an item that ends within a frame"),
            (
                frame(RETURN, 0, 1, b"abc")[..11].to_vec(),
                "an item that ends within a frame",
            ),
            (frame(0, 0, 1, b""), "a frame of unknown type"),
            (frame(18, 0, 1, b""), "a frame of unknown type"),
            (frame(RETURN, 8, 1, b""), "a frame with unknown flags"),
            (
                frame(RETURN, 0, 1, &[0; MAX_PAYLOAD + 1]),
                "a frame that is longer than 64 KiB",
            ),
            (frame(TIMER, 0, 0, b"1234567"), "a Timer of the wrong shape"),
            (frame(LOG, 0, 0, b""), "a Log without a level"),
            (frame(LOG, MORE, 0, b"\x03a"), "a Log of the wrong shape"),
            (frame(CREDIT, 0, 0, b"1"), "a Credit of the wrong shape"),
            (vec![0; MAX_ITEM + 1], "an item of more than 256 KiB"),
        ];
        for (item, why) in wrong {
            assert_eq!(from.item(item), Err(why));
        }
    }

    #[test]
    fn answers_beyond_the_credit_are_a_breach_and_credit_makes_room_for_more() {
        let (link, _) = link();
        let mut from = FromGuest::new(Arc::clone(&link));
        let answers =
            |from: &mut FromGuest, count: u32| (0..count).try_for_each(|_| from.item(frame(RETURN, 0, 1, b"x")));
        assert_eq!(answers(&mut from, WINDOW_MESSAGES), Ok(()));
        let mut grant = WINDOW_MESSAGES.to_le_bytes().to_vec();
        grant.extend(WINDOW_MESSAGES.to_le_bytes());
        let _ = link.send(&frame(CREDIT, 0, 0, &grant));
        assert_eq!(answers(&mut from, WINDOW_MESSAGES), Ok(()));
        assert_eq!(answers(&mut from, 1), Err("more answers than its credit allows"));
    }

    #[test]
    fn a_flood_of_log_lines_is_cut_and_counted() {
        let (link, events) = link();
        let mut from = FromGuest::new(Arc::clone(&link));
        for _ in 0..1_000 {
            assert_eq!(from.item(frame(LOG, 0, 0, b"\x03flood")), Ok(()));
        }
        drop(from);
        let told = drained(&events);
        assert!(told.len() < 300, "{}", told.len());
        assert!(
            matches!(told.last(), Some(What::Log(2, text)) if text.contains("log lines were dropped")),
            "{:?}",
            told.last()
        );
    }

    #[test]
    fn many_small_frames_of_one_item_reach_the_owner_in_parts() {
        let (link, events) = link();
        let mut from = FromGuest::new(Arc::clone(&link));
        let item: Vec<u8> = (0..2_000).flat_map(|_| frame(7, 0, 1, b"")).collect();
        assert_eq!(from.item(item.clone()), Ok(()));
        let parts: Vec<Vec<u8>> = drained(&events)
            .into_iter()
            .filter_map(|what| match what {
                What::Bytes(bytes) => Some(bytes),
                _ => None,
            })
            .collect();
        assert_eq!(parts.concat(), item);
        assert!(parts.len() >= 4, "{}", parts.len());
    }
}
