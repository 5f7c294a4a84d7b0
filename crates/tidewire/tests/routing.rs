//! Several connections on one socket, and a legitimate peer that writes another's address on what
//! it sends.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::Peer;
use tidewire::crypto::Rng;
use tidewire::{
    Configuration, ConnectionId, Datagram, Message, PeerConnection, PeerConnectionState, Router,
};

const SERVER: &str = "192.0.2.1:1000";
const CLIENT: &str = "192.0.2.2:2000";
const STEP: Duration = Duration::from_millis(10);

/// A server with one connection for each client, all clients at the same address.
struct Server {
    now: Instant,
    router: Router,
    ends: [Peer; 2],
    clients: [Peer; 2],
}

const VICTIM: usize = 0;
const ATTACKER: usize = 1;

impl Server {
    fn new() -> Self {
        let now = tidewire_netsim::start();
        let peer = |seed, address| Peer::new(Configuration::default(), seed, address, now);
        let mut server = Self {
            now,
            router: Router::new(&mut Rng::from_u64(9)),
            ends: [peer(1, SERVER), peer(2, SERVER)],
            clients: [peer(3, CLIENT), peer(4, CLIENT)],
        };
        for (end, client) in server.ends.iter_mut().zip(&mut server.clients) {
            negotiate(now, &mut client.connection, &mut end.connection);
        }
        server.tell_router();
        server
    }

    fn tell_router(&mut self) {
        for (id, end) in (0..).map(ConnectionId).zip(&mut self.ends) {
            while let Some(event) = end.connection.poll_router_event() {
                self.router.handle_event(id, event);
            }
        }
    }

    fn deliver(&mut self, packet: &[u8]) {
        let (local, remote) = (self.ends[0].address, self.clients[0].address);
        if let Some(ConnectionId(id)) = self.router.route(local, remote, packet) {
            let datagram = Datagram::copied(local, remote, packet);
            self.ends[id as usize]
                .connection
                .handle_datagram(self.now, datagram);
            self.tell_router();
        }
    }

    /// Lets time pass. Whatever the server sends to the address of the clients reaches the victim,
    /// who is the one that really has it.
    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        self.clients[VICTIM].connection.handle_timeout(now);
        for packet in sent(now, &mut self.clients[VICTIM].connection) {
            self.deliver(&packet);
        }
        for number in [VICTIM, ATTACKER] {
            self.ends[number].connection.handle_timeout(now);
            let packets = sent(now, &mut self.ends[number].connection);
            self.tell_router();
            let (local, remote) = (self.clients[VICTIM].address, self.ends[VICTIM].address);
            for packet in packets {
                let datagram = Datagram::copied(local, remote, &packet);
                self.clients[VICTIM]
                    .connection
                    .handle_datagram(now, datagram);
            }
        }
    }
}

fn negotiate(now: Instant, offerer: &mut PeerConnection, answerer: &mut PeerConnection) {
    let channel = tidewire::DataChannelInit::default();
    offerer.create_data_channel(now, "chat", channel).unwrap();
    let offer = offerer.create_offer().unwrap();
    offerer.set_local_description(now, &offer).unwrap();
    let offer = offerer.local_description().unwrap();
    answerer.set_remote_description(now, &offer).unwrap();
    let answer = answerer.create_answer().unwrap();
    answerer.set_local_description(now, &answer).unwrap();
    let answer = answerer.local_description().unwrap();
    offerer.set_remote_description(now, &answer).unwrap();
}

fn sent(now: Instant, connection: &mut PeerConnection) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let mut buf = Vec::new();
    while connection.poll_transmit(now, 1, &mut buf).is_some() {
        packets.push(std::mem::take(&mut buf));
    }
    packets
}

#[test]
fn a_check_with_a_forged_source_takes_no_path_from_another_connection() {
    let mut server = Server::new();
    for _ in 0..100 {
        server.step();
    }
    let state = server.ends[VICTIM].connection.connection_state();
    assert_eq!(state, PeerConnectionState::Connected);

    // A check that only its connection's peer can write, with the victim's source address.
    let now = server.now;
    server.clients[ATTACKER].connection.handle_timeout(now);
    let forged = sent(now, &mut server.clients[ATTACKER].connection).remove(0);
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let route = server
        .router
        .route(address(SERVER), address(CLIENT), &forged);
    assert_eq!(route, Some(ConnectionId(ATTACKER as u64)), "it is taken");

    let [ours, theirs] = [&mut server.clients[VICTIM], &mut server.ends[VICTIM]].map(channel);
    let mut received: Vec<Message> = Vec::new();
    for second in 0..60 {
        let client = &mut server.clients[VICTIM].connection;
        client.send(server.now, ours, format!("{second}")).unwrap();
        for step in 0..100 {
            if step % 5 == 0 {
                server.deliver(&forged);
            }
            server.step();
        }
        received.extend(server.ends[VICTIM].receive_all(theirs));
    }
    let expected: Vec<Message> = (0..60).map(|second| format!("{second}").into()).collect();
    assert_eq!(received, expected);
}

/// The channel that has opened.
fn channel(peer: &mut Peer) -> tidewire::ChannelId {
    use tidewire::Event::{DataChannel, DataChannelOpen};
    std::iter::from_fn(|| peer.connection.poll_event())
        .find_map(|event| match event {
            DataChannel(id) | DataChannelOpen(id) => Some(id),
            _ => None,
        })
        .unwrap()
}
