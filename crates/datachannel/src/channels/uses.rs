//! Who uses which stream.

use std::collections::{BTreeMap, BTreeSet};

use crate::channel::ChannelId;
use crate::config::Role;

/// Who a stream belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use {
    Channel(ChannelId),
    /// Nobody: the peer's use of it was refused, and it is being reset.
    Refused {
        outgoing_done: bool,
        incoming_reset: bool,
    },
}

/// The streams that are in use.
#[derive(Debug, Default)]
pub(super) struct Uses {
    streams: BTreeMap<u16, Use>,
    /// No stream below is free, among the even and among the odd ones: so that a search does not begin
    /// at the beginning.
    hints: [u16; 2],
    /// Unused streams whose reset was answered since they were last used.
    answered: BTreeSet<u16>,
}

impl Uses {
    pub(super) fn get(&self, stream: u16) -> Option<Use> {
        self.streams.get(&stream).copied()
    }

    pub(super) fn insert(&mut self, stream: u16, by: Use) {
        if let Use::Channel(_) = by {
            self.answered.remove(&stream);
        }
        self.streams.insert(stream, by);
    }

    /// Whether the reset of an unused stream is to be answered with one: once, or two peers that answer
    /// each other would never end.
    pub(super) fn answer_once(&mut self, stream: u16) -> bool {
        self.answered.insert(stream)
    }

    pub(super) fn remove(&mut self, stream: u16) {
        self.streams.remove(&stream);
        let hint = &mut self.hints[usize::from(stream % 2)];
        *hint = stream.min(*hint);
    }

    /// The lowest free stream of the role's parity (RFC 8832 section 6) below `end`.
    pub(super) fn find_free(&mut self, role: Role, end: u16) -> Option<u16> {
        let hint = &mut self.hints[usize::from(role.first_stream())];
        let first = role.first_stream().max(*hint);
        let mut candidates = (first..end).step_by(2);
        let free = candidates.find(|stream| !self.streams.contains_key(stream));
        *hint = free.unwrap_or(first);
        free
    }

    /// One half of a refused stream has been reset; it is free when both are.
    pub(super) fn release_refused(&mut self, stream: u16, half: Half) {
        let Some(Use::Refused {
            outgoing_done,
            incoming_reset,
        }) = self.streams.get_mut(&stream)
        else {
            return;
        };
        match half {
            Half::Outgoing => *outgoing_done = true,
            Half::Incoming => *incoming_reset = true,
        }
        if *outgoing_done && *incoming_reset {
            self.remove(stream);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}

/// A direction of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Half {
    Outgoing,
    Incoming,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_stream_of_a_role_is_found() {
        let mut uses = Uses::default();
        let by = Use::Channel(ChannelId(0));
        for stream in [0, 2, 3, 6] {
            uses.insert(stream, by);
        }
        assert_eq!(uses.find_free(Role::DtlsClient, 9), Some(4));
        assert_eq!(uses.find_free(Role::DtlsServer, 9), Some(1));
        uses.insert(1, by);
        assert_eq!(uses.find_free(Role::DtlsServer, 9), Some(5));
        uses.remove(2);
        assert_eq!(uses.find_free(Role::DtlsClient, 9), Some(2));
        uses.insert(5, by);
        uses.insert(7, by);
        assert_eq!(uses.find_free(Role::DtlsServer, 8), None);
        uses.remove(5);
        assert_eq!(uses.find_free(Role::DtlsServer, 9), Some(5));
    }
}
