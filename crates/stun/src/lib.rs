//! STUN messages, integrity and transactions (RFC 8489).
#![forbid(unsafe_code)]
