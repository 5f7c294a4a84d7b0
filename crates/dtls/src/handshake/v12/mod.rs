//! DTLS 1.2 after the hellos, RFC 6347.

mod client;
mod server;

pub(crate) use client::Client;
pub(crate) use server::Server;
