//! Sending frames and packets.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_rtp::extension::{
    AbsSendTime, ExtensionKind, ExtensionMap, Form, Mid, RepairedRid, Rid, TransmissionOffset,
    TransportSequenceNumber,
};
use tidewire_rtp::payload::OutgoingFrame;
use tidewire_rtp::{HEADER_LEN, Header, HeaderWriter};

use super::{Item, Sender, Session};
use crate::config::MediaKind;
use crate::error::SendError;
use crate::event::Event;
use crate::extensions::{Extensions, Place};
use crate::ids::EncodingId;
use crate::send::{Class, Outbound, Stored};

/// What an encoder knows of a frame.
#[derive(Clone, Debug, Default)]
pub struct FrameInfo {
    /// In ticks of the codec's clock.
    pub timestamp: u32,
    /// When the frame was captured. Receivers play streams in sync by it. `None`: now.
    pub captured: Option<Instant>,
    /// Whether a decoder can begin with it; it is counted.
    pub is_key: bool,
    /// The first frame of audio after a silence: the marker bit (RFC 3551 section 4.1).
    pub starts_talkspurt: bool,
    /// Header extensions of each of its packets.
    pub extensions: Extensions,
}

/// A packet that the application has cut itself, or that it forwards.
#[derive(Clone, Debug)]
pub struct OutgoingPacket {
    /// The marker bit.
    pub marker: bool,
    /// The payload type; `None` for that of the sender's codec.
    pub payload_type: Option<u8>,
    /// The sequence number; `None` for the next one.
    pub sequence_number: Option<u16>,
    /// In ticks of the codec's clock.
    pub timestamp: u32,
    /// The payload.
    pub payload: Bytes,
    /// Header extensions.
    pub extensions: Extensions,
}

impl Session {
    /// Sends a frame. Frames of an encoding that is not active are dropped.
    ///
    /// # Errors
    /// When there is no such encoding, the frame cannot become packets, or too many packets wait.
    pub fn send_frame(
        &mut self,
        now: Instant,
        id: EncodingId,
        frame: OutgoingFrame,
        info: &FrameInfo,
    ) -> Result<(), SendError> {
        let max_packet_len = self.config.max_packet_len;
        let sender = self.senders.get_mut(id.sender.0 as usize);
        let sender = sender.and_then(Option::as_mut);
        let sender = sender.ok_or(SendError::UnknownEncoding)?;
        let stream = sender.streams.get_mut(id.index);
        let stream = stream.ok_or(SendError::UnknownEncoding)?;
        if !stream.encoding.is_active {
            return Ok(());
        }
        let max_len = max_packet_len.saturating_sub(overhead(&sender.config.mid, &info.extensions));
        let format = sender.config.codec.format;
        let resolution = info.is_key.then(|| format.resolution(&frame.data));
        let packetizer = &mut sender.packetizers[id.index];
        // Each packet has a few bytes of its own.
        let mut payloads = Vec::with_capacity(frame.data.len() + frame.data.len() / 16 + 64);
        packetizer.start(frame, max_len)?;
        let ranges = &mut self.scratch.ranges;
        ranges.clear();
        let mut start = 0;
        while let Some(written) = packetizer.write_next(&mut payloads) {
            ranges.push((start..payloads.len(), written.marker));
            start = payloads.len();
        }
        stream.set_anchor(info.timestamp, info.captured.unwrap_or(now));
        stream.handle_frame(now, info.is_key, resolution.flatten());
        let (kind, codec, ssrc) = (
            sender.config.kind,
            sender.config.codec,
            stream.encoding.ssrc,
        );
        let payloads = Bytes::from(payloads);
        let count = ranges.len();
        for (index, (range, marker)) in ranges.drain(..).enumerate() {
            let packet = Stored {
                header: Header {
                    marker: marker || info.starts_talkspurt && kind == MediaKind::Audio,
                    payload_type: codec.payload_type,
                    sequence_number: stream.take_sequence(),
                    timestamp: info.timestamp,
                    ssrc,
                },
                payload: payloads.slice(range),
                extensions: info.extensions.clone(),
                place: Some(Place {
                    is_first: index == 0,
                    is_last: index + 1 == count,
                }),
                last_sent: None,
            };
            let item = Item::Media(id, packet);
            if !self.pacer.push(now, class(kind), item) {
                return Err(SendError::Congested);
            }
        }
        Ok(())
    }

    /// How much longer than [`Config::max_packet_len`](crate::Config::max_packet_len) a packet may be that
    /// is sent as it came, in bytes: what another has cut has other header extensions here.
    pub const FORWARDING_SLACK: usize = 100;

    /// Sends a packet. Those of an encoding that is not active are dropped.
    ///
    /// # Errors
    /// When there is no such encoding, the packet is too long, or too many packets wait.
    pub fn send_packet(
        &mut self,
        now: Instant,
        id: EncodingId,
        packet: OutgoingPacket,
    ) -> Result<(), SendError> {
        let max_packet_len = self.config.max_packet_len;
        let sender = self.senders.get_mut(id.sender.0 as usize);
        let sender = sender.and_then(Option::as_mut);
        let sender = sender.ok_or(SendError::UnknownEncoding)?;
        let stream = sender.streams.get_mut(id.index);
        let stream = stream.ok_or(SendError::UnknownEncoding)?;
        if !stream.encoding.is_active {
            return Ok(());
        }
        let overhead = overhead(&sender.config.mid, &packet.extensions);
        if packet.payload.len() + overhead > max_packet_len + Self::FORWARDING_SLACK {
            return Err(SendError::TooLong);
        }
        let sequence_number = match packet.sequence_number {
            Some(sequence) => {
                stream.follow(sequence);
                sequence
            }
            None => stream.take_sequence(),
        };
        let stored = Stored {
            header: Header {
                marker: packet.marker,
                payload_type: packet
                    .payload_type
                    .unwrap_or(sender.config.codec.payload_type),
                sequence_number,
                timestamp: packet.timestamp,
                ssrc: stream.encoding.ssrc,
            },
            payload: packet.payload,
            extensions: packet.extensions,
            place: None,
            last_sent: None,
        };
        let item = Item::Media(id, stored);
        if self.pacer.push(now, class(sender.config.kind), item) {
            Ok(())
        } else {
            Err(SendError::Congested)
        }
    }

    /// How long a packet waits to be sent at most, when the path is away or carries too little: what is older
    /// is dropped, and a key frame asked for that makes up for it.
    pub const MAX_WAIT: Duration = Duration::from_secs(2);

    /// Appends the RTP packet that is to leave now to `out`. Call until it answers `false`.
    pub fn poll_rtp(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        while let Some((waited, item)) = self.pacer.pop(now) {
            if waited > Self::MAX_WAIT {
                self.stats.pacer_expired += 1;
                self.make_up_for(&item);
                continue;
            }
            let is_written = match item {
                Item::Media(id, packet) => self.write_media(now, id, packet, waited, out),
                Item::Repair(id, sequence) => self.write_repair(now, id, sequence, out),
            };
            if is_written {
                self.account(now, out.len() - start);
                return true;
            }
        }
        self.write_padding(now, out)
    }

    /// What is not sent leaves a gap, which only a key frame closes.
    fn make_up_for(&mut self, item: &Item) {
        let Item::Media(id, _) = item else { return };
        let sender = self.senders.get(id.sender.0 as usize);
        let sender = sender.and_then(Option::as_ref);
        if sender.is_some_and(|sender| sender.config.kind == MediaKind::Video) {
            self.request_key_frame_of(*id);
        }
    }

    fn write_media(
        &mut self,
        now: Instant,
        id: EncodingId,
        packet: Stored,
        waited: Duration,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        let (number, wall) = (self.sent.next_sequence(), self.config.wall_clock);
        let Some(Some(sender)) = self.senders.get_mut(id.sender.0 as usize) else {
            return false;
        };
        let (config, Some(stream)) = (&sender.config, sender.streams.get_mut(id.index)) else {
            return false;
        };
        let map = &config.extensions;
        let form = form(config.mixed_extensions, &packet.extensions, map);
        let mut writer = packet.header.write(out, &[], form);
        if !stream.is_known {
            write_name(&mut writer, map, ExtensionKind::Mid, &Mid(&config.mid));
            if let Some(rid) = &stream.encoding.rid {
                write_name(&mut writer, map, ExtensionKind::Rid, &Rid(rid));
            }
        }
        packet.extensions.write(map, packet.place, &mut writer);
        let sent = AbsSendTime::from(wall.at(now));
        let counts = write_times(&mut writer, map, sent, number, stream.delay(now, &packet));
        writer.payload().extend_from_slice(&packet.payload);
        let len = packet.payload.len();
        stream.handle_sent(now, packet, waited);
        stream.stats.header_bytes += (out.len() - start - len) as u64;
        if counts {
            self.note_sent(now, len);
        }
        true
    }

    /// Sends a packet again, in the stream that is for that (RFC 4588). Without one there is no way: the
    /// same number would have to be protected twice.
    fn write_repair(
        &mut self,
        now: Instant,
        id: EncodingId,
        sequence: u16,
        out: &mut Vec<u8>,
    ) -> bool {
        let rtt = self.rtt;
        let packet = self
            .outbound_mut(id)
            .and_then(|stream| stream.resend(now, sequence, rtt));
        let start = out.len();
        let Some(packet) = packet.filter(|packet| self.write_again(now, id, packet, out)) else {
            return false;
        };
        self.count_header(id, out.len() - start - packet.payload.len());
        true
    }

    fn write_again(
        &mut self,
        now: Instant,
        id: EncodingId,
        packet: &Stored,
        out: &mut Vec<u8>,
    ) -> bool {
        let (number, wall) = (self.sent.next_sequence(), self.config.wall_clock);
        let Some(Some(Sender {
            config, streams, ..
        })) = self.senders.get_mut(id.sender.0 as usize)
        else {
            return false;
        };
        let Some(stream) = streams.get_mut(id.index) else {
            return false;
        };
        let payload_type = config.codec.rtx_payload_type;
        let (Some(payload_type), Some(ssrc)) = (payload_type, stream.encoding.rtx_ssrc) else {
            return false;
        };
        let header = Header {
            payload_type,
            ssrc,
            sequence_number: stream.take_rtx_sequence(),
            ..packet.header
        };
        let map = &config.extensions;
        let form = form(config.mixed_extensions, &packet.extensions, map);
        let mut writer = header.write(out, &[], form);
        write_name(&mut writer, map, ExtensionKind::Mid, &Mid(&config.mid));
        if let Some(rid) = &stream.encoding.rid {
            let rid = RepairedRid(rid);
            write_name(&mut writer, map, ExtensionKind::RepairedRid, &rid);
        }
        packet.extensions.write(map, packet.place, &mut writer);
        let sent = AbsSendTime::from(wall.at(now));
        let counts = write_times(&mut writer, map, sent, number, None);
        let payload = writer.payload();
        payload.extend_from_slice(&packet.header.sequence_number.to_be_bytes());
        payload.extend_from_slice(&packet.payload);
        if counts {
            self.note_sent(now, packet.payload.len());
        }
        true
    }

    /// Fills up with what was sent last, when nothing else is to be sent.
    fn write_padding(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.padding_timeout(now).is_none_or(|due| due > now) {
            return false;
        }
        let bitrate = self.estimator.padding_bitrate();
        let Some(id) = self.padding_encoding() else {
            return false;
        };
        let Some(packet) = self.outbound_mut(id).and_then(|stream| stream.newest(now)) else {
            return false;
        };
        let start = out.len();
        if !self.write_again(now, id, &packet, out) {
            return false;
        }
        let len = out.len() - start;
        self.count_header(id, len);
        if let Some(stream) = self.outbound_mut(id) {
            stream.stats.padding_packets += 1;
        }
        let pause = Duration::from_secs_f64(len as f64 * 8.0 / bitrate as f64);
        self.next_padding = now + pause;
        self.account(now, len);
        true
    }

    pub(super) fn padding_timeout(&self, now: Instant) -> Option<Instant> {
        let pads = self.estimator.padding_bitrate() > 0 && self.pacer.is_idle(now);
        (pads && self.padding_encoding().is_some()).then_some(self.next_padding)
    }

    /// An encoding whose packets can be sent again.
    fn padding_encoding(&self) -> Option<EncodingId> {
        self.encodings.values().copied().find(|id| {
            let sender = self.senders.get(id.sender.0 as usize);
            let sender = sender.and_then(Option::as_ref);
            sender.is_some_and(|sender| {
                let stream = sender.streams.get(id.index);
                let repairs = sender.config.codec.rtx_payload_type.is_some();
                repairs && stream.is_some_and(|stream| stream.can_pad())
            })
        })
    }

    fn account(&mut self, now: Instant, len: usize) {
        let bitrate = self.estimator.pacing_bitrate();
        self.pacer.handle_sent(now, len, bitrate);
    }

    fn note_sent(&mut self, now: Instant, len: usize) {
        let packet = self.sent.handle_sent(now, len + HEADER_LEN);
        self.estimator.handle_sent(now, packet);
    }

    /// One of our numbers is the peer's, too: ours changes (RFC 3550 section 8.2).
    pub(super) fn resolve_collision(&mut self, ssrc: u32) {
        let Some(id) = self.encodings.remove(&ssrc) else {
            return;
        };
        let fresh = self.rng.next_u32();
        let Some(Some(sender)) = self.senders.get_mut(id.sender.0 as usize) else {
            return;
        };
        let history = sender.config.history;
        if let Some(stream) = sender.streams.get_mut(id.index) {
            stream.renumber(fresh, history);
            self.encodings.insert(fresh, id);
            self.goodbyes.push(ssrc);
            self.pacer.retain(|item| item.encoding() != id);
            self.events.push(Event::SsrcChanged(id));
        }
    }
}

impl Outbound {
    /// How long after the instant of its timestamp a packet leaves, in ticks.
    fn delay(&self, now: Instant, packet: &Stored) -> Option<TransmissionOffset> {
        let delay = self.ticks_since(now, packet.header.timestamp)?;
        Some(TransmissionOffset(delay))
    }

    fn can_pad(&self) -> bool {
        self.encoding.is_active && self.encoding.rtx_ssrc.is_some() && self.has_history()
    }
}

fn class(kind: MediaKind) -> Class {
    match kind {
        MediaKind::Audio => Class::Audio,
        MediaKind::Video => Class::Video,
    }
}

/// What stands around a payload at most: the header, its extensions with their padding, and the number
/// of a packet that is sent again.
fn overhead(mid: &str, extensions: &Extensions) -> usize {
    /// Header of the extension, times and numbers of the transport, a name of simulcast, alignment.
    const USUAL: usize = 4 + 3 * 5 + 18 + 3;
    const REPAIR: usize = 2;
    HEADER_LEN + USUAL + REPAIR + mid.len() + 2 + extensions.len()
}

/// Two bytes only where something needs them, and the peer agreed.
fn form(is_mixed: bool, extensions: &Extensions, map: &ExtensionMap) -> Form {
    let fits = extensions.iter().all(|(kind, value)| {
        map.id(kind)
            .is_none_or(|id| Form::OneByte.fits(id, value.len()))
    });
    if is_mixed && !fits {
        Form::TwoByte
    } else {
        Form::OneByte
    }
}

fn write_name<'a>(
    writer: &mut HeaderWriter<'_>,
    map: &ExtensionMap,
    kind: ExtensionKind,
    value: &impl tidewire_rtp::extension::Extension<'a>,
) {
    if let Some(id) = map.id(kind) {
        writer.extension(id, value);
    }
}

/// Writes when the packet leaves, and its number among those of the transport. Answers whether it has
/// such a number.
fn write_times(
    writer: &mut HeaderWriter<'_>,
    map: &ExtensionMap,
    sent: AbsSendTime,
    number: u16,
    delay: Option<TransmissionOffset>,
) -> bool {
    if let Some(id) = map.id(ExtensionKind::AbsSendTime) {
        writer.extension(id, &sent);
    }
    if let (Some(id), Some(delay)) = (map.id(ExtensionKind::TransmissionOffset), delay) {
        writer.extension(id, &delay);
    }
    let id = map
        .id(ExtensionKind::TransportSequenceNumber)
        .or_else(|| map.id(ExtensionKind::TransportSequenceNumberV2));
    if let Some(id) = id {
        writer.extension(id, &TransportSequenceNumber::from(number));
    }
    id.is_some()
}
