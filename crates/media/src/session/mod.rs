//! All streams of one transport.

mod inbound;
mod outbound;
mod reporting;
mod rtcp;
mod schedule;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidewire_crypto::{KeyedState, Rng};
use tidewire_rtp::extension::ExtensionMap;
use tidewire_rtp::payload::Packetizer;

use crate::config::{Config, ReceiverConfig, SenderConfig};
use crate::estimator::BandwidthEstimator;
use crate::event::{Bounded, Event, Received};
use crate::feedback::{Arrivals, SentPackets};
use crate::ids::{EncodingId, ReceiverId, SenderId};
use crate::receive::Inbound;
use crate::send::{Outbound, Pacer, Stored};
use crate::stats::{InboundStats, OutboundStats, SessionStats};

pub use outbound::{FrameInfo, OutgoingPacket};
use schedule::Schedule;

/// The streams of one transport: what is received is put in order, repaired and put together; what is
/// sent is cut, paced, reported and sent again.
///
/// Packets go in with [`handle_rtp`](Self::handle_rtp) and [`handle_rtcp`](Self::handle_rtcp), and come
/// out of [`poll_rtp`](Self::poll_rtp) and [`poll_rtcp`](Self::poll_rtcp), all of them in the clear: what
/// protects them is the caller's. After each call drain [`poll_received`](Self::poll_received),
/// [`poll_event`](Self::poll_event), `poll_rtcp` and `poll_rtp`, and arm a timer with
/// [`poll_timeout`](Self::poll_timeout) that calls [`handle_timeout`](Self::handle_timeout).
#[derive(Debug)]
pub struct Session {
    config: Config,
    rng: Rng,
    estimator: Box<dyn BandwidthEstimator>,
    rtt: Option<Duration>,

    receivers: Vec<Option<Receiver>>,
    streams: Vec<Inbound>,
    /// Where packets of a stream go.
    routes: HashMap<u32, Route, KeyedState>,
    /// How all receivers together call header extensions.
    extensions: Arc<ExtensionMap>,
    arrivals: Arrivals,
    /// When the first of the streams wants something.
    stream_deadline: Option<Instant>,

    senders: Vec<Option<Sender>>,
    /// Which encodings packets and reports are about.
    encodings: HashMap<u32, EncodingId, KeyedState>,
    pacer: Pacer<Item>,
    sent: SentPackets,
    next_padding: Instant,

    /// Who reports when nothing is sent.
    report_ssrc: u32,
    schedule: Schedule,
    goodbyes: Vec<u32>,
    /// What receivers told of their time, for the answer.
    references: HashMap<u32, (u32, Instant), KeyedState>,

    events: Bounded<Event>,
    received: Bounded<Received>,
    stats: SessionStats,
    scratch: Scratch,
}

#[derive(Debug)]
struct Receiver {
    config: Arc<ReceiverConfig>,
}

#[derive(Debug)]
struct Sender {
    config: SenderConfig,
    packetizers: Vec<Packetizer>,
    streams: Vec<Outbound>,
}

/// What a number in an RTP header stands for.
#[derive(Clone, Copy, Debug)]
enum Route {
    /// A stream, by its place.
    Media(usize),
    /// Packets that repair the stream with this number.
    Repair(u32),
}

/// What waits in the pacer.
#[derive(Debug)]
enum Item {
    Media(EncodingId, Stored),
    Repair(EncodingId, u16),
}

impl Item {
    fn encoding(&self) -> EncodingId {
        match self {
            Self::Media(encoding, _) | Self::Repair(encoding, _) => *encoding,
        }
    }
}

/// Memory that is used again.
#[derive(Debug, Default)]
struct Scratch {
    ranges: Vec<(Range<usize>, bool)>,
    missing: Vec<u16>,
}

impl Session {
    /// Frames and packets that wait to be read; the oldest make room.
    pub const MAX_RECEIVED: usize = 2048;
    /// Events that wait to be read; the oldest make room.
    pub const MAX_EVENTS: usize = 256;

    /// A session without streams.
    pub fn new(
        config: Config,
        estimator: Box<dyn BandwidthEstimator>,
        mut rng: Rng,
        now: Instant,
    ) -> Self {
        Self {
            schedule: Schedule::new(now),
            arrivals: Arrivals::new(now),
            pacer: Pacer::new(now),
            next_padding: now,
            receivers: Vec::new(),
            streams: Vec::new(),
            routes: HashMap::with_hasher(KeyedState::new(&mut rng)),
            extensions: Arc::default(),
            stream_deadline: None,
            senders: Vec::new(),
            encodings: HashMap::with_hasher(KeyedState::new(&mut rng)),
            sent: SentPackets::default(),
            report_ssrc: rng.next_u32(),
            goodbyes: Vec::new(),
            references: HashMap::with_hasher(KeyedState::new(&mut rng)),
            events: Bounded::new(Self::MAX_EVENTS),
            received: Bounded::new(Self::MAX_RECEIVED),
            stats: SessionStats::default(),
            scratch: Scratch::default(),
            rtt: None,
            config,
            estimator,
            rng,
        }
    }

    /// Adds a receiver.
    pub fn add_receiver(&mut self, config: ReceiverConfig) -> ReceiverId {
        let id = ReceiverId(self.receivers.len() as u32);
        self.receivers.push(Some(Receiver {
            config: Arc::new(config),
        }));
        self.join_extensions();
        id
    }

    /// Applies what was negotiated anew. Streams go on.
    pub fn update_receiver(&mut self, now: Instant, id: ReceiverId, config: ReceiverConfig) {
        let config = Arc::new(config);
        if let Some(Some(receiver)) = self.receivers.get_mut(id.0 as usize) {
            receiver.config = Arc::clone(&config);
        }
        let streams = self.streams.iter_mut();
        for stream in streams.filter(|stream| stream.id.receiver == id) {
            stream.reconfigure(&config);
        }
        self.stream_deadline = self.stream_deadline.or(Some(now));
        self.join_extensions();
    }

    /// Removes a receiver with its streams.
    pub fn remove_receiver(&mut self, id: ReceiverId) {
        while let Some(at) = self
            .streams
            .iter()
            .position(|stream| stream.id.receiver == id)
        {
            self.remove_stream(at);
        }
        if let Some(receiver) = self.receivers.get_mut(id.0 as usize) {
            *receiver = None;
        }
        self.received.retain(|received| !received.is_of(id));
        self.join_extensions();
    }

    /// Adds a sender.
    pub fn add_sender(&mut self, config: SenderConfig) -> SenderId {
        let id = SenderId(self.senders.len() as u32);
        let encodings = config.encodings.iter();
        let streams: Vec<_> = encodings
            .map(|encoding| {
                let clock_rate = config.codec.clock_rate;
                Outbound::new(encoding.clone(), clock_rate, config.history, &mut self.rng)
            })
            .collect();
        for (index, stream) in streams.iter().enumerate() {
            let encoding = EncodingId { sender: id, index };
            self.encodings.insert(stream.encoding.ssrc, encoding);
        }
        self.senders.push(Some(Sender {
            packetizers: streams.iter().map(|_| config.packetizer()).collect(),
            streams,
            config,
        }));
        id
    }

    /// Applies what was negotiated or set anew. Streams that are still there go on; the others say
    /// goodbye.
    pub fn update_sender(&mut self, id: SenderId, config: SenderConfig) {
        let Some(Some(sender)) = self.senders.get_mut(id.0 as usize) else {
            return;
        };
        let mut old = std::mem::take(&mut sender.streams);
        let changed = sender.config.codec.format != config.codec.format;
        for (index, encoding) in config.encodings.iter().enumerate() {
            let same = |known: &Outbound| known.encoding.ssrc == encoding.ssrc;
            let stream = match old.iter().position(same) {
                Some(at) => {
                    let mut stream = old.swap_remove(at);
                    stream.encoding = encoding.clone();
                    stream.set_clock_rate(config.codec.clock_rate);
                    stream
                }
                None => Outbound::new(
                    encoding.clone(),
                    config.codec.clock_rate,
                    config.history,
                    &mut self.rng,
                ),
            };
            let encoding = EncodingId { sender: id, index };
            self.encodings.insert(stream.encoding.ssrc, encoding);
            sender.streams.push(stream);
        }
        if changed || sender.packetizers.len() != sender.streams.len() {
            let streams = sender.streams.iter();
            sender.packetizers = streams.map(|_| config.packetizer()).collect();
        }
        sender.config = config;
        for gone in old {
            self.encodings.remove(&gone.encoding.ssrc);
            self.goodbyes.push(gone.encoding.ssrc);
        }
    }

    /// Removes a sender: its streams say goodbye, and what waits of them is not sent.
    pub fn remove_sender(&mut self, id: SenderId) {
        let Some(sender) = self.senders.get_mut(id.0 as usize).and_then(Option::take) else {
            return;
        };
        for stream in sender.streams {
            self.encodings.remove(&stream.encoding.ssrc);
            if stream.stats.packets > 0 {
                self.goodbyes.push(stream.encoding.ssrc);
            }
        }
        self.pacer.retain(|item| item.encoding().sender != id);
    }

    /// What happened since the last call, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// The next frame or packet that was received.
    pub fn poll_received(&mut self) -> Option<Received> {
        self.received.pop()
    }

    /// Whether frames or packets wait to be read.
    pub fn has_received(&self) -> bool {
        !self.received.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is next to be called.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        [
            self.schedule.poll_timeout().filter(|_| self.has_streams()),
            self.stream_deadline,
            self.arrivals.poll_timeout(),
            self.pacer.poll_timeout(now),
            self.estimator.poll_timeout(),
            self.padding_timeout(now),
            (!self.goodbyes.is_empty()).then_some(now),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Fires the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.stream_deadline.is_some_and(|due| due <= now) {
            for stream in &mut self.streams {
                stream.handle_timeout(now, &mut self.received);
            }
        }
        if self.estimator.poll_timeout().is_some_and(|due| due <= now) {
            self.estimator.handle_timeout(now);
        }
    }

    /// Sets whether feedback may go without a report before it (RFC 5506): when the peer has agreed.
    pub fn set_reduced_size(&mut self, is_reduced: bool) {
        self.config.reduced_size = is_reduced;
    }

    /// Takes the round trip that something else has measured, until reports do.
    pub fn set_rtt_hint(&mut self, rtt: Duration) {
        self.rtt.get_or_insert(rtt);
    }

    /// What all encoders together should produce, in bits a second.
    pub fn target_bitrate(&self) -> u64 {
        self.estimator.target_bitrate()
    }

    /// What was seen apart from streams.
    pub fn stats(&self) -> SessionStats {
        SessionStats {
            unread: self.received.dropped(),
            pacer_overflow: self.pacer.dropped(),
            pacer_waiting: self.pacer.len(),
            rtt: self.rtt,
            ..self.stats
        }
    }

    /// What was seen of the streams that a receiver receives.
    pub fn receiver_stats(&self, id: ReceiverId) -> impl Iterator<Item = InboundStats> {
        let streams = self.streams.iter();
        let streams = streams.filter(move |stream| stream.id.receiver == id);
        streams.map(Inbound::stats)
    }

    /// What was seen of the streams that a sender sends.
    pub fn sender_stats(&self, id: SenderId) -> impl Iterator<Item = OutboundStats> {
        let sender = self.senders.get(id.0 as usize).and_then(Option::as_ref);
        let streams = sender.into_iter().flat_map(|sender| &sender.streams);
        streams.map(Outbound::stats)
    }

    fn rtt_or_default(&self) -> Duration {
        /// As long as nothing was measured.
        const DEFAULT: Duration = Duration::from_millis(100);
        self.rtt.unwrap_or(DEFAULT)
    }

    fn has_streams(&self) -> bool {
        !self.streams.is_empty() || self.outbounds().any(|stream| stream.stats.packets > 0)
    }

    fn outbounds(&self) -> impl Iterator<Item = &Outbound> {
        let senders = self.senders.iter().flatten();
        senders.flat_map(|sender| &sender.streams)
    }

    fn outbound_mut(&mut self, id: EncodingId) -> Option<&mut Outbound> {
        let sender = self.senders.get_mut(id.sender.0 as usize)?.as_mut()?;
        sender.streams.get_mut(id.index)
    }

    /// Counts what stands around the payload of a packet that was sent again.
    fn count_header(&mut self, id: EncodingId, len: usize) {
        if let Some(stream) = self.outbound_mut(id) {
            stream.stats.header_bytes += len as u64;
        }
    }

    /// A transport's sections agree on what a number stands for (RFC 9143 section 9.1).
    fn join_extensions(&mut self) {
        let mut joined = ExtensionMap::new();
        for receiver in self.receivers.iter().flatten() {
            for (id, kind) in receiver.config.extensions.iter() {
                joined.insert(id, kind);
            }
        }
        self.extensions = Arc::new(joined);
    }
}

impl SenderConfig {
    fn packetizer(&self) -> Packetizer {
        Packetizer::new(self.codec.format)
    }
}
