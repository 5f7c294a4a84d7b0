//! The states that the W3C API shows.

/// RTCIceConnectionState of the W3C's WebRTC recommendation, for one transport.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum ConnectionState {
    /// No remote candidates yet.
    #[default]
    New,
    /// Checking pairs, none works so far.
    Checking,
    /// A pair works; others, or more candidates, may follow.
    Connected,
    /// A pair is nominated, and no more candidates come from either side.
    Completed,
    /// The peer has not answered for a while; it may still come back.
    Disconnected,
    /// No pair works, or consent has expired. A restart leads out of it; where no pair has worked yet,
    /// so does a late check or candidate of the peer's.
    Failed,
    /// The agent was closed.
    Closed,
}

impl ConnectionState {
    /// Whether data can be sent.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connected | Self::Completed)
    }
}

/// RTCIceGatheringState of the W3C's WebRTC recommendation.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum GatheringState {
    /// No candidate was added yet.
    #[default]
    New,
    /// More candidates may come.
    Gathering,
    /// All local candidates are known.
    Complete,
}
