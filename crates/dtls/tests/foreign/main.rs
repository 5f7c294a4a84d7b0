//! DTLS against processes of other implementations.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a foreign peer is reached through a real socket, in real time"
)]
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod gnutls;
mod openssl;
mod process;
