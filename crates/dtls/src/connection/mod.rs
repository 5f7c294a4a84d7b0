//! The connection: records in, records out, and the handshake between them.

mod acks;
mod closing;
mod handshaking;
mod key_update;
mod records;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_1_3;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tidewire_crypto::Rng;

use crate::certificate::{AcceptableCertificates, Fingerprint};
use crate::config::Config;
use crate::error::{CloseReason, ConfigError, ExportError};
use crate::event::{Event, Info, PeerCertificate, Role};
use crate::flight::{MESSAGE_HEADER_LEN, Reassembler, Retransmission};
use crate::handshake::{Client, Context, Established, Keys, Server};
use crate::record::{Header, MAX_CONTENT_LEN, RecordOverhead, SealError};
use crate::secrets::Exporter;
use crate::stats::{DropReason, Stats};
use crate::wire::{AlertDescription, ContentType, HandshakeType, ProtocolVersion};
use acks::Acks;
use key_update::KeyUpdate;
use records::RecordHeader;

/// How often a peer that goes on after the end is told again that it is the end.
const MAX_FAREWELLS: u8 = 5;
/// The level of an alert that ends the connection, RFC 5246 section 7.2.
const FATAL: u8 = 2;
const WARNING: u8 = 1;
/// A server sends this many times the bytes that came, at most, to a client whose address nothing has
/// proven: as QUIC has it (RFC 9000 section 8.1).
const AMPLIFICATION: u64 = 3;
/// What no datagram of a handshake is shorter than, but for its last.
const LEAST_BUDGET: u64 = 128;
/// Labels that an exporter must not use, RFC 5705 section 4.
const RESERVED_LABELS: [&str; 5] = [
    "client finished",
    "server finished",
    "master secret",
    "extended master secret",
    "key expansion",
];

/// A DTLS association with one peer.
///
/// - Input: [`handle_datagram`](Self::handle_datagram), and [`handle_timeout`](Self::handle_timeout)
///   once [`poll_timeout`](Self::poll_timeout) is due.
/// - Output, to be drained after any input or command: [`poll_transmit`](Self::poll_transmit) until
///   it returns false, [`poll_event`](Self::poll_event), [`poll_data`](Self::poll_data).
/// - Data goes out through [`seal`](Self::seal), once [`Event::Connected`] has come. A client may send
///   it after one round trip in DTLS 1.3 and after two in 1.2, a server after one and a half in 1.3 and
///   in 1.2.
///
/// Memory is bounded. During the handshake: 32 KiB of messages in the making, the transcript, which in
/// DTLS 1.2 has room for five messages of the peer's of 16 KiB each, and 16 KiB of records that came too
/// early. A server that has asked for a cookie keeps the cookie, and of the client's hello the random.
/// After the handshake: 1024 records of data that nobody takes, which are slices of the datagrams they
/// came in.
pub struct Connection {
    role: Role,
    state: State,
    is_end_authentic: bool,
    cx: Context,
    reassembler: Reassembler,
    retransmission: Retransmission,
    handshake_deadline: Option<Instant>,
    /// What an alert said that anybody may have written, and when it is believed.
    suspicion: Option<(CloseReason, Instant)>,
    mtu: usize,
    early: VecDeque<BytesMut>,
    /// Whether early records may be of use now.
    recheck_early: bool,
    unread: VecDeque<Bytes>,
    events: VecDeque<Event>,
    acks: Acks,
    key_update: KeyUpdate,
    /// Until when records under the keys before the newest are read.
    old_keys_until: Option<Instant>,
    /// Bytes from and to a peer whose address is not proven.
    unproven: Unproven,
    alert: Option<(u8, AlertDescription)>,
    /// How often the last alert may still be said again.
    farewells: u8,
    stats: Stats,
    now: Instant,
}

enum State {
    Client(Client),
    Server(Server),
    /// The box holds the proof that the peer's certificate was accepted.
    Connected(Box<Established>),
    Closed(CloseReason),
}

#[derive(Debug, Default)]
struct Unproven {
    received: u64,
    sent: u64,
}

impl Connection {
    /// A connection with the peer whose certificate has one of the `expected` fingerprints. A
    /// client says hello at once.
    ///
    /// # Errors
    /// When `expected` is empty although the peer is known by its fingerprint, or nothing could be offered or chosen under this configuration.
    pub fn new(
        config: Arc<Config>,
        role: Role,
        expected: Vec<Fingerprint>,
        rng: Rng,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let expected = AcceptableCertificates::new(config.verification, expected)?;
        check(&config)?;
        let first = config.initial_timeout;
        let retransmission = Retransmission::new(first, config.min_timeout, config.max_timeout);
        let mtu = config.mtu;
        let deadline = now.checked_add(config.handshake_timeout);
        let mut cx = Context::new(config, expected, rng);
        let (state, handshake_deadline) = match role {
            Role::Client => {
                let client = Client::start(&mut cx).map_err(|_| ConfigError::Crypto)?;
                (State::Client(client), deadline)
            }
            Role::Server => (State::Server(Server::start()), None),
        };
        Ok(Self {
            role,
            state,
            is_end_authentic: false,
            cx,
            reassembler: Reassembler::default(),
            retransmission,
            handshake_deadline,
            suspicion: None,
            mtu,
            early: VecDeque::new(),
            recheck_early: false,
            unread: VecDeque::new(),
            events: VecDeque::new(),
            acks: Acks::default(),
            key_update: KeyUpdate::default(),
            old_keys_until: None,
            unproven: Unproven::default(),
            alert: None,
            farewells: MAX_FAREWELLS,
            stats: Stats::default(),
            now,
        })
    }

    /// Starts the time that the handshake may take, if nothing has started it yet. A client's starts with
    /// the connection; a server's with the client's hello, or here, when the caller knows that the
    /// client has a way to say it.
    pub fn expect_peer(&mut self, now: Instant) {
        self.advance_clock(now);
        let is_waiting = !matches!(self.state, State::Connected(_) | State::Closed(_));
        if is_waiting && self.handshake_deadline.is_none() {
            self.handshake_deadline = self.now.checked_add(self.cx.config.handshake_timeout);
        }
    }

    /// Takes in a datagram. Records of data are decrypted in place and become available through
    /// [`poll_data`](Self::poll_data).
    pub fn handle_datagram(&mut self, now: Instant, mut datagram: BytesMut) {
        self.advance_clock(now);
        self.stats.datagrams_received += 1;
        self.forget_old_keys();
        self.unproven.received += datagram.len() as u64;
        while !datagram.is_empty() {
            let Some(header) = RecordHeader::decode(&datagram) else {
                self.drop(DropReason::Malformed);
                break;
            };
            let end = header.record_len();
            if end == datagram.len() {
                self.handle_record(&header, datagram);
                break;
            }
            let record = datagram.split_to(end);
            self.handle_record(&header, record);
        }
        self.take_up_early();
    }

    /// Acts on the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance_clock(now);
        self.forget_old_keys();
        if self
            .handshake_deadline
            .is_some_and(|deadline| self.now >= deadline)
        {
            self.give_up_handshake();
        } else if let Some((reason, _)) = self.suspicion.filter(|(_, at)| self.now >= *at) {
            self.end(reason);
        } else if self.retransmission.expire(self.now) {
            self.repeat_flight();
        }
        self.acks.handle_timeout(self.now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None` when idle.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timers = [
            self.retransmission.deadline(),
            self.handshake_deadline,
            self.suspicion.map(|(_, believed_at)| believed_at),
            self.acks.deadline(),
        ];
        timers.into_iter().flatten().min()
    }

    /// Appends one datagram of the handshake or an alert to `out`; false if there is none.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.advance_clock(now);
        self.begin_key_update();
        let start = out.len();
        let limit = self.datagram_limit();
        if !self.cx.flight.is_sent() {
            let Some(limit) = self.within_budget(limit) else {
                return false;
            };
            let cx = &mut self.cx;
            let repeated = cx.flight.write_datagram(&mut cx.outbound, limit, out);
            self.stats.records_retransmitted += repeated;
            if self.cx.flight.is_sent() {
                self.flight_sent();
            }
        } else if self.acks.take_due() {
            self.write_ack(limit, out);
        } else if let Some((level, description)) = self.alert.take() {
            self.write_alert(level, description, out);
        }
        self.unproven.sent += (out.len() - start) as u64;
        let wrote = out.len() > start;
        self.stats.datagrams_sent += u64::from(wrote);
        wrote
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next record of data: a slice of the datagram that it came in.
    pub fn poll_data(&mut self) -> Option<Bytes> {
        self.unread.pop_front()
    }

    /// What [`seal`](Self::seal) adds around data. It depends on version and suite, and is
    /// [`RecordOverhead::MAX`] before they are settled.
    pub fn record_overhead(&self) -> RecordOverhead {
        match self.state {
            State::Connected(_) => self.cx.outbound.overhead(self.cx.outbound.newest()),
            _ => RecordOverhead::MAX,
        }
    }

    /// The most data that a record may hold, in bytes: 16384, or what the peer limits it to (RFC 8449).
    pub fn max_data_len(&self) -> usize {
        self.cx.outbound.limit().min(MAX_CONTENT_LEN)
    }

    /// Makes a record of `buf[start..]`, which is [`RecordOverhead::header`] bytes of room and then
    /// the data: encrypts it in place and appends the tag. On an error `buf` is as before.
    ///
    /// # Errors
    /// When the handshake is not complete or the connection is over, when `buf[start..]` has less
    /// room than the header needs or more data than a record holds, and when the keys are used up.
    pub fn seal(&mut self, start: usize, buf: &mut Vec<u8>) -> Result<(), SealError> {
        if !matches!(self.state, State::Connected(_)) {
            return Err(SealError::NotConnected);
        }
        self.cx
            .outbound
            .seal(ContentType::APPLICATION_DATA, start, buf)?;
        self.stats.records_sealed += 1;
        if self.cx.outbound.is_worn() {
            self.update_keys(false);
        }
        Ok(())
    }

    /// Tells the peer goodbye (close_notify) and ends the connection.
    pub fn close(&mut self, now: Instant) {
        self.advance_clock(now);
        self.end(CloseReason::Local);
    }

    /// Takes up the round trip time of the path, as ICE measured it, so that a lost datagram is
    /// not waited for longer than it takes.
    pub fn set_rtt(&mut self, rtt: Duration) {
        self.retransmission.set_rtt(rtt);
    }

    /// Sets the longest datagram that the path takes, without the headers of IP and UDP.
    pub fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
    }

    /// Keying material for other protocols, bound to this connection (RFC 5705, RFC 8446 section 7.5). For DTLS-SRTP the
    /// label is `EXTRACTOR-dtls_srtp`, without a context (RFC 5764 section 4.2).
    ///
    /// # Errors
    /// When the handshake is not complete or the connection is over, and for labels and contexts
    /// that RFC 5705 section 4 excludes.
    pub fn export_keying_material(
        &self,
        label: &str,
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportError> {
        let State::Connected(established) = &self.state else {
            return Err(ExportError::NotConnected);
        };
        if RESERVED_LABELS.contains(&label) {
            return Err(ExportError::ReservedLabel);
        }
        if context.is_some_and(|context| context.len() > usize::from(u16::MAX)) {
            return Err(ExportError::ContextTooLong);
        }
        match &established.keys {
            Keys::V12(secrets) => secrets.export(label, context, out),
            Keys::V13(_) if out.len() > Exporter::MAX_LEN => return Err(ExportError::TooLong),
            Keys::V13(traffic) => traffic.exporter.export(label, context, out),
        }
        Ok(())
    }

    /// What the handshake settled, while the connection is established.
    pub fn info(&self) -> Option<Info> {
        match &self.state {
            State::Connected(established) => Some(describe(established)),
            _ => None,
        }
    }

    /// Why the connection is over, if it is.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether the connection is over for a reason that is the peer's own beyond doubt, or ours: nobody
    /// else can have brought it about with a forged datagram, and no damaged one has. Always so once it
    /// was established; in a handshake of DTLS 1.3 as soon as the peer has shown that it has the keys.
    pub fn is_end_authentic(&self) -> bool {
        self.is_end_authentic
    }

    /// Whether `datagram` begins another handshake than the one that a server is in: a client that has
    /// given up, and begins anew (RFC 9147 section 5.11). Whoever calls decides whether to follow it, with
    /// a new connection. Anybody can write such a datagram.
    pub fn is_other_client_hello(&self, datagram: &[u8]) -> bool {
        let begun = match &self.state {
            State::Closed(_) => None,
            _ => self.cx.client_random,
        };
        self.role == Role::Server
            && begun.is_some_and(|begun| {
                first_client_random(datagram).is_some_and(|random| random != begun)
            })
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        Stats {
            retransmission_timeout: self.retransmission.interval(),
            ..self.stats
        }
    }

    /// How long a datagram may be without that more goes to a peer than it may, or nothing if there is no
    /// room for any.
    fn within_budget(&self, limit: usize) -> Option<usize> {
        if self.role == Role::Client || self.cx.is_address_proven {
            return Some(limit);
        }
        let allowed = self.unproven.received * AMPLIFICATION;
        let budget = allowed.saturating_sub(self.unproven.sent);
        (budget >= LEAST_BUDGET).then(|| limit.min(usize::try_from(budget).unwrap_or(limit)))
    }

    /// Time never goes back.
    fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }
}

/// The random of a client's first hello, where a datagram begins with it: RFC 6347 sections 4.1, 4.2.2
/// and 4.2.1.
fn first_client_random(datagram: &[u8]) -> Option<&[u8]> {
    const MESSAGE: usize = Header::LEN + MESSAGE_HEADER_LEN;
    let message = datagram.get(Header::LEN..MESSAGE)?;
    let is_clear_handshake = datagram[0] == ContentType::HANDSHAKE.0 && datagram[3..5] == [0, 0];
    let [kind, _, _, _, sequence @ .., _, _, _] =
        <[u8; MESSAGE_HEADER_LEN]>::try_from(message).ok()?;
    // The first message, from its beginning.
    let is_first_hello = kind == HandshakeType::CLIENT_HELLO.0 && sequence == [0; 5];
    (is_clear_handshake && is_first_hello)
        .then(|| datagram.get(MESSAGE + 2..MESSAGE + 34))
        .flatten()
}

/// Shows no keys, no data and nothing of the transcript.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state.name())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            Self::Client(_) => "client handshake",
            Self::Server(_) => "server handshake",
            Self::Connected(_) => "connected",
            Self::Closed(_) => "closed",
        }
    }
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let lengths = [
        config.cipher_suites.len(),
        config.groups.len(),
        config.srtp_profiles.len(),
        config.alpn_protocols.len(),
    ];
    if lengths.into_iter().any(|len| len > Config::MAX_LISTED) {
        return Err(ConfigError::TooMany);
    }
    let mut names = config.alpn_protocols.iter();
    if !names.all(|name| (1..=255).contains(&name.len())) {
        return Err(ConfigError::AlpnProtocol);
    }
    if config.suites().next().is_none() {
        let is_listed = config.versions.iter().any(|version| {
            matches!(
                *version,
                ProtocolVersion::DTLS_1_2 | ProtocolVersion::DTLS_1_3
            )
        });
        return Err(if is_listed {
            ConfigError::NoCipherSuite
        } else {
            ConfigError::NoVersion
        });
    }
    if config
        .record_size_limit
        .is_some_and(|limit| !(64..=MAX_CONTENT_LEN).contains(&usize::from(limit)))
    {
        return Err(ConfigError::RecordSizeLimit);
    }
    if config.groups().next().is_none() {
        return Err(ConfigError::NoGroup);
    }
    Ok(())
}

fn describe(established: &Established) -> Info {
    Info {
        version: established.params.suite.version,
        cipher_suite: established.params.suite.name,
        group: established.group,
        srtp_profile: established.params.srtp_profile,
        alpn_protocol: established.params.alpn.clone(),
        peer_certificate: established.peer.as_ref().map(|peer| PeerCertificate {
            fingerprint: peer.fingerprint(),
            der: Arc::clone(peer.der()),
        }),
    }
}
