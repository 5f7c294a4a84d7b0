//! What bounds a context.

/// The bounds of a context.
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// How far behind the newest packet of a stream another one may be, in packets; rounded up to a
    /// multiple of 64, at most [`Config::MAX_REPLAY_WINDOW`] (RFC 3711 section 3.3.2).
    pub replay_window: usize,
    /// Streams, by SSRC, that are remembered for RTP and, apart from them, for RTCP. The one that was
    /// silent for longest makes room.
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
