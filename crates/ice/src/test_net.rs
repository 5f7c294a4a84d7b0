//! Two agents and a network between them, under virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::Rng;

use crate::testing::{provider, start};
use crate::{Agent, Config, Event, Role};

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) data: Vec<u8>,
}

/// What the network does to a datagram: pass it on, changed or not, once or several times, or not.
pub(crate) type Fate = Box<dyn FnMut(Packet) -> Vec<Packet>>;

/// Agents, their events, and what is on its way to them.
pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) agents: Vec<Agent>,
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) delay: Duration,
    pub(crate) fate: Fate,
    flying: BTreeMap<(Instant, u64), Packet>,
    sent: u64,
}

impl Net {
    /// Two agents without candidates; the first controls.
    pub(crate) fn bare(seed: u64) -> Self {
        let now = start();
        let agent = |role, seed| {
            let mut config = Config::new(provider());
            config.role = role;
            Agent::new(config, Rng::from_u64(seed), now)
        };
        Self {
            now,
            agents: vec![
                agent(Role::Controlling, seed * 2),
                agent(Role::Controlled, seed * 2 + 1),
            ],
            events: vec![Vec::new(), Vec::new()],
            delay: Duration::from_micros(100),
            fate: Box::new(|packet| vec![packet]),
            flying: BTreeMap::new(),
            sent: 0,
        }
    }

    /// Two agents with one host candidate each.
    pub(crate) fn pair(seed: u64) -> Self {
        let mut net = Self::bare(seed);
        for index in 0..2 {
            net.agents[index]
                .add_host_candidate(net.now, Self::host(index))
                .unwrap();
            net.agents[index].finish_local_candidates();
        }
        net
    }

    pub(crate) fn host(index: usize) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1 + index as u8], 5000))
    }

    /// Tells both agents all about each other.
    pub(crate) fn exchange(&mut self) {
        self.tell_credentials(0);
        self.tell_credentials(1);
        for from in 0..2 {
            self.tell_candidates(from);
            self.agents[1 - from].end_of_remote_candidates(self.now);
        }
    }

    pub(crate) fn tell_credentials(&mut self, from: usize) {
        let credentials = self.agents[from].local_credentials().clone();
        self.agents[1 - from].set_remote_credentials(credentials);
    }

    pub(crate) fn tell_candidates(&mut self, from: usize) {
        self.collect_events();
        let events = std::mem::take(&mut self.events[from]);
        for event in &events {
            if let Event::LocalCandidate(candidate) = event {
                let text = candidate.to_string();
                let candidate = text.parse().unwrap();
                self.agents[1 - from]
                    .add_remote_candidate(self.now, candidate)
                    .unwrap();
            }
        }
        self.events[from] = events;
    }

    pub(crate) fn collect_events(&mut self) {
        for (agent, events) in self.agents.iter_mut().zip(&mut self.events) {
            while let Some(event) = agent.poll_event() {
                events.push(event);
            }
        }
    }

    /// Runs for a while.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.flush();
            let arrival = self.flying.keys().next().map(|(at, _)| *at);
            let timeouts = self.agents.iter().filter_map(Agent::poll_timeout);
            let Some(next) = timeouts.chain(arrival).min().filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            self.deliver();
            for agent in &mut self.agents {
                agent.handle_timeout(self.now);
            }
        }
        self.now = end;
        for agent in &mut self.agents {
            agent.handle_timeout(end);
        }
        self.flush();
        self.collect_events();
    }

    fn flush(&mut self) {
        for index in 0..self.agents.len() {
            let mut data = Vec::new();
            while let Some(sent) = self.agents[index].poll_transmit(self.now, &mut data) {
                let packet = Packet {
                    from: sent.local,
                    to: sent.remote,
                    data: std::mem::take(&mut data),
                };
                self.send(packet);
            }
        }
        self.collect_events();
    }

    pub(crate) fn send(&mut self, packet: Packet) {
        for packet in (self.fate)(packet) {
            self.sent += 1;
            self.flying
                .insert((self.now + self.delay, self.sent), packet);
        }
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let packet = entry.remove();
            for agent in &mut self.agents {
                let bases = agent.local_candidates();
                let ours = bases
                    .filter(|candidate| candidate.related.is_none())
                    .any(|candidate| candidate.socket_addr() == Some(packet.to));
                if ours {
                    agent.handle_datagram(self.now, packet.to, packet.from, &packet.data);
                }
            }
        }
    }
}
