//! Changing an RTP packet where it stands, as one who forwards it does.

use crate::error::ParseError;
use crate::header::MARKER;
use crate::packet::{HEADER_LEN, Packet};

/// An RTP packet whose header can be changed.
#[derive(Debug)]
pub struct PacketMut<'a> {
    bytes: &'a mut [u8],
}

impl<'a> PacketMut<'a> {
    /// Takes a packet.
    ///
    /// # Errors
    /// As [`Packet::parse`].
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, ParseError> {
        Packet::parse(bytes)?;
        Ok(Self { bytes })
    }

    /// Sets the marker bit.
    pub fn set_marker(&mut self, marker: bool) {
        self.bytes[1] = self.bytes[1] & !MARKER | u8::from(marker) << 7;
    }

    /// Sets the payload type, 0 to 127.
    pub fn set_payload_type(&mut self, payload_type: u8) {
        self.bytes[1] = self.bytes[1] & MARKER | payload_type & !MARKER;
    }

    /// Sets the sequence number.
    pub fn set_sequence_number(&mut self, sequence_number: u16) {
        self.bytes[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    }

    /// Sets the timestamp.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
    }

    /// Sets the synchronisation source.
    pub fn set_ssrc(&mut self, ssrc: u32) {
        self.bytes[8..HEADER_LEN].copy_from_slice(&ssrc.to_be_bytes());
    }

    /// The value of the first extension element with this id, to be overwritten; its length stays.
    pub fn extension_mut(&mut self, id: u8) -> Option<&mut [u8]> {
        // It was read once already, so that this cannot fail.
        let packet = Packet::parse(self.bytes).ok()?;
        let range = packet.extensions().range_of(id)?;
        let start = packet.header_len() - packet.extensions().as_bytes().len();
        Some(&mut self.bytes[start..][range])
    }

    /// The payload, to be overwritten.
    pub fn payload_mut(&mut self) -> &mut [u8] {
        let range = Packet::parse(self.bytes).map_or(0..0, |packet| packet.payload_range());
        &mut self.bytes[range]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;
    use crate::extension::{AbsSendTime, Form, Mid};

    #[test]
    fn every_field_can_be_changed() {
        let mut bytes = Vec::new();
        let mut writer = Header::default().write(&mut bytes, &[1], Form::OneByte);
        writer.extension(3, &Mid("a")).extension(4, &AbsSendTime(1));
        writer.payload().extend_from_slice(b"abc");

        let mut packet = PacketMut::parse(&mut bytes).unwrap();
        packet.set_marker(true);
        packet.set_payload_type(96);
        packet.set_sequence_number(2);
        packet.set_timestamp(3);
        packet.set_ssrc(4);
        packet.extension_mut(4).unwrap().copy_from_slice(&[0, 0, 9]);
        assert!(packet.extension_mut(5).is_none());
        packet.payload_mut()[0] = b'x';

        let packet = Packet::parse(&bytes).unwrap();
        assert!(packet.marker());
        assert_eq!(packet.payload_type(), 96);
        assert_eq!(packet.sequence_number(), 2);
        assert_eq!((packet.timestamp(), packet.ssrc()), (3, 4));
        let elements: Vec<_> = packet.extensions().collect();
        assert_eq!(elements, [(3, &b"a"[..]), (4, &[0, 0, 9][..])]);
        assert_eq!(packet.payload(), b"xbc");
    }
}
