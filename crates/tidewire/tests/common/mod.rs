//! Two peers and the network between them, under a virtual clock.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "every test uses a part of it"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidewire::crypto::Rng;
use tidewire::{ChannelId, Configuration, Datagram, Event, Message, PeerConnection};
use tidewire_netsim::{Link, LinkConfig, Trace};

/// One end: the connection, and what it reported.
pub(crate) struct Peer {
    pub(crate) connection: PeerConnection,
    pub(crate) address: SocketAddr,
    pub(crate) events: Vec<Event>,
}

impl Peer {
    pub(crate) fn new(
        configuration: Configuration,
        seed: u64,
        address: &str,
        now: Instant,
    ) -> Self {
        let address: SocketAddr = address.parse().expect("a socket address");
        let mut connection = PeerConnection::new(configuration, Rng::from_u64(seed), now)
            .expect("a usable configuration");
        connection.add_local_address(now, address);
        connection.finish_gathering(now);
        Self {
            connection,
            address,
            events: Vec::new(),
        }
    }

    pub(crate) fn has(&self, event: &Event) -> bool {
        self.events.contains(event)
    }

    /// Every message that waits on `channel`.
    pub(crate) fn receive_all(&mut self, channel: ChannelId) -> Vec<Message> {
        std::iter::from_fn(|| self.connection.receive(channel)).collect()
    }

    fn collect_events(&mut self) {
        self.events
            .extend(std::iter::from_fn(|| self.connection.poll_event()));
        while self.connection.poll_router_event().is_some() {}
    }
}

/// Two peers and a link each way.
pub(crate) struct Net {
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) peers: [Peer; 2],
    pub(crate) links: [Link; 2],
    pub(crate) trace: Trace,
    /// What a datagram may be turned into on its way; for tests that tamper.
    pub(crate) tamper: Option<fn(usize, &mut Vec<u8>)>,
}

pub(crate) const OFFERER: usize = 0;
pub(crate) const ANSWERER: usize = 1;

impl Net {
    pub(crate) fn new(seed: u64, link: &LinkConfig) -> Self {
        Self::with_configurations(
            seed,
            link,
            [Configuration::default(), Configuration::default()],
        )
    }

    pub(crate) fn with_configurations(
        seed: u64,
        link: &LinkConfig,
        [first, second]: [Configuration; 2],
    ) -> Self {
        let now = tidewire_netsim::start();
        let peers = [
            Peer::new(first, seed * 2 + 1, "192.0.2.1:1000", now),
            Peer::new(second, seed * 2 + 2, "192.0.2.2:2000", now),
        ];
        let links = [
            Link::new(link.clone(), seed * 2 + 1),
            Link::new(link.clone(), seed * 2 + 2),
        ];
        Self {
            start: now,
            now,
            peers,
            links,
            trace: Trace::new(now),
            tamper: None,
        }
    }

    /// Offer and answer, all candidates in them, carried without delay.
    pub(crate) fn negotiate(&mut self) {
        self.negotiate_from(OFFERER);
    }

    pub(crate) fn negotiate_from(&mut self, offerer: usize) {
        let now = self.now;
        let answerer = 1 - offerer;
        let offer = self.peers[offerer]
            .connection
            .create_offer()
            .expect("an offer");
        self.peers[offerer]
            .connection
            .set_local_description(now, &offer)
            .expect("our offer");
        let offer = self.peers[offerer]
            .connection
            .local_description()
            .expect("just set");
        let callee = &mut self.peers[answerer].connection;
        callee
            .set_remote_description(now, &offer)
            .expect("a good offer");
        let answer = callee.create_answer().expect("an answer");
        callee
            .set_local_description(now, &answer)
            .expect("our answer");
        let answer = callee.local_description().expect("just set");
        let caller = &mut self.peers[offerer].connection;
        caller
            .set_remote_description(now, &answer)
            .expect("a good answer");
    }

    /// Runs until `done` or until `limit` of virtual time has passed, and answers whether it was
    /// done.
    pub(crate) fn run_until(
        &mut self,
        limit: Duration,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + limit;
        loop {
            self.exchange();
            if done(self) {
                return true;
            }
            // What `done` did may be worth sending at once.
            if self.exchange() {
                continue;
            }
            match self.next_deadline() {
                Some(next) if next <= end => self.pass_time(next),
                _ => {
                    self.pass_time(end);
                    self.exchange();
                    return done(self);
                }
            }
        }
    }

    /// Runs for a while.
    pub(crate) fn run_for(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    fn next_deadline(&self) -> Option<Instant> {
        let links = self.links.iter().filter_map(Link::poll_timeout);
        let peers = self
            .peers
            .iter()
            .filter_map(|peer| peer.connection.poll_timeout());
        links.chain(peers).min()
    }

    fn pass_time(&mut self, until: Instant) {
        // A deadline that stands still must not stop the clock.
        self.now = until.max(self.now);
        for peer in &mut self.peers {
            if peer
                .connection
                .poll_timeout()
                .is_some_and(|due| due <= self.now)
            {
                peer.connection.handle_timeout(self.now);
            }
        }
    }

    /// Moves everything that can be moved at this moment; answers whether anything moved.
    fn exchange(&mut self) -> bool {
        let mut moved = false;
        loop {
            let sent = self.send(0) | self.send(1);
            let received = self.deliver(0) | self.deliver(1);
            if !sent && !received {
                break;
            }
            moved = true;
        }
        for peer in &mut self.peers {
            peer.collect_events();
        }
        moved
    }

    fn send(&mut self, from: usize) -> bool {
        let mut moved = false;
        let mut buf = Vec::new();
        let peer = &mut self.peers[from];
        while let Some(transmit) = peer.connection.poll_transmit(self.now, 8, &mut buf) {
            let segment = transmit.segment_size.unwrap_or(buf.len());
            for packet in buf.chunks(segment) {
                let mut packet = packet.to_vec();
                self.trace
                    .record(self.now, transmit.local, transmit.remote, &packet);
                if let Some(tamper) = self.tamper {
                    tamper(from, &mut packet);
                }
                self.links[from].send(self.now, packet);
            }
            buf.clear();
            moved = true;
        }
        moved
    }

    fn deliver(&mut self, from: usize) -> bool {
        let (local, remote) = (self.peers[1 - from].address, self.peers[from].address);
        let mut moved = false;
        while let Some(packet) = self.links[from].receive(self.now) {
            let datagram = Datagram::copied(local, remote, &packet);
            self.peers[1 - from]
                .connection
                .handle_datagram(self.now, datagram);
            moved = true;
        }
        moved
    }
}

pub(crate) fn with_channel(link: &LinkConfig) -> (Net, ChannelId) {
    let mut net = Net::new(1, link);
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let created = offerer.create_data_channel(now, "chat", Default::default());
    (net, created.unwrap())
}

pub(crate) fn connected(link: &LinkConfig) -> (Net, [ChannelId; 2]) {
    let (mut net, channel) = with_channel(link);
    net.negotiate();
    let open = |net: &mut Net| {
        net.peers[OFFERER].has(&Event::DataChannelOpen(channel)) && incoming(net).is_some()
    };
    assert!(
        net.run_until(Duration::from_secs(5), open),
        "{:?}",
        net.peers[OFFERER].events
    );
    let incoming = incoming(&net).unwrap();
    (net, [channel, incoming])
}

pub(crate) fn incoming(net: &Net) -> Option<ChannelId> {
    net.peers[ANSWERER]
        .events
        .iter()
        .find_map(|event| match event {
            Event::DataChannel(id) => Some(*id),
            _ => None,
        })
}
