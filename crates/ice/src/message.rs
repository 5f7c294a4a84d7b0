//! The STUN messages of ICE: RFC 8445 section 7.

use std::net::SocketAddr;

use tidewire_crypto::HmacKey;
use tidewire_stun::{AttributeType, Class, Message, MessageBuilder, Method, TransactionId};

use crate::config::Role;
use crate::transaction::Transaction;

/// The attributes that must be understood and are.
const KNOWN: [AttributeType; 10] = [
    AttributeType::MAPPED_ADDRESS,
    AttributeType::USERNAME,
    AttributeType::ERROR_CODE,
    AttributeType::UNKNOWN_ATTRIBUTES,
    AttributeType::REALM,
    AttributeType::NONCE,
    AttributeType::XOR_MAPPED_ADDRESS,
    AttributeType::PRIORITY,
    AttributeType::USE_CANDIDATE,
    AttributeType::MESSAGE_INTEGRITY,
];

/// What a request of the peer's says: RFC 8445 section 7.3.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) id: TransactionId,
    pub(crate) priority: Option<u32>,
    pub(crate) use_candidate: bool,
    /// The role that the sender believes to have, and its tiebreaker.
    pub(crate) role: Option<(Role, u64)>,
}

impl Request {
    pub(crate) fn read(message: &Message<'_>) -> Self {
        let controlling = message
            .ice_controlling()
            .map(|tie| (Role::Controlling, tie));
        let controlled = message.ice_controlled().map(|tie| (Role::Controlled, tie));
        Self {
            id: message.transaction_id(),
            priority: message.priority(),
            use_candidate: message.use_candidate(),
            role: controlling.or(controlled),
        }
    }
}

/// An attribute that must be understood and is not: RFC 8489 section 6.3.1. One is enough to tell.
pub(crate) fn unknown_attribute(message: &Message<'_>) -> Option<AttributeType> {
    message.unknown_required(&KNOWN).next()
}

/// Writes a connectivity or consent check: RFC 8445 section 7.2.2. A message that does not fit is
/// not written; only a user name beyond the limit of RFC 8489 section 14.3 causes that.
pub(crate) fn write_check(
    out: &mut Vec<u8>,
    transaction: &Transaction,
    (username, key): (&str, &dyn HmacKey),
    priority: u32,
    nominate: bool,
) -> bool {
    let mut message = MessageBuilder::new(out, Class::Request, Method::BINDING, transaction.id);
    message.username(username).priority(priority);
    match transaction.role {
        Role::Controlling => message.ice_controlling(transaction.tie_breaker),
        Role::Controlled => message.ice_controlled(transaction.tie_breaker),
    };
    if nominate {
        message.use_candidate();
    }
    message.integrity(key).fingerprint().finish().is_ok()
}

/// Writes a question to a STUN server: RFC 8445 section 5.1.1.2.
pub(crate) fn write_gather(out: &mut Vec<u8>, id: TransactionId) -> bool {
    let mut message = MessageBuilder::new(out, Class::Request, Method::BINDING, id);
    message.fingerprint().finish().is_ok()
}

/// Writes an indication that keeps a NAT's binding alive: RFC 8445 section 11.
pub(crate) fn write_keepalive(out: &mut Vec<u8>, id: TransactionId) -> bool {
    let mut message = MessageBuilder::new(out, Class::Indication, Method::BINDING, id);
    message.fingerprint().finish().is_ok()
}

/// What a request is answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// The address that the request came from.
    Mapped(SocketAddr),
    /// 487: RFC 8445 section 7.3.1.1.
    RoleConflict,
    /// 420: RFC 8489 section 6.3.1.
    UnknownAttribute(AttributeType),
}

/// Writes the answer to a request.
pub(crate) fn write_answer(
    out: &mut Vec<u8>,
    id: TransactionId,
    answer: Answer,
    key: &dyn HmacKey,
) -> bool {
    let class = match answer {
        Answer::Mapped(_) => Class::SuccessResponse,
        Answer::RoleConflict | Answer::UnknownAttribute(_) => Class::ErrorResponse,
    };
    let mut message = MessageBuilder::new(out, class, Method::BINDING, id);
    match answer {
        Answer::Mapped(address) => message.xor_mapped_address(address),
        Answer::RoleConflict => message.error_code(487, "Role Conflict"),
        Answer::UnknownAttribute(kind) => message
            .error_code(420, "Unknown Attribute")
            .unknown_attributes([kind]),
    };
    message.integrity(key).fingerprint().finish().is_ok()
}
