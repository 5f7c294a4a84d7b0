//! The handshakes of DTLS 1.2 and 1.3, a type for each thing that is awaited. They have the hellos in
//! common, which settle the version.

mod client;
mod context;
mod server;
mod transcript;
mod v12;
mod v13;

pub(crate) use client::Client;
pub(crate) use context::{Context, Established, Keys, Step, Traffic};
pub(crate) use server::Server;
