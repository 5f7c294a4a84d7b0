//! What two ends tell each other that connect without offer and answer.

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_media::{MediaKind, SignaledStream};
use tidewire_rtp::extension::ExtensionKind;

use crate::error::ParametersError;
use crate::media::{CodecCapability, MediaCapabilities, Numbers};

/// What one end tells the other about itself, in whatever form the application likes: RTCIceParameters and
/// RTCDtlsParameters of ORTC, and what RFC 8841 tells of data channels.
///
/// A dictionary: fields are added in minor versions.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerParameters {
    /// The ICE user name fragment and password (RFC 8445 section 5.3).
    pub credentials: ice::Credentials,
    /// It is a lite agent (RFC 8445 section 2.5).
    pub lite: bool,
    /// Of its certificate, by one hash function or several (RFC 8122 section 5).
    pub fingerprints: Vec<dtls::Fingerprint>,
    /// Where it can be reached, as far as it knows; more may follow through
    /// [`add_ice_candidate`](crate::PeerConnection::add_ice_candidate).
    pub candidates: Vec<ice::Candidate>,
    /// The longest message on data channels that it accepts, in bytes, 0 for any; `None` for no data
    /// channels.
    pub max_message_size: Option<u64>,
}

/// Which of the two ends that connect without offer and answer this is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PeerRole {
    /// ICE's controlling agent, and the server of DTLS.
    Controlling,
    /// ICE's controlled agent, and the client of DTLS.
    Controlled,
}

/// What both ends have agreed on about a transceiver, RTCRtpParameters for both directions. Both have the
/// same mid, codecs and numbers; each has its own streams.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaParameters {
    /// The name that header extensions tell the transceiver's streams by. Each transceiver has another.
    pub mid: String,
    /// What flows.
    pub kind: MediaKind,
    /// What may be sent and received. The first is sent.
    pub codecs: Vec<CodecParameters>,
    /// The numbers of header extensions, 1 to 14, or to 255 where both ends take both forms (RFC 8285).
    pub extensions: Vec<(u8, ExtensionKind)>,
    /// The streams that the peer sends, where they are not told by header extensions.
    pub peer_streams: Vec<SignaledStream>,
}

/// A codec with its numbers: RTCRtpCodecParameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodecParameters {
    /// The codec.
    pub codec: CodecCapability,
    /// What stands for it in RTP packets: 0 to 127, but not 64 to 95, which RTCP has (RFC 5761 section 4).
    pub payload_type: u8,
    /// What stands for its packets that are sent again (RFC 4588).
    pub rtx_payload_type: Option<u8>,
}

impl MediaParameters {
    /// Everything of a kind that `capabilities` have. Two ends with the same capabilities get the same
    /// numbers.
    pub fn new(mid: &str, kind: MediaKind, capabilities: &MediaCapabilities) -> Self {
        let mut numbers = Numbers::default();
        let mut codecs = Vec::new();
        // Of both kinds, as they share a transport.
        for codec in &capabilities.codecs {
            if let Some((payload_type, rtx)) = numbers.payload_types(codec) {
                codecs.push(CodecParameters {
                    codec: codec.clone(),
                    payload_type,
                    rtx_payload_type: rtx.filter(|_| codec.rtx),
                });
            }
        }
        codecs.retain(|codec| codec.codec.kind == kind);
        let mut extensions = Vec::new();
        for of in [MediaKind::Audio, MediaKind::Video] {
            for (extension, uri) in capabilities.extensions(of) {
                let id = numbers.extension(uri).filter(|_| of == kind);
                extensions.extend(id.map(|id| (id, *extension)));
            }
        }
        Self {
            mid: mid.to_owned(),
            kind,
            codecs,
            extensions,
            peer_streams: Vec::new(),
        }
    }

    /// With this codec alone; its numbers stay.
    #[must_use]
    pub fn with_codec(mut self, is_wanted: impl Fn(&CodecCapability) -> bool) -> Self {
        self.codecs.retain(|codec| is_wanted(&codec.codec));
        self
    }

    /// Whether the numbers and names are such that packets can carry them.
    pub(crate) fn check(&self) -> Result<(), ParametersError> {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        // As much as an element of a header extension of one byte carries (RFC 8285 section 4.2).
        if !(1..=16).contains(&self.mid.len()) || !self.mid.bytes().all(is_token) {
            return Err(ParametersError::Mid);
        }
        let codecs = self.codecs.iter();
        let kinds_fit = codecs.clone().all(|codec| codec.codec.kind == self.kind);
        if !kinds_fit || !codecs.clone().any(|codec| codec.codec.is_primary()) {
            return Err(ParametersError::Codec);
        }
        let numbers = codecs
            .flat_map(|codec| [Some(codec.payload_type), codec.rtx_payload_type])
            .flatten();
        let usable = |number: &u8| matches!(number, 0..=63 | 96..=127);
        if !are_distinct(numbers, usable) {
            return Err(ParametersError::PayloadType);
        }
        // 15 has no meaning in the form of one byte (RFC 8285 section 4.2).
        let usable = |id: &u8| !matches!(id, 0 | 15);
        if !are_distinct(self.extensions.iter().map(|(id, _)| *id), usable) {
            return Err(ParametersError::Extension);
        }
        Ok(())
    }
}

/// Whether all numbers are usable, and none is there twice.
fn are_distinct(numbers: impl Iterator<Item = u8>, is_usable: impl Fn(&u8) -> bool) -> bool {
    let mut seen = [false; 256];
    numbers
        .into_iter()
        .all(|number| is_usable(&number) && !std::mem::replace(&mut seen[number as usize], true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(kind: MediaKind) -> MediaParameters {
        MediaParameters::new("0", kind, &MediaCapabilities::default())
    }

    #[test]
    fn numbers_of_both_kinds_do_not_meet() {
        let (audio, video) = (parameters(MediaKind::Audio), parameters(MediaKind::Video));
        assert_eq!((audio.check(), video.check()), (Ok(()), Ok(())));
        let numbers = |of: &MediaParameters| -> Vec<u8> {
            of.codecs.iter().map(|codec| codec.payload_type).collect()
        };
        let taken = numbers(&audio);
        assert!(numbers(&video).iter().all(|number| !taken.contains(number)));
        // What both kinds have has one number.
        let mid = |of: &MediaParameters| {
            let mut all = of.extensions.iter();
            all.find(|(_, kind)| *kind == ExtensionKind::Mid).copied()
        };
        assert_eq!(mid(&audio), mid(&video));
    }

    #[test]
    fn what_packets_cannot_carry_is_refused() {
        let refused = |change: &dyn Fn(&mut MediaParameters)| {
            let mut parameters = parameters(MediaKind::Video);
            change(&mut parameters);
            parameters.check().err()
        };
        let with_mid = |mid: &str| refused(&|of| mid.clone_into(&mut of.mid));
        for mid in ["", "a b", "more-than-sixteen"] {
            assert_eq!(with_mid(mid), Some(ParametersError::Mid), "{mid}");
        }
        let without = refused(&|of| of.codecs.clear());
        let of_the_other_kind = refused(&|of| of.kind = MediaKind::Audio);
        assert_eq!(without, Some(ParametersError::Codec));
        assert_eq!(of_the_other_kind, Some(ParametersError::Codec));
        let taken = parameters(MediaKind::Video).codecs[1].payload_type;
        for number in [72, 128, taken] {
            let refused = refused(&|of| of.codecs[0].payload_type = number);
            assert_eq!(refused, Some(ParametersError::PayloadType), "{number}");
        }
        let taken = parameters(MediaKind::Video).extensions[1].0;
        for id in [0, 15, taken] {
            let refused = refused(&|of| of.extensions[0].0 = id);
            assert_eq!(refused, Some(ParametersError::Extension), "{id}");
        }
    }
}
