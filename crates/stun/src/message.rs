//! A view of a received message.

use std::fmt;

use thiserror::Error;

use crate::address::MAGIC_COOKIE;
use crate::codepoint::{AttributeType, Class, Method, TransactionId, split_message_type};
use crate::value;

/// The length of a message's header, in bytes (RFC 8489 section 5).
pub const HEADER_LEN: usize = 20;

/// The length of an attribute's type and length (RFC 8489 section 14).
pub(crate) const ATTRIBUTE_HEADER_LEN: usize = 4;

/// A message (RFC 8489 section 5): a view that borrows the datagram.
///
/// [`parse`](Self::parse) checks the header, the bounds of all attributes and the values of those
/// that must be understood, so that getters answer `None` only for what is absent, or for what may
/// be ignored and is malformed. As the RFC demands, attributes that follow the message's integrity are
/// invisible (RFC 8489 sections 14.5 and 14.6), and of several attributes of one type the getters
/// answer the first (section 14).
///
/// Nothing here says that the message is genuine: see
/// [`verify_integrity`](Self::verify_integrity) and
/// [`unknown_required`](Self::unknown_required).
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The message, all of it.
    pub(crate) bytes: &'a [u8],
    /// Where the attributes end that count.
    visible_end: usize,
    pub(crate) protection: Protection,
}

/// Where the attributes stand that protect a message, as offsets of their headers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Protection {
    pub(crate) integrity: Option<usize>,
    pub(crate) integrity_sha256: Option<usize>,
    pub(crate) fingerprint: Option<usize>,
}

impl<'a> Message<'a> {
    /// Reads `datagram`, which must be one message and nothing else.
    ///
    /// # Errors
    /// When the header or the framing of an attribute is broken.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let length = check_header(datagram)?;
        if length != datagram.len() - HEADER_LEN {
            return Err(ParseError::Length);
        }
        let mut message = Self {
            bytes: datagram,
            visible_end: datagram.len(),
            protection: Protection::default(),
        };
        message.scan()?;
        Ok(message)
    }

    /// Walks over all attributes, finds those that protect the message and checks those that count.
    fn scan(&mut self) -> Result<(), ParseError> {
        let mut rest = RawAttributes::new(self.bytes, HEADER_LEN, self.bytes.len());
        let mut protection = Protection::default();
        while let Some((at, attribute)) = rest.next()? {
            if protection.fingerprint.is_some() {
                return Err(ParseError::AfterFingerprint);
            }
            // Only these may follow an integrity (RFC 8489 sections 14.5 and 14.6).
            let slot = match attribute.kind {
                AttributeType::FINGERPRINT => &mut protection.fingerprint,
                AttributeType::MESSAGE_INTEGRITY_SHA256 => &mut protection.integrity_sha256,
                AttributeType::MESSAGE_INTEGRITY if protection.integrity_sha256.is_none() => {
                    &mut protection.integrity
                }
                _ if at >= self.visible_end => continue,
                _ => {
                    check_value(&attribute)?;
                    continue;
                }
            };
            if slot.is_none() {
                check_value(&attribute)?;
                *slot = Some(at);
            }
            self.visible_end = self.visible_end.min(at);
        }
        self.protection = protection;
        Ok(())
    }

    /// What the message is to its transaction.
    pub fn class(&self) -> Class {
        split_message_type(self.type_field()).0
    }

    /// What the message is about.
    pub fn method(&self) -> Method {
        split_message_type(self.type_field()).1
    }

    fn type_field(&self) -> u16 {
        u16::from_be_bytes([self.bytes[0], self.bytes[1]])
    }

    /// The id of the message's transaction.
    pub fn transaction_id(&self) -> TransactionId {
        let mut id = [0; 12];
        id.copy_from_slice(&self.bytes[8..HEADER_LEN]);
        TransactionId(id)
    }

    /// The whole message.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The attributes that count, in their order: those before the message's integrity and
    /// fingerprint.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes(RawAttributes::new(self.bytes, HEADER_LEN, self.visible_end))
    }

    /// The value of the first attribute of type `kind`.
    pub fn attribute(&self, kind: AttributeType) -> Option<&'a [u8]> {
        self.attributes()
            .find(|attribute| attribute.kind == kind)
            .map(|attribute| attribute.value)
    }

    /// The types that an agent must understand and that are not among `known`: a request that has
    /// any is answered with error 420 and all else that has any is dropped (RFC 8489 sections 6.3.1
    /// to 6.3.4).
    ///
    /// What protects the message, [`MESSAGE_INTEGRITY`](AttributeType::MESSAGE_INTEGRITY) and its
    /// kind, is never among the answers. A type that occurs twice is answered twice.
    pub fn unknown_required<'k>(
        &self,
        known: &'k [AttributeType],
    ) -> impl Iterator<Item = AttributeType> + use<'a, 'k> {
        self.attributes()
            .map(|attribute| attribute.kind)
            .filter(|kind| kind.is_comprehension_required() && !known.contains(kind))
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.attributes().map(|attribute| attribute.kind);
        f.debug_struct("Message")
            .field("class", &self.class())
            .field("method", &self.method())
            .field("transaction_id", &self.transaction_id())
            .field("attributes", &types.collect::<Vec<_>>())
            .finish()
    }
}

/// Whether `datagram` looks like STUN: the first two bits, the cookie and a length that is a multiple
/// of four (RFC 8489 section 6.3).
pub fn is_stun(datagram: &[u8]) -> bool {
    check_header(datagram).is_ok()
}

/// The length of the message that `bytes` begins with, the header included, once the header is there:
/// for the framing over TCP (RFC 8489 section 6.2.2).
///
/// # Errors
/// When the bytes are too few or do not begin a STUN message.
pub fn message_len(bytes: &[u8]) -> Result<usize, ParseError> {
    check_header(bytes).map(|length| HEADER_LEN + length)
}

/// The length that the header tells of what follows it.
fn check_header(bytes: &[u8]) -> Result<usize, ParseError> {
    let Some(&[t0, _, l0, l1, cookie @ ..]) = bytes.first_chunk::<8>() else {
        return Err(ParseError::Header);
    };
    if bytes.len() < HEADER_LEN {
        return Err(ParseError::Header);
    }
    let length = u16::from_be_bytes([l0, l1]);
    if t0 & 0xc0 != 0 || cookie != MAGIC_COOKIE || length % 4 != 0 {
        return Err(ParseError::NotStun);
    }
    Ok(usize::from(length))
}

/// Rejects malformed values of attributes that must be understood; the others may be ignored.
fn check_value(attribute: &Attribute<'_>) -> Result<(), ParseError> {
    let kind = attribute.kind;
    let matters = kind.is_comprehension_required() || kind == AttributeType::FINGERPRINT;
    if matters && !value::is_well_formed(kind, attribute.value) {
        return Err(ParseError::Value(kind));
    }
    Ok(())
}

/// An attribute, its value without the padding (RFC 8489 section 14).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attribute<'a> {
    /// The type.
    pub kind: AttributeType,
    /// The value.
    pub value: &'a [u8],
}

/// The attributes of a [`Message`] in their order.
#[derive(Clone, Debug)]
pub struct Attributes<'a>(RawAttributes<'a>);

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        // Parsing has walked over all of them, so that an error cannot occur here.
        self.0.next().ok().flatten().map(|(_, attribute)| attribute)
    }
}

#[derive(Clone, Debug)]
struct RawAttributes<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> RawAttributes<'a> {
    fn new(bytes: &'a [u8], at: usize, end: usize) -> Self {
        Self { bytes, at, end }
    }

    /// The next attribute and the offset of its header.
    fn next(&mut self) -> Result<Option<(usize, Attribute<'a>)>, ParseError> {
        let at = self.at;
        if at == self.end {
            return Ok(None);
        }
        let Some((header, rest)) = self.bytes[at..self.end].split_first_chunk::<4>() else {
            return Err(ParseError::Attribute);
        };
        let [k0, k1, l0, l1] = *header;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let padded = len.next_multiple_of(4);
        if padded > rest.len() {
            return Err(ParseError::Attribute);
        }
        self.at = at + ATTRIBUTE_HEADER_LEN + padded;
        let attribute = Attribute {
            kind: AttributeType(u16::from_be_bytes([k0, k1])),
            value: &rest[..len],
        };
        Ok(Some((at, attribute)))
    }
}

/// Why bytes are not a [`Message`].
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// Fewer bytes than a header has.
    #[error("shorter than the header of a STUN message")]
    Header,
    /// The first bits, the cookie or the length's last bits are not those of STUN.
    #[error("not a STUN message")]
    NotStun,
    /// The header's length is not that of what follows it.
    #[error("the length in the header is not the message's")]
    Length,
    /// An attribute reaches beyond the message's end.
    #[error("an attribute is cut off")]
    Attribute,
    /// Something follows FINGERPRINT, which must be last (RFC 8489 section 14.7).
    #[error("FINGERPRINT is not the last attribute")]
    AfterFingerprint,
    /// The value of an attribute that must be understood is malformed.
    #[error("the value of attribute {0} is malformed")]
    Value(AttributeType),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::MessageBuilder;
    use crate::testing::sha1_key;
    use crate::vectors::REQUEST;

    fn write(attributes: &[(AttributeType, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        let id = TransactionId([9; 12]);
        let mut builder = MessageBuilder::new(&mut out, Class::Request, Method::BINDING, id);
        for (kind, value) in attributes {
            builder.attribute(*kind, value);
        }
        builder.finish().unwrap();
        out
    }

    #[test]
    fn attributes_after_the_integrity_are_invisible() {
        let mut message = write(&[(AttributeType::PRIORITY, &[0, 0, 0, 1])]);
        let id = TransactionId([9; 12]);
        let mut protected = Vec::new();
        MessageBuilder::new(&mut protected, Class::Request, Method::BINDING, id)
            .priority(1)
            .integrity(&*sha1_key(b"key"))
            .finish()
            .unwrap();
        message = [&protected[..], &message[HEADER_LEN..]].concat();
        let smuggled = write(&[
            (AttributeType::USE_CANDIDATE, &[]),
            (AttributeType::NONCE, b"\xff"),
        ]);
        message.extend_from_slice(&smuggled[HEADER_LEN..]);
        let length = (message.len() - HEADER_LEN) as u16;
        message[2..4].copy_from_slice(&length.to_be_bytes());
        let message = Message::parse(&message).unwrap();
        assert_eq!(message.attributes().count(), 1);
        assert!(!message.use_candidate());
        assert_eq!(message.verify_integrity(&*sha1_key(b"key")), Ok(()));
    }

    #[test]
    fn nothing_may_follow_the_fingerprint() {
        let last = &REQUEST[REQUEST.len() - 8..];
        let mut message = [&REQUEST[..], last].concat();
        message[3] += 8;
        let error = Message::parse(&message).err();
        assert_eq!(error, Some(ParseError::AfterFingerprint));
    }

    #[test]
    fn of_several_attributes_of_a_type_the_first_counts() {
        let kind = AttributeType::PRIORITY;
        let bytes = write(&[(kind, &[0, 0, 0, 1]), (kind, &[0, 0, 0, 2])]);
        assert_eq!(Message::parse(&bytes).unwrap().priority(), Some(1));
    }

    #[test]
    fn unknown_types_are_told_only_if_they_must_be_understood() {
        let (required, optional) = (AttributeType(0x7777), AttributeType(0xc058));
        let bytes = write(&[
            (AttributeType::USERNAME, b"a:b"),
            (optional, b"?"),
            (required, b"!"),
        ]);
        let message = Message::parse(&bytes).unwrap();
        let known = [AttributeType::USERNAME];
        assert!(message.unknown_required(&known).eq([required]));
    }

    #[test]
    fn a_malformed_value_matters_only_if_it_must_be_understood() {
        let bytes = write(&[(AttributeType::PRIORITY, &[1])]);
        let error = Message::parse(&bytes).err();
        assert_eq!(error, Some(ParseError::Value(AttributeType::PRIORITY)));
        let bytes = write(&[(AttributeType::ICE_CONTROLLED, &[1])]);
        assert_eq!(Message::parse(&bytes).unwrap().ice_controlled(), None);
    }

    #[test]
    fn what_is_not_stun_is_told_by_its_first_bytes() {
        assert!(is_stun(&REQUEST));
        assert_eq!(message_len(&REQUEST[..20]), Ok(REQUEST.len()));
        let damage = [(0, 0x80), (0, 0x40), (4, 0x20), (3, 0x01)];
        for (index, bits) in damage {
            let mut other = REQUEST;
            other[index] ^= bits;
            assert!(!is_stun(&other));
        }
        assert!(!is_stun(&REQUEST[..19]));
    }
}
