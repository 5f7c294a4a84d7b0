//! The handshake of DTLS 1.2, a type for each thing that is awaited.

mod client;
mod context;
mod server;

pub(crate) use client::Client;
pub(crate) use context::{Context, Established, Step};
pub(crate) use server::Server;
