//! One transport: the path that ICE found and the DTLS association on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tidewire_crypto::Rng;
use tidewire_dtls as dtls;
use tidewire_ice as ice;

use crate::session::{Setup, TransportParameters};
use crate::stats::DtlsStats;

/// How often a failed handshake is tried again.
const MAX_RETRIES: u32 = 4;
/// How long what is left of a failed handshake may still arrive, on a short path.
const MIN_SETTLING: Duration = Duration::from_millis(50);

/// ICE and DTLS for one or, with BUNDLE, all media sections.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) agent: ice::Agent,
    /// The peer's ICE credentials in use.
    pub(crate) remote_credentials: Option<ice::Credentials>,
    dtls: DtlsState,
    /// The present association has been up.
    is_established: bool,
    /// The last handshake that failed, until one succeeds: its alert may have to be sent again.
    failed: Option<Box<dtls::Connection>>,
    dtls_config: Arc<dtls::Config>,
    rng: Rng,
    pub(crate) traffic: Traffic,
}

/// Datagrams of media and data, without those of ICE.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) packets_sent: u64,
    pub(crate) packets_received: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
}

#[derive(Debug)]
enum DtlsState {
    /// The peer's fingerprints or the roles are not known yet.
    AwaitingDescription,
    /// Everything is known; the client waits for a path before its timers start.
    AwaitingPath(Peer),
    /// A handshake failed; the next one begins when nothing of it is on its way any more.
    Settling {
        peer: Peer,
        failures: u32,
        until: Instant,
    },
    Running {
        connection: Box<dtls::Connection>,
        peer: Peer,
        /// Handshakes that failed before.
        failures: u32,
    },
}

/// What signalling told about the DTLS association with the peer.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Peer {
    fingerprints: Vec<dtls::Fingerprint>,
    tls_id: Option<String>,
    role: dtls::Role,
}

/// Whether the DTLS association goes on or starts anew, after a description was applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Association {
    Kept,
    New,
}

impl Transport {
    pub(crate) fn new(agent: ice::Agent, dtls_config: Arc<dtls::Config>, rng: Rng) -> Self {
        Self {
            agent,
            remote_credentials: None,
            dtls: DtlsState::AwaitingDescription,
            is_established: false,
            failed: None,
            dtls_config,
            rng,
            traffic: Traffic::default(),
        }
    }

    /// How an answer of ours names our DTLS role, once negotiated; later offers and answers keep it
    /// (RFC 8842 section 5.5).
    pub(crate) fn dtls_setup(&self) -> Option<Setup> {
        self.peer().map(|peer| match peer.role {
            dtls::Role::Client => Setup::Active,
            dtls::Role::Server => Setup::Passive,
        })
    }

    /// Whether `remote` describes another DTLS association than the one there is (RFC 8842 section
    /// 4).
    pub(crate) fn would_renew_association(&self, remote: &TransportParameters) -> bool {
        self.peer().is_some_and(|peer| {
            peer.fingerprints != remote.fingerprints || peer.tls_id != remote.tls_id
        })
    }

    fn peer(&self) -> Option<&Peer> {
        match &self.dtls {
            DtlsState::AwaitingDescription => None,
            DtlsState::AwaitingPath(peer)
            | DtlsState::Settling { peer, .. }
            | DtlsState::Running { peer, .. } => Some(peer),
        }
    }

    /// Applies the DTLS part of the peer's description. A changed fingerprint or tls-id, or another
    /// role, starts a new association (RFC 8842 section 4).
    pub(crate) fn set_remote_dtls(
        &mut self,
        now: Instant,
        remote: &TransportParameters,
        role: dtls::Role,
    ) -> Association {
        let peer = Peer {
            fingerprints: remote.fingerprints.clone(),
            tls_id: remote.tls_id.clone(),
            role,
        };
        if self.peer() == Some(&peer) {
            return Association::Kept;
        }
        let association = if self.peer().is_some() {
            Association::New
        } else {
            Association::Kept
        };
        self.dtls = DtlsState::AwaitingPath(peer);
        self.is_established = false;
        self.failed = None;
        self.start_dtls_if_ready(now);
        association
    }

    /// Starts the DTLS association once nothing is missing: a server at once, so that no
    /// ClientHello is lost, a client when there is a path to send its own on.
    pub(crate) fn start_dtls_if_ready(&mut self, now: Instant) {
        let (has_path, rtt) = (self.path().is_some(), self.rtt());
        let peer = match &mut self.dtls {
            DtlsState::AwaitingPath(peer) => peer,
            DtlsState::Running { connection, .. } if has_path => {
                connection.expect_peer(now);
                if let Some(rtt) = rtt.filter(|_| !self.is_established) {
                    connection.set_rtt(rtt);
                }
                return;
            }
            _ => return,
        };
        if peer.role == dtls::Role::Client && !has_path {
            return;
        }
        let peer = peer.clone();
        self.start_dtls(now, peer, 0);
    }

    fn start_dtls(&mut self, now: Instant, peer: Peer, failures: u32) {
        let connection = dtls::Connection::new(
            Arc::clone(&self.dtls_config),
            peer.role,
            peer.fingerprints.clone(),
            self.rng.fork(),
            now,
        );
        // The only misuse is an empty list of fingerprints, which no description passes with.
        if let Ok(mut connection) = connection {
            if let Some(rtt) = self.rtt() {
                connection.set_rtt(rtt);
            }
            self.dtls = DtlsState::Running {
                connection: Box::new(connection),
                peer,
                failures,
            };
        }
    }

    /// What DTLS reports. A handshake that fails is tried again a few times first, while it proves nothing
    /// and one damaged or forged datagram can spoil it.
    pub(crate) fn poll_dtls_event(&mut self, now: Instant) -> Option<dtls::Event> {
        let event = self.dtls_mut()?.poll_event()?;
        match &event {
            dtls::Event::Connected(_) => {
                self.is_established = true;
                self.failed = None;
            }
            dtls::Event::Closed(reason)
                if !self.is_established
                    && !self.dtls().is_some_and(dtls::Connection::is_end_authentic)
                    && is_worth_retrying(reason)
                    && self.retry_dtls(now) =>
            {
                return None;
            }
            _ => {}
        }
        Some(event)
    }

    fn retry_dtls(&mut self, now: Instant) -> bool {
        let previous = std::mem::replace(&mut self.dtls, DtlsState::AwaitingDescription);
        match previous {
            DtlsState::Running {
                connection,
                peer,
                failures,
            } if failures < MAX_RETRIES => {
                self.failed = Some(connection);
                let until = now + self.settling_time(peer.role) * (1 << failures);
                self.dtls = DtlsState::Settling {
                    peer,
                    failures: failures + 1,
                    until,
                };
                true
            }
            settled => {
                self.dtls = settled;
                false
            }
        }
    }

    /// What is left of a failed handshake, late and repeated datagrams, must not spoil the next. The
    /// server listens again before the client says hello again. It doubles from failure to failure, as
    /// it may take the peer a while to believe an alert that anybody may have written.
    fn settling_time(&self, role: dtls::Role) -> Duration {
        let quiet = self
            .rtt()
            .map_or(MIN_SETTLING, |rtt| (rtt * 2).max(MIN_SETTLING));
        match role {
            dtls::Role::Server => quiet,
            dtls::Role::Client => quiet * 2,
        }
    }

    /// The round trip that ICE has measured.
    fn rtt(&self) -> Option<Duration> {
        self.agent.selected_pair()?.rtt
    }

    /// Whether datagrams of DTLS belong to what signalling has yet to tell.
    pub(crate) fn awaits_description(&self) -> bool {
        matches!(
            self.dtls,
            DtlsState::AwaitingDescription | DtlsState::AwaitingPath(_)
        )
    }

    /// Appends the next datagram of the handshake, or an alert.
    pub(crate) fn write_handshake(&mut self, now: Instant, buf: &mut Vec<u8>) -> bool {
        let failed = self.failed.as_mut();
        failed.is_some_and(|failed| failed.poll_transmit(now, buf))
            || self
                .dtls_mut()
                .is_some_and(|dtls| dtls.poll_transmit(now, buf))
    }

    pub(crate) fn dtls_stats(&self) -> Option<DtlsStats> {
        let role = self.peer()?.role;
        let connection = self.dtls()?;
        Some(DtlsStats {
            role,
            info: connection.info()?,
            counters: connection.stats(),
        })
    }

    pub(crate) fn dtls_role(&self) -> Option<dtls::Role> {
        self.peer().map(|peer| peer.role)
    }

    pub(crate) fn dtls(&self) -> Option<&dtls::Connection> {
        match &self.dtls {
            DtlsState::Running { connection, .. } => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn dtls_mut(&mut self) -> Option<&mut dtls::Connection> {
        match &mut self.dtls {
            DtlsState::Running { connection, .. } => Some(connection),
            _ => None,
        }
    }

    /// Takes a DTLS datagram; what it decrypts to is then read with [`poll_data`](Self::poll_data).
    pub(crate) fn handle_dtls(&mut self, now: Instant, data: BytesMut) {
        let is_hello = is_client_hello(&data);
        self.follow_client(now, &data);
        let is_left_over = match &self.dtls {
            DtlsState::Settling { .. } => true,
            // The next handshake begins with a hello.
            DtlsState::Running {
                connection, peer, ..
            } => {
                let has_begun = connection.stats().datagrams_received > 0;
                peer.role == dtls::Role::Server && !has_begun && !is_hello
            }
            _ => false,
        };
        let connection = if is_left_over {
            // A peer that goes on has missed the alert, and is sent another.
            self.failed.as_deref_mut().filter(|_| !is_hello)
        } else {
            self.dtls_mut()
        };
        if let Some(connection) = connection {
            connection.handle_datagram(now, data);
        }
    }

    /// A client that begins another handshake has given up the one that is under way. A few times at
    /// most: what is late of the first looks the same.
    fn follow_client(&mut self, now: Instant, data: &[u8]) {
        if let DtlsState::Running {
            connection,
            peer,
            failures,
        } = &self.dtls
            && !self.is_established
            && *failures < MAX_RETRIES
            && connection.is_other_client_hello(data)
        {
            let (peer, failures) = (peer.clone(), failures + 1);
            self.start_dtls(now, peer, failures);
        }
    }

    /// Counts a datagram that is not ICE's. Answers whether it came on a path of the peer's; one that did
    /// not does not count.
    pub(crate) fn handle_received(
        &mut self,
        now: Instant,
        (local, remote): (SocketAddr, SocketAddr),
        len: usize,
    ) -> bool {
        let is_known = self.agent.handle_data(now, local, remote, len);
        if is_known {
            self.traffic.packets_received += 1;
            self.traffic.bytes_received += len as u64;
        }
        is_known
    }

    /// Counts what leaves on a path: `len` bytes in datagrams of `segment_size`.
    pub(crate) fn handle_sent(
        &mut self,
        now: Instant,
        path: (SocketAddr, SocketAddr),
        segment_size: Option<usize>,
        len: usize,
    ) {
        let datagrams = segment_size.map_or(1, |segment| len.div_ceil(segment.max(1))) as u64;
        self.traffic.packets_sent += datagrams;
        self.traffic.bytes_sent += len as u64;
        self.agent.handle_sent(now, path, datagrams, len);
    }

    pub(crate) fn poll_data(&mut self) -> Option<Bytes> {
        self.dtls_mut()?.poll_data()
    }

    /// Where application data goes: our socket and the peer's address.
    pub(crate) fn path(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.agent
            .selected_pair()
            .map(|pair| (pair.local, pair.remote))
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let dtls = match (&self.dtls, self.path()) {
            (DtlsState::Running { connection, .. }, Some(_)) => connection.poll_timeout(),
            (DtlsState::Settling { until, .. }, _) => Some(*until),
            _ => None,
        };
        [self.agent.poll_timeout(), dtls]
            .into_iter()
            .flatten()
            .min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.agent.handle_timeout(now);
        if let DtlsState::Settling {
            peer,
            failures,
            until,
        } = &self.dtls
            && *until <= now
        {
            let (peer, failures) = (peer.clone(), *failures);
            self.start_dtls(now, peer, failures);
        }
        if self.path().is_some()
            && let Some(connection) = self.dtls_mut()
        {
            connection.handle_timeout(now);
        }
    }
}

/// A record of the handshake, not encrypted, that begins with a ClientHello: RFC 6347 sections 4.1 and
/// 4.2.2.
fn is_client_hello(datagram: &[u8]) -> bool {
    matches!(datagram, [22, _, _, 0, 0, _, _, _, _, _, _, _, _, 1, ..])
}

/// What may be due to a single bad datagram.
fn is_worth_retrying(reason: &dtls::CloseReason) -> bool {
    use dtls::CloseReason::{Local, Peer, TimedOut};
    !matches!(reason, Local | Peer | TimedOut)
}

/// Our DTLS role after an exchange in which `answerer` chose `setup` (RFC 8842 section 5.3).
pub(crate) fn role_from_answer(setup: Setup, we_answered: bool) -> dtls::Role {
    let answerer_is_client = setup == Setup::Active;
    if answerer_is_client == we_answered {
        dtls::Role::Client
    } else {
        dtls::Role::Server
    }
}
