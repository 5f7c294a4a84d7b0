//! What a file carries.

/// A codec that WebM files have.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Codec {
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// Opus.
    Opus,
}

/// A track of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Track {
    /// Pictures.
    Video {
        /// How they are coded.
        codec: Codec,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// What a decoder has to know beforehand: empty but for AV1.
        private: Vec<u8>,
    },
    /// Sound, in Opus.
    Audio {
        /// How many there are.
        channels: u8,
    },
}

impl Track {
    /// How it is coded.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Video { codec, .. } => *codec,
            Self::Audio { .. } => Codec::Opus,
        }
    }

    /// Whether it has pictures.
    pub fn is_video(&self) -> bool {
        matches!(self, Self::Video { .. })
    }
}

impl Codec {
    const ALL: [Self; 4] = [Self::Vp8, Self::Vp9, Self::Av1, Self::Opus];

    /// The name that SDP has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Opus => "opus",
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Vp8 => "V_VP8",
            Self::Vp9 => "V_VP9",
            Self::Av1 => "V_AV1",
            Self::Opus => "A_OPUS",
        }
    }

    pub(super) fn from_id(id: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.id().as_bytes() == id)
    }
}
