//! Messages and the identifiers that tell their kinds apart on the wire.

use bytes::Bytes;

/// A message of an application (RFC 8831 section 6.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// Text in UTF-8. What a peer sent has not been checked: see [`as_text`](Self::as_text).
    Text(Bytes),
    /// Anything else.
    Binary(Bytes),
}

impl Message {
    /// The text, if this is one and it is UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => str::from_utf8(text).ok(),
            Self::Binary(_) => None,
        }
    }

    /// The bytes, of a text too.
    pub fn payload(&self) -> &Bytes {
        let (Self::Text(payload) | Self::Binary(payload)) = self;
        payload
    }

    /// Whether this is a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// How the message goes over SCTP, which has no empty messages (RFC 8831 section 6.6).
    pub(crate) fn into_wire(self) -> (Ppid, Bytes) {
        const EMPTY: Bytes = Bytes::from_static(&[0]);
        match self {
            Self::Text(text) if text.is_empty() => (Ppid::TEXT_EMPTY, EMPTY),
            Self::Text(text) => (Ppid::TEXT, text),
            Self::Binary(bytes) if bytes.is_empty() => (Ppid::BINARY_EMPTY, EMPTY),
            Self::Binary(bytes) => (Ppid::BINARY, bytes),
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// A payload protocol identifier (RFC 8831 section 8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Ppid(pub(crate) u32);

impl Ppid {
    pub(crate) const DCEP: Self = Self(50);
    const TEXT: Self = Self(51);
    const BINARY_PARTIAL: Self = Self(52);
    pub(crate) const BINARY: Self = Self(53);
    const TEXT_PARTIAL: Self = Self(54);
    const TEXT_EMPTY: Self = Self(56);
    const BINARY_EMPTY: Self = Self(57);

    /// Whether this is a text, or a part of one.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::TEXT | Self::TEXT_PARTIAL | Self::TEXT_EMPTY)
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::DCEP => Kind::Dcep,
            Self::TEXT | Self::BINARY | Self::TEXT_EMPTY | Self::BINARY_EMPTY => Kind::Whole,
            Self::TEXT_PARTIAL | Self::BINARY_PARTIAL => Kind::Fragment,
            _ => Kind::Unknown,
        }
    }

    /// The message of this identifier and `payload`; `None` if it is none of an application.
    pub(crate) fn message(self, payload: Bytes) -> Option<Message> {
        match self {
            Self::TEXT => Some(Message::Text(payload)),
            Self::BINARY => Some(Message::Binary(payload)),
            // Whatever it carries counts for nothing (RFC 8831 section 6.6).
            Self::TEXT_EMPTY => Some(Message::Text(Bytes::new())),
            Self::BINARY_EMPTY => Some(Message::Binary(Bytes::new())),
            _ => None,
        }
    }
}

/// What an identifier says about a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Dcep,
    Whole,
    /// All but the last part of a message, in the deprecated way (RFC 8831 section 6.6).
    Fragment,
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_goes_over_the_wire_and_back() {
        let messages = [
            (Message::from("text"), 51),
            (Message::from(""), 56),
            (Message::Binary(Bytes::from_static(b"\0\xff")), 53),
            (Message::Binary(Bytes::new()), 57),
        ];
        for (message, number) in messages {
            let (ppid, payload) = message.clone().into_wire();
            assert_eq!(ppid, Ppid(number));
            assert!(!payload.is_empty());
            assert_eq!(ppid.kind(), Kind::Whole);
            assert_eq!(ppid.message(payload), Some(message));
        }
    }

    #[test]
    fn other_identifiers_make_no_message() {
        for number in [0, 49, 50, 52, 54, 55, 58, u32::MAX] {
            assert_eq!(Ppid(number).message(Bytes::new()), None);
        }
        assert_eq!(Ppid(55).kind(), Kind::Unknown);
    }

    #[test]
    fn text_of_a_peer_is_checked_when_asked_for() {
        let damaged = Message::Text(Bytes::from_static(b"\xff"));
        assert_eq!(damaged.as_text(), None);
        assert_eq!(Message::from("ö").as_text(), Some("ö"));
        assert_eq!(Message::Binary(Bytes::from_static(b"a")).as_text(), None);
    }
}
