//! Which payload types and extension numbers a connection uses.

use tidewire_media::MediaKind;

use super::capability::CodecCapability;

/// The numbers that stand for codecs and header extensions. They mean the same in all sections that
/// share a transport (RFC 9143 section 9.1), and keep their meaning (RFC 8829 section 5.2.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Numbers {
    codecs: Vec<Codec>,
    extensions: Vec<(u8, String)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Codec {
    identity: Identity,
    payload_type: u8,
    rtx: Option<u8>,
}

/// What two payload types must differ in.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Identity {
    kind: MediaKind,
    name: String,
    clock_rate: u32,
    channels: u16,
    parameters: String,
}

impl Identity {
    fn of(codec: &CodecCapability) -> Self {
        Self {
            kind: codec.kind,
            name: codec.name.to_ascii_lowercase(),
            clock_rate: codec.clock_rate,
            channels: codec.channels.unwrap_or(1),
            parameters: codec.parameters.clone(),
        }
    }
}

impl Numbers {
    /// The payload types of a codec and of its packets that are sent again. `None` when all numbers are
    /// taken.
    pub(crate) fn payload_types(&mut self, codec: &CodecCapability) -> Option<(u8, Option<u8>)> {
        let identity = Identity::of(codec);
        let known = self
            .codecs
            .iter()
            .position(|known| known.identity == identity);
        let at = match known {
            Some(at) => at,
            None => {
                let wanted = codec.payload_type.filter(|number| self.is_free(*number));
                let payload_type = wanted.or_else(|| self.free_payload_type())?;
                self.codecs.push(Codec {
                    identity,
                    payload_type,
                    rtx: None,
                });
                self.codecs.len() - 1
            }
        };
        if codec.rtx && self.codecs[at].rtx.is_none() {
            let payload_type = self.codecs[at].payload_type;
            let next =
                Some(payload_type + 1).filter(|next| is_dynamic(*next) && self.is_free(*next));
            self.codecs[at].rtx = next.or_else(|| self.free_payload_type());
        }
        let codec = &self.codecs[at];
        Some((codec.payload_type, codec.rtx))
    }

    /// Takes over what the peer calls a codec.
    pub(crate) fn adopt(&mut self, codec: &CodecCapability, payload_type: u8, rtx: Option<u8>) {
        let identity = Identity::of(codec);
        self.codecs.retain(|known| {
            let taken = known.payload_type == payload_type
                || rtx == Some(known.payload_type)
                || known.rtx == Some(payload_type)
                || rtx.is_some() && known.rtx == rtx;
            known.identity != identity && !taken
        });
        self.codecs.push(Codec {
            identity,
            payload_type,
            rtx,
        });
    }

    /// The number of a header extension. `None` when all are taken.
    pub(crate) fn extension(&mut self, uri: &str) -> Option<u8> {
        if let Some((id, _)) = self.extensions.iter().find(|(_, known)| known == uri) {
            return Some(*id);
        }
        // Those that fit into one byte first; 15 is reserved there (RFC 8285 section 4.2).
        let mut ids = (1..=14).chain(16..=255);
        let id = ids.find(|id| self.extensions.iter().all(|(known, _)| known != id))?;
        self.extensions.push((id, uri.to_owned()));
        Some(id)
    }

    /// Takes over what the peer calls a header extension.
    pub(crate) fn adopt_extension(&mut self, id: u8, uri: &str) {
        self.extensions
            .retain(|(known, other)| *known != id && other != uri);
        self.extensions.push((id, uri.to_owned()));
    }

    fn is_free(&self, number: u8) -> bool {
        let mut codecs = self.codecs.iter();
        codecs.all(|codec| codec.payload_type != number && codec.rtx != Some(number))
    }

    fn free_payload_type(&self) -> Option<u8> {
        // The upper range first; the lower one does not collide with RTCP either (RFC 8829 section
        // 5.2.1, RFC 5761 section 4).
        (96..=127)
            .chain(35..=63)
            .find(|number| self.is_free(*number))
    }
}

fn is_dynamic(number: u8) -> bool {
    matches!(number, 35..=63 | 96..=127)
}

#[cfg(test)]
mod tests {
    use tidewire_rtp::payload::Format;

    use super::*;

    fn vp8() -> CodecCapability {
        CodecCapability::video("VP8", Format::Opaque).with_payload_type(96)
    }

    #[test]
    fn a_codec_keeps_its_numbers() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.payload_types(&vp8()), Some((96, Some(97))));
        let other = vp8().with_parameters("max-fr=30");
        assert_eq!(numbers.payload_types(&other), Some((98, Some(99))));
        assert_eq!(numbers.payload_types(&vp8()), Some((96, Some(97))));
    }

    #[test]
    fn what_the_peer_calls_a_codec_is_taken_over_and_the_others_make_room() {
        let mut numbers = Numbers::default();
        let other = vp8().with_parameters("max-fr=30");
        numbers.payload_types(&vp8());
        numbers.adopt(&other, 97, None);
        assert_eq!(numbers.payload_types(&other), Some((97, Some(98))));
        assert_eq!(numbers.payload_types(&vp8()), Some((96, Some(99))));
    }

    #[test]
    fn numbers_come_to_an_end() {
        let mut numbers = Numbers::default();
        let all: Vec<_> = (0..100)
            .map_while(|number| {
                let codec = CodecCapability::audio(&format!("x{number}"), 8000, Format::Opaque);
                numbers.payload_types(&codec)
            })
            .collect();
        assert_eq!(all.len(), 32 + 29);
    }

    #[test]
    fn extensions_keep_their_numbers_and_15_is_left_out() {
        let mut numbers = Numbers::default();
        let ids: Vec<_> = (0..16)
            .filter_map(|number| numbers.extension(&format!("urn:{number}")))
            .collect();
        assert_eq!(ids[13..], [14, 16, 17]);
        numbers.adopt_extension(3, "urn:15");
        assert_eq!(numbers.extension("urn:15"), Some(3));
        assert_eq!(numbers.extension("urn:2"), Some(17));
    }
}
