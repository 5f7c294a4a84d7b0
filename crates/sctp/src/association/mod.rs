//! The association: state, commands and output.

mod handshake;
mod receive;
mod reconfig;
mod report;
mod shutdown;
mod timeout;
mod timers;
mod transmit;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_crypto::Rng;

use crate::config::{Config, Reliability, SendOptions};
use crate::congestion::Congestion;
use crate::cookie::CookieJar;
use crate::error::SendError;
use crate::event::{CloseReason, Event};
use crate::ids::{Ppid, StreamId, Tsn};
use crate::inbound::{InStreams, Message, Reassembly, ReceivedTsns};
use crate::outbound::{Flight, SendQueue};
use crate::rto::Rto;
use crate::stats::Stats;
use crate::wire::{COMMON_HEADER_LEN, DATA_HEADER_LEN};

use reconfig::Reconfiguration;
use timers::{Timer, Timers};

/// An SCTP association with one peer, over DTLS (RFC 9260 as RFC 8261 uses it).
///
/// - Input: [`handle_packet`](Self::handle_packet), and [`handle_timeout`](Self::handle_timeout)
///   once [`poll_timeout`](Self::poll_timeout) is due.
/// - Commands: [`connect`](Self::connect), [`send`](Self::send), [`receive`](Self::receive),
///   [`reset_stream`](Self::reset_stream), [`shutdown`](Self::shutdown), [`abort`](Self::abort).
/// - Output, to be drained after any of them: [`poll_transmit`](Self::poll_transmit) until it
///   answers `false`, and [`poll_event`](Self::poll_event).
///
/// Both sides may connect at once, as WebRTC's do, and a side that never does is connected by the
/// other.
///
/// Memory is bounded: by [`Config::send_buffer`] and the peer's window for what is sent, by
/// [`Config::receive_window`] for what is received.
#[derive(Debug)]
pub struct Association {
    config: Config,
    rng: Rng,
    now: Instant,
    state: State,
    local_tag: u32,
    local_initial_tsn: Tsn,
    peer: Peer,
    jar: CookieJar,
    /// The cookie to be echoed.
    cookie: Option<Vec<u8>>,
    due: Due,
    replies: VecDeque<Reply>,
    received: ReceivedTsns,
    reassembly: Reassembly,
    in_streams: InStreams,
    queue: SendQueue,
    flight: Flight,
    congestion: Congestion,
    rto: Rto,
    reconfiguration: Reconfiguration,
    timers: Timers,
    /// Timeouts in a row (RFC 9260 section 8.1).
    errors: u32,
    /// How often the peer found our cookie too old.
    stale_cookies: u32,
    /// The window that the last SACK told the peer, in bytes.
    advertised_window: usize,
    /// A probe is out, and nothing has been acknowledged since.
    has_probed: bool,
    /// What the HEARTBEAT that waits for its answer carried.
    heartbeat: Option<(u64, Instant)>,
    events: VecDeque<Event>,
    stats: Stats,
}

/// RFC 9260 section 4.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Nothing has happened yet.
    Closed,
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    /// The association is over, for good.
    Ended,
}

/// What the peer said about itself.
#[derive(Clone, Copy, Debug)]
struct Peer {
    tag: u32,
    /// Its receive window at its last word, in bytes.
    window: usize,
    streams: u16,
    forward_tsn: bool,
    reconfig: bool,
}

/// What is to be said in the next packet.
#[derive(Debug, Default)]
struct Due {
    init: bool,
    cookie_echo: bool,
    cookie_ack: bool,
    sack: bool,
    /// Packets with DATA since the last SACK.
    packets_to_acknowledge: u32,
    /// Lost chunks go at once, whatever the congestion window says.
    fast_retransmission: bool,
    /// A chunk goes although the peer's window is closed, to learn whether it still is.
    window_probe: bool,
    forward_tsn: bool,
    heartbeat: bool,
    heartbeat_acks: VecDeque<Bytes>,
    shutdown: bool,
    shutdown_ack: bool,
}

/// A packet outside the association's run: INIT ACK, ABORT, SHUTDOWN COMPLETE.
#[derive(Debug)]
struct Reply {
    verification_tag: u32,
    chunks: Vec<u8>,
}

/// Replies that wait at most; more are dropped, and asked for again if they matter.
const MAX_REPLIES: usize = 8;
/// How long a peer may keep the SACK of a single packet to itself, in practice.
const PEER_SACK_DELAY: Duration = Duration::from_millis(200);
/// The shortest silence that a probe follows.
const MIN_PROBE_WAIT: Duration = Duration::from_millis(10);
/// The shortest packet that makes sense.
const MIN_PACKET: usize = COMMON_HEADER_LEN + DATA_HEADER_LEN + 64;

impl Association {
    /// An association that is not connected yet.
    pub fn new(config: Config, mut rng: Rng, now: Instant) -> Self {
        let config = Config {
            max_packet_size: config.max_packet_size.max(MIN_PACKET) / 4 * 4,
            ..config
        };
        let local_initial_tsn = Tsn(rng.next_u32());
        Self {
            state: State::Closed,
            local_tag: random_tag(&mut rng),
            local_initial_tsn,
            peer: Peer {
                tag: 0,
                window: 0,
                streams: u16::MAX,
                forward_tsn: true,
                reconfig: true,
            },
            jar: CookieJar::new(&mut rng, now),
            cookie: None,
            due: Due::default(),
            replies: VecDeque::new(),
            received: ReceivedTsns::new(Tsn(0)),
            reassembly: Reassembly::default(),
            in_streams: InStreams::default(),
            queue: SendQueue::default(),
            flight: Flight::new(local_initial_tsn),
            congestion: Congestion::new(config.max_packet_size),
            rto: Rto::new(&config),
            reconfiguration: Reconfiguration::new(local_initial_tsn, Tsn(0)),
            timers: Timers::default(),
            errors: 0,
            stale_cookies: 0,
            advertised_window: config.receive_window,
            has_probed: false,
            heartbeat: None,
            events: VecDeque::new(),
            stats: Stats::default(),
            config,
            rng,
            now,
        }
    }

    /// Starts the handshake. Does nothing when it is under way or done.
    pub fn connect(&mut self, now: Instant) {
        self.advance(now);
        if self.state == State::Closed {
            self.state = State::CookieWait;
            self.errors = 0;
            self.due.init = true;
        }
    }

    /// Queues a message on a stream. It may be queued before the association is connected.
    ///
    /// # Errors
    /// When the message is empty, the stream does not exist or is being reset, the buffer is full,
    /// or the association is shutting down. A message of any length is taken as long as the buffer
    /// is not full yet.
    pub fn send(
        &mut self,
        now: Instant,
        stream: StreamId,
        ppid: Ppid,
        payload: Bytes,
        options: SendOptions,
    ) -> Result<(), SendError> {
        self.advance(now);
        if self.is_ending() {
            return Err(SendError::Closed);
        }
        if payload.is_empty() {
            return Err(SendError::Empty);
        }
        if stream.0 >= self.peer.streams {
            return Err(SendError::NoSuchStream);
        }
        if self.reconfiguration.is_resetting(stream.0) {
            return Err(SendError::Resetting);
        }
        if self.queue.bytes() >= self.config.send_buffer {
            return Err(SendError::Full);
        }
        let reliability = if self.peer.forward_tsn {
            options.reliability
        } else {
            Reliability::Reliable
        };
        let options = SendOptions {
            reliability,
            ..options
        };
        self.queue.push(self.now, stream, ppid, payload, options);
        Ok(())
    }

    /// The next message of a stream. Taking messages opens the window for more.
    pub fn receive(&mut self, stream: StreamId) -> Option<Message> {
        let message = self.in_streams.take(stream)?;
        // The peer hears of it when it gains a good part of the window (RFC 9260 section 6.2).
        let gained = self.window().saturating_sub(self.advertised_window);
        if gained >= self.config.receive_window / 2 && self.is_connected() {
            self.due.sack = true;
        }
        Some(message)
    }

    /// What the next message of a stream is, without taking it.
    pub fn peek_ppid(&self, stream: StreamId) -> Option<Ppid> {
        self.in_streams.peek_ppid(stream)
    }

    /// Resets our side of a stream once everything queued on it has been sent (RFC 6525 section
    /// 5.1.2); reported by [`Event::OutgoingStreamReset`].
    pub fn reset_stream(&mut self, now: Instant, stream: StreamId) {
        self.advance(now);
        self.reconfiguration.want_reset(stream.0);
    }

    /// Bytes of payload that wait on a stream and have not been sent.
    pub fn buffered_amount(&self, stream: StreamId) -> usize {
        self.queue.buffered(stream)
    }

    /// When what waits on a stream falls to `threshold` bytes, [`Event::BufferedAmountLow`] tells.
    pub fn set_buffered_amount_low_threshold(&mut self, stream: StreamId, threshold: usize) {
        self.queue.set_low_threshold(stream, threshold);
    }

    /// Sets the ports of both sides. Over DTLS they only have to agree.
    pub fn set_remote_port(&mut self, port: u16) {
        self.config.remote_port = port;
    }

    /// Sets the longest packet to write from now on.
    pub fn set_max_packet_size(&mut self, size: usize) {
        self.config.max_packet_size = size.max(MIN_PACKET) / 4 * 4;
    }

    /// Whether data may flow.
    pub fn is_connected(&self) -> bool {
        !matches!(
            self.state,
            State::Closed | State::CookieWait | State::CookieEchoed | State::Ended
        )
    }

    /// Whether the association is closed and has nothing left to say.
    pub fn is_drained(&self) -> bool {
        matches!(self.state, State::Closed | State::Ended) && self.replies.is_empty()
    }

    /// The highest number of streams that we may send on.
    pub fn max_streams(&self) -> u16 {
        self.peer.streams
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called; `None` when idle.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What the association has done, and where it stands.
    pub fn stats(&self) -> Stats {
        Stats {
            smoothed_rtt: self.rto.smoothed(),
            rto: self.rto.current(),
            congestion_window: self.congestion.window(),
            peer_window: self.peer_window(),
            bytes_in_flight: self.flight.bytes(),
            bytes_queued: self.queue.bytes(),
            bytes_unread: self.in_streams.bytes() + self.reassembly.bytes(),
            ..self.stats
        }
    }

    pub(crate) fn local_tag(&self) -> u32 {
        self.local_tag
    }

    #[cfg(test)]
    pub(crate) fn next_tsn_from_peer(&self) -> Tsn {
        self.received.cumulative().next()
    }

    #[cfg(test)]
    pub(crate) fn next_request_from_peer(&self) -> u32 {
        self.reconfiguration.peer_next_request()
    }

    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// No new data is accepted.
    fn is_ending(&self) -> bool {
        use State::{Ended, ShutdownAckSent, ShutdownPending, ShutdownReceived, ShutdownSent};
        matches!(
            self.state,
            ShutdownPending | ShutdownSent | ShutdownReceived | ShutdownAckSent | Ended
        )
    }

    /// Room for more DATA, in bytes.
    fn window(&self) -> usize {
        let held = self.in_streams.bytes() + self.reassembly.bytes();
        self.config.receive_window.saturating_sub(held)
    }

    /// What the peer has room for beyond what is under way.
    fn peer_window(&self) -> usize {
        self.peer.window.saturating_sub(self.flight.bytes())
    }

    fn reply(&mut self, verification_tag: u32, write: impl FnOnce(&mut Vec<u8>)) {
        if self.replies.len() < MAX_REPLIES {
            let mut chunks = Vec::new();
            write(&mut chunks);
            self.replies.push_back(Reply {
                verification_tag,
                chunks,
            });
        }
    }

    /// Ends everything but what waits in `replies` and what the application has not read.
    fn close(&mut self, reason: CloseReason) {
        if self.state == State::Ended {
            return;
        }
        tracing::debug!(%reason, "association closed");
        self.state = State::Ended;
        self.timers = Timers::default();
        self.due = Due::default();
        self.cookie = None;
        self.queue = SendQueue::default();
        self.flight = Flight::new(self.flight.next_tsn());
        self.events.push_back(Event::Closed(reason));
    }

    /// Restarts the timers of what is under way, or stops them when there is nothing.
    fn restart_retransmission_timer(&mut self) {
        if self.flight.is_empty() {
            self.timers.stop(Timer::Retransmission);
            self.timers.stop(Timer::TailLossProbe);
            return;
        }
        self.timers
            .start(Timer::Retransmission, self.now + self.rto.current());
        self.schedule_probe();
    }

    /// RFC 8985 section 7.2: two round trips of silence, and a peer's delay of a lone SACK.
    pub(super) fn schedule_probe(&mut self) {
        let Some(smoothed) = self.rto.smoothed().filter(|_| !self.has_probed) else {
            return;
        };
        let peer_delay = if self.flight.is_single() {
            PEER_SACK_DELAY
        } else {
            Duration::ZERO
        };
        let wait = (smoothed * 2).max(MIN_PROBE_WAIT) + peer_delay;
        self.timers.start(Timer::TailLossProbe, self.now + wait);
    }
}

/// A verification tag is never zero (RFC 9260 section 3.3.2).
fn random_tag(rng: &mut Rng) -> u32 {
    rng.next_u32().max(1)
}
