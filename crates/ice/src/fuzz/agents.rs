//! Sequences of operations: two agents and an enemy who has the password.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
use tidewire_stun::{AttributeType, Class, Message, MessageBuilder, Method, TransactionId};

use super::reader::Reader;
use crate::agent::Agent;
use crate::candidate::Candidate;
use crate::config::{Config, Limits, Role};
use crate::credentials::Credentials;
use crate::event::Event;

/// Does to two agents what `data` says, beginning at `now`.
pub fn agents(now: Instant, data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut world = World::new(now, &mut reader);
    if reader.flag() {
        world.introduce();
    }
    let mut steps = 0;
    while !reader.is_empty() && steps < 2000 {
        world.step(&mut reader);
        world.settle();
        steps += 1;
    }
}

struct World {
    now: Instant,
    limits: Limits,
    agents: Vec<Agent>,
    flying: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    rng: Rng,
}

impl World {
    fn new(now: Instant, reader: &mut Reader<'_>) -> Self {
        let mut config = Config::new(rust_crypto::provider());
        if reader.flag() {
            config.limits = Limits {
                local_candidates: reader.below(4),
                stun_servers: reader.below(3),
                remote_candidates: reader.below(4),
                peer_reflexive: reader.below(4),
                pairs: reader.below(6),
                early_requests: reader.below(4),
                transactions: reader.below(6),
                queued: reader.below(6),
            };
        }
        let limits = config.limits;
        let agent = |role, seed| {
            let mut config = config.clone();
            config.role = role;
            Agent::new(config, Rng::from_u64(seed), now)
        };
        Self {
            now,
            limits,
            agents: vec![agent(Role::Controlling, 1), agent(Role::Controlled, 2)],
            flying: VecDeque::new(),
            rng: Rng::from_u64(3),
        }
    }

    /// Lets the agents know each other, so that a few bytes are enough to connect them.
    fn introduce(&mut self) {
        for index in [0, 1] {
            let host = SocketAddr::from(([192, 0, 2, 1 + index as u8], 5));
            // Limits may leave no room for it.
            let _ = self.agents[index].add_host_candidate(self.now, host);
        }
        self.exchange_credentials();
        for index in [0, 1] {
            self.tell(index, &mut Reader::new(&[]));
        }
    }

    fn step(&mut self, reader: &mut Reader<'_>) {
        let operation = reader.byte();
        let index = usize::from(operation >> 7);
        match operation & 0x1f {
            0..=3 | 16.. => self.deliver(reader),
            4 => self.pass_time(reader),
            5 => self.forge(index, reader),
            6 => self.add_addresses(index, reader),
            7 => self.tell(index, reader),
            8 => {
                let (to, from) = (reader.address(), reader.address());
                self.agents[index].handle_datagram(self.now, to, from, reader.bytes());
            }
            9 => self.command(index, reader),
            10 => self.add_remote(index, reader),
            11 => self.lose(index, reader),
            12 => self.exchange_credentials(),
            13 => self.answer_as_server(index, reader),
            14 => self.agents[index].finish_local_candidates(),
            15 => self.restart(index, reader),
        }
    }

    /// Loses a datagram; sometimes its sender notices.
    fn lose(&mut self, index: usize, reader: &mut Reader<'_>) {
        let lost = self.flying.pop_front();
        if let Some((from, to, _)) = lost.filter(|_| reader.byte() < 32) {
            self.agents[index].handle_unreachable(self.now, from, to);
        }
    }

    fn restart(&mut self, index: usize, reader: &mut Reader<'_>) {
        if reader.byte() < 32 {
            let credentials = Credentials::generate(&mut self.rng);
            self.agents[index].restart(self.now, credentials);
        }
    }

    /// Delivers what is on its way, in order or not, once or twice, whole or not.
    fn deliver(&mut self, reader: &mut Reader<'_>) {
        let how = reader.byte();
        let at = usize::from(how >> 6) % self.flying.len().max(1);
        let Some((from, to, mut data)) = self.flying.remove(at) else {
            return;
        };
        if how & 3 == 3 {
            self.flying.push_back((from, to, data.clone()));
        }
        if how & 0x1c == 0x1c {
            let at = reader.below(data.len());
            data[at] ^= reader.byte();
        }
        // As a NAT does it.
        let from = if how & 0x1c == 0x18 {
            reader.address()
        } else {
            from
        };
        for agent in &mut self.agents {
            agent.handle_datagram(self.now, to, from, &data);
        }
    }

    fn pass_time(&mut self, reader: &mut Reader<'_>) {
        let time = u64::from(reader.byte());
        let scale = match reader.byte() {
            0..=80 => 1,
            81..=200 => 10,
            201..=253 => 100,
            _ => 3_600_000,
        };
        self.now += Duration::from_millis(time * scale);
        for agent in &mut self.agents {
            agent.handle_timeout(self.now);
        }
    }

    /// A request under the right password, with whatever else.
    fn forge(&mut self, index: usize, reader: &mut Reader<'_>) {
        let ours = self.agents[index].local_credentials().clone();
        let theirs = self.agents[1 - index].local_credentials().ufrag.clone();
        let key = rust_crypto::provider().hmac(HashAlgorithm::Sha1, ours.pwd.as_bytes());
        let how = reader.byte();
        let mut data = Vec::new();
        let id = TransactionId([reader.byte(); 12]);
        let mut message = MessageBuilder::new(&mut data, Class::Request, Method::BINDING, id);
        message.username(&format!("{}:{theirs}", ours.ufrag));
        if how & 1 == 0 {
            message.priority(reader.u32());
        }
        if how & 2 == 2 {
            message.use_candidate();
        }
        match how & 12 {
            0 => message.ice_controlling(u64::from(reader.u32()) << 32),
            4 => message.ice_controlled(u64::from(reader.u32()) << 32),
            8 => message.attribute(AttributeType(reader.u32() as u16), b"?"),
            _ => &mut message,
        };
        let _ = message.integrity(&*key).fingerprint().finish();
        let to = self.base(index, reader);
        self.agents[index].handle_datagram(self.now, to, reader.address(), &data);
    }

    fn base(&self, index: usize, reader: &mut Reader<'_>) -> SocketAddr {
        let mut bases = self.agents[index].local_candidates();
        let base = bases.nth(reader.below(4)).and_then(Candidate::socket_addr);
        base.unwrap_or_else(|| reader.address())
    }

    fn add_addresses(&mut self, index: usize, reader: &mut Reader<'_>) {
        let (how, address) = (reader.byte() % 4, reader.address());
        let agent = &mut self.agents[index];
        // Whether there is room and the address is of use is up to the bytes.
        match how {
            0 => drop(agent.add_local_candidate(Candidate::relayed(address, address))),
            1 => drop(agent.add_stun_server(self.now, address)),
            _ => drop(agent.add_host_candidate(self.now, address)),
        }
    }

    /// Tells the other agent what this one has told.
    fn tell(&mut self, index: usize, reader: &mut Reader<'_>) {
        while let Some(event) = self.agents[index].poll_event() {
            if let Event::LocalCandidate(candidate) = event {
                let _ = self.agents[1 - index].add_remote_candidate(self.now, candidate);
            }
        }
        if reader.flag() {
            self.agents[1 - index].end_of_remote_candidates(self.now);
        }
    }

    fn command(&mut self, index: usize, reader: &mut Reader<'_>) {
        let agent = &mut self.agents[index];
        match reader.byte() {
            0..=10 => agent.set_role(Role::Controlling),
            11..=20 => agent.set_role(Role::Controlled),
            21..=25 => agent.set_remote_lite(reader.flag()),
            26..=28 => agent.set_remote_credentials(Credentials::generate(&mut self.rng)),
            29 => agent.close(),
            30..=40 => agent.end_of_remote_candidates(self.now),
            _ => {
                let name = format!("{}.local", reader.byte() % 3);
                agent.resolve_mdns(self.now, &name, reader.address().ip());
            }
        }
    }

    fn add_remote(&mut self, index: usize, reader: &mut Reader<'_>) {
        let (priority, address) = (reader.u32(), reader.address());
        let host = match reader.byte() % 4 {
            0 => format!("{}.local", reader.byte() % 3),
            _ => address.ip().to_string(),
        };
        let (number, port) = (reader.byte() % 3, address.port());
        let line = format!("candidate:{number} 1 udp {priority} {host} {port} typ host");
        let candidate = line.parse().expect("the line follows the grammar");
        let _ = self.agents[index].add_remote_candidate(self.now, candidate);
    }

    fn exchange_credentials(&mut self) {
        for index in [0, 1] {
            let credentials = self.agents[1 - index].local_credentials().clone();
            self.agents[index].set_remote_credentials(credentials);
        }
    }

    /// Answers a question to a STUN server, if one is on its way.
    fn answer_as_server(&mut self, index: usize, reader: &mut Reader<'_>) {
        let is_question = |data: &[u8]| {
            let message = Message::parse(data).expect("agents send messages");
            message.class() == Class::Request && message.username().is_none()
        };
        let found = self
            .flying
            .iter()
            .position(|(_, _, data)| is_question(data));
        let Some((from, to, data)) = found.and_then(|at| self.flying.remove(at)) else {
            return;
        };
        let id = Message::parse(&data).expect("as above").transaction_id();
        let mut answer = Vec::new();
        let class = Class::SuccessResponse;
        let _ = MessageBuilder::new(&mut answer, class, Method::BINDING, id)
            .xor_mapped_address(reader.address())
            .finish();
        self.agents[index].handle_datagram(self.now, from, to, &answer);
    }

    /// Takes what the agents have to send, and checks what must always hold.
    fn settle(&mut self) {
        for index in [0, 1] {
            let mut sent = 0;
            let mut data = Vec::new();
            while let Some(transmit) = self.agents[index].poll_transmit(self.now, &mut data) {
                let message = Message::parse(&data).expect("agents send messages");
                let id = message.transaction_id();
                assert!(transmit.request.is_none_or(|request| request == id));
                let data = std::mem::take(&mut data);
                self.flying
                    .push_back((transmit.local, transmit.remote, data));
                sent += 1;
                assert!(sent < 1000, "an agent never stops sending");
            }
            assert!(data.is_empty());
            self.check(&self.agents[index]);
        }
        let excess = self.flying.len().saturating_sub(100);
        self.flying.drain(..excess);
    }

    fn check(&self, agent: &Agent) {
        let limits = &self.limits;
        assert!(
            agent.poll_timeout().is_none_or(|at| at > self.now),
            "{:?}",
            agent.next_timer()
        );
        assert!(agent.pairs().count() <= limits.pairs);
        assert!(agent.local_candidates().count() <= limits.local_candidates);
        let remotes = limits.remote_candidates + limits.peer_reflexive;
        assert!(agent.remote_candidates().count() <= remotes);
        if let Some(pair) = agent.selected_pair() {
            assert!(agent.is_known_path(pair.local, pair.remote));
            let local = |local: &Candidate| local.socket_addr() == Some(pair.local);
            assert!(agent.local_candidates().any(local));
        } else {
            assert!(!agent.state().is_connected());
        }
        let nominated = agent.pairs().filter(|pair| pair.nominated).count();
        assert!(nominated <= 1);
    }
}

#[cfg(test)]
mod tests {
    use tidewire_netsim::{for_each_seed, start};

    use super::*;

    #[test]
    fn any_operations_are_survived() {
        for_each_seed(400, |seed| {
            let mut data = vec![0; 600];
            Rng::from_u64(seed).fill(&mut data);
            agents(start(), &data);
        });
    }

    #[test]
    fn operations_that_connect_lead_to_connected_agents() {
        let mut reader = Reader::new(&[]);
        let mut world = World::new(start(), &mut reader);
        world.introduce();
        for _ in 0..20 {
            world.settle();
            world.deliver(&mut Reader::new(&[]));
        }
        assert!(
            world
                .agents
                .iter()
                .all(|agent| agent.state().is_connected())
        );
    }
}
