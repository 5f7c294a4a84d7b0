//! Counters of an endpoint.

use crate::channel::ChannelStats;

/// What an endpoint has seen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Channels that have become open.
    pub channels_opened: u64,
    /// Channels that were open and are closed.
    pub channels_closed: u64,
    /// What went over channels that exist no more.
    pub finished: ChannelStats,
    /// Channels and streams that were closed for the peer's faults.
    pub faults: Faults,
}

/// Faults of the peer, each of which costs it the channel (RFC 8831 section 6.6, RFC 8832 section
/// 6).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Faults {
    /// A message of DCEP that is malformed or unknown.
    pub malformed: u64,
    /// An OPEN on a stream of this endpoint's parity, or on one that does not exist.
    pub wrong_stream: u64,
    /// An OPEN on a stream that has a channel.
    pub reopened: u64,
    /// An OPEN beyond [`Config::max_channels`](crate::Config::max_channels) or
    /// [`Config::max_incoming_text`](crate::Config::max_incoming_text).
    pub too_many: u64,
    /// A message on a stream that has no channel.
    pub unexpected: u64,
    /// A message with an unknown payload protocol identifier.
    pub unknown_ppid: u64,
    /// Fragments that do not belong together, or of too long a message.
    pub fragments: u64,
}

/// The counters of [`Faults`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Malformed,
    WrongStream,
    Reopened,
    TooMany,
    Unexpected,
    UnknownPpid,
    Fragments,
}

impl Faults {
    pub(crate) fn count(&mut self, fault: Fault) {
        *match fault {
            Fault::Malformed => &mut self.malformed,
            Fault::WrongStream => &mut self.wrong_stream,
            Fault::Reopened => &mut self.reopened,
            Fault::TooMany => &mut self.too_many,
            Fault::Unexpected => &mut self.unexpected,
            Fault::UnknownPpid => &mut self.unknown_ppid,
            Fault::Fragments => &mut self.fragments,
        } += 1;
    }
}
