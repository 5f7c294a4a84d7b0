//! Handshake messages over datagrams, RFC 6347 section 4.2: flights, fragments, timers.

mod outgoing;
mod reassembly;
mod timer;

pub(crate) use outgoing::Flight;
pub(crate) use reassembly::{Arrival, MAX_BUFFERED, Message, Reassembler};
pub(crate) use timer::Retransmission;

/// The header of a handshake message, RFC 6347 section 4.2.2.
pub(crate) const MESSAGE_HEADER_LEN: usize = 12;
