//! Writes messages.

use thiserror::Error;
use tidewire_crypto::HmacKey;

use crate::address::{MAGIC_COOKIE, Mask};
use crate::codepoint::{AttributeType, Class, Method, TransactionId, message_type};
use crate::integrity::{covered, fingerprint, length_up_to};
use crate::message::{ATTRIBUTE_HEADER_LEN, HEADER_LEN};

/// Appends a message to a buffer, attribute by attribute.
///
/// What stands in the buffer is a whole message after every call. An attribute that does not fit, or
/// comes after what protects the message, takes the message back; [`finish`](Self::finish) tells why.
///
/// ```
/// use tidewire_stun::{Class, Message, MessageBuilder, Method, TransactionId};
///
/// let mut out = Vec::new();
/// MessageBuilder::new(&mut out, Class::Request, Method::BINDING, TransactionId([7; 12]))
///     .username("remote:local")
///     .priority(1_694_498_815)
///     .use_candidate()
///     .fingerprint()
///     .finish()?;
/// let message = Message::parse(&out)?;
/// assert_eq!(message.username(), Some("remote:local"));
/// assert!(message.use_candidate());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MessageBuilder<'b> {
    out: &'b mut Vec<u8>,
    /// Where the message starts in `out`.
    start: usize,
    pub(crate) mask: Mask,
    /// The strongest protection so far.
    protection: Stage,
    error: Option<BuildError>,
}

/// What has been written; only what is greater may follow (RFC 8489 sections 14.5 to 14.7).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Attributes,
    Integrity,
    IntegritySha256,
    Fingerprint,
}

impl<'b> MessageBuilder<'b> {
    /// Begins a message at the end of `out`.
    pub fn new(out: &'b mut Vec<u8>, class: Class, method: Method, id: TransactionId) -> Self {
        let start = out.len();
        out.extend_from_slice(&message_type(class, method).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&MAGIC_COOKIE);
        out.extend_from_slice(&id.0);
        Self {
            out,
            start,
            mask: Mask::new(id),
            protection: Stage::Attributes,
            error: None,
        }
    }

    /// An attribute of any type with any value.
    pub fn attribute(&mut self, kind: AttributeType, value: &[u8]) -> &mut Self {
        self.write(kind, |out| out.extend_from_slice(value))
    }

    /// MESSAGE-INTEGRITY over all attributes so far; `key` is an HMAC with SHA-1 (RFC 8489 section
    /// 14.5).
    pub fn integrity(&mut self, key: &dyn HmacKey) -> &mut Self {
        self.protect(AttributeType::MESSAGE_INTEGRITY, key, 20)
    }

    /// MESSAGE-INTEGRITY-SHA256 over all attributes so far; `key` is an HMAC with SHA-256 (RFC 8489
    /// section 14.6).
    pub fn integrity_sha256(&mut self, key: &dyn HmacKey) -> &mut Self {
        self.truncated_integrity_sha256(key, 32)
    }

    /// MESSAGE-INTEGRITY-SHA256, truncated to `len` bytes: 16 to 32, a multiple of four.
    pub fn truncated_integrity_sha256(&mut self, key: &dyn HmacKey, len: usize) -> &mut Self {
        let kind = AttributeType::MESSAGE_INTEGRITY_SHA256;
        if !(16..=32).contains(&len) || !len.is_multiple_of(4) {
            return self.fail(BuildError::Value(kind));
        }
        self.protect(kind, key, len)
    }

    /// FINGERPRINT, the last attribute (RFC 8489 section 14.7).
    pub fn fingerprint(&mut self) -> &mut Self {
        let at = self.out.len() - self.start;
        self.write(AttributeType::FINGERPRINT, |out| {
            out.extend_from_slice(&[0; 4]);
        });
        if self.error.is_none() {
            let checksum = fingerprint(&self.out[self.start..][..at]).to_be_bytes();
            self.set_value(at, &checksum);
        }
        self
    }

    /// Whether the message was written as told; if not, nothing of it is left in the buffer.
    ///
    /// # Errors
    /// The first thing that could not be written.
    pub fn finish(&mut self) -> Result<(), BuildError> {
        self.error.map_or(Ok(()), Err)
    }

    fn protect(&mut self, kind: AttributeType, key: &dyn HmacKey, len: usize) -> &mut Self {
        let at = self.out.len() - self.start;
        self.write(kind, |out| out.resize(out.len() + len, 0));
        if self.error.is_none() {
            let length = length_up_to(at, len).to_be_bytes();
            let tag = key.sign(&covered(&self.out[self.start..], at, &length));
            match tag.as_ref().get(..len) {
                Some(tag) => self.set_value(at, tag),
                None => return self.fail(BuildError::Value(kind)),
            }
        }
        self
    }

    /// Fills in the value of the attribute at offset `at` of the message.
    fn set_value(&mut self, at: usize, value: &[u8]) {
        let at = self.start + at + ATTRIBUTE_HEADER_LEN;
        self.out[at..at + value.len()].copy_from_slice(value);
    }

    /// Writes one attribute, its padding and the lengths.
    pub(crate) fn write(
        &mut self,
        kind: AttributeType,
        value: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Self {
        if self.error.is_some() || !self.advance(kind) {
            return self;
        }
        let at = self.out.len();
        self.out.extend_from_slice(&kind.0.to_be_bytes());
        self.out.extend_from_slice(&[0, 0]);
        value(self.out);
        let len = self.out.len() - at - ATTRIBUTE_HEADER_LEN;
        self.out
            .resize(self.out.len() + (len.next_multiple_of(4) - len), 0);
        let total = self.out.len() - self.start - HEADER_LEN;
        let (Ok(len), Ok(total)) = (u16::try_from(len), u16::try_from(total)) else {
            return self.fail(BuildError::TooLong(kind));
        };
        self.out[at + 2..at + 4].copy_from_slice(&len.to_be_bytes());
        self.out[self.start + 2..self.start + 4].copy_from_slice(&total.to_be_bytes());
        self
    }

    /// Whether an attribute may stand here.
    fn advance(&mut self, kind: AttributeType) -> bool {
        let next = match kind {
            AttributeType::MESSAGE_INTEGRITY => Stage::Integrity,
            AttributeType::MESSAGE_INTEGRITY_SHA256 => Stage::IntegritySha256,
            AttributeType::FINGERPRINT => Stage::Fingerprint,
            _ if self.protection == Stage::Attributes => return true,
            _ => Stage::Attributes,
        };
        if next <= self.protection {
            self.fail(BuildError::Order(kind));
            return false;
        }
        self.protection = next;
        true
    }

    /// Takes the message back.
    pub(crate) fn fail(&mut self, error: BuildError) -> &mut Self {
        self.out.truncate(self.start);
        self.error.get_or_insert(error);
        self
    }
}

/// Why a message could not be written.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BuildError {
    /// The attribute does not fit, by the length of its value or of the message.
    #[error("attribute {0} is too long")]
    TooLong(AttributeType),
    /// The attribute may not follow what stands before it.
    #[error("attribute {0} comes after the message's protection")]
    Order(AttributeType),
    /// The attribute cannot hold the value.
    #[error("attribute {0} cannot hold this value")]
    Value(AttributeType),
}
