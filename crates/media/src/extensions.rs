//! The header extensions of a packet or frame, apart from the packet.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tidewire_rtp::HeaderWriter;
use tidewire_rtp::extension::{Elements, Extension, ExtensionKind, ExtensionMap, Form};

/// Header extensions that travel with a packet or frame: received ones, or those that the application
/// sets.
///
/// Cloning copies nothing. Those that belong to one hop only are not sent on: what names the stream,
/// and what counts and times packets.
#[derive(Clone, Debug, Default)]
pub struct Extensions {
    form: Option<Form>,
    elements: Bytes,
    /// What the numbers stand for; `None` for [`canonical`] ones.
    map: Option<Arc<ExtensionMap>>,
}

impl Extensions {
    /// Without any.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn received(form: Option<Form>, elements: Bytes, map: &Arc<ExtensionMap>) -> Self {
        Self {
            form,
            elements,
            map: Some(Arc::clone(map)),
        }
    }

    /// What they take of a packet at most, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.elements.len()
    }

    /// The value of an extension.
    pub fn get<'a, E: Extension<'a>>(&'a self) -> Option<E> {
        E::decode(self.raw(E::KIND)?)
    }

    /// The value of an extension, as it is.
    pub fn raw(&self, kind: ExtensionKind) -> Option<&[u8]> {
        self.iter()
            .find_map(|(other, value)| (other == kind).then_some(value))
    }

    /// All of them that have a meaning here.
    pub fn iter(&self) -> impl Iterator<Item = (ExtensionKind, &[u8])> {
        let elements = Elements::of(self.form, &self.elements);
        elements.filter_map(|(id, value)| Some((self.kind(id)?, value)))
    }

    /// The same with another value; values of up to 255 bytes are kept.
    #[must_use]
    pub fn with<'a, E: Extension<'a>>(&self, value: &E) -> Self {
        let mut encoded = Vec::new();
        value.encode(&mut encoded);
        self.with_raw(E::KIND, &encoded)
    }

    /// The same with another value, as it is.
    #[must_use]
    pub fn with_raw(&self, kind: ExtensionKind, value: &[u8]) -> Self {
        let mut elements = BytesMut::new();
        let mut push = |kind, value: &[u8]| {
            if let (Some(id), Ok(len)) = (canonical_id(kind), u8::try_from(value.len())) {
                elements.extend_from_slice(&[id, len]);
                elements.extend_from_slice(value);
            }
        };
        let others = self.iter().filter(|(other, _)| *other != kind);
        others.for_each(|(kind, value)| push(kind, value));
        push(kind, value);
        Self {
            form: Some(Form::TwoByte),
            elements: elements.freeze(),
            map: None,
        }
    }

    /// Writes those that the receiver of a packet has a number for. Of the packets of a frame, each says
    /// whether it begins and ends the frame; a packet that is sent as it came has no such `place`.
    pub(crate) fn write(
        &self,
        map: &ExtensionMap,
        place: Option<Place>,
        out: &mut HeaderWriter<'_>,
    ) {
        for (kind, value) in self.iter().filter(|(kind, _)| !is_of_one_hop(*kind)) {
            let Some(id) = map.id(kind) else { continue };
            match place {
                Some(place) if kind == ExtensionKind::DependencyDescriptor => {
                    write_dependency(id, value, place, out);
                }
                _ => {
                    out.raw_extension(id, value);
                }
            }
        }
    }

    fn kind(&self, id: u8) -> Option<ExtensionKind> {
        match &self.map {
            Some(map) => map.kind(id),
            None => canonical_kind(id),
        }
    }
}

/// Where a packet stands in its frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
}

/// Writes a dependency descriptor that was told for a whole frame into one of its packets (AV1 RTP
/// specification appendix A.4): the first two bits tell where the frame begins and ends, and the structure
/// stands in the first packet only, unless what follows it is needed.
fn write_dependency(id: u8, value: &[u8], place: Place, out: &mut HeaderWriter<'_>) {
    /// Begin, end, template and frame number.
    const MANDATORY: usize = 3;
    /// The flags of the part behind that for what differs from the template.
    const CUSTOM: u8 = 0b0011_1000;
    let mut bytes = [0; 255];
    let needs_all = place.is_first
        || value
            .get(MANDATORY)
            .is_some_and(|flags| flags & CUSTOM != 0);
    let len = if needs_all {
        value.len()
    } else {
        value.len().min(MANDATORY)
    };
    let Some(bytes) = bytes.get_mut(..len).filter(|bytes| !bytes.is_empty()) else {
        return;
    };
    bytes.copy_from_slice(&value[..len]);
    bytes[0] = bytes[0] & 0x3f | u8::from(place.is_first) << 7 | u8::from(place.is_last) << 6;
    out.raw_extension(id, bytes);
}

/// What names a stream, what counts and times packets on their way, and what one sender's layers are.
fn is_of_one_hop(kind: ExtensionKind) -> bool {
    use ExtensionKind::{
        AbsSendTime, Mid, RepairedRid, Rid, TransmissionOffset, TransportSequenceNumber,
        TransportSequenceNumberV2, VideoLayersAllocation,
    };
    matches!(
        kind,
        Mid | Rid
            | RepairedRid
            | AbsSendTime
            | TransmissionOffset
            | TransportSequenceNumber
            | TransportSequenceNumberV2
            | VideoLayersAllocation
    )
}

/// Numbers from here on stand for the application's own extensions.
const FIRST_USER: u8 = 128;

/// Numbers that no session has agreed on: the place among those that have a name.
fn canonical_id(kind: ExtensionKind) -> Option<u8> {
    if let ExtensionKind::User(number) = kind {
        return FIRST_USER.checked_add(number);
    }
    let mut numbered = (1..).zip(ExtensionKind::all());
    numbered.find_map(|(id, other)| (other == kind).then_some(id))
}

fn canonical_kind(id: u8) -> Option<ExtensionKind> {
    match id.checked_sub(FIRST_USER) {
        Some(number) => Some(ExtensionKind::User(number)),
        None => ExtensionKind::all().nth(usize::from(id.checked_sub(1)?)),
    }
}

#[cfg(test)]
mod tests {
    use tidewire_rtp::extension::{AudioLevel, Mid, VideoOrientation};
    use tidewire_rtp::{Header, Packet};

    use super::*;

    const LEVEL: AudioLevel = AudioLevel {
        voice: true,
        level: 9,
    };

    #[test]
    fn what_the_application_sets_is_told_and_replaced() {
        let user = ExtensionKind::User(3);
        let extensions = Extensions::new()
            .with(&LEVEL)
            .with_raw(user, b"own")
            .with(&AudioLevel {
                voice: false,
                level: 1,
            });
        assert_eq!(
            extensions.get::<AudioLevel>().map(|level| level.level),
            Some(1)
        );
        assert_eq!(extensions.raw(user), Some(&b"own"[..]));
        assert_eq!(extensions.get::<VideoOrientation>(), None);
        assert_eq!(extensions.iter().count(), 2);
    }

    #[test]
    fn a_dependency_descriptor_tells_where_its_frame_begins_and_ends() {
        let mut map = ExtensionMap::new();
        map.insert(1, ExtensionKind::DependencyDescriptor);
        let written = |value: &[u8], is_first, is_last| {
            let extensions = Extensions::new().with_raw(ExtensionKind::DependencyDescriptor, value);
            let mut packet = Vec::new();
            let mut writer = Header::default().write(&mut packet, &[], Form::TwoByte);
            extensions.write(&map, Some(Place { is_first, is_last }), &mut writer);
            let _ = writer.payload();
            let read = Packet::parse(&packet).unwrap().extensions().find(1);
            read.map(<[u8]>::to_vec)
        };
        // With a structure; with references of its own; and without either.
        let (structure, custom) = ([0xc5, 0, 1, 0x80, 7], [0x45, 0, 1, 0x10, 7]);
        assert_eq!(
            written(&structure, true, false),
            Some(vec![0x85, 0, 1, 0x80, 7])
        );
        assert_eq!(written(&structure, false, false), Some(vec![0x05, 0, 1]));
        assert_eq!(
            written(&custom, false, true),
            Some(vec![0x45, 0, 1, 0x10, 7])
        );
        assert_eq!(written(&[0x05, 0, 1], true, true), Some(vec![0xc5, 0, 1]));
    }

    #[test]
    fn received_ones_are_sent_on_under_other_numbers_but_those_of_one_hop() {
        let (mut inbound, mut outbound) = (ExtensionMap::new(), ExtensionMap::new());
        for (id, kind) in [(1, ExtensionKind::AudioLevel), (2, ExtensionKind::Mid)] {
            inbound.insert(id, kind);
            outbound.insert(id + 5, kind);
        }
        let mut packet = Vec::new();
        let mut writer = Header::default().write(&mut packet, &[], Form::OneByte);
        writer
            .extension(1, &LEVEL)
            .extension(2, &Mid("0"))
            .raw_extension(3, b"?");
        let _ = writer.payload();
        let read = Packet::parse(&packet).unwrap().extensions();
        let elements = Bytes::copy_from_slice(read.as_bytes());
        let received = Extensions::received(read.form(), elements, &Arc::new(inbound));
        assert_eq!(received.get::<Mid>(), Some(Mid("0")));

        let mut forwarded = Vec::new();
        let mut writer = Header::default().write(&mut forwarded, &[], Form::OneByte);
        received.write(&outbound, None, &mut writer);
        let _ = writer.payload();
        let sent: Vec<_> = Packet::parse(&forwarded).unwrap().extensions().collect();
        assert_eq!(sent, [(6, &[0x89][..])]);
    }
}
