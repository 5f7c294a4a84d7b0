//! Connections from their offer to their end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use examples::echo::{self, Echo};
use examples::web::{self, Refusal, Server};
use tidewire::{Configuration, PeerConnectionState, SessionDescription};
use tidewire_tokio::{DataChannel, Endpoint, Event, PeerConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{file, handlers, view};

/// A connection without an open channel is given up after this.
const OPENING_LIMIT: Duration = Duration::from_secs(30);
/// Channels that a peer may have open at once.
const MAX_CHANNELS: usize = 16;
/// The time that goodbyes get to leave the machine.
const FAREWELL: Duration = Duration::from_millis(100);

/// What the program spends at most.
pub(crate) struct Limits {
    pub(crate) connections: usize,
    /// Bytes of files, over all connections.
    pub(crate) file_memory: u64,
}

/// Every connection there is.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    max_connections: usize,
    slots: Arc<Semaphore>,
    file_memory: file::Memory,
    open: Mutex<BTreeMap<u64, PeerConnection>>,
}

impl Sessions {
    pub(crate) fn new(endpoint: Endpoint, limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            endpoint,
            max_connections: limits.connections,
            slots: Arc::new(Semaphore::new(limits.connections)),
            file_memory: file::Memory::new(limits.file_memory),
            open: Mutex::default(),
        }))
    }

    /// Answers an offer and serves the connection in the background.
    async fn welcome(&self, offer: String) -> Result<String, Refusal> {
        let slot = Arc::clone(&self.0.slots).try_acquire_owned();
        let slot = slot.map_err(|_| {
            let limit = self.0.max_connections;
            Refusal::Full(format!(
                "all {limit} connections are taken; try again when somebody has left"
            ))
        })?;
        let connection = self
            .0
            .endpoint
            .peer_connection(Configuration::default())
            .map_err(Refusal::ours)?;
        match negotiate(&connection, offer).await {
            Ok(answer) => {
                tokio::spawn(self.clone().serve(connection, slot));
                Ok(answer)
            }
            Err(refusal) => {
                connection.close();
                Err(refusal)
            }
        }
    }

    /// Closes every connection and lets the peers know.
    pub(crate) async fn close(&self) {
        for connection in self.open().values() {
            connection.close();
        }
        sleep(FAREWELL).await;
    }

    async fn serve(self, connection: PeerConnection, slot: OwnedSemaphorePermit) {
        let key = self.enter(&connection);
        Session::new(&connection, &self.0.file_memory).run().await;
        connection.close();
        self.open().remove(&key);
        drop(slot);
    }

    fn enter(&self, connection: &PeerConnection) -> u64 {
        let mut open = self.open();
        let key = open.last_key_value().map_or(0, |(last, _)| last + 1);
        open.insert(key, connection.clone());
        key
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, PeerConnection>> {
        self.0.open.lock().expect("no holder panics")
    }
}

impl Server for Sessions {
    async fn answer(&self, offer: String) -> Result<String, Refusal> {
        self.welcome(offer).await
    }

    fn state(&self) -> serde_json::Value {
        serde_json::json!({ "connections": self.open().len() })
    }
}

async fn negotiate(connection: &PeerConnection, offer: String) -> Result<String, Refusal> {
    web::take_offer(connection, offer)?;
    echo::accept(connection);
    let answer = connection.create_answer()?;
    if !accepts_data(&answer) {
        let missing = "it has no section for data channels";
        return Err(Refusal::Offer(missing.to_owned()));
    }
    web::make_answer(connection).await
}

fn accepts_data(answer: &SessionDescription) -> bool {
    let parsed = tidewire::sdp::SessionDescription::parse(&answer.sdp);
    parsed.is_ok_and(|answer| {
        let mut media = answer.media.iter();
        media.any(|media| media.is_data_channel() && !media.is_rejected())
    })
}

/// One connection while it lasts.
struct Session<'a> {
    connection: &'a PeerConnection,
    file_memory: &'a file::Memory,
    /// A task for every channel of the peer's.
    channels: JoinSet<()>,
    had_channels: bool,
    echo: Arc<Echo>,
}

impl<'a> Session<'a> {
    fn new(connection: &'a PeerConnection, file_memory: &'a file::Memory) -> Self {
        Self {
            connection,
            file_memory,
            channels: JoinSet::new(),
            had_channels: false,
            echo: Arc::default(),
        }
    }

    /// Runs until the peer is gone: the connection failed or closed, or all its channels did.
    async fn run(mut self) {
        let view = tokio::spawn(view::push(self.connection.clone()));
        let (echo, connection) = (Arc::clone(&self.echo), self.connection.clone());
        let echo = tokio::spawn(async move { echo.run(&connection).await });
        let too_late = sleep(OPENING_LIMIT);
        tokio::pin!(too_late);
        loop {
            tokio::select! {
                event = self.connection.next_event() => match event {
                    Some(event) => if self.is_over_after(event) { break },
                    None => break,
                },
                Some(_) = self.channels.join_next() => if self.channels.is_empty() { break },
                () = &mut too_late, if !self.had_channels => break,
            }
        }
        view.abort();
        echo.abort();
    }

    fn is_over_after(&mut self, event: Event) -> bool {
        self.echo.handle_event(self.connection, &event);
        match event {
            Event::DataChannel(channel) => self.welcome(channel),
            Event::ConnectionStateChange(state) => {
                return matches!(
                    state,
                    PeerConnectionState::Failed | PeerConnectionState::Closed
                );
            }
            _ => {}
        }
        false
    }

    fn welcome(&mut self, channel: DataChannel) {
        if self.channels.len() == MAX_CHANNELS {
            channel.close();
            return;
        }
        self.had_channels = true;
        match channel.label() {
            "ping" => self.channels.spawn(handlers::ping(channel)),
            "signal" => {
                let connection = self.connection.clone();
                self.channels.spawn(handlers::signal(channel, connection))
            }
            "throughput" => self.channels.spawn(handlers::throughput(channel)),
            "file" => self
                .channels
                .spawn(file::serve(channel, self.file_memory.clone())),
            // Whatever else a client calls its channel: it is talked to.
            _ => self.channels.spawn(handlers::chat(channel)),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tidewire_tokio::EndpointConfig;

    use super::*;

    fn answer_to(section: &str) -> SessionDescription {
        let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
        SessionDescription::answer(format!("{session}{section}"))
    }

    #[test]
    fn an_answer_that_accepts_data_is_told_from_one_that_does_not() {
        let data = |port| format!("m=application {port} UDP/DTLS/SCTP webrtc-datachannel\r\n");
        assert!(accepts_data(&answer_to(&data(9))));
        assert!(!accepts_data(&answer_to(&data(0))));
        assert!(!accepts_data(&answer_to(
            "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
        )));
        assert!(!accepts_data(&answer_to("")));
    }

    #[tokio::test]
    async fn an_offer_without_data_is_refused_and_takes_no_place() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = Endpoint::bind(EndpointConfig::bound_to([address])).await;
        let limits = Limits {
            connections: 1,
            file_memory: 0,
        };
        let sessions = Sessions::new(endpoint.expect("a socket"), &limits);
        for _ in 0..3 {
            let refusal = sessions.answer(answer_to("").sdp).await;
            assert!(matches!(refusal, Err(Refusal::Offer(_))), "{refusal:?}");
        }
    }
}
