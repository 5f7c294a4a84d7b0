//! What has been negotiated.

use std::sync::Arc;
use std::time::Duration;

use tidewire_rtp::extension::ExtensionMap;
use tidewire_rtp::payload::Format;

use crate::clock::WallClock;

/// What a session is told once.
///
/// A dictionary: fields are added in minor versions.
#[derive(Clone, Debug)]
pub struct Config {
    /// The wall clock, for reports.
    pub wall_clock: WallClock,
    /// The name that all our streams share (RFC 7022).
    pub cname: String,
    /// The longest RTP or RTCP packet that is written, in bytes, before it is protected.
    pub max_packet_len: usize,
    /// The shortest time between reports on average (RFC 3550 section 6.2).
    pub report_interval: Duration,
    /// Whether feedback may go without a report before it (RFC 5506).
    pub reduced_size: bool,
}

impl Config {
    /// With the defaults of a browser.
    pub fn new(wall_clock: WallClock, cname: String) -> Self {
        Self {
            wall_clock,
            cname,
            max_packet_len: 1200,
            report_interval: Duration::from_secs(1),
            reduced_size: true,
        }
    }
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// A codec, as it was negotiated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Codec {
    /// The payload type that stands for it.
    pub payload_type: u8,
    /// How its frames become packets.
    pub format: Format,
    /// In ticks a second.
    pub clock_rate: u32,
    /// The payload type of packets that are sent again (RFC 4588).
    pub rtx_payload_type: Option<u8>,
    /// What receivers tell senders.
    pub feedback: Feedback,
}

/// What receivers of a codec tell its sender (RFC 4585, RFC 5104).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Feedback {
    /// Which packets are missing: `nack`.
    pub nack: bool,
    /// That a picture was lost: `nack pli`.
    pub picture_loss: bool,
    /// That a key frame is needed: `ccm fir`.
    pub full_intra_request: bool,
    /// When each packet of the transport arrived: `transport-cc`.
    pub transport_wide: bool,
    /// What the path carries: `goog-remb`.
    pub remb: bool,
}

/// In which form received media are handed on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Delivery {
    /// Whole frames, in order.
    #[default]
    Frames,
    /// Packets as they come, and those that were missing when they are recovered: for forwarding.
    Packets,
    /// Packets in order.
    OrderedPackets,
}

/// A receiver: one direction of a media section.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    /// The media section.
    pub mid: String,
    /// What it carries.
    pub kind: MediaKind,
    /// What may come.
    pub codecs: Vec<Codec>,
    /// How header extensions are called.
    pub extensions: Arc<ExtensionMap>,
    /// In which form media are handed on.
    pub delivery: Delivery,
    /// How long packets wait for those before them. `None`: 500 ms where lost packets are asked for,
    /// 100 ms elsewhere.
    pub max_wait: Option<Duration>,
    /// The streams that signalling named: what they carry, and what repairs them.
    pub streams: Vec<SignaledStream>,
}

/// A stream that signalling named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignaledStream {
    /// The stream.
    pub ssrc: u32,
    /// The stream of packets that are sent again (RFC 5576 section 4.2, `FID`).
    pub rtx_ssrc: Option<u32>,
}

/// A sender: the other direction.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    /// The media section.
    pub mid: String,
    /// What it carries.
    pub kind: MediaKind,
    /// What is sent.
    pub codec: Codec,
    /// How header extensions are called.
    pub extensions: Arc<ExtensionMap>,
    /// Whether extensions in the form of two bytes may be sent (RFC 8285 section 6).
    pub mixed_extensions: bool,
    /// One stream, or one for each layer of simulcast.
    pub encodings: Vec<Encoding>,
    /// Packets that are kept to be sent again.
    pub history: usize,
}

impl SenderConfig {
    /// Packets that are kept to be sent again, unless told otherwise: a second of 10 Mbit/s.
    pub const DEFAULT_HISTORY: usize = 1024;
}

/// A stream of a sender.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Encoding {
    /// The stream.
    pub ssrc: u32,
    /// The stream of packets that are sent again, where the codec has a payload type for them.
    pub rtx_ssrc: Option<u32>,
    /// Its name among the layers of simulcast (RFC 8851).
    pub rid: Option<String>,
    /// Whether it is sent.
    pub is_active: bool,
}
