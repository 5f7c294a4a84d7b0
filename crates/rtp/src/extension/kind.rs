//! Which header extensions there are, and by which numbers a session calls them.

/// A header extension.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ExtensionKind {
    /// The media section, RFC 9143 section 15.
    Mid,
    /// The stream within the section, RFC 8852 section 3.1.
    Rid,
    /// The stream that is repaired, RFC 8852 section 3.2.
    RepairedRid,
    /// How loud it is, RFC 6464.
    AudioLevel,
    /// When it was sent.
    AbsSendTime,
    /// When it was captured.
    AbsCaptureTime,
    /// How long after its timestamp it was sent, RFC 5450.
    TransmissionOffset,
    /// A sequence number over all streams of a transport.
    TransportSequenceNumber,
    /// The same, with requests for feedback.
    TransportSequenceNumberV2,
    /// How the camera was held, 3GPP TS 26.114 section 7.4.5.
    VideoOrientation,
    /// How long the receiver may delay.
    PlayoutDelay,
    /// Whether it is a screen.
    VideoContentType,
    /// How long the sender took for each step.
    VideoTiming,
    /// What the colours mean.
    ColorSpace,
    /// The layers that are sent, with their rates.
    VideoLayersAllocation,
    /// What a frame depends on, AV1 RTP specification appendix A.
    DependencyDescriptor,
    /// One of the application's own, by a number of its choice.
    User(u8),
}

/// Those that have a name of their own, each with it.
const NAMED: [(ExtensionKind, &str); 16] = [
    (ExtensionKind::Mid, "urn:ietf:params:rtp-hdrext:sdes:mid"),
    (
        ExtensionKind::Rid,
        "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    ),
    (
        ExtensionKind::RepairedRid,
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    ),
    (
        ExtensionKind::AudioLevel,
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    ),
    (
        ExtensionKind::AbsSendTime,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    ),
    (
        ExtensionKind::AbsCaptureTime,
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    ),
    (
        ExtensionKind::TransmissionOffset,
        "urn:ietf:params:rtp-hdrext:toffset",
    ),
    (
        ExtensionKind::TransportSequenceNumber,
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    ),
    (
        ExtensionKind::TransportSequenceNumberV2,
        "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02",
    ),
    (
        ExtensionKind::VideoOrientation,
        "urn:3gpp:video-orientation",
    ),
    (
        ExtensionKind::PlayoutDelay,
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    ),
    (
        ExtensionKind::VideoContentType,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    ),
    (
        ExtensionKind::VideoTiming,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    ),
    (
        ExtensionKind::ColorSpace,
        "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    ),
    (
        ExtensionKind::VideoLayersAllocation,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
    ),
    (
        ExtensionKind::DependencyDescriptor,
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ),
];

impl ExtensionKind {
    /// Those that have a name, in no order that matters.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMED.iter().map(|(kind, _)| *kind)
    }

    /// The one that descriptions call `uri`.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let named = NAMED.iter().find(|(_, name)| *name == uri);
        named.map(|(kind, _)| *kind)
    }

    /// What descriptions call it; the application knows it of its own ones.
    pub fn uri(self) -> Option<&'static str> {
        self.index().map(|index| NAMED[index].1)
    }

    /// The place among those that have a name.
    const fn index(self) -> Option<usize> {
        Some(match self {
            Self::Mid => 0,
            Self::Rid => 1,
            Self::RepairedRid => 2,
            Self::AudioLevel => 3,
            Self::AbsSendTime => 4,
            Self::AbsCaptureTime => 5,
            Self::TransmissionOffset => 6,
            Self::TransportSequenceNumber => 7,
            Self::TransportSequenceNumberV2 => 8,
            Self::VideoOrientation => 9,
            Self::PlayoutDelay => 10,
            Self::VideoContentType => 11,
            Self::VideoTiming => 12,
            Self::ColorSpace => 13,
            Self::VideoLayersAllocation => 14,
            Self::DependencyDescriptor => 15,
            Self::User(_) => return None,
        })
    }
}

/// The numbers by which a session calls its header extensions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtensionMap {
    kinds: [Option<ExtensionKind>; 256],
    /// The numbers of those that have a name, in the order of [`NAMED`]; 0 for none.
    ids: [u8; NAMED.len()],
}

impl ExtensionMap {
    /// Without any.
    pub const fn new() -> Self {
        Self {
            kinds: [None; 256],
            ids: [0; NAMED.len()],
        }
    }

    /// Calls `kind` by `id`, which must not be 0. What it was called before, or what was called so, is
    /// forgotten.
    pub fn insert(&mut self, id: u8, kind: ExtensionKind) {
        self.remove(kind);
        if let Some(replaced) = self.kind(id) {
            self.remove(replaced);
        }
        if id != 0 {
            self.kinds[usize::from(id)] = Some(kind);
            if let Some(known) = self.named_id_mut(kind) {
                *known = id;
            }
        }
    }

    /// Forgets what `kind` is called.
    pub fn remove(&mut self, kind: ExtensionKind) {
        for known in &mut self.kinds {
            known.take_if(|known| *known == kind);
        }
        if let Some(known) = self.named_id_mut(kind) {
            *known = 0;
        }
    }

    /// Which one is called `id`.
    pub fn kind(&self, id: u8) -> Option<ExtensionKind> {
        self.kinds[usize::from(id)]
    }

    /// What `kind` is called.
    pub fn id(&self, kind: ExtensionKind) -> Option<u8> {
        match kind.index() {
            Some(index) => Some(self.ids[index]).filter(|id| *id != 0),
            None => {
                let mut all = self.iter();
                all.find_map(|(id, other)| (other == kind).then_some(id))
            }
        }
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u8, ExtensionKind)> + use<'_> {
        let numbered = (0..=255).zip(&self.kinds);
        numbered.filter_map(|(id, kind)| Some((id, (*kind)?)))
    }

    fn named_id_mut(&mut self, kind: ExtensionKind) -> Option<&mut u8> {
        kind.index().map(|index| &mut self.ids[index])
    }
}

impl Default for ExtensionMap {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_kind() {
        for (index, kind) in ExtensionKind::all().enumerate() {
            assert_eq!(kind.index(), Some(index));
            assert_eq!(kind.uri().and_then(ExtensionKind::from_uri), Some(kind));
        }
        assert_eq!(ExtensionKind::User(1).uri(), None);
    }

    #[test]
    fn a_kind_has_one_number_and_a_number_one_kind() {
        let mut map = ExtensionMap::new();
        map.insert(3, ExtensionKind::Mid);
        map.insert(4, ExtensionKind::Mid);
        assert_eq!((map.kind(3), map.id(ExtensionKind::Mid)), (None, Some(4)));
        map.insert(4, ExtensionKind::User(9));
        assert_eq!(map.id(ExtensionKind::Mid), None);
        map.insert(0, ExtensionKind::Mid);
        assert_eq!(
            map.iter().collect::<Vec<_>>(),
            [(4, ExtensionKind::User(9))]
        );
    }
}
