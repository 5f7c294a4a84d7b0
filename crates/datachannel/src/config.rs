//! What a caller decides about all channels and about one.

use tidewire_sctp::Reliability;

/// The bounds of an [`Endpoint`](crate::Endpoint)'s memory and of its messages.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// How many channels may exist at once, the peer's included. A channel counts until its
    /// [`Closed`](crate::Event::Closed) has been polled. Default: 65,535, all that there are (RFC 8831
    /// section 6.2).
    pub max_channels: usize,
    /// How many bytes the labels and protocols of the channels that the peer opened may take
    /// together; beyond that it opens no more. Default: 16 MiB.
    pub max_incoming_text: usize,
    /// How many bytes a channel may hold back before [`send`](crate::Endpoint::send) refuses more; a
    /// longer message is taken when none waits. Default: 16 MiB.
    pub max_buffered: usize,
    /// The longest message that is put together of fragments (see
    /// [`max_fragments_total`](Self::max_fragments_total)). Default: 256 KiB.
    pub max_fragmented_message: usize,
    /// How many bytes all channels together may hold of messages that the peer fragmented in the
    /// deprecated way (RFC 8831 section 6.6). Default: 4 MiB.
    pub max_fragments_total: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_channels: 65_535,
            max_incoming_text: 16 << 20,
            max_buffered: 16 << 20,
            max_fragmented_message: 256 << 10,
            max_fragments_total: 4 << 20,
        }
    }
}

/// What a channel is opened with besides its label (RFC 8831 section 6.4).
///
/// A dictionary: fields are added in minor versions, so name those that matter and end with
/// `..Default::default()`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Init {
    /// Whether messages arrive in the order they were sent in.
    pub ordered: bool,
    /// What becomes of a message that was lost.
    pub reliability: Reliability,
    /// What is spoken on the channel; empty if unspecified.
    pub protocol: String,
    /// The stream, if both peers agreed on it by other means; then nothing is said about the channel
    /// on the wire (RFC 8831 section 6.5).
    pub negotiated: Option<u16>,
    /// The weight against other channels (RFC 8831 section 6.4).
    pub priority: u16,
}

impl Default for Init {
    /// Ordered, reliable, of normal priority and opened on the wire.
    fn default() -> Self {
        Self {
            ordered: true,
            reliability: Reliability::Reliable,
            protocol: String::new(),
            negotiated: None,
            priority: 256,
        }
    }
}

/// The DTLS role, which decides who takes which stream identifiers (RFC 8832 section 6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Opens channels on even streams.
    DtlsClient,
    /// Opens channels on odd streams.
    DtlsServer,
}

impl Role {
    /// The lowest stream that this role opens channels on.
    pub(crate) const fn first_stream(self) -> u16 {
        match self {
            Self::DtlsClient => 0,
            Self::DtlsServer => 1,
        }
    }

    /// Whether a peer of this role may open a channel on `stream`.
    pub(crate) const fn owns(self, stream: u16) -> bool {
        stream % 2 == self.first_stream()
    }

    pub(crate) const fn peer(self) -> Self {
        match self {
            Self::DtlsClient => Self::DtlsServer,
            Self::DtlsServer => Self::DtlsClient,
        }
    }
}
