//! A peer made by hand: it sends what it is told to, right or wrong.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire_crypto::{HashAlgorithm, HmacKey, Rng, rust_crypto};
use tidewire_ice::{Agent, Config, Credentials, Handled, PairInfo, Role};
use tidewire_netsim::start;
use tidewire_stun::{Class, Message, MessageBuilder, Method, TransactionId};

use crate::net::{config, host};

/// An agent under test, and what its peer needs.
pub(crate) struct Peer {
    pub(crate) agent: Agent,
    pub(crate) now: Instant,
    /// The peer's own credentials.
    pub(crate) credentials: Credentials,
    pub(crate) tie_breaker: u64,
    requests: u8,
}

/// A message that the agent has sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) request: Option<TransactionId>,
    pub(crate) data: Vec<u8>,
}

impl Sent {
    pub(crate) fn message(&self) -> Message<'_> {
        Message::parse(&self.data).unwrap()
    }

    pub(crate) fn is_request(&self) -> bool {
        self.message().class() == Class::Request
    }
}

/// The addresses that the peer sends from.
pub(crate) fn remote(port: u16) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 7], port))
}

impl Peer {
    /// An agent with one host candidate that does not know its peer.
    pub(crate) fn stranger(role: Role) -> Self {
        Self::with_config(config(role))
    }

    pub(crate) fn with_config(config: Config) -> Self {
        let mut agent = Agent::new(config, Rng::from_u64(1), start());
        agent.add_host_candidate(start(), host(0)).unwrap();
        Self {
            agent,
            now: start(),
            credentials: Credentials::generate(&mut Rng::from_u64(2)),
            tie_breaker: 1 << 63,
            requests: 0,
        }
    }

    /// An agent that knows the peer's credentials, and candidates at these ports, the first the best.
    pub(crate) fn new(role: Role, ports: &[u16]) -> Self {
        let mut peer = Self::stranger(role);
        peer.agent.set_remote_credentials(peer.credentials.clone());
        for (index, port) in ports.iter().enumerate() {
            let priority = 1_000_000 - index;
            let line = format!("candidate:{index} 1 udp {priority} 198.51.100.7 {port} typ host");
            let candidate = line.parse().unwrap();
            peer.agent
                .add_remote_candidate(peer.now, candidate)
                .unwrap();
        }
        peer
    }

    /// An agent that uses a nominated pair with the peer at port 1.
    pub(crate) fn connected(role: Role) -> Self {
        let mut peer = Self::new(role, &[1]);
        peer.request(1, |request| request.nominate = true);
        peer.settle();
        assert!(peer.agent.selected_pair().unwrap().nominated);
        peer
    }

    pub(crate) fn local_key(&self) -> Box<dyn HmacKey> {
        key(&self.agent.local_credentials().pwd)
    }

    pub(crate) fn remote_key(&self) -> Box<dyn HmacKey> {
        key(&self.credentials.pwd)
    }

    /// Sends a request from the peer's `port`, correct but for what `change` makes of it.
    pub(crate) fn request(&mut self, port: u16, change: impl FnOnce(&mut Forged)) -> Handled {
        self.requests = self.requests.wrapping_add(1);
        let ours = &self.agent.local_credentials();
        let role = self.agent.role().opposite();
        let mut forged = Forged {
            id: TransactionId([self.requests; 12]),
            username: Some(format!("{}:{}", ours.ufrag, self.credentials.ufrag)),
            password: ours.pwd.clone(),
            role,
            tie_breaker: self.tie_breaker,
            nominate: false,
            priority: Some(500_000),
            unknown: false,
            method: Method::BINDING,
            to: host(0),
        };
        change(&mut forged);
        let data = forged.write();
        self.deliver(forged.to, remote(port), &data)
    }

    pub(crate) fn deliver(&mut self, to: SocketAddr, from: SocketAddr, data: &[u8]) -> Handled {
        self.agent.handle_datagram(self.now, to, from, data)
    }

    /// What the agent has to send.
    pub(crate) fn drain(&mut self) -> Vec<Sent> {
        let mut all = Vec::new();
        let mut data = Vec::new();
        while let Some(sent) = self.agent.poll_transmit(self.now, &mut data) {
            all.push(Sent {
                from: sent.local,
                to: sent.remote,
                request: sent.request,
                data: std::mem::take(&mut data),
            });
        }
        all
    }

    pub(crate) fn drain_requests(&mut self) -> Vec<Sent> {
        let mut sent = self.drain();
        sent.retain(Sent::is_request);
        sent
    }

    pub(crate) fn pass(&mut self, time: Duration) -> Vec<Sent> {
        self.now += time;
        self.drain()
    }

    /// Answers a request of the agent's as the RFC wants it.
    pub(crate) fn answer(&mut self, sent: &Sent) -> Handled {
        let data = self.success(sent);
        self.deliver(sent.from, sent.to, &data)
    }

    pub(crate) fn success(&self, sent: &Sent) -> Vec<u8> {
        let mut data = Vec::new();
        let id = sent.message().transaction_id();
        MessageBuilder::new(&mut data, Class::SuccessResponse, Method::BINDING, id)
            .xor_mapped_address(sent.from)
            .integrity(&*self.remote_key())
            .fingerprint()
            .finish()
            .unwrap();
        data
    }

    pub(crate) fn refuse(&mut self, sent: &Sent, code: u16) -> Handled {
        let mut data = Vec::new();
        let id = sent.message().transaction_id();
        MessageBuilder::new(&mut data, Class::ErrorResponse, Method::BINDING, id)
            .error_code(code, "no")
            .integrity(&*self.remote_key())
            .fingerprint()
            .finish()
            .unwrap();
        self.deliver(sent.from, sent.to, &data)
    }

    /// Answers everything that the agent asks, until it rests.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10 {
            for sent in self.drain_requests() {
                self.answer(&sent);
            }
            self.now += Duration::from_millis(50);
        }
    }

    /// The pair with the peer's `port`.
    pub(crate) fn pair(&self, port: u16) -> PairInfo {
        let mut pairs = self.agent.pairs();
        pairs.find(|pair| pair.remote == remote(port)).unwrap()
    }

    /// The port of the peer that data goes to.
    pub(crate) fn selected(&self) -> u16 {
        self.agent.selected_pair().unwrap().remote.port()
    }
}

/// A request to be sent.
pub(crate) struct Forged {
    pub(crate) id: TransactionId,
    pub(crate) username: Option<String>,
    pub(crate) password: String,
    pub(crate) role: Role,
    pub(crate) tie_breaker: u64,
    pub(crate) nominate: bool,
    pub(crate) priority: Option<u32>,
    pub(crate) unknown: bool,
    pub(crate) method: Method,
    pub(crate) to: SocketAddr,
}

impl Forged {
    fn write(&self) -> Vec<u8> {
        let mut data = Vec::new();
        let mut message = MessageBuilder::new(&mut data, Class::Request, self.method, self.id);
        if let Some(username) = &self.username {
            message.username(username);
        }
        if let Some(priority) = self.priority {
            message.priority(priority);
        }
        match self.role {
            Role::Controlling => message.ice_controlling(self.tie_breaker),
            Role::Controlled => message.ice_controlled(self.tie_breaker),
        };
        if self.nominate {
            message.use_candidate();
        }
        if self.unknown {
            message.attribute(tidewire_stun::AttributeType(0x7777), b"?");
        }
        let key = key(&self.password);
        message.integrity(&*key).fingerprint().finish().unwrap();
        data
    }
}

pub(crate) fn key(password: &str) -> Box<dyn HmacKey> {
    rust_crypto::provider().hmac(HashAlgorithm::Sha1, password.as_bytes())
}
