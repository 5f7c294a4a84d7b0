//! What an agent tells its caller.

use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;

use crate::candidate::Candidate;
use crate::config::Role;
use crate::state::ConnectionState;

/// What an agent tells its caller.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A local candidate to send to the peer.
    LocalCandidate(Candidate),
    /// All local candidates are known: tell the peer that no more come (RFC 8838 section 13).
    GatheringComplete,
    /// The connection state is another.
    StateChange(ConnectionState),
    /// Data goes this way from now on.
    SelectedPair {
        /// The base to send from.
        local: SocketAddr,
        /// The address to send to.
        remote: SocketAddr,
        /// Whether the pair is nominated; until then a better pair may take its place.
        nominated: bool,
    },
    /// A remote candidate has a name: answer with `Agent::resolve_mdns`.
    ResolveMdns {
        /// The name under `.local`.
        name: String,
    },
    /// A role conflict was settled (RFC 8445 section 7.3.1.1).
    RoleChange(Role),
}

/// Events that wait to be polled. States that follow one another replace one another, so that the
/// queue is as short as the lists of candidates are.
#[derive(Debug, Default)]
pub(crate) struct Events(VecDeque<Event>);

impl Events {
    pub(crate) fn push(&mut self, event: Event) {
        let replaces = matches!(
            event,
            Event::StateChange(_)
                | Event::SelectedPair { .. }
                | Event::RoleChange(_)
                | Event::GatheringComplete
        );
        if replaces {
            let kind = mem::discriminant(&event);
            self.0.retain(|queued| mem::discriminant(queued) != kind);
        }
        self.0.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.0.pop_front()
    }

    /// Forgets candidates and names of a generation that is over.
    pub(crate) fn forget_candidates(&mut self) {
        self.0.retain(|event| {
            !matches!(
                event,
                Event::LocalCandidate(_) | Event::ResolveMdns { .. } | Event::GatheringComplete
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_that_nobody_polls_do_not_pile_up() {
        let mut events = Events::default();
        for _ in 0..100 {
            events.push(Event::StateChange(ConnectionState::Checking));
            events.push(Event::RoleChange(Role::Controlled));
            events.push(Event::StateChange(ConnectionState::Connected));
        }
        assert_eq!(events.0.len(), 2);
        assert_eq!(events.pop(), Some(Event::RoleChange(Role::Controlled)));
        let state = Event::StateChange(ConnectionState::Connected);
        assert_eq!(events.pop(), Some(state));
        assert_eq!(events.pop(), None);
    }
}
