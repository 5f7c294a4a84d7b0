//! The record layer, RFC 6347 section 4.1 and RFC 9147 section 4: headers, protection, replay.

mod epoch;
mod header;
mod inbound;
mod outbound;
mod protection;
mod replay;
mod unified;

pub(crate) use epoch::{Epoch, RecordNumber};
pub(crate) use header::Header;
pub(crate) use inbound::Inbound;
pub(crate) use outbound::{MAX_CONTENT_LEN, Outbound};
pub use outbound::{RecordOverhead, SealError};
pub(crate) use protection::Protection;
pub(crate) use unified::UnifiedHeader;
