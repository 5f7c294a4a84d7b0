//! WebRTC data channels (RFC 8831, RFC 8832) over an SCTP association.
#![forbid(unsafe_code)]
