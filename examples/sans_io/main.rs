//! Two peers in one thread, with everything in plain sight: `cargo run --example sans_io`.
//!
//! A `PeerConnection` opens no socket and reads no clock. This program does both for it: it hands in
//! the datagrams that arrive and the time that passes, and carries out what the connection wants sent.
//! No runtime, no thread, no callback; an application with a loop of its own fits in here.

use std::error::Error;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant, SystemTime};
use std::{io, thread};

use bytes::{Bytes, BytesMut};
use tidewire::{
    ChannelId, Configuration, DataChannelInit, Datagram, Event, Message, PeerConnection,
    crypto::Rng,
};

const LIMIT: Duration = Duration::from_secs(10);

#[expect(clippy::print_stdout, reason = "the program tells what happens")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut alice = Peer::new()?;
    let mut bob = Peer::new()?;
    let now = Instant::now();
    let chat = alice
        .connection
        .create_data_channel(now, "chat", DataChannelInit::default())?;
    signal(now, &mut alice, &mut bob)?;

    let end = now + LIMIT;
    while Instant::now() < end {
        let mut events = Vec::new();
        alice.run(&mut events)?;
        for event in events.drain(..) {
            println!("alice: {event:?}");
            if event == Event::DataChannelOpen(chat) {
                let hello = Message::Text(Bytes::from_static(b"hello from alice"));
                alice.connection.send(Instant::now(), chat, hello)?;
            }
        }
        if let Some(reply) = alice.hears(chat) {
            println!("alice heard: {reply}");
            return Ok(());
        }

        bob.run(&mut events)?;
        for event in events.drain(..) {
            println!("bob:   {event:?}");
            if let Event::DataChannelReadable(channel) = event {
                bob.answer(channel)?;
            }
        }
        wait(&alice, &bob, end);
    }
    Err("the peers did not come together".into())
}

/// Signalling is the application's business; in one process it is four calls.
fn signal(now: Instant, alice: &mut Peer, bob: &mut Peer) -> Result<(), Box<dyn Error>> {
    let offer = alice.connection.create_offer()?;
    alice.connection.set_local_description(now, &offer)?;
    // With the candidates, which were added when the sockets were bound.
    let offer = alice
        .connection
        .local_description()
        .ok_or("there is no offer")?;
    bob.connection.set_remote_description(now, &offer)?;
    let answer = bob.connection.create_answer()?;
    bob.connection.set_local_description(now, &answer)?;
    let answer = bob
        .connection
        .local_description()
        .ok_or("there is no answer")?;
    alice.connection.set_remote_description(now, &answer)?;
    Ok(())
}

/// A connection, and what drives it.
struct Peer {
    connection: PeerConnection,
    socket: UdpSocket,
    /// Received datagrams go to the connection as slices of this buffer.
    received: BytesMut,
    sent: Vec<u8>,
}

impl Peer {
    fn new() -> Result<Self, Box<dyn Error>> {
        let now = Instant::now();
        let configuration = Configuration {
            unix_time: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?,
            ..Configuration::default()
        };
        let mut connection = PeerConnection::new(configuration, Rng::from_os(), now)?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        connection.add_local_address(now, socket.local_addr()?);
        connection.finish_gathering(now);
        Ok(Self {
            connection,
            socket,
            received: BytesMut::new(),
            sent: Vec::new(),
        })
    }

    /// One round: what came in, the time, what goes out, what happened.
    fn run(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        while let Some(datagram) = self.receive()? {
            self.connection.handle_datagram(Instant::now(), datagram);
        }
        if self
            .connection
            .poll_timeout()
            .is_some_and(|due| due <= Instant::now())
        {
            self.connection.handle_timeout(Instant::now());
        }
        self.transmit()?;
        while let Some(event) = self.connection.poll_event() {
            events.push(event);
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Option<Datagram>> {
        self.received.resize(2048, 0);
        match self.socket.recv_from(&mut self.received) {
            Ok((length, remote)) => {
                let local = self.socket.local_addr()?;
                let data = self.received.split_to(length);
                Ok(Some(Datagram {
                    local,
                    remote,
                    ecn: None,
                    data,
                }))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn transmit(&mut self) -> io::Result<()> {
        loop {
            self.sent.clear();
            // One datagram at a time: std knows nothing of batches.
            let transmit = self
                .connection
                .poll_transmit(Instant::now(), 1, &mut self.sent);
            let Some(transmit) = transmit else {
                return Ok(());
            };
            self.socket.send_to(&self.sent, transmit.remote)?;
        }
    }

    fn hears(&mut self, channel: ChannelId) -> Option<String> {
        match self.connection.receive(channel)? {
            Message::Text(text) => Some(String::from_utf8_lossy(&text).into_owned()),
            Message::Binary(_) => None,
        }
    }

    fn answer(&mut self, channel: ChannelId) -> Result<(), Box<dyn Error>> {
        while let Some(text) = self.hears(channel) {
            let reply = Message::Text(Bytes::from(format!("bob heard: {text}")));
            self.connection.send(Instant::now(), channel, reply)?;
        }
        Ok(())
    }
}

/// Sleeps until a timer is due. Between these two sockets a datagram is there as soon as it was sent:
/// what waits longer than a millisecond waits for a timer.
fn wait(alice: &Peer, bob: &Peer, end: Instant) {
    let timers = [
        alice.connection.poll_timeout(),
        bob.connection.poll_timeout(),
    ];
    let due = timers.into_iter().flatten().min().unwrap_or(end);
    thread::sleep(
        due.saturating_duration_since(Instant::now())
            .min(Duration::from_millis(1)),
    );
}
