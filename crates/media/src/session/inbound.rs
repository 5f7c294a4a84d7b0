//! Received RTP packets: which stream they belong to.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tidewire_rtp::Packet;
use tidewire_rtp::extension::{Extension, ExtensionKind, TransportSequenceNumber};

use super::{Route, Session};
use crate::config::{Codec, ReceiverConfig};
use crate::event::{Event, ReceivedPacket};
use crate::extensions::Extensions;
use crate::ids::{ReceiverId, StreamId};
use crate::receive::{Inbound, InboundPacket};

/// What header extensions tell about where a packet belongs and how it came.
#[derive(Clone, Copy, Debug, Default)]
struct Names<'a> {
    mid: Option<&'a [u8]>,
    rid: Option<&'a [u8]>,
    repaired_rid: Option<&'a [u8]>,
    transport_sequence: Option<u16>,
}

/// Where an unknown stream belongs.
struct Place {
    receiver: ReceiverId,
    config: Arc<ReceiverConfig>,
    rid: Option<Arc<str>>,
    repaired_rid: Option<Arc<str>>,
}

impl Session {
    /// Streams of a receiver at once. The one that was silent for longest makes room.
    pub const MAX_STREAMS: usize = 16;

    /// Takes an RTP packet that arrived at `now`, in the clear. `sequence` is its sequence number,
    /// extended by how often it has rolled over: SRTP knows it; [`SequenceExtender`] tells it
    /// otherwise.
    ///
    /// What belongs to no receiver is dropped and counted.
    ///
    /// [`SequenceExtender`]: crate::SequenceExtender
    pub fn handle_rtp(&mut self, now: Instant, sequence: u64, bytes: Bytes) {
        let Ok(parsed) = Packet::parse(&bytes) else {
            self.stats.rtp_malformed += 1;
            return;
        };
        let names = self.names(&parsed);
        let header = parsed.header();
        if let Some(number) = names.transport_sequence {
            self.arrivals.handle_packet(now, number, header.ssrc);
        }
        let Some(route) = self.route(now, header.ssrc, header.payload_type, &names) else {
            self.stats.rtp_unknown += 1;
            return;
        };
        let elements = parsed.extensions();
        let extension = elements.as_bytes();
        let extensions = if extension.is_empty() {
            Extensions::new()
        } else {
            let extension = bytes.slice_ref(extension);
            Extensions::received(elements.form(), extension, &self.extensions)
        };
        let packet = ReceivedPacket {
            header,
            sequence,
            payload: bytes.slice(parsed.payload_range()),
            extensions,
            arrival: now,
            is_recovered: false,
        };
        let header_len = bytes.len() - packet.payload.len();
        match route {
            Route::Media(at) => {
                let stream = &mut self.streams[at];
                stream.stats.header_bytes += header_len as u64;
                stream.handle_packet(now, packet, &mut self.received);
                self.note_deadline(now, at);
            }
            Route::Repair(of) => self.handle_repair(now, of, packet, header_len),
        }
    }

    fn names<'a>(&self, packet: &Packet<'a>) -> Names<'a> {
        let mut names = Names::default();
        for (id, value) in packet.extensions() {
            match self.extensions.kind(id) {
                Some(ExtensionKind::Mid) => names.mid = Some(value),
                Some(ExtensionKind::Rid) => names.rid = Some(value),
                Some(ExtensionKind::RepairedRid) => names.repaired_rid = Some(value),
                Some(
                    ExtensionKind::TransportSequenceNumber
                    | ExtensionKind::TransportSequenceNumberV2,
                ) => {
                    let number = TransportSequenceNumber::decode(value);
                    names.transport_sequence = number.map(|number| number.sequence);
                }
                _ => {}
            }
        }
        names
    }

    fn route(
        &mut self,
        now: Instant,
        ssrc: u32,
        payload_type: u8,
        names: &Names<'_>,
    ) -> Option<Route> {
        if let Some(route) = self.routes.get(&ssrc).copied() {
            let is_moved = matches!(route, Route::Media(at) if self.is_moved(at, names));
            if !is_moved {
                return Some(route);
            }
            if let Route::Media(at) = route {
                self.remove_stream(at);
            }
        }
        self.resolve_collision(ssrc);
        let place = self.place(ssrc, payload_type, names)?;
        let codecs = &place.config.codecs;
        let is_repair = |codec: &&Codec| codec.rtx_payload_type == Some(payload_type);
        if codecs.iter().any(|codec| is_repair(&codec)) {
            let of = self.repaired_by(ssrc, &place)?;
            self.routes.insert(ssrc, Route::Repair(of));
            self.streams
                .iter_mut()
                .filter(|stream| stream.id.ssrc == of)
                .for_each(|stream| stream.rtx_ssrc = Some(ssrc));
            return Some(Route::Repair(of));
        }
        let codec = codecs
            .iter()
            .find(|codec| codec.payload_type == payload_type);
        let codec = *codec?;
        Some(Route::Media(self.add_stream(now, ssrc, codec, place)))
    }

    /// Whether a stream now names another media section (RFC 9143 section 9.2).
    fn is_moved(&self, at: usize, names: &Names<'_>) -> bool {
        let stream = &self.streams[at];
        names.mid.is_some_and(|mid| {
            mid != stream.config.mid.as_bytes() && self.receiver_by_mid(mid).is_some()
        })
    }

    fn receiver_by_mid(&self, mid: &[u8]) -> Option<ReceiverId> {
        self.receiver_where(|config| config.mid.as_bytes() == mid)
    }

    fn receiver_where(&self, fits: impl Fn(&ReceiverConfig) -> bool) -> Option<ReceiverId> {
        let at = self.receivers.iter().position(|receiver| {
            receiver
                .as_ref()
                .is_some_and(|receiver| fits(&receiver.config))
        });
        at.map(|at| ReceiverId(at as u32))
    }

    /// The receiver of an unknown stream: by its mid, by what signalling told, or by a payload type
    /// that only one has (RFC 9143 section 9.2).
    fn place(&self, ssrc: u32, payload_type: u8, names: &Names<'_>) -> Option<Place> {
        let receiver = match names.mid {
            Some(mid) => self.receiver_by_mid(mid)?,
            None => self
                .receiver_where(|config| is_signaled(config, ssrc))
                .or_else(|| self.receiver_by_payload_type(payload_type))?,
        };
        let config = &self.receivers[receiver.0 as usize].as_ref()?.config;
        let text = |bytes| std::str::from_utf8(bytes).map(Arc::from).ok();
        Some(Place {
            receiver,
            config: Arc::clone(config),
            rid: names.rid.and_then(text),
            repaired_rid: names.repaired_rid.and_then(text),
        })
    }

    fn receiver_by_payload_type(&self, payload_type: u8) -> Option<ReceiverId> {
        let knows = |config: &ReceiverConfig| {
            config.codecs.iter().any(|codec| {
                codec.payload_type == payload_type || codec.rtx_payload_type == Some(payload_type)
            })
        };
        let configs = self.receivers.iter().flatten();
        let count = configs.filter(|receiver| knows(&receiver.config)).count();
        self.receiver_where(knows).filter(|_| count == 1)
    }

    /// The stream that `ssrc` repairs: as signalled, by its name, or the only one there is.
    fn repaired_by(&self, ssrc: u32, place: &Place) -> Option<u32> {
        let mut signaled = place.config.streams.iter();
        if let Some(signaled) = signaled.find(|stream| stream.rtx_ssrc == Some(ssrc)) {
            return Some(signaled.ssrc);
        }
        let streams = self.streams.iter();
        let mut candidates = streams.filter(|stream| {
            let named = place.repaired_rid.is_none() || stream.rid == place.repaired_rid;
            stream.id.receiver == place.receiver && named && stream.rtx_ssrc.is_none()
        });
        let first = candidates.next()?;
        candidates.next().is_none().then_some(first.id.ssrc)
    }

    fn add_stream(&mut self, now: Instant, ssrc: u32, codec: Codec, place: Place) -> usize {
        self.make_room(place.receiver);
        let id = StreamId {
            receiver: place.receiver,
            ssrc,
        };
        self.events.push(Event::StreamStarted {
            stream: id,
            rid: place.rid.clone(),
        });
        let at = self.streams.len();
        let stream = Inbound::new(now, id, &place.config, codec, place.rid);
        self.streams.push(stream);
        self.routes.insert(ssrc, Route::Media(at));
        at
    }

    fn make_room(&mut self, receiver: ReceiverId) {
        let streams = self.streams.iter().enumerate();
        let of_receiver = streams.filter(|(_, stream)| stream.id.receiver == receiver);
        if of_receiver.clone().count() < Self::MAX_STREAMS {
            return;
        }
        let silent = of_receiver.min_by_key(|(_, stream)| stream.last_arrival);
        if let Some(at) = silent.map(|(at, _)| at) {
            self.stats.streams_refused += 1;
            let id = self.streams[at].id;
            self.remove_stream(at);
            self.events.push(Event::StreamEnded(id));
        }
    }

    pub(super) fn remove_stream(&mut self, at: usize) {
        let removed = self.streams.swap_remove(at);
        let ssrc = removed.id.ssrc;
        self.routes.retain(|number, route| match route {
            Route::Media(_) => *number != ssrc,
            Route::Repair(of) => *of != ssrc,
        });
        if let Some(moved) = self.streams.get(at) {
            self.routes.insert(moved.id.ssrc, Route::Media(at));
        }
    }

    /// Takes a packet that was sent again: the number that it had stands before its payload (RFC 4588
    /// section 4).
    fn handle_repair(
        &mut self,
        now: Instant,
        of: u32,
        mut packet: InboundPacket,
        header_len: usize,
    ) {
        let Some(Route::Media(at)) = self.routes.get(&of).copied() else {
            self.stats.rtp_unknown += 1;
            return;
        };
        let stream = &mut self.streams[at];
        stream.stats.header_bytes += header_len as u64;
        let Some(original) = packet.payload.first_chunk().copied() else {
            // Padding fills up what the path carries.
            return;
        };
        let original = u16::from_be_bytes(original);
        let repair = Some(packet.header.payload_type);
        let mut codecs = stream.config.codecs.iter();
        let codec = codecs.find(|codec| codec.rtx_payload_type == repair);
        let (Some(codec), Some(sequence)) = (codec, stream.extend(original)) else {
            self.stats.rtp_unknown += 1;
            return;
        };
        packet.header.payload_type = codec.payload_type;
        packet.header.ssrc = of;
        packet.header.sequence_number = original;
        packet.sequence = sequence;
        packet.payload = packet.payload.slice(2..);
        packet.is_recovered = true;
        stream.stats.header_bytes += 2;
        stream.handle_repaired(now, packet, &mut self.received);
        self.note_deadline(now, at);
    }

    fn note_deadline(&mut self, now: Instant, at: usize) {
        let wanted = self.streams[at].poll_timeout(now, self.rtt_or_default());
        let known = self.stream_deadline;
        self.stream_deadline = [known, wanted].into_iter().flatten().min();
    }

    /// When all the streams together next want something.
    pub(super) fn find_deadline(&mut self, now: Instant) {
        let rtt = self.rtt_or_default();
        let streams = self.streams.iter();
        self.stream_deadline = streams
            .filter_map(|stream| stream.poll_timeout(now, rtt))
            .min();
    }
}

fn is_signaled(config: &ReceiverConfig, ssrc: u32) -> bool {
    let mut streams = config.streams.iter();
    streams.any(|stream| stream.ssrc == ssrc || stream.rtx_ssrc == Some(ssrc))
}
