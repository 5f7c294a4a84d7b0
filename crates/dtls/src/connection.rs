//! The connection: records in, records out, and the handshake between them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tidewire_crypto::Rng;

use crate::certificate::{ExpectedFingerprints, Fingerprint};
use crate::config::Config;
use crate::error::{CloseReason, ConfigError, ExportError};
use crate::event::{Event, Info, Role};
use crate::flight::{Arrival, Message, Reassembler, Retransmission};
use crate::handshake::{Client, Context, Established, Server, Step};
use crate::record::{Epoch, Header, RecordOverhead, SealError};
use crate::secrets::Suite;
use crate::stats::{DropReason, Stats};
use crate::wire::{AlertDescription, ContentType, HandshakeType, ProtocolVersion};

/// Protected records that are kept until they can be opened.
const MAX_EARLY_RECORDS: usize = 8;
/// Records of data that are kept until they are taken.
const MAX_UNREAD_RECORDS: usize = 1024;
/// The level of an alert that ends the connection, RFC 5246 section 7.2.
const FATAL: u8 = 2;
const WARNING: u8 = 1;
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
/// - Data goes out through [`seal`](Self::seal), once [`Event::Connected`] has come.
///
/// Memory is bounded: 32 KiB of handshake messages in the making, 8 early records, 1024 records of
/// data that nobody takes.
#[derive(Debug)]
pub struct Connection {
    state: State,
    cx: Context,
    reassembler: Reassembler,
    retransmission: Retransmission,
    handshake_deadline: Option<Instant>,
    mtu: usize,
    early: VecDeque<BytesMut>,
    /// Whether early records may be of use now.
    recheck_early: bool,
    unread: VecDeque<Bytes>,
    events: VecDeque<Event>,
    alert: Option<(u8, AlertDescription)>,
    stats: Stats,
    now: Instant,
}

#[derive(Debug)]
enum State {
    Client(Client),
    Server(Server),
    /// The box holds the proof that the peer's fingerprint was verified.
    Connected(Box<Established>),
    Closed(CloseReason),
}

impl Connection {
    /// A connection with the peer whose certificate has one of the `expected` fingerprints. A
    /// client says hello at once.
    pub fn new(
        config: Arc<Config>,
        role: Role,
        expected: Vec<Fingerprint>,
        rng: Rng,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        let expected = ExpectedFingerprints::new(expected)?;
        check(&config)?;
        let first = config.initial_timeout;
        let retransmission = Retransmission::new(first, config.min_timeout, config.max_timeout);
        let mtu = config.mtu;
        let deadline = now.checked_add(config.handshake_timeout);
        let mut cx = Context::new(config, expected, rng);
        let (state, handshake_deadline) = match role {
            Role::Client => (State::Client(Client::start(&mut cx)), deadline),
            Role::Server => (State::Server(Server::start()), None),
        };
        Ok(Self {
            state,
            cx,
            reassembler: Reassembler::default(),
            retransmission,
            handshake_deadline,
            mtu,
            early: VecDeque::new(),
            recheck_early: false,
            unread: VecDeque::new(),
            events: VecDeque::new(),
            alert: None,
            stats: Stats::default(),
            now,
        })
    }

    /// Takes in a datagram. Records of data are decrypted in place and become available through
    /// [`poll_data`](Self::poll_data).
    pub fn handle_datagram(&mut self, now: Instant, mut datagram: BytesMut) {
        self.advance_clock(now);
        self.stats.datagrams_received += 1;
        while !datagram.is_empty() {
            let Some(header) = Header::decode(&datagram) else {
                self.drop(DropReason::Malformed);
                break;
            };
            let end = Header::LEN + header.length;
            if end == datagram.len() {
                self.handle_record(&header, datagram);
                break;
            }
            let record = datagram.split_to(end);
            self.handle_record(&header, record);
        }
        while std::mem::take(&mut self.recheck_early) {
            for record in std::mem::take(&mut self.early) {
                if let Some(header) = Header::decode(&record) {
                    self.handle_record(&header, record);
                }
            }
        }
    }

    /// Acts on the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance_clock(now);
        if self
            .handshake_deadline
            .is_some_and(|deadline| self.now >= deadline)
        {
            self.end(CloseReason::TimedOut);
        } else if self.retransmission.expire(self.now) {
            self.repeat_flight();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None` when idle.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timers = [self.retransmission.deadline(), self.handshake_deadline];
        timers.into_iter().flatten().min()
    }

    /// Appends one datagram of the handshake or an alert to `out`; false if there is none.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.advance_clock(now);
        let start = out.len();
        if !self.cx.flight.is_sent() {
            let limit = self.datagram_limit();
            self.cx
                .flight
                .write_datagram(&mut self.cx.outbound, limit, out);
            if self.cx.flight.is_sent() {
                self.flight_sent();
            }
        } else if let Some((level, description)) = self.alert.take() {
            self.write_alert(level, description, out);
        }
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

    /// What [`seal`](Self::seal) adds around data.
    pub fn record_overhead(&self) -> RecordOverhead {
        RecordOverhead::DTLS_1_2_GCM
    }

    /// Makes a record of `buf[start..]`, which is [`RecordOverhead::header`] bytes of room and then
    /// the data: encrypts it in place and appends the tag. On an error `buf` is as before.
    pub fn seal(&mut self, start: usize, buf: &mut Vec<u8>) -> Result<(), SealError> {
        if !matches!(self.state, State::Connected(_)) {
            return Err(SealError::NotConnected);
        }
        self.cx
            .outbound
            .seal(ContentType::APPLICATION_DATA, start, buf)?;
        self.stats.records_sealed += 1;
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

    /// Keying material for other protocols, bound to this connection (RFC 5705). For DTLS-SRTP the
    /// label is `EXTRACTOR-dtls_srtp`, without a context (RFC 5764 section 4.2).
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
        established.secrets.export(label, context, out);
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

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let mut suites = config.cipher_suites.iter();
    if !suites.any(|suite| Suite::from_name(*suite).is_some()) {
        return Err(ConfigError::NoCipherSuite);
    }
    if config.groups().next().is_none() {
        return Err(ConfigError::NoGroup);
    }
    Ok(())
}

fn describe(established: &Established) -> Info {
    Info {
        version: ProtocolVersion::DTLS_1_2,
        cipher_suite: established.params.suite.name,
        group: established.group,
        srtp_profile: established.params.srtp_profile,
        alpn_protocol: established.params.alpn.clone(),
        peer_fingerprint: established.peer.fingerprint(),
    }
}

/// Records in.
impl Connection {
    fn handle_record(&mut self, header: &Header, record: BytesMut) {
        if matches!(self.state, State::Closed(_)) {
            self.drop(DropReason::Closed);
        } else if header.epoch == Epoch::Clear.number() {
            self.handle_clear(header, &record[Header::LEN..]);
        } else if header.epoch == Epoch::Protected.number() {
            self.handle_protected(header, record);
        } else {
            self.drop(DropReason::WrongEpoch);
        }
    }

    /// Anybody can write these, so that they count for nothing once the handshake is over.
    fn handle_clear(&mut self, header: &Header, content: &[u8]) {
        if matches!(self.state, State::Connected(_)) {
            return self.drop(DropReason::WrongEpoch);
        }
        match header.kind {
            ContentType::HANDSHAKE => self.handle_fragments(Epoch::Clear, content),
            ContentType::ALERT => self.handle_alert(content),
            // The epoch says all that a ChangeCipherSpec does (RFC 6347 section 4.1).
            ContentType::CHANGE_CIPHER_SPEC => (),
            _ => self.drop(DropReason::Unexpected),
        }
    }

    fn handle_protected(&mut self, header: &Header, mut record: BytesMut) {
        let connected = matches!(self.state, State::Connected(_));
        let is_data = header.kind == ContentType::APPLICATION_DATA;
        let opener = match &mut self.cx.opener {
            Some(opener) if connected || !is_data => opener,
            _ => return self.keep_early(record),
        };
        if let Err(reason) = opener.open(header, &mut record) {
            return self.drop(reason);
        }
        match header.kind {
            ContentType::APPLICATION_DATA => self.take_data(record),
            ContentType::HANDSHAKE => self.handle_fragments(Epoch::Protected, &record),
            ContentType::ALERT => self.handle_alert(&record),
            _ => self.drop(DropReason::Unexpected),
        }
    }

    fn take_data(&mut self, data: BytesMut) {
        if self.unread.len() == MAX_UNREAD_RECORDS {
            return self.drop(DropReason::Overflow);
        }
        self.stats.records_opened += 1;
        self.unread.push_back(data.freeze());
    }

    /// Keeps what overtook the messages that make it readable.
    fn keep_early(&mut self, record: BytesMut) {
        if self.early.len() == MAX_EARLY_RECORDS {
            return self.drop(DropReason::Overflow);
        }
        self.early.push_back(record);
    }

    fn handle_alert(&mut self, content: &[u8]) {
        let &[level, description] = content else {
            return self.drop(DropReason::Malformed);
        };
        match AlertDescription(description) {
            AlertDescription::CLOSE_NOTIFY => self.end(CloseReason::Peer),
            description if level == FATAL => self.end(CloseReason::PeerAlert(description)),
            description => tracing::debug!(?description, "warning alert ignored"),
        }
    }

    fn drop(&mut self, reason: DropReason) {
        tracing::trace!(?reason, "dropped");
        self.stats.dropped.count(reason);
    }
}

/// The handshake.
impl Connection {
    fn handle_fragments(&mut self, epoch: Epoch, content: &[u8]) {
        // Finished is the one message under protection; in the clear it would prove nothing.
        let admit = |kind| (kind == HandshakeType::FINISHED) == (epoch == Epoch::Protected);
        let mut refused = 0;
        let mut repeated = None;
        let mut renegotiates = false;
        let decoded =
            self.reassembler
                .insert_record(content, admit, |arrival, kind| match arrival {
                    Arrival::Kept | Arrival::Ignored => (),
                    Arrival::Repeated(sequence) => repeated = Some(sequence),
                    Arrival::Refused => {
                        refused += 1;
                        renegotiates |= kind == HandshakeType::CLIENT_HELLO
                            || kind == HandshakeType::HELLO_REQUEST;
                    }
                });
        self.stats.dropped.bad_fragment += refused;
        if decoded.is_err() {
            self.drop(DropReason::Malformed);
        }
        if renegotiates && epoch == Epoch::Protected {
            self.alert = Some((WARNING, AlertDescription::NO_RENEGOTIATION));
        }
        if let Some(sequence) = repeated {
            self.peer_repeats(sequence);
        }
        self.advance_handshake();
    }

    /// The peer repeats the flight that ours answers: ours is lost (RFC 6347 section 4.2.4).
    fn peer_repeats(&mut self, sequence: u16) {
        let is_answered = self.cx.flight.is_answer_to(sequence) && self.cx.flight.is_sent();
        if is_answered && self.retransmission.may_repeat(self.now) {
            self.repeat_flight();
        }
    }

    fn repeat_flight(&mut self) {
        self.stats.flights_retransmitted += 1;
        self.cx.flight.restart();
    }

    fn advance_handshake(&mut self) {
        while !matches!(self.state, State::Connected(_) | State::Closed(_)) {
            let Some(message) = self.reassembler.next_message() else {
                return;
            };
            self.handle_message(&message);
        }
    }

    fn handle_message(&mut self, message: &Message) {
        tracing::trace!(kind = ?message.kind, "handshake message");
        if self.handshake_deadline.is_none() {
            self.handshake_deadline = self.now.checked_add(self.cx.config.handshake_timeout);
        }
        // A handshake that fails halfway is closed for good below.
        let state = std::mem::replace(&mut self.state, State::Closed(CloseReason::Local));
        let had_keys = self.cx.opener.is_some();
        let flight_done = self.cx.flight.is_sent();
        let next = match state {
            State::Client(state) => state
                .on_message(&mut self.cx, message)
                .map(|step| self.enter(step, State::Client)),
            State::Server(state) => state
                .on_message(&mut self.cx, message)
                .map(|step| self.enter(step, State::Server)),
            settled => Ok(settled),
        };
        match next {
            Ok(state) => self.state = state,
            Err(reason) => return self.fail(reason),
        }
        self.recheck_early |= !had_keys && self.cx.opener.is_some();
        if flight_done {
            self.retransmission.answered(self.now);
        }
    }

    fn enter<S>(&mut self, step: Step<S>, wrap: impl FnOnce(S) -> State) -> State {
        match step {
            Step::Next(state) => wrap(state),
            Step::Done(established) => {
                self.cx.transcript = Vec::new();
                self.handshake_deadline = None;
                self.recheck_early = true;
                self.events
                    .push_back(Event::Connected(describe(&established)));
                State::Connected(established)
            }
        }
    }

    /// The whole flight is written: its timer starts, unless it is the last one, which is repeated
    /// only when the peer asks for it by repeating its own.
    fn flight_sent(&mut self) {
        if matches!(self.state, State::Client(_) | State::Server(_)) {
            self.retransmission.sent(self.now);
        } else {
            self.retransmission.sent(self.now);
            self.retransmission.stop();
        }
    }

    /// Fragments get smaller as flights get lost: the path may not take datagrams this long, and
    /// not say so (RFC 6347 section 4.1.1.1).
    fn datagram_limit(&self) -> usize {
        match self.retransmission.timeouts() {
            0 | 1 => self.mtu,
            2 | 3 => self.mtu.min(548),
            _ => self.mtu.min(256),
        }
    }
}

/// The end.
impl Connection {
    /// Ends a handshake that cannot be completed.
    fn fail(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.finish(reason);
    }

    fn end(&mut self, reason: CloseReason) {
        if !matches!(self.state, State::Closed(_)) {
            self.fail(reason);
        }
    }

    fn finish(&mut self, reason: CloseReason) {
        tracing::debug!(%reason, "closed");
        self.alert = reason
            .alert()
            .map(|description| (level(description), description));
        self.retransmission.stop();
        self.handshake_deadline = None;
        self.cx.flight.clear();
        self.cx.transcript = Vec::new();
        self.reassembler = Reassembler::default();
        self.early.clear();
        self.events.push_back(Event::Closed(reason));
    }

    fn write_alert(&mut self, level: u8, description: AlertDescription, out: &mut Vec<u8>) {
        let epoch = self.cx.write_epoch();
        let start = out.len();
        let written = self
            .cx
            .outbound
            .write(epoch, ContentType::ALERT, out, |out| {
                out.u8(level);
                out.u8(description.0);
            });
        if written.is_err() {
            out.truncate(start);
        }
    }

    fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }
}

fn level(description: AlertDescription) -> u8 {
    match description {
        AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => WARNING,
        _ => FATAL,
    }
}
