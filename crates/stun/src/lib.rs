//! STUN messages, integrity and transactions (RFC 8489).
//!
//! [`Message`] is a view of a received message, [`MessageBuilder`] writes one. They know the
//! attributes of STUN itself, of ICE (RFC 8445) and of TURN (RFC 8656). [`Transaction`] tells when a
//! request is to be sent again and when it has failed.
#![forbid(unsafe_code)]

mod address;
mod builder;
mod codepoint;
mod features;
#[doc(hidden)]
pub mod fuzz;
mod getters;
mod integrity;
mod message;
mod rto;
mod setters;
#[cfg(test)]
mod testing;
mod transaction;
mod value;
#[cfg(test)]
mod vectors;

pub use address::AddressFamily;
pub use builder::{BuildError, MessageBuilder};
pub use codepoint::{AttributeType, Class, Method, TransactionId};
pub use features::SecurityFeatures;
pub use integrity::{Fingerprint, IntegrityError, long_term_key, userhash};
pub use message::{Attribute, Attributes, HEADER_LEN, Message, ParseError, is_stun, message_len};
pub use rto::RtoEstimator;
pub use transaction::{Due, Retransmission, Transaction};
pub use value::{AddressErrorCode, ErrorCode, Icmp, NetworkCost, PasswordAlgorithm};
