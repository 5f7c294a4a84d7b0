//! RTP: payload formats, header extensions, contributing sources, padding.

use std::time::Duration;

use tidewire_rtp::dependency_descriptor::{FrameDescriber, ScalabilityMode};
use tidewire_rtp::extension::{
    AbsCaptureTime, AbsSendTime, AudioLevel, ColorSpace, DependencyDescriptorBytes,
    FeedbackRequest, Form, HdrMetadata, Mid, PlayoutDelay, RepairedRid, Rid, SpatialLayer,
    TransmissionOffset, TransportSequenceNumber, VideoContentType, VideoLayersAllocation,
    VideoOrientation, VideoTiming,
};
use tidewire_rtp::payload::{ComfortNoise, EventSender, Format, Frame, OutgoingFrame, Packetizer};
use tidewire_rtp::{Header, NtpTime, Packet, pad};

use super::frames::captured;
use super::payloads;
use super::sample::{Sample, hex, list};
use super::tshark::{EVENT, H264, OPUS, VP8};

const SSRC: u32 = 0x1234_abcd;

/// Packets of every kind.
pub(super) fn samples() -> impl Iterator<Item = Sample> {
    video().chain(audio()).chain(headers())
}

/// A stream that is cut into packets of at most so many bytes of payload.
struct Stream {
    kind: &'static str,
    format: Format,
    /// The number and the dissector of its payload type.
    payload_type: (u8, &'static str),
    file: &'static [u8],
    max_len: usize,
}

macro_rules! stream {
    ($kind:literal, $format:ident, $payload_type:expr, $file:literal, $max_len:literal) => {
        Stream {
            kind: $kind,
            format: Format::$format,
            payload_type: $payload_type,
            file: include_bytes!(concat!("../../../rtp/testdata/chromium/", $file, ".rtp")),
            max_len: $max_len,
        }
    };
}

/// tshark knows nothing of VP9 and AV1.
const VP9: (u8, &str) = (98, "rtp");
const AV1: (u8, &str) = (45, "rtp");

fn video() -> impl Iterator<Item = Sample> {
    let streams = [
        stream!("VP8", Vp8, VP8, "vp8", 1180),
        stream!("VP8 in short packets", Vp8, VP8, "vp8", 200),
        stream!("VP9 (header only)", Vp9, VP9, "vp9", 1180),
        stream!(
            "VP9 with layers (header only)",
            Vp9,
            VP9,
            "vp9_l2t3_key",
            1180
        ),
        stream!("H.264", H264, H264, "h264", 1180),
        stream!("H.264 in short packets", H264, H264, "h264", 200),
        stream!(
            "H.264, packetization mode 0",
            H264SingleUnit,
            H264,
            "h264_single",
            1180
        ),
        stream!("AV1 (header only)", Av1, AV1, "av1", 1180),
        stream!("AV1 with layers (header only)", Av1, AV1, "av1_l2t2", 1180),
        stream!("Opus", Opus, OPUS, "opus", 1180),
    ];
    streams.into_iter().flat_map(|stream| stream.samples())
}

impl Stream {
    fn samples(&self) -> Vec<Sample> {
        const FRAMES: usize = 12;
        let mut packetizer = Packetizer::new(self.format);
        let mut samples = Vec::new();
        for frame in captured(self.format, self.file).iter().take(FRAMES) {
            let outgoing = OutgoingFrame {
                data: frame.data.clone(),
                details: frame.details.clone(),
            };
            packetizer
                .start(outgoing, self.max_len)
                .expect("it can be cut");
            let mut payload = Vec::new();
            while let Some(written) = packetizer.write_next(&mut payload) {
                let sequence = u16::MAX.wrapping_add(samples.len() as u16);
                let header = self.header(frame, sequence, written.marker);
                let mut packet = Vec::new();
                let mut writer = header.write(&mut packet, &[], Form::OneByte);
                writer
                    .extension(4, &Mid("0"))
                    .extension(3, &TransportSequenceNumber::from(sequence));
                writer.payload().append(&mut payload);
                samples.push(sample(self.kind, self.payload_type.1, packet));
            }
        }
        samples
    }

    fn header(&self, frame: &Frame, sequence_number: u16, marker: bool) -> Header {
        Header {
            marker,
            payload_type: self.payload_type.0,
            sequence_number,
            timestamp: frame.timestamp,
            ssrc: SSRC,
        }
    }
}

/// Of a packet, what our own reader sees in it.
pub(super) fn sample(kind: &'static str, protocol: &'static str, packet: Vec<u8>) -> Sample {
    let read = Packet::parse(&packet).expect("it is a packet");
    let header = read.header();
    // tshark says nothing of an element without bytes.
    let values = read.extensions().map(|(_, value)| hex(value));
    let values = values.filter(|value| !value.is_empty());
    let mut expected = vec![
        ("rtp.version", "2".to_owned()),
        ("rtp.marker", u8::from(header.marker).to_string()),
        ("rtp.p_type", header.payload_type.to_string()),
        ("rtp.seq", header.sequence_number.to_string()),
        ("rtp.timestamp", header.timestamp.to_string()),
        ("rtp.ssrc", header.ssrc.to_string()),
        ("rtp.cc", read.csrcs().len().to_string()),
        ("rtp.csrc.item", list(read.csrcs())),
        (
            "rtp.ext.rfc5285.id",
            list(read.extensions().map(|(id, _)| id)),
        ),
        ("rtp.ext.rfc5285.data", list(values)),
    ];
    if read.padding_len() > 0 {
        expected.push(("rtp.padding.count", read.padding_len().to_string()));
    }
    if protocol == "rtp" {
        expected.push(("rtp.payload", hex(read.payload())));
    }
    expected.extend(payloads::expected(protocol, read.payload()));
    let excuses = payloads::excuses(protocol, read.payload());
    Sample {
        kind,
        protocol,
        packet,
        expected,
        excuses,
    }
}

fn audio() -> impl Iterator<Item = Sample> {
    let sound: Vec<u8> = (0..160).collect();
    let mut noise = Vec::new();
    ComfortNoise {
        level: 40,
        coefficients: &[1, 2, 3],
    }
    .write(&mut noise);
    let plain = [
        ("G.711, µ-law", 0, sound.clone()),
        ("G.711, A-law", 8, sound.clone()),
        ("G.722", 9, sound),
        ("comfort noise", 13, noise),
    ];
    let plain = plain.into_iter().map(|(kind, payload_type, payload)| {
        let header = Header {
            payload_type,
            sequence_number: 7,
            timestamp: 1600,
            ssrc: SSRC,
            marker: true,
        };
        let level = AudioLevel {
            voice: true,
            level: 30,
        };
        let mut packet = Vec::new();
        let mut writer = header.write(&mut packet, &[], Form::OneByte);
        writer.extension(1, &level);
        writer.payload().extend_from_slice(&payload);
        sample(kind, "rtp", packet)
    });
    plain.chain(telephone_events())
}

fn telephone_events() -> impl Iterator<Item = Sample> {
    let mut sender = EventSender::new(11, 10, 8000);
    let going_on = [8400, 8800].map(|now| sender.update(now));
    let ended = [9200; EventSender::END_PACKETS].map(|now| sender.end(now));
    let all = going_on.into_iter().chain(ended);
    all.zip(0..).map(|(told, sequence_number)| {
        let header = Header {
            marker: told.marker,
            payload_type: EVENT.0,
            sequence_number,
            timestamp: told.timestamp,
            ssrc: SSRC,
        };
        let mut packet = Vec::new();
        let writer = header.write(&mut packet, &[], Form::OneByte);
        writer.payload().extend_from_slice(&told.event.to_bytes());
        sample("telephone event", EVENT.1, packet)
    })
}

/// What may stand before a payload and behind it.
fn headers() -> impl Iterator<Item = Sample> {
    let csrcs: Vec<u32> = (1..=15).collect();
    let mut all = vec![
        ("no header extension", packet(&[], Form::OneByte, false)),
        ("contributing sources", packet(&csrcs, Form::OneByte, false)),
        (
            "header extensions, one-byte form",
            packet(&[], Form::OneByte, true),
        ),
        (
            "header extensions, two-byte form",
            packet(&[], Form::TwoByte, true),
        ),
    ];
    let mut padded = packet(&csrcs, Form::TwoByte, true);
    pad(&mut padded, 0, 255);
    all.push(("padding", padded));
    let mut only_padding = Vec::new();
    header()
        .write(&mut only_padding, &[], Form::OneByte)
        .payload();
    pad(&mut only_padding, 0, 1);
    all.push(("padding and nothing else", only_padding));
    let samples = all.into_iter();
    samples.map(|(kind, packet)| sample(kind, "rtp", packet))
}

fn header() -> Header {
    Header {
        marker: false,
        payload_type: 98,
        sequence_number: u16::MAX,
        timestamp: u32::MAX,
        ssrc: SSRC,
    }
}

fn packet(csrcs: &[u32], form: Form, has_extensions: bool) -> Vec<u8> {
    let mut packet = Vec::new();
    let mut writer = header().write(&mut packet, csrcs, form);
    if has_extensions {
        let now = NtpTime::from_unix(Duration::from_millis(1_700_000_000_500));
        let captured = AbsCaptureTime {
            captured: now,
            clock_offset: None,
        };
        writer
            .extension(1, &Mid("video"))
            .extension(2, &Rid("h"))
            .extension(3, &RepairedRid("h"))
            .extension(
                4,
                &AudioLevel {
                    voice: false,
                    level: 127,
                },
            )
            .extension(5, &AbsSendTime::from(now))
            .extension(6, &captured)
            .extension(7, &TransmissionOffset(-90))
            .extension(8, &transport_sequence())
            .extension(
                9,
                &VideoOrientation {
                    quarter_turns: 1,
                    ..VideoOrientation::default()
                },
            )
            .extension(10, &PlayoutDelay { min: 0, max: 4095 })
            .extension(11, &VideoContentType::SCREENSHARE)
            .extension(
                12,
                &VideoTiming {
                    triggers: 1,
                    encode_finish: 9,
                    ..VideoTiming::default()
                },
            )
            .extension(13, &color_space(form))
            .extension(14, &layers_allocation());
    }
    if has_extensions && form == Form::TwoByte {
        let now = NtpTime::from_unix(Duration::from_secs(1_700_000_001));
        let captured = AbsCaptureTime {
            captured: now,
            clock_offset: Some(-1),
        };
        writer
            .extension(15, &captured)
            .extension(16, &DependencyDescriptorBytes(&dependency_descriptor()))
            .raw_extension(255, &[]);
    }
    writer.payload().extend_from_slice(b"media");
    packet
}

fn transport_sequence() -> TransportSequenceNumber {
    let request = FeedbackRequest {
        with_times: true,
        packets: 5,
    };
    TransportSequenceNumber {
        sequence: 65_535,
        request: Some(request),
    }
}

/// With what does not fit into the form of one byte, where there is room.
fn color_space(form: Form) -> ColorSpace {
    ColorSpace {
        primaries: 9,
        transfer: 16,
        matrix: 9,
        range: 1,
        chroma_siting_horizontal: 1,
        chroma_siting_vertical: 1,
        hdr: (form == Form::TwoByte).then(HdrMetadata::default),
    }
}

fn layers_allocation() -> VideoLayersAllocation {
    let layer = SpatialLayer {
        rates: vec![100, 150],
        ..SpatialLayer::default()
    };
    VideoLayersAllocation {
        stream: 0,
        streams: 1,
        layers: vec![layer],
    }
}

/// That of a key frame, with its structure.
fn dependency_descriptor() -> Vec<u8> {
    let mut describer = FrameDescriber::new(ScalabilityMode::L1T3, 7);
    let descriptor = describer.describe(0, 0, true);
    let mut value = Vec::new();
    descriptor
        .write(describer.structure(), &mut value)
        .expect("it is of that structure");
    value
}
