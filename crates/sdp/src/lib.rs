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
//!
//! Of media, [`MediaDescription::payload_formats`] gathers what is said about each payload type, and
//! the parameters of an encoding say whether two of them match:
//!
//! ```
//! use tidewire_sdp::{Fmtp, H264Parameters, ProfileLevelId};
//!
//! let own = H264Parameters::new(ProfileLevelId::CONSTRAINED_BASELINE_3_1, 1);
//! let offered = "packetization-mode=1;profile-level-id=42c00b";
//! let offer = H264Parameters::read(offered).ok_or("malformed")?;
//! let answer = own.answer(&offer).ok_or("no match")?;
//! assert_eq!(Fmtp::new(102, answer).parameters, offered);
//! # Ok::<(), &str>(())
//! ```
#![forbid(unsafe_code)]

mod attribute;
mod attributes;
mod description;
mod effective;
mod error;
mod extmap;
mod feedback;
mod fields;
mod fmtp;
mod format;
#[doc(hidden)]
pub mod fuzz;
mod lexical;
mod lines;
mod lookups;
mod media;
mod parse;
mod rid;
mod rtp_map;
mod source;
mod time;
mod values;
mod words;
mod write;

pub use attribute::Attribute;
pub use attributes::Attributes;
pub use description::SessionDescription;
pub use effective::Effective;
pub use error::{Field, ParseError, Reason};
pub use extmap::ExtMap;
pub use feedback::{Feedback, RtcpFeedback, RtcpPort};
pub use fields::{Bandwidth, Connection, Decimal, Key, Origin, Real, UnknownLine};
pub use fmtp::{Fmtp, Parameter, Parameters};
pub use format::{
    Av1Parameters, H264Level, H264Parameters, H264Profile, OpusParameters, ProfileLevelId,
    RedParameters, RtxParameters, TelephoneEvents, Vp9Parameters,
};
pub use lookups::PayloadFormat;
pub use media::{MediaDescription, MediaKind};
pub use parse::{MAX_LINE_LENGTH, MAX_LINES, MAX_MEDIA, MAX_TEXT_LENGTH};
pub use rid::{Restriction, Rid, Simulcast, SimulcastFormat, SimulcastStream};
pub use rtp_map::RtpMap;
pub use source::{SourceAttribute, Ssrc, SsrcGroup, SsrcSemantics};
pub use time::{Repeat, TimeDescription, TypedTime, ZoneAdjustment};
pub use values::{Fingerprint, Group, Msid, RemoteCandidate, SctpMap};
pub use words::{ConnectionReuse, Direction, RidDirection, Setup};
