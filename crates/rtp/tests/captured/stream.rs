//! Reading the files.

use bytes::Bytes;
use tidewire_rtp::Packet;
use tidewire_rtp::extension::{ExtensionKind, ExtensionMap};
use tidewire_rtp::payload::{self, Depacketizer, Format, Frame, Resolution};

/// A stream and what its offer said of it.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    pub(crate) format: Format,
    /// How many layers it has: spatial and temporal.
    pub(crate) layers: (u8, u8),
    /// What its key frames tell of their size.
    pub(crate) size: Option<Resolution>,
    file: &'static [u8],
    sdp: &'static str,
}

macro_rules! stream {
    ($name:literal, $format:ident, $layers:expr, $size:expr) => {
        Stream {
            name: $name,
            format: Format::$format,
            layers: $layers,
            size: $size,
            file: include_bytes!(concat!("../../testdata/chromium/", $name, ".rtp")),
            sdp: include_str!(concat!("../../testdata/chromium/", $name, ".sdp")),
        }
    };
}

const WHOLE: Option<Resolution> = size(320, 180);

const fn size(width: u32, height: u32) -> Option<Resolution> {
    Some(Resolution { width, height })
}

/// The base layer of VP9 is a key frame of its own; AV1 tells the largest.
const STREAMS: [Stream; 10] = [
    stream!("opus", Opus, (1, 1), None),
    stream!("opus_dtx", Opus, (1, 1), None),
    stream!("vp8", Vp8, (1, 1), WHOLE),
    stream!("vp8_l1t3", Vp8, (1, 3), WHOLE),
    stream!("vp9", Vp9, (1, 1), WHOLE),
    stream!("vp9_l2t3_key", Vp9, (2, 3), size(240, 136)),
    stream!("h264", H264, (1, 1), WHOLE),
    stream!("h264_single", H264SingleUnit, (1, 1), WHOLE),
    stream!("av1", Av1, (1, 1), WHOLE),
    stream!("av1_l2t2", Av1, (2, 2), size(480, 270)),
];

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Stream> {
    STREAMS.into_iter()
}

/// Those with pictures.
pub(crate) fn video() -> impl Iterator<Item = Stream> {
    all().filter(|stream| stream.format != Format::Opus)
}

impl Stream {
    /// The packets, each with its length before it (RFC 4571 section 2).
    pub(crate) fn packets(&self) -> Vec<&'static [u8]> {
        let mut rest = self.file;
        let mut packets = Vec::new();
        while let Some((len, after)) = rest.split_first_chunk() {
            let (packet, after) = after.split_at(u16::from_be_bytes(*len).into());
            packets.push(packet);
            rest = after;
        }
        packets
    }

    /// What a depacketizer takes of each packet.
    pub(crate) fn payloads(&self) -> Vec<payload::Packet> {
        let packets = self.packets();
        let mut sequence = 0;
        let mut last = None;
        let payloads = packets.iter().map(|bytes| {
            let packet = Packet::parse(bytes).unwrap();
            let number = packet.sequence_number();
            sequence += u64::from(number.wrapping_sub(last.unwrap_or(number)));
            last = Some(number);
            payload::Packet {
                sequence,
                timestamp: packet.timestamp(),
                marker: packet.marker(),
                payload: Bytes::copy_from_slice(packet.payload()),
            }
        });
        payloads.collect()
    }

    /// The frames, as our depacketizer has them.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        let mut depacketizer = Depacketizer::new(self.format);
        receive(&mut depacketizer, &self.payloads())
    }

    /// The payload type of the media.
    pub(crate) fn payload_type(&self) -> u8 {
        let media = self.lines("m=").next().unwrap();
        media.split(' ').nth(3).unwrap().parse().unwrap()
    }

    /// How it calls its header extensions; none that we do not know.
    pub(crate) fn extensions(&self) -> ExtensionMap {
        let mut map = ExtensionMap::new();
        for line in self.lines("a=extmap:") {
            let (id, uri) = line.split_once(' ').unwrap();
            let kind = ExtensionKind::from_uri(uri).expect(uri);
            map.insert(id.parse().unwrap(), kind);
        }
        map
    }

    fn lines(&self, begin: &'static str) -> impl Iterator<Item = &'static str> {
        self.sdp
            .lines()
            .filter_map(move |line| line.strip_prefix(begin))
    }
}

/// What comes out when these packets arrive.
pub(crate) fn receive<'a>(
    depacketizer: &mut Depacketizer,
    packets: impl IntoIterator<Item = &'a payload::Packet>,
) -> Vec<Frame> {
    let mut frames = Vec::new();
    for packet in packets {
        depacketizer.handle_packet(packet.clone());
        frames.extend(std::iter::from_fn(|| depacketizer.poll_frame()));
    }
    frames
}
