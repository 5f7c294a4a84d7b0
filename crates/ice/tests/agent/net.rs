//! Two agents, a STUN server, and a network between them, under virtual time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::{Rng, rust_crypto};
use tidewire_ice::{
    Agent, Candidate, CandidateKind, Config, ConnectionState, Event, Role, SelectedPair,
};
use tidewire_netsim::{LinkConfig, Network, start};
use tidewire_stun::{Class, Message, MessageBuilder, Method};

/// The STUN server's address.
pub(crate) const SERVER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1)),
    3478,
);

/// The offerer, which controls.
pub(crate) const A: usize = 0;
/// The answerer.
pub(crate) const B: usize = 1;

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A datagram on its way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) data: Vec<u8>,
}

/// What a box in the network makes of a datagram: passes it on, as it is or changed, or drops it.
pub(crate) type Middlebox = Box<dyn FnMut(Packet) -> Option<Packet>>;

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) agents: Vec<Agent>,
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) network: Network,
    pub(crate) middlebox: Middlebox,
    /// How many datagrams were sent.
    pub(crate) sent: usize,
}

impl Net {
    /// Two agents without candidates.
    pub(crate) fn bare(seed: u64) -> Self {
        let delay = Duration::from_micros(100);
        let link = LinkConfig {
            delay,
            ..LinkConfig::default()
        };
        Self::with_link(seed, link)
    }

    pub(crate) fn with_link(seed: u64, link: LinkConfig) -> Self {
        let agent = |role, seed| Agent::new(config(role), Rng::from_u64(seed), start());
        let agents = vec![
            agent(Role::Controlling, seed * 2),
            agent(Role::Controlled, seed * 2 + 1),
        ];
        Self {
            now: start(),
            agents,
            events: vec![Vec::new(), Vec::new()],
            network: Network::new(link, seed),
            middlebox: Box::new(Some),
            sent: 0,
        }
    }

    /// Two agents with one host candidate each.
    pub(crate) fn pair(seed: u64) -> Self {
        let mut net = Self::bare(seed);
        net.add_hosts();
        net
    }

    pub(crate) fn add_hosts(&mut self) {
        for index in [A, B] {
            self.add_host(index, host(index));
            self.agents[index].finish_local_candidates();
        }
    }

    pub(crate) fn add_host(&mut self, index: usize, address: SocketAddr) {
        self.agents[index]
            .add_host_candidate(self.now, address)
            .unwrap();
    }

    /// Two agents that have connected and know that no more candidates come.
    pub(crate) fn connected(seed: u64) -> Self {
        let mut net = Self::pair(seed);
        net.exchange();
        net.run(ms(200));
        net.assert_states(ConnectionState::Completed);
        net
    }

    /// Tells both agents all about each other.
    pub(crate) fn exchange(&mut self) {
        for from in [A, B] {
            self.tell_credentials(from);
        }
        for from in [A, B] {
            self.tell_candidates(from);
            self.agents[1 - from].end_of_remote_candidates(self.now);
        }
    }

    pub(crate) fn tell_credentials(&mut self, from: usize) {
        let credentials = self.agents[from].local_credentials().clone();
        self.agents[1 - from].set_remote_credentials(credentials);
    }

    /// Tells the other agent the candidates that this one has told since the last time.
    pub(crate) fn tell_candidates(&mut self, from: usize) {
        self.collect_events();
        for event in std::mem::take(&mut self.events[from]) {
            if let Event::LocalCandidate(candidate) = &event {
                let line = candidate.to_string();
                self.add_remote(1 - from, &line);
            }
        }
    }

    pub(crate) fn add_remote(&mut self, index: usize, line: &str) {
        let candidate: Candidate = line.parse().unwrap();
        self.agents[index]
            .add_remote_candidate(self.now, candidate)
            .unwrap();
    }

    pub(crate) fn collect_events(&mut self) {
        for (agent, events) in self.agents.iter_mut().zip(&mut self.events) {
            events.extend(std::iter::from_fn(|| agent.poll_event()));
        }
    }

    /// Runs for a while.
    pub(crate) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.flush();
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.deliver();
            for agent in &mut self.agents {
                agent.handle_timeout(self.now);
            }
            self.flush();
        }
        self.now = end;
    }

    /// Runs until something holds of the net; answers how long that took.
    #[track_caller]
    pub(crate) fn run_until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Duration {
        let begin = self.now;
        while !holds(self) {
            assert!(self.now - begin < limit, "it did not happen in {limit:?}");
            self.flush();
            let next = self.next_time();
            let step = next.map_or(ms(1), |next| next.saturating_duration_since(self.now));
            self.run(step);
        }
        self.now - begin
    }

    fn next_time(&self) -> Option<Instant> {
        let timeouts = self.agents.iter().filter_map(Agent::poll_timeout);
        timeouts.chain(self.network.poll_timeout()).min()
    }

    fn flush(&mut self) {
        for index in 0..self.agents.len() {
            let mut data = Vec::new();
            while let Some(sent) = self.agents[index].poll_transmit(self.now, &mut data) {
                let data = std::mem::take(&mut data);
                self.send(sent.local, sent.remote, data);
            }
        }
        self.collect_events();
    }

    pub(crate) fn send(&mut self, from: SocketAddr, to: SocketAddr, data: Vec<u8>) {
        self.sent += 1;
        if let Some(packet) = (self.middlebox)(Packet { from, to, data }) {
            self.network
                .send(self.now, packet.from, packet.to, packet.data);
        }
    }

    fn deliver(&mut self) {
        while let Some(delivery) = self.network.receive(self.now) {
            let (from, to, data) = (delivery.from, delivery.to, delivery.datagram);
            if to == SERVER {
                self.serve(from, &data);
            }
            for agent in &mut self.agents {
                let mut bases = agent.local_candidates().filter(|local| {
                    matches!(local.kind, CandidateKind::Host | CandidateKind::Relayed)
                });
                let is_base = bases.any(|local| local.socket_addr() == Some(to));
                drop(bases);
                if is_base {
                    agent.handle_datagram(self.now, to, from, &data);
                }
            }
        }
    }

    /// The STUN server.
    fn serve(&mut self, from: SocketAddr, data: &[u8]) {
        let Ok(request) = Message::parse(data) else {
            return;
        };
        if request.class() != Class::Request {
            return;
        }
        let mut response = Vec::new();
        let id = request.transaction_id();
        MessageBuilder::new(&mut response, Class::SuccessResponse, Method::BINDING, id)
            .xor_mapped_address(from)
            .finish()
            .unwrap();
        self.send(SERVER, from, response);
    }

    pub(crate) fn selected(&self, index: usize) -> SelectedPair {
        self.agents[index].selected_pair().unwrap()
    }

    pub(crate) fn states(&self) -> [ConnectionState; 2] {
        [self.agents[A].state(), self.agents[B].state()]
    }

    #[track_caller]
    pub(crate) fn assert_states(&self, state: ConnectionState) {
        assert_eq!(self.states(), [state, state]);
    }

    /// Asserts that both agents have nominated one and the same path, seen from either side.
    #[track_caller]
    pub(crate) fn assert_agreed(&self) {
        let (one, two) = (self.selected(A), self.selected(B));
        assert!(one.nominated && two.nominated, "{}", self.report());
        let agree = (one.local, one.remote) == (two.remote, two.local);
        assert!(agree, "{}", self.report());
    }

    fn report(&self) -> String {
        let report = |agent: &Agent| {
            let pairs: Vec<_> = agent.pairs().collect();
            let (role, state, stats) = (agent.role(), agent.state(), agent.stats());
            format!("{role:?} {state:?} {pairs:#?} {stats:?}\n")
        };
        self.agents.iter().map(report).collect()
    }

    pub(crate) fn states_told(&self, index: usize) -> Vec<ConnectionState> {
        let states = self.events[index].iter().filter_map(|event| match event {
            Event::StateChange(state) => Some(*state),
            _ => None,
        });
        states.collect()
    }
}

pub(crate) fn config(role: Role) -> Config {
    let mut config = Config::new(rust_crypto::provider());
    config.role = role;
    config
}

pub(crate) fn host(index: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1 + index as u8], 5000))
}
