//! Session descriptions (RFC 8866) with typed attributes.
#![forbid(unsafe_code)]
