//! Session descriptions (RFC 8866) with typed attributes.
//!
//! [`SessionDescription::parse`] reads the whole grammar of RFC 8866 section 9 and its `Display`
//! writes it back. What was read is written again: line for line, unknown lines and attributes
//! included, with CRLF after each. This crate holds no negotiation state.
//!
//! ```
//! use tidewire_sdp::{Attribute, MediaDescription, Origin, SessionDescription, Setup};
//!
//! let offer = SessionDescription::new(Origin::new(4_611_731_400_430_051_336, 2)).with_media(
//!     MediaDescription::data_channel(9)
//!         .with(Attribute::Mid("0".into()))
//!         .with(Attribute::Setup(Setup::ActPass))
//!         .with(Attribute::SctpPort(5000)),
//! );
//! let text = offer.to_string();
//! let parsed = SessionDescription::parse(&text)?;
//! assert_eq!(parsed, offer);
//! assert_eq!(parsed.media[0].mid(), Some("0"));
//! # Ok::<(), tidewire_sdp::ParseError>(())
//! ```
#![forbid(unsafe_code)]

mod attribute;
mod attributes;
mod description;
mod effective;
mod error;
mod fields;
#[doc(hidden)]
pub mod fuzz;
mod lexical;
mod lines;
mod media;
mod parse;
mod time;
mod values;
mod write;

pub use attribute::{Attribute, ConnectionReuse, Direction, Setup};
pub use attributes::Attributes;
pub use description::SessionDescription;
pub use effective::Effective;
pub use error::{Field, ParseError, Reason};
pub use fields::{Bandwidth, Connection, Decimal, Key, Origin, UnknownLine};
pub use media::{MediaDescription, MediaKind};
pub use parse::{MAX_LINE_LENGTH, MAX_LINES, MAX_MEDIA, MAX_TEXT_LENGTH};
pub use time::{Repeat, TimeDescription, TypedTime, ZoneAdjustment};
pub use values::{Fingerprint, Group, Msid, RemoteCandidate, SctpMap};
