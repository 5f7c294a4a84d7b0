//! Transceivers: RTCRtpTransceiver, without tracks, which belong to whoever captures and plays.

use std::collections::BTreeSet;
use std::fmt;

use tidewire_crypto::Rng;
use tidewire_media::{Delivery, MediaKind, ReceiverId, SenderId};
use tidewire_sdp::Direction;

use super::capability::CodecCapability;
use crate::error::TransceiverError;
use crate::parameters::MediaParameters;
use crate::session::{RtpSection, told_mid};

/// A transceiver of a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransceiverId(pub(crate) u32);

impl fmt::Display for TransceiverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transceiver {}", self.0)
    }
}

/// RTCRtpTransceiverInit.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TransceiverInit {
    /// Which way media is to flow.
    pub direction: Direction,
    /// The streams that what is sent belongs to (RFC 8830): receivers play those of one stream in
    /// sync.
    pub streams: Vec<String>,
    /// The layers of simulcast, the smallest first; one without a name for none.
    pub send_encodings: Vec<EncodingParameters>,
    /// In which form received media are handed on.
    pub delivery: Delivery,
}

impl Default for TransceiverInit {
    fn default() -> Self {
        Self {
            direction: Direction::SendRecv,
            streams: Vec::new(),
            send_encodings: vec![EncodingParameters::default()],
            delivery: Delivery::Frames,
        }
    }
}

impl TransceiverInit {
    /// Encodings at once.
    pub const MAX_ENCODINGS: usize = 8;

    /// Whether descriptions can carry what is told here (W3C webrtc-pc section 5.1, addTransceiver).
    pub(crate) fn check(&self, kind: MediaKind) -> Result<(), TransceiverError> {
        if !self.streams.iter().all(|stream| is_stream_name(stream)) {
            return Err(TransceiverError::StreamName);
        }
        let rids: Vec<Option<&str>> = self
            .send_encodings
            .iter()
            .map(|encoding| encoding.rid.as_deref())
            .collect();
        let max = match kind {
            MediaKind::Audio => 1,
            MediaKind::Video => Self::MAX_ENCODINGS,
        };
        // One alone needs no name; of several, each has its own.
        let named = rids.iter().flatten().all(|rid| is_rid(rid));
        let distinct = rids.iter().collect::<BTreeSet<_>>().len() == rids.len();
        let complete = rids.len() < 2 || rids.iter().all(Option::is_some);
        if rids.len() <= max && named && distinct && complete {
            Ok(())
        } else {
            Err(TransceiverError::Encodings)
        }
    }
}

/// RFC 8830 section 2: a token of 64 characters at most.
fn is_stream_name(name: &str) -> bool {
    let is_token = |byte: u8| matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'~');
    (1..=64).contains(&name.len()) && name.bytes().all(is_token)
}

/// RFC 8851 section 10; with one byte of header extension around it, 16 characters at most (RFC 8285
/// section 4.2).
fn is_rid(rid: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=16).contains(&rid.len()) && rid.bytes().all(is_part)
}

/// RTCRtpEncodingParameters.
///
/// A dictionary: fields are added in minor versions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EncodingParameters {
    /// The name of a layer of simulcast (RFC 8851).
    pub rid: Option<String>,
    /// Whether it is sent.
    pub active: bool,
    /// What the encoder is to keep to, in bits a second; it is told to the peer for a layer.
    pub max_bitrate: Option<u64>,
}

impl Default for EncodingParameters {
    fn default() -> Self {
        Self {
            rid: None,
            active: true,
            max_bitrate: None,
        }
    }
}

/// What a transceiver is: the attributes of RTCRtpTransceiver.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TransceiverState {
    /// The transceiver.
    pub id: TransceiverId,
    /// What it carries.
    pub kind: MediaKind,
    /// The media section, once negotiated.
    pub mid: Option<String>,
    /// Which way media is to flow.
    pub direction: Direction,
    /// Which way it was negotiated to flow.
    pub current_direction: Option<Direction>,
    /// It was stopped, or is to be.
    pub is_stopped: bool,
    /// The streams that the peer's media belongs to.
    pub remote_streams: Vec<String>,
    /// The codec that is sent, once negotiated.
    pub send_codec: Option<CodecCapability>,
    /// The encodings that are sent.
    pub encodings: Vec<EncodingParameters>,
}

/// A transceiver.
#[derive(Clone, Debug)]
pub(crate) struct Transceiver {
    pub(crate) id: TransceiverId,
    pub(crate) kind: MediaKind,
    pub(crate) mid: Option<String>,
    pub(crate) direction: Direction,
    pub(crate) current_direction: Option<Direction>,
    /// stop was called; negotiation makes it final.
    pub(crate) is_stopping: bool,
    /// A peer's offer may be associated with it (RFC 8829 section 5.10).
    pub(crate) is_from_track: bool,
    /// It goes when the offer that made it is rolled back.
    pub(crate) is_from_offer: bool,
    pub(crate) streams: Vec<String>,
    /// The name of what is sent (RFC 8830).
    pub(crate) track: String,
    /// Whether there is a track to send: replaceTrack may take it away.
    pub(crate) has_track: bool,
    pub(crate) preferences: Vec<CodecCapability>,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) delivery: Delivery,
    pub(crate) remote_streams: Vec<String>,
    /// What the application has been told about receiving.
    pub(crate) receives: bool,
    pub(crate) send_codec: Option<CodecCapability>,
    /// What the last exchange of descriptions agreed on.
    pub(crate) agreed: Option<Agreed>,
    /// What the last description of ours told, and what the last one told that was agreed on.
    pub(crate) described: Option<Wanted>,
    pub(crate) agreed_on: Option<Wanted>,
    /// What both ends agreed on without descriptions.
    pub(crate) negotiated: Option<MediaParameters>,
    pub(crate) sender: Option<SenderId>,
    pub(crate) receiver: Option<ReceiverId>,
}

/// What the application wants of a transceiver, as far as descriptions tell of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    direction: Direction,
    streams: Vec<String>,
    preferences: Vec<CodecCapability>,
}

/// What a transceiver's two sections agreed on.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    pub(crate) own: RtpSection,
    pub(crate) peers: RtpSection,
}

/// An encoding with the streams that carry it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Encoding {
    pub(crate) parameters: EncodingParameters,
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: u32,
}

impl Transceiver {
    pub(crate) fn new(
        id: TransceiverId,
        kind: MediaKind,
        init: TransceiverInit,
        track: String,
        mut next_ssrc: impl FnMut() -> u32,
    ) -> Self {
        let mut encodings = init.send_encodings;
        if encodings.is_empty() {
            encodings.push(EncodingParameters::default());
        }
        let encodings = encodings.into_iter().map(|parameters| Encoding {
            parameters,
            ssrc: next_ssrc(),
            rtx_ssrc: next_ssrc(),
        });
        Self {
            id,
            kind,
            mid: None,
            direction: init.direction,
            current_direction: None,
            is_stopping: false,
            is_from_track: false,
            is_from_offer: false,
            streams: init.streams,
            encodings: encodings.collect(),
            track,
            has_track: true,
            preferences: Vec::new(),
            delivery: init.delivery,
            remote_streams: Vec::new(),
            receives: false,
            send_codec: None,
            agreed: None,
            described: None,
            agreed_on: None,
            negotiated: None,
            sender: None,
            receiver: None,
        }
    }

    pub(crate) fn state(&self) -> TransceiverState {
        let encodings = self.encodings.iter();
        TransceiverState {
            id: self.id,
            kind: self.kind,
            mid: told_mid(self.mid.as_ref()).cloned(),
            direction: self.direction,
            current_direction: self.current_direction,
            is_stopped: !self.is_live(),
            remote_streams: self.remote_streams.clone(),
            send_codec: self.send_codec.clone(),
            encodings: encodings
                .map(|encoding| encoding.parameters.clone())
                .collect(),
        }
    }

    /// Whether a section is, or is to be, in use for it.
    pub(crate) fn is_live(&self) -> bool {
        !self.is_stopping
    }

    /// Whether what is wanted of it differs from what was described.
    pub(crate) fn needs_negotiation(&self) -> bool {
        if self.is_stopping {
            return self.mid.is_some();
        }
        self.described.as_ref() != Some(&self.wanted())
    }

    /// What descriptions tell of it, as it is now.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            direction: self.direction,
            streams: self.streams.clone(),
            preferences: self.preferences.clone(),
        }
    }

    /// Whether its encodings are layers of simulcast.
    pub(crate) fn is_simulcast(&self) -> bool {
        let mut encodings = self.encodings.iter();
        encodings.any(|encoding| encoding.parameters.rid.is_some())
    }
}

/// A new name for a track: a UUID's form is what every peer takes (RFC 4122 section 3).
pub(crate) fn track_name(rng: &mut Rng) -> String {
    let [a, b, c, d] = [(); 4].map(|()| rng.next_u32());
    format!(
        "{a:08x}-{:04x}-{:04x}-{:04x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xfff | 0x4000,
        c >> 16 & 0x3fff | 0x8000,
        c & 0xffff,
    )
}
