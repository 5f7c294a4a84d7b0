//! Two sessions in memory, with links between them that do what a network does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_crypto::Rng;
use tidewire_media::{
    Codec, Config, Delivery, Encoding, EncodingId, Event, Feedback, FixedRate, Media, MediaKind,
    Received, ReceivedFrame, ReceiverConfig, ReceiverId, SenderConfig, SenderId, SequenceExtender,
    Session, SignaledStream, WallClock,
};
use tidewire_netsim::{Link, LinkConfig};
use tidewire_rtp::extension::{ExtensionKind, ExtensionMap};
use tidewire_rtp::payload::Format;
use tidewire_rtp::{NtpTime, Packet, is_rtcp};

/// When the simulations begin, by the wall clock.
pub(crate) const WALL: NtpTime = NtpTime(0xe800_0000_0000_0000);

/// The numbers of header extensions, the same both ways.
pub(crate) fn extensions() -> Arc<ExtensionMap> {
    let mut map = ExtensionMap::new();
    let kinds = [
        ExtensionKind::Mid,
        ExtensionKind::Rid,
        ExtensionKind::RepairedRid,
        ExtensionKind::AbsSendTime,
        ExtensionKind::TransportSequenceNumber,
        ExtensionKind::AudioLevel,
        ExtensionKind::VideoOrientation,
    ];
    for (id, kind) in (1..).zip(kinds) {
        map.insert(id, kind);
    }
    Arc::new(map)
}

pub(crate) fn codec(format: Format, kind: MediaKind) -> Codec {
    Codec {
        payload_type: 96,
        format,
        clock_rate: match kind {
            MediaKind::Audio => 48_000,
            MediaKind::Video => 90_000,
        },
        rtx_payload_type: Some(97),
        feedback: Feedback {
            nack: true,
            picture_loss: true,
            transport_wide: true,
            ..Feedback::default()
        },
    }
}

pub(crate) fn receiver(mid: &str, kind: MediaKind, codec: Codec) -> ReceiverConfig {
    ReceiverConfig {
        mid: mid.to_owned(),
        kind,
        codecs: vec![codec],
        extensions: extensions(),
        delivery: Delivery::Frames,
        max_wait: None,
        streams: Vec::new(),
    }
}

pub(crate) fn sender(mid: &str, kind: MediaKind, codec: Codec, ssrc: u32) -> SenderConfig {
    SenderConfig {
        mid: mid.to_owned(),
        kind,
        codec,
        extensions: extensions(),
        mixed_extensions: true,
        encodings: vec![Encoding {
            ssrc,
            rtx_ssrc: Some(ssrc + 1),
            rid: None,
            is_active: true,
        }],
        history: SenderConfig::DEFAULT_HISTORY,
    }
}

/// The stream that [`sender`] sends, as signalling would name it.
pub(crate) fn signaled(ssrc: u32) -> SignaledStream {
    SignaledStream {
        ssrc,
        rtx_ssrc: Some(ssrc + 1),
    }
}

/// One end.
pub(crate) struct Peer {
    pub(crate) session: Session,
    pub(crate) frames: Vec<(u32, ReceivedFrame)>,
    pub(crate) others: Vec<Received>,
    pub(crate) events: Vec<Event>,
    extenders: BTreeMap<u32, SequenceExtender>,
}

impl Peer {
    pub(crate) fn new(now: Instant, seed: u64, estimator: FixedRate) -> Self {
        let wall_clock = WallClock {
            instant: now,
            time: WALL,
        };
        let config = Config::new(wall_clock, format!("peer{seed}"));
        Self {
            session: Session::new(config, Box::new(estimator), Rng::from_u64(seed), now),
            frames: Vec::new(),
            others: Vec::new(),
            events: Vec::new(),
            extenders: BTreeMap::new(),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, packet: Vec<u8>) {
        if is_rtcp(&packet) {
            self.session.handle_rtcp(now, &packet);
        } else if let Ok(parsed) = Packet::parse(&packet) {
            let extender = self.extenders.entry(parsed.ssrc()).or_default();
            let sequence = extender.extend(parsed.sequence_number());
            self.session.handle_rtp(now, sequence, Bytes::from(packet));
        }
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(received) = self.session.poll_received() {
            match received.media {
                Media::Frame(frame) => self.frames.push((received.stream.ssrc, frame)),
                _ => self.others.push(received),
            }
        }
        self.events
            .extend(std::iter::from_fn(|| self.session.poll_event()));
    }
}

/// Two ends and what is between them.
pub(crate) struct Call {
    pub(crate) now: Instant,
    pub(crate) alice: Peer,
    pub(crate) bob: Peer,
    to_bob: Link,
    to_alice: Link,
    /// Every packet on its way to Bob is shown to it, and dropped unless it agrees.
    pub(crate) filter: fn(&[u8]) -> bool,
}

impl Call {
    pub(crate) fn new(link: &LinkConfig, seed: u64) -> Self {
        Self::with_rate(link, seed, FixedRate::default())
    }

    pub(crate) fn with_rate(link: &LinkConfig, seed: u64, rate: FixedRate) -> Self {
        let now = tidewire_netsim::start();
        Self {
            now,
            alice: Peer::new(now, 2 * seed, rate),
            bob: Peer::new(now, 2 * seed + 1, rate),
            to_bob: Link::new(link.clone(), 2 * seed),
            to_alice: Link::new(link.clone(), 2 * seed + 1),
            filter: |_| true,
        }
    }

    /// Alice sends to Bob.
    pub(crate) fn connect(
        &mut self,
        format: Format,
        kind: MediaKind,
        ssrc: u32,
    ) -> (SenderId, ReceiverId) {
        let codec = codec(format, kind);
        let sender = sender("0", kind, codec, ssrc);
        let receiver = ReceiverConfig {
            streams: vec![signaled(ssrc)],
            ..receiver("0", kind, codec)
        };
        (
            self.alice.session.add_sender(sender),
            self.bob.session.add_receiver(receiver),
        )
    }

    /// Lets time pass until `end`.
    pub(crate) fn run_until(&mut self, end: Instant) {
        loop {
            self.exchange();
            if self.now >= end {
                return;
            }
            let next = [
                self.alice.session.poll_timeout(self.now),
                self.bob.session.poll_timeout(self.now),
                self.to_alice.poll_timeout(),
                self.to_bob.poll_timeout(),
            ];
            let next = next.into_iter().flatten().min().unwrap_or(end);
            // A timer that is due for ever would stop time.
            self.now = next.max(self.now + Duration::from_micros(10)).min(end);
            self.alice.session.handle_timeout(self.now);
            self.bob.session.handle_timeout(self.now);
            self.alice.collect();
            self.bob.collect();
        }
    }

    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    fn exchange(&mut self) {
        let (now, filter) = (self.now, self.filter);
        send_all(now, &mut self.alice, &mut self.to_bob, filter);
        send_all(now, &mut self.bob, &mut self.to_alice, |_| true);
        while let Some(packet) = self.to_bob.receive(now) {
            self.bob.handle(now, packet);
        }
        while let Some(packet) = self.to_alice.receive(now) {
            self.alice.handle(now, packet);
        }
    }
}

fn send_all(now: Instant, peer: &mut Peer, link: &mut Link, filter: fn(&[u8]) -> bool) {
    let mut packet = Vec::new();
    while peer.session.poll_rtcp(now, &mut packet) || peer.session.poll_rtp(now, &mut packet) {
        assert!(packet.len() <= 1200, "{}", packet.len());
        let sent = std::mem::take(&mut packet);
        if filter(&sent) {
            link.send(now, sent);
        }
    }
}

/// The only encoding of a sender.
pub(crate) fn only(sender: SenderId) -> EncodingId {
    EncodingId { sender, index: 0 }
}
