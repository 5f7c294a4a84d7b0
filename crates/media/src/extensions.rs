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

    /// Writes those that the receiver of a packet has a number for.
    pub(crate) fn write(&self, map: &ExtensionMap, out: &mut HeaderWriter<'_>) {
        for (kind, value) in self.iter().filter(|(kind, _)| !is_of_one_hop(*kind)) {
            if let Some(id) = map.id(kind) {
                out.raw_extension(id, value);
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

/// What names a stream, and what counts and times packets on their way.
fn is_of_one_hop(kind: ExtensionKind) -> bool {
    use ExtensionKind::{
        AbsSendTime, Mid, RepairedRid, Rid, TransmissionOffset, TransportSequenceNumber,
        TransportSequenceNumberV2,
    };
    matches!(
        kind,
        Mid | Rid
            | RepairedRid
            | AbsSendTime
            | TransmissionOffset
            | TransportSequenceNumber
            | TransportSequenceNumberV2
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
        received.write(&outbound, &mut writer);
        let _ = writer.payload();
        let sent: Vec<_> = Packet::parse(&forwarded).unwrap().extensions().collect();
        assert_eq!(sent, [(6, &[0x89][..])]);
    }
}
