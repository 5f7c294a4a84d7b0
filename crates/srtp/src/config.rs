//! What bounds a context.

/// The bounds of a context.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// How far behind the newest packet of a stream another one may be, in packets; rounded up to a
    /// power of two from 64 to [`Config::MAX_REPLAY_WINDOW`] (RFC 3711 section 3.3.2).
    pub replay_window: usize,
    /// Streams, by SSRC, that are remembered: at least 1.
    ///
    /// A [`Receiver`](crate::Receiver) remembers so many for RTP and, apart from them, for RTCP. One
    /// that was silent makes room for a new one, whose packet was authentic. It may then be replayed;
    /// and when it had rolled over, [`Receiver::set_rollover`](crate::Receiver::set_rollover) has to
    /// tell how often before it is heard again. So let there be more than the peer has in use.
    ///
    /// A [`Sender`](crate::Sender) refuses to begin one more, as it could not forget another one
    /// without repeating its nonces later.
    ///
    /// A stream takes some 100 bytes and a bit for each packet of the window: 4096 of them with windows
    /// of 1024 packets less than 1 MiB, and a receiver that remembers so many for both protocols less
    /// than 2 MiB.
    pub max_streams: usize,
}

impl Config {
    /// The widest window, in packets: half of what a sequence number can tell apart.
    pub const MAX_REPLAY_WINDOW: usize = 32_768;
}

impl Default for Config {
    fn default() -> Self {
        Self {
            replay_window: 1024,
            max_streams: 4096,
        }
    }
}
