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
const KNOWN_FLAGS: u8 = 3;

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
                let overtakes = matches!(header.kind, CREDIT | STOP | CANCEL | CANCEL_ACK | TIMER)
                    && !inbox.contexts.contains(&header.context);
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
