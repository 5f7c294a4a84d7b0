//! What a caller can do wrong, and what a peer's description can.

use thiserror::Error;

use crate::signaling::InvalidSignalingState;

/// A description or candidate was not applied; the connection is as it was before.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NegotiationError {
    /// The connection was closed.
    #[error("the connection is closed")]
    Closed,
    /// The description does not fit the signaling state.
    #[error(transparent)]
    State(#[from] InvalidSignalingState),
    /// There is no remote offer to answer.
    #[error("there is no remote offer to answer")]
    NothingToAnswer,
    /// A local description is not the one that was created: it may not be edited.
    #[error("the local description is not the one that was last created")]
    Modified,
    /// The text is no session description.
    #[error("the description cannot be parsed: {0}")]
    Parse(#[from] tidewire_sdp::ParseError),
    /// The description is well formed but breaks a rule of the session.
    #[error("the description is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    /// The connection does without descriptions.
    #[error("the connection was set up without descriptions")]
    Undescribed,
    /// A remote candidate came before any remote description.
    #[error("there is no remote description that the candidate could belong to")]
    NoRemoteDescription,
    /// A remote candidate names a media section that does not exist.
    #[error("the candidate names a media section that does not exist")]
    UnknownSection,
    /// A remote candidate belongs to credentials that no remote description has.
    #[error("the candidate belongs to credentials that no remote description has")]
    UnknownGeneration,
    /// A remote candidate cannot be parsed.
    #[error("the candidate cannot be parsed")]
    Candidate,
}

/// What makes a well-formed description unacceptable.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Unacceptable {
    /// `a=ice-ufrag` or `a=ice-pwd` is missing, too short, too long or of other characters than those
    /// of RFC 8839 section 5.4.
    #[error("ICE credentials are missing or malformed")]
    NoIceCredentials,
    /// No `a=fingerprint` that we can verify (RFC 8122 section 5).
    #[error("there is no fingerprint of a known hash function")]
    NoFingerprint,
    /// `a=setup` is missing, unknown, or not allowed here (RFC 8842 section 5).
    #[error("the setup attribute does not fit")]
    Setup,
    /// An answer must have the offer's media sections, in its order (RFC 3264 section 6).
    #[error("the media sections do not match the offer's")]
    SectionMismatch,
    /// A later offer must keep the media sections there were (RFC 8829 section 5.2.2).
    #[error("media sections have disappeared")]
    SectionsRemoved,
    /// The answer to an ICE restart keeps the credentials of before (RFC 8839 section 4.4.3).
    #[error("the answer to an ICE restart has no new ICE credentials")]
    RestartIgnored,
    /// An answer accepts a section, but none of its codecs (RFC 3264 section 6.1).
    #[error("a media section is accepted without a codec that was offered")]
    NoCodec,
    /// A section repeats the mid of another.
    #[error("two media sections have the same mid")]
    DuplicateMid,
}

/// What both ends are told without descriptions cannot be applied; the connection is as it was before.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParametersError {
    /// The connection was closed.
    #[error("the connection is closed")]
    Closed,
    /// The connection negotiates with descriptions.
    #[error("the connection negotiates with descriptions")]
    Described,
    /// The peer's certificate cannot be verified without a fingerprint.
    #[error("there is no fingerprint of the peer's certificate")]
    Fingerprint,
    /// The mid is no name of at most 16 letters, digits, `-`, `_` and `.`; another transceiver has it; or it
    /// is not that of the transceiver.
    #[error("the mid does not fit")]
    Mid,
    /// A codec is of another kind, or none carries media.
    #[error("the codecs do not fit the transceiver")]
    Codec,
    /// A payload type is there twice, or is none.
    #[error("the payload types do not fit")]
    PayloadType,
    /// A header extension's number is there twice, or is none; or the configuration has no name for the
    /// extension.
    #[error("the header extensions do not fit")]
    Extension,
    /// The transceiver cannot do it.
    #[error(transparent)]
    Transceiver(#[from] TransceiverError),
}

/// A transceiver cannot do what was asked of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum TransceiverError {
    /// The connection was closed.
    #[error("the connection is closed")]
    Closed,
    /// There is no such transceiver.
    #[error("there is no such transceiver")]
    Unknown,
    /// It was stopped.
    #[error("the transceiver was stopped")]
    Stopped,
    /// There are as many as a connection may have.
    #[error("there are too many transceivers")]
    TooMany,
    /// A codec is of another kind, or none carries media.
    #[error("the codecs do not fit the transceiver")]
    Codec,
    /// The number or the names of encodings differ from those that there are; or, of a new transceiver,
    /// there are too many, or their names are no such names (RFC 8851 section 10), or not different ones.
    #[error("the encodings do not fit the transceiver")]
    Encodings,
    /// A stream's name is none that a description can carry (RFC 8830 section 2).
    #[error("a stream's name is not a token of at most 64 characters")]
    StreamName,
}

/// Media is not sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SendMediaError {
    /// There is no such transceiver, or it has no such encoding.
    #[error("there is no such transceiver or encoding")]
    UnknownTransceiver,
    /// The stream refuses it.
    #[error(transparent)]
    Stream(#[from] tidewire_media::SendError),
}

/// A connection cannot be made.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// No certificate could be generated.
    #[error("no certificate could be generated: {0}")]
    Certificate(#[from] tidewire_dtls::CertificateError),
}
