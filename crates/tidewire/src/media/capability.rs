//! Which codecs and header extensions we know.

use tidewire_media::{Feedback, MediaKind};
use tidewire_rtp::extension::ExtensionKind;
use tidewire_rtp::payload::Format;
use tidewire_sdp::{Av1Parameters, H264Parameters, Vp9Parameters};

/// A codec that can be negotiated: RTCRtpCodec, and what a stack without encoders has to know of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CodecCapability {
    /// What it carries.
    pub kind: MediaKind,
    /// The name in `a=rtpmap`, such as `opus`. Letter case does not matter.
    pub name: String,
    /// In ticks a second.
    pub clock_rate: u32,
    /// How many channels, where the name does not tell.
    pub channels: Option<u16>,
    /// What `a=fmtp` says of it, empty for nothing.
    pub parameters: String,
    /// How its frames become packets.
    pub format: Format,
    /// What its receiver tells its sender.
    pub feedback: Feedback,
    /// Whether lost packets are sent again in a stream of their own (RFC 4588).
    pub rtx: bool,
    /// The payload type to offer, where it is free. `None` for any.
    pub payload_type: Option<u8>,
}

/// What can be negotiated. Without codecs of a kind, sections of that kind are rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaCapabilities {
    /// The codecs, the most liked first.
    pub codecs: Vec<CodecCapability>,
    /// The header extensions of audio, each with the name that descriptions have for it.
    pub audio_extensions: Vec<(ExtensionKind, String)>,
    /// The header extensions of video.
    pub video_extensions: Vec<(ExtensionKind, String)>,
}

impl CodecCapability {
    /// A codec of audio.
    pub fn audio(name: &str, clock_rate: u32, format: Format) -> Self {
        Self {
            kind: MediaKind::Audio,
            name: name.to_owned(),
            clock_rate,
            channels: None,
            parameters: String::new(),
            format,
            feedback: Feedback::default(),
            rtx: false,
            payload_type: None,
        }
    }

    /// A codec of video, with the feedback and the repair that browsers have.
    pub fn video(name: &str, format: Format) -> Self {
        Self {
            kind: MediaKind::Video,
            feedback: Feedback {
                nack: true,
                picture_loss: true,
                full_intra_request: true,
                transport_wide: true,
                remb: true,
            },
            rtx: true,
            ..Self::audio(name, 90_000, format)
        }
    }

    /// The same with another `a=fmtp`.
    #[must_use]
    pub fn with_parameters(self, parameters: &str) -> Self {
        Self {
            parameters: parameters.to_owned(),
            ..self
        }
    }

    /// The same with a payload type to offer.
    #[must_use]
    pub fn with_payload_type(self, payload_type: u8) -> Self {
        Self {
            payload_type: Some(payload_type),
            ..self
        }
    }

    /// Whether frames of it are media, and not events or silence beside them.
    pub(crate) fn is_primary(&self) -> bool {
        !matches!(self.format, Format::ComfortNoise | Format::TelephoneEvent)
    }

    /// What answers a peer's `a=fmtp` of a codec with this name; `None` when it means another
    /// configuration (RFC 6184 section 8.2.2, RFC 9628 section 6, AV1 RTP specification section 7.2).
    pub(crate) fn answer(&self, parameters: &str) -> Option<String> {
        if self.is("H264") {
            let own = H264Parameters::read(&self.parameters)?;
            let offered = H264Parameters::read(parameters)?;
            return own.answer(&offered).map(|answer| answer.to_string());
        }
        if self.is("VP9") {
            let own = Vp9Parameters::read(&self.parameters)?;
            let matches = own.matches(Vp9Parameters::read(parameters)?);
            return matches.then(|| self.parameters.clone());
        }
        if self.is("AV1") {
            let own = Av1Parameters::read(&self.parameters)?;
            let matches = own.matches(Av1Parameters::read(parameters)?);
            return matches.then(|| self.parameters.clone());
        }
        Some(self.parameters.clone())
    }

    /// Whether it has this name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl MediaCapabilities {
    /// Nothing: only data channels.
    pub fn none() -> Self {
        Self {
            codecs: Vec::new(),
            audio_extensions: Vec::new(),
            video_extensions: Vec::new(),
        }
    }

    /// Those of a kind, the most liked first.
    pub fn of(&self, kind: MediaKind) -> impl Iterator<Item = &CodecCapability> {
        self.codecs.iter().filter(move |codec| codec.kind == kind)
    }

    pub(crate) fn extensions(&self, kind: MediaKind) -> &[(ExtensionKind, String)] {
        match kind {
            MediaKind::Audio => &self.audio_extensions,
            MediaKind::Video => &self.video_extensions,
        }
    }
}

impl Default for MediaCapabilities {
    /// What browsers have, and this stack can cut into packets.
    fn default() -> Self {
        let opus = CodecCapability {
            channels: Some(2),
            feedback: Feedback {
                transport_wide: true,
                ..Feedback::default()
            },
            ..CodecCapability::audio("opus", 48_000, Format::Opus)
        };
        let codecs = vec![
            opus.with_parameters("minptime=10;useinbandfec=1")
                .with_payload_type(111),
            CodecCapability::audio("G722", 8000, Format::G722).with_payload_type(9),
            CodecCapability::audio("PCMU", 8000, Format::Pcmu).with_payload_type(0),
            CodecCapability::audio("PCMA", 8000, Format::Pcma).with_payload_type(8),
            CodecCapability::audio("CN", 8000, Format::ComfortNoise).with_payload_type(13),
            CodecCapability::audio("telephone-event", 48_000, Format::TelephoneEvent)
                .with_parameters("0-15"),
            CodecCapability::audio("telephone-event", 8000, Format::TelephoneEvent)
                .with_parameters("0-15"),
            CodecCapability::video("VP8", Format::Vp8).with_payload_type(96),
            CodecCapability::video("VP9", Format::Vp9)
                .with_parameters("profile-id=0")
                .with_payload_type(98),
            h264(1, "42e01f"),
            h264(1, "42001f"),
            h264(1, "4d001f"),
            h264(1, "64001f"),
            h264(0, "42e01f"),
            CodecCapability::video("AV1", Format::Av1)
                .with_parameters("level-idx=5;profile=0;tier=0")
                .with_payload_type(45),
        ];
        Self {
            codecs,
            audio_extensions: named(&[
                ExtensionKind::AudioLevel,
                ExtensionKind::AbsSendTime,
                ExtensionKind::TransportSequenceNumber,
                ExtensionKind::Mid,
                ExtensionKind::AbsCaptureTime,
            ]),
            video_extensions: named(&[
                ExtensionKind::TransmissionOffset,
                ExtensionKind::AbsSendTime,
                ExtensionKind::VideoOrientation,
                ExtensionKind::TransportSequenceNumber,
                ExtensionKind::PlayoutDelay,
                ExtensionKind::VideoContentType,
                ExtensionKind::VideoTiming,
                ExtensionKind::ColorSpace,
                ExtensionKind::Mid,
                ExtensionKind::Rid,
                ExtensionKind::RepairedRid,
                ExtensionKind::AbsCaptureTime,
                ExtensionKind::DependencyDescriptor,
                ExtensionKind::VideoLayersAllocation,
            ]),
        }
    }
}

fn h264(mode: u8, profile_level_id: &str) -> CodecCapability {
    let parameters = format!(
        "level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile_level_id}"
    );
    let format = match mode {
        0 => Format::H264SingleUnit,
        _ => Format::H264,
    };
    CodecCapability::video("H264", format).with_parameters(&parameters)
}

fn named(kinds: &[ExtensionKind]) -> Vec<(ExtensionKind, String)> {
    let named = kinds.iter().copied();
    named
        .filter_map(|kind| Some((kind, kind.uri()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capability(name: &str, parameters: &str) -> CodecCapability {
        CodecCapability::video(name, Format::Opaque).with_parameters(parameters)
    }

    #[test]
    fn the_profile_tells_whether_codecs_match() {
        let vp9 = capability("VP9", "profile-id=0");
        assert!(vp9.answer("").is_some());
        assert!(vp9.answer("profile-id=2").is_none());
        let av1 = capability("AV1", "");
        assert!(av1.answer("level-idx=9;profile=0;tier=1").is_some());
        assert!(av1.answer("profile=1").is_none());
        let h264 = h264(1, "42e01f");
        assert!(
            h264.answer("packetization-mode=1;profile-level-id=42e00d")
                .is_some()
        );
        assert!(
            h264.answer("packetization-mode=0;profile-level-id=42e01f")
                .is_none()
        );
        assert!(
            h264.answer("packetization-mode=1;profile-level-id=64001f")
                .is_none()
        );
    }

    #[test]
    fn parameters_of_others_do_not_matter() {
        let opus = CodecCapability::audio("opus", 48_000, Format::Opus).with_parameters("stereo=1");
        assert_eq!(opus.answer("useinbandfec=1").as_deref(), Some("stereo=1"));
    }
}
