//! Gathering of server-reflexive candidates: RFC 8445 section 5.1.1.2.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::candidate::can_pair;
use crate::state::GatheringState;

/// A question to ask: from which base, to which server.
pub(crate) type Question = (SocketAddr, SocketAddr);

/// Which servers are still to be asked, and which bindings are to be kept alive.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    servers: Vec<SocketAddr>,
    bases: Vec<SocketAddr>,
    questions: VecDeque<Question>,
    bindings: Vec<Binding>,
    /// The caller adds no more candidates and servers.
    finished: bool,
    reported: bool,
}

/// A NAT's binding that a candidate depends on.
#[derive(Debug)]
struct Binding {
    question: Question,
    refresh_at: Instant,
}

impl Gatherer {
    pub(crate) fn add_base(&mut self, base: SocketAddr) {
        self.reopen();
        self.bases.push(base);
        let asked = self.servers.iter().filter(|server| can_ask(base, **server));
        self.questions.extend(asked.map(|server| (base, *server)));
    }

    /// Whether there is room for the server, or it is known.
    pub(crate) fn add_server(&mut self, server: SocketAddr, limit: usize) -> bool {
        if self.servers.contains(&server) {
            return true;
        }
        if self.servers.len() >= limit {
            return false;
        }
        self.reopen();
        self.servers.push(server);
        let asking = self.bases.iter().filter(|base| can_ask(**base, server));
        self.questions.extend(asking.map(|base| (*base, server)));
        true
    }

    /// Something was added after all: completeness has to be told anew.
    pub(crate) fn reopen(&mut self) {
        self.reported = false;
    }

    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// Asks all servers anew: RFC 8445 section 9.
    pub(crate) fn restart(&mut self) {
        let (bases, servers) = (&self.bases, &self.servers);
        let all = bases
            .iter()
            .flat_map(|base| servers.iter().map(|server| (*base, *server)));
        self.questions = all
            .filter(|(base, server)| can_ask(*base, *server))
            .collect();
        self.bindings.clear();
        self.reopen();
    }

    pub(crate) fn has_questions(&self) -> bool {
        !self.questions.is_empty()
    }

    pub(crate) fn next_question(&mut self) -> Option<Question> {
        self.questions.pop_front()
    }

    pub(crate) fn keep_alive(&mut self, question: Question, refresh_at: Instant) {
        if !self.bindings.iter().any(|known| known.question == question) {
            self.bindings.push(Binding {
                question,
                refresh_at,
            });
        }
    }

    /// The next binding to refresh; it counts as refreshed.
    pub(crate) fn poll_binding(&mut self, now: Instant, interval: Duration) -> Option<Question> {
        let due = self
            .bindings
            .iter_mut()
            .find(|binding| binding.refresh_at <= now)?;
        due.refresh_at = now + interval;
        Some(due.question)
    }

    /// Lets the bindings go: a nominated pair keeps its own alive (RFC 8445 section 8.3).
    pub(crate) fn release(&mut self) {
        self.bindings.clear();
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.bindings.iter().map(|known| known.refresh_at).min()
    }

    /// The state, given whether questions are under way.
    pub(crate) fn state(&self, asking: bool) -> GatheringState {
        if self.finished && !asking && self.questions.is_empty() {
            GatheringState::Complete
        } else if self.bases.is_empty() && !self.finished {
            GatheringState::New
        } else {
            GatheringState::Gathering
        }
    }

    /// Whether completeness is to be told now; it counts as told.
    pub(crate) fn poll_complete(&mut self, asking: bool) -> bool {
        let complete = self.state(asking) == GatheringState::Complete && !self.reported;
        self.reported |= complete;
        complete
    }
}

/// Whether a server can be reached from a base: one family, and both on this machine or neither.
fn can_ask(base: SocketAddr, server: SocketAddr) -> bool {
    can_pair(base, server) && base.ip().is_loopback() == server.ip().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_base_asks_every_server_that_it_can_reach() {
        let mut gatherer = Gatherer::default();
        gatherer.add_base(address("192.0.2.1:1"));
        assert!(gatherer.add_server(address("198.51.100.1:3478"), 8));
        assert!(gatherer.add_server(address("[2001:db8::1]:3478"), 8));
        gatherer.add_base(address("127.0.0.1:1"));
        gatherer.add_base(address("[2001:db8::2]:1"));
        let asked: Vec<_> = std::iter::from_fn(|| gatherer.next_question()).collect();
        let expected = [
            (address("192.0.2.1:1"), address("198.51.100.1:3478")),
            (address("[2001:db8::2]:1"), address("[2001:db8::1]:3478")),
        ];
        assert_eq!(asked, expected);
        gatherer.restart();
        assert_eq!(gatherer.next_question(), Some(expected[0]));
    }

    #[test]
    fn gathering_is_complete_once_and_again_after_an_addition() {
        let mut gatherer = Gatherer::default();
        assert_eq!(gatherer.state(false), GatheringState::New);
        gatherer.add_base(address("192.0.2.1:1"));
        assert_eq!(gatherer.state(false), GatheringState::Gathering);
        gatherer.finish();
        assert!(!gatherer.poll_complete(true));
        assert!(gatherer.poll_complete(false));
        assert!(!gatherer.poll_complete(false));
        gatherer.add_base(address("192.0.2.2:1"));
        assert!(gatherer.poll_complete(false));
    }

    #[test]
    fn servers_are_bounded() {
        let mut gatherer = Gatherer::default();
        assert!(gatherer.add_server(address("192.0.2.1:1"), 1));
        assert!(gatherer.add_server(address("192.0.2.1:1"), 1));
        assert!(!gatherer.add_server(address("192.0.2.2:1"), 1));
    }
}
