//! DTLS 1.3 after the hellos, RFC 9147 and RFC 8446 section 4.

mod client;
mod server;
mod signature;

pub(crate) use client::Client;
pub(crate) use server::{Server, check_hello, choose_group};
