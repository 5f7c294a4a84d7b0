//! The record layer, RFC 6347 section 4.1: headers, protection, replay.

mod header;
mod inbound;
mod outbound;
mod protection;
mod replay;

pub(crate) use header::{Epoch, Header};
pub(crate) use inbound::Opener;
pub(crate) use outbound::{MAX_CONTENT_LEN, Outbound};
pub use outbound::{RecordOverhead, SealError};
pub(crate) use protection::{EXPLICIT_NONCE_LEN, Protection, TAG_LEN};
