//! What a connection tells its owner.

use std::sync::Arc;

use crate::certificate::Fingerprint;
#[cfg(doc)]
use crate::config::Verification;
use crate::error::CloseReason;
use crate::wire::{CipherSuite, NamedGroup, ProtocolVersion, SrtpProfile};

/// Which side of the handshake this is (`a=setup`, RFC 5763 section 5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Says hello; `a=setup:active`.
    Client,
    /// Waits for it; `a=setup:passive`.
    Server,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The handshake is complete and the peer is who the signalling says. Data may flow.
    Connected(Info),
    /// The connection is over. What [`poll_data`](crate::Connection::poll_data) still holds came
    /// before.
    Closed(CloseReason),
}

/// The certificate that the peer has shown to be its own.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PeerCertificate {
    /// The fingerprint that it was verified against.
    pub fingerprint: Fingerprint,
    /// The certificate, in DER.
    pub der: Arc<[u8]>,
}

/// What the handshake settled.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// The version of DTLS.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The group that the keys were agreed in.
    pub group: NamedGroup,
    /// The SRTP protection profile (RFC 5764), if both sides have one in common.
    pub srtp_profile: Option<SrtpProfile>,
    /// The application protocol (RFC 7301), if one was negotiated.
    pub alpn_protocol: Option<Vec<u8>>,
    /// The peer's certificate. There always is one but where [`Verification`] asks for none.
    pub peer_certificate: Option<PeerCertificate>,
}
