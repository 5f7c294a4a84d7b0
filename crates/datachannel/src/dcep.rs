//! The Data Channel Establishment Protocol's messages (RFC 8832 section 5).

use std::time::Duration;

use thiserror::Error;
use tidewire_sctp::Reliability;

/// DATA_CHANNEL_ACK, RFC 8832 section 5.2.
const ACK: u8 = 0x02;
/// DATA_CHANNEL_OPEN, RFC 8832 section 5.1.
const OPEN: u8 = 0x03;
/// The bit of a channel type that says that messages may overtake each other (RFC 8832 section
/// 8.2.2).
const UNORDERED: u8 = 0x80;
/// What an OPEN has before its label.
const OPEN_HEADER_LEN: usize = 12;

/// The longest label and the longest protocol, in bytes (RFC 8832 section 5.1).
pub const MAX_TEXT_LEN: usize = 0xffff;

/// A message of DCEP (RFC 8832 section 5), borrowing its texts.
///
/// ```
/// use tidewire_datachannel::{DcepMessage, OpenMessage, Reliability};
///
/// let open = OpenMessage {
///     ordered: true,
///     reliability: Reliability::MaxRetransmits(3),
///     priority: 256,
///     label: "chat",
///     protocol: "",
/// };
/// let mut out = Vec::new();
/// DcepMessage::Open(open).write(&mut out)?;
/// assert_eq!(DcepMessage::parse(&out)?, DcepMessage::Open(open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DcepMessage<'a> {
    /// DATA_CHANNEL_OPEN, RFC 8832 section 5.1.
    Open(OpenMessage<'a>),
    /// DATA_CHANNEL_ACK, RFC 8832 section 5.2.
    Ack,
}

/// The parameters of the channel that a peer opens (RFC 8832 section 5.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OpenMessage<'a> {
    /// Whether messages arrive in the order they were sent in.
    pub ordered: bool,
    /// How much is done for a message that was lost.
    pub reliability: Reliability,
    /// The weight against other channels (RFC 8831 section 6.4).
    pub priority: u16,
    /// The channel's name.
    pub label: &'a str,
    /// What is spoken on the channel; empty if unspecified.
    pub protocol: &'a str,
}

impl<'a> DcepMessage<'a> {
    /// Reads a message, which must be all of `bytes`.
    ///
    /// # Errors
    /// When the message is cut off, of another type, or its fields contradict each other.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DcepError> {
        match bytes {
            // Nothing is to follow, but some peers have padded it.
            [ACK, ..] => Ok(Self::Ack),
            [OPEN, ..] => OpenMessage::parse(bytes).map(Self::Open),
            [] => Err(DcepError::Truncated),
            [other, ..] => Err(DcepError::UnknownType(*other)),
        }
    }

    /// Appends the message to `out`.
    ///
    /// # Errors
    /// When the label or the protocol is longer than its field can tell.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), DcepError> {
        match self {
            Self::Ack => out.push(ACK),
            Self::Open(open) => open.write(out)?,
        }
        Ok(())
    }
}

impl<'a> OpenMessage<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, DcepError> {
        let header = bytes.split_first_chunk::<OPEN_HEADER_LEN>();
        let (header, text) = header.ok_or(DcepError::Truncated)?;
        let &[_, kind, p0, p1, r0, r1, r2, r3, l0, l1, q0, q1] = header;
        let label_len = usize::from(u16::from_be_bytes([l0, l1]));
        let protocol_len = usize::from(u16::from_be_bytes([q0, q1]));
        if text.len() < label_len + protocol_len {
            return Err(DcepError::Truncated);
        }
        if text.len() > label_len + protocol_len {
            return Err(DcepError::Trailing);
        }
        let (label, protocol) = text.split_at(label_len);
        Ok(Self {
            ordered: kind & UNORDERED == 0,
            reliability: reliability(kind, u32::from_be_bytes([r0, r1, r2, r3]))?,
            priority: u16::from_be_bytes([p0, p1]),
            label: str::from_utf8(label).map_err(|_| DcepError::Text)?,
            protocol: str::from_utf8(protocol).map_err(|_| DcepError::Text)?,
        })
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), DcepError> {
        let label_len = u16::try_from(self.label.len());
        let protocol_len = u16::try_from(self.protocol.len());
        let (Ok(label_len), Ok(protocol_len)) = (label_len, protocol_len) else {
            return Err(DcepError::TooLong);
        };
        let (kind, parameter) = match self.reliability {
            Reliability::Reliable => (0x00, 0),
            Reliability::MaxRetransmits(count) => (0x01, count),
            Reliability::MaxLifetime(lifetime) => {
                let millis = u32::try_from(lifetime.as_millis());
                (0x02, millis.unwrap_or(u32::MAX))
            }
        };
        let order = if self.ordered { 0 } else { UNORDERED };
        out.extend_from_slice(&[OPEN, kind | order]);
        out.extend_from_slice(&self.priority.to_be_bytes());
        out.extend_from_slice(&parameter.to_be_bytes());
        out.extend_from_slice(&label_len.to_be_bytes());
        out.extend_from_slice(&protocol_len.to_be_bytes());
        out.extend_from_slice(self.label.as_bytes());
        out.extend_from_slice(self.protocol.as_bytes());
        Ok(())
    }
}

/// The meaning of a channel type and its parameter (RFC 8832 section 5.1, table 1).
fn reliability(kind: u8, parameter: u32) -> Result<Reliability, DcepError> {
    match kind & !UNORDERED {
        0x00 => Ok(Reliability::Reliable),
        0x01 => Ok(Reliability::MaxRetransmits(parameter)),
        0x02 => {
            let lifetime = Duration::from_millis(u64::from(parameter));
            Ok(Reliability::MaxLifetime(lifetime))
        }
        _ => Err(DcepError::UnknownChannelType(kind)),
    }
}

/// Why bytes are not a [`DcepMessage`], or why it cannot be written.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DcepError {
    /// The message ends too early.
    #[error("the message is truncated")]
    Truncated,
    /// The message is longer than its fields.
    #[error("the message is longer than its fields say")]
    Trailing,
    /// A type of message that nobody has defined.
    #[error("unknown message type {0:#04x}")]
    UnknownType(u8),
    /// A type of channel that nobody has defined.
    #[error("unknown channel type {0:#04x}")]
    UnknownChannelType(u8),
    /// A label or protocol that is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A label or protocol of more than [`MAX_TEXT_LEN`] bytes.
    #[error("a text is longer than 65,535 bytes")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;

    const CHAT: OpenMessage<'static> = OpenMessage {
        ordered: false,
        reliability: Reliability::MaxRetransmits(3),
        priority: 256,
        label: "chat",
        protocol: "tw",
    };

    const CHAT_BYTES: [u8; 18] = hex!("03 81 0100 00000003 0004 0002 63686174 7477");

    fn written(message: DcepMessage<'_>) -> Vec<u8> {
        let mut out = b"before".to_vec();
        message.write(&mut out).unwrap();
        assert!(out.starts_with(b"before"));
        out.split_off(6)
    }

    #[test]
    fn an_open_is_written_as_the_rfc_draws_it() {
        assert_eq!(written(DcepMessage::Open(CHAT)), CHAT_BYTES);
        assert_eq!(DcepMessage::parse(&CHAT_BYTES), Ok(DcepMessage::Open(CHAT)));
    }

    #[test]
    fn every_channel_type_has_its_number() {
        let lifetime = Reliability::MaxLifetime(Duration::from_millis(100));
        let types = [
            (Reliability::Reliable, 0x00),
            (Reliability::MaxRetransmits(1), 0x01),
            (lifetime, 0x02),
        ];
        for (reliability, number) in types {
            for ordered in [true, false] {
                let open = OpenMessage {
                    ordered,
                    reliability,
                    ..CHAT
                };
                let bytes = written(DcepMessage::Open(open));
                assert_eq!(bytes[1], number | if ordered { 0 } else { 0x80 });
                assert_eq!(DcepMessage::parse(&bytes), Ok(DcepMessage::Open(open)));
            }
        }
    }

    #[test]
    fn unknown_types_are_rejected() {
        for kind in 0..=255 {
            let mut bytes = CHAT_BYTES;
            bytes[1] = kind;
            let known = matches!(kind & 0x7f, 0..=2);
            assert_eq!(DcepMessage::parse(&bytes).is_ok(), known);
            bytes[0] = kind;
            bytes[1] = 0;
            let known = matches!(kind, ACK | OPEN);
            assert_eq!(DcepMessage::parse(&bytes).is_ok(), known);
        }
    }

    #[test]
    fn the_parameter_of_a_reliable_channel_is_ignored() {
        let mut bytes = CHAT_BYTES;
        bytes[1] = 0x80;
        let Ok(DcepMessage::Open(open)) = DcepMessage::parse(&bytes) else {
            panic!("a valid message");
        };
        assert_eq!(open.reliability, Reliability::Reliable);
    }

    #[test]
    fn an_open_of_any_other_length_is_rejected() {
        for len in 0..CHAT_BYTES.len() {
            let error = DcepMessage::parse(&CHAT_BYTES[..len]).err();
            assert_eq!(error, Some(DcepError::Truncated), "{len} bytes");
        }
        let longer = [&CHAT_BYTES[..], b"!"].concat();
        assert_eq!(DcepMessage::parse(&longer), Err(DcepError::Trailing));
    }

    #[test]
    fn texts_that_are_not_utf8_are_rejected() {
        for index in [12, 17] {
            let mut bytes = CHAT_BYTES;
            bytes[index] = 0xff;
            assert_eq!(DcepMessage::parse(&bytes), Err(DcepError::Text));
        }
    }

    #[test]
    fn texts_are_as_long_as_their_length_field_can_tell() {
        let longest = "l".repeat(MAX_TEXT_LEN);
        let open = OpenMessage {
            label: &longest,
            protocol: &longest,
            ..CHAT
        };
        let bytes = written(DcepMessage::Open(open));
        assert_eq!(DcepMessage::parse(&bytes), Ok(DcepMessage::Open(open)));
        let longer = "l".repeat(MAX_TEXT_LEN + 1);
        let open = OpenMessage {
            label: &longer,
            ..CHAT
        };
        let error = DcepMessage::Open(open).write(&mut Vec::new());
        assert_eq!(error, Err(DcepError::TooLong));
    }

    #[test]
    fn a_lifetime_beyond_the_field_is_written_as_the_longest() {
        let open = OpenMessage {
            reliability: Reliability::MaxLifetime(Duration::MAX),
            ..CHAT
        };
        assert_eq!(written(DcepMessage::Open(open))[4..8], [0xff; 4]);
    }

    proptest! {
        #[test]
        fn any_open_is_read_as_written(
            ordered: bool, kind in 0_u8..3, parameter: u32, priority: u16,
            label in ".{0,40}", protocol in ".{0,40}",
        ) {
            let reliability = match reliability(kind, parameter) {
                Ok(reliability) => reliability,
                Err(error) => panic!("{error}"),
            };
            let open = OpenMessage { ordered, reliability, priority, label: &label, protocol: &protocol };
            let bytes = written(DcepMessage::Open(open));
            prop_assert_eq!(DcepMessage::parse(&bytes), Ok(DcepMessage::Open(open)));
        }

        #[test]
        fn any_bytes_are_handled(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            crate::fuzz::dcep(&bytes);
        }
    }
}
