//! Agents on a network in memory: what RFC 8445, RFC 8838 and RFC 7675 ask of them.
#![cfg(test)]

mod connect;
mod hostile;
mod nat;
mod net;
mod peer;
mod restart;
mod roles;
mod seeds;
mod wire;
