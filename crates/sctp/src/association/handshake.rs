//! Setting the association up (RFC 9260 section 5).

use std::time::Duration;

use super::{Association, Due, Peer, State, Timer, Timers, random_tag};
use crate::congestion::Congestion;
use crate::cookie::{BadCookie, Cookie};
use crate::event::{CloseReason, Event};
use crate::ids::Tsn;
use crate::inbound::{InStreams, Reassembly, ReceivedTsns};
use crate::outbound::{Flight, SendQueue};
use crate::rto::Rto;
use crate::wire::{COMMON_HEADER_LEN, Chunk, ChunkType, Init};

use super::reconfig::Reconfiguration;
use super::report::put_cause;

/// The cause code of a stale cookie (section 3.3.10.3).
pub(super) const STALE_COOKIE: u16 = 3;

impl Association {
    /// Our INIT or INIT ACK, without a cookie.
    pub(super) fn local_init(&self, tag: u32, initial_tsn: Tsn) -> Init {
        Init {
            tag,
            window: u32::try_from(self.config.receive_window).unwrap_or(u32::MAX),
            outbound_streams: self.config.max_streams,
            inbound_streams: self.config.max_streams,
            initial_tsn,
            forward_tsn: true,
            reconfig: true,
            cookie: None,
            unrecognized: Vec::new(),
        }
    }

    /// Answers an INIT without remembering it: section 5.1 B, 5.2.1 and 5.2.2.
    pub(super) fn handle_init(&mut self, chunk: &Chunk) {
        let Some(init) = Init::parse(chunk) else {
            self.stats.dropped.malformed += 1;
            return;
        };
        if init.tag == 0 || init.outbound_streams == 0 || init.inbound_streams == 0 {
            self.stats.dropped.malformed += 1;
            return;
        }
        let (local, tie_tags) = match self.state {
            // Until there is an association we are always the same, so that an INIT that crosses
            // ours leads to the same one.
            State::Closed | State::CookieWait => (
                self.local_init(self.local_tag, self.local_initial_tsn),
                None,
            ),
            State::CookieEchoed => {
                let init = self.local_init(self.local_tag, self.local_initial_tsn);
                (init, Some((self.local_tag, self.peer.tag)))
            }
            State::ShutdownAckSent => {
                self.due.shutdown_ack = true;
                return;
            }
            State::Ended => {
                self.stats.dropped.unexpected += 1;
                return;
            }
            _ => {
                let (tag, tsn) = (random_tag(&mut self.rng), Tsn(self.rng.next_u32()));
                (
                    self.local_init(tag, tsn),
                    Some((self.local_tag, self.peer.tag)),
                )
            }
        };
        let cookie = self
            .jar
            .seal(self.now, &Cookie::new(&init, &local, tie_tags));
        let answer = Init {
            cookie: Some(cookie),
            unrecognized: init.unrecognized,
            ..local
        };
        self.reply(init.tag, |out| answer.put(out, ChunkType::INIT_ACK));
    }

    /// Section 5.1 C.
    pub(super) fn handle_init_ack(&mut self, chunk: &Chunk) {
        if self.state != State::CookieWait {
            self.stats.dropped.unexpected += 1;
            return;
        }
        let Some((init, cookie)) =
            Init::parse(chunk).and_then(|mut init| init.cookie.take().map(|cookie| (init, cookie)))
        else {
            self.stats.dropped.malformed += 1;
            return;
        };
        let is_too_long = COMMON_HEADER_LEN + 4 + cookie.len() > self.config.max_packet_size;
        if init.tag == 0 || init.outbound_streams == 0 || init.inbound_streams == 0 || is_too_long {
            self.stats.dropped.malformed += 1;
            return;
        }
        self.meet(
            Peer {
                tag: init.tag,
                window: init.window as usize,
                streams: init.inbound_streams.min(self.config.max_streams),
                forward_tsn: init.forward_tsn,
                reconfig: init.reconfig,
            },
            init.initial_tsn,
        );
        self.cookie = Some(cookie);
        self.state = State::CookieEchoed;
        self.errors = 0;
        self.due.init = false;
        self.due.cookie_echo = true;
        self.timers.stop(Timer::Handshake);
    }

    /// Sections 5.1 D and 5.2.4.
    pub(super) fn handle_cookie_echo(&mut self, verification_tag: u32, chunk: &Chunk) {
        let opened = self
            .jar
            .open(self.now, self.config.cookie_lifetime, &chunk.value);
        let cookie = match opened {
            Ok(cookie) if cookie.local_tag == verification_tag => cookie,
            // That of the association that there is stays good (section 5.2.4, step 3).
            Err(BadCookie::Stale { cookie, .. })
                if cookie.local_tag == verification_tag && self.is_of_this(&cookie) =>
            {
                cookie
            }
            Err(BadCookie::Stale { cookie, age }) if cookie.local_tag == verification_tag => {
                self.stats.dropped.cookie += 1;
                self.report_stale_cookie(cookie.peer_tag, age);
                return;
            }
            _ => {
                self.stats.dropped.cookie += 1;
                return;
            }
        };
        let same_local = cookie.local_tag == self.local_tag;
        let same_peer = cookie.peer_tag == self.peer.tag;
        let ties = cookie.tie_tags == Some((self.local_tag, self.peer.tag));
        match self.state {
            State::Closed | State::CookieWait if same_local => self.accept(&cookie),
            State::CookieEchoed if same_local => {
                if same_peer {
                    self.establish();
                } else {
                    self.accept(&cookie);
                }
            }
            State::Closed | State::CookieWait | State::CookieEchoed | State::Ended => {
                self.stats.dropped.cookie += 1;
                return;
            }
            // Action A: the peer has restarted.
            _ if !same_local && !same_peer && ties => self.restart(&cookie),
            // Action D: our COOKIE ACK was lost.
            _ if same_local && same_peer => {}
            _ => {
                self.stats.dropped.cookie += 1;
                return;
            }
        }
        self.due.cookie_ack = true;
    }

    /// Section 5.1 E.
    pub(super) fn handle_cookie_ack(&mut self) {
        if self.state == State::CookieEchoed {
            self.establish();
        }
    }

    /// The peer found our cookie too old: we begin again, only so often (section 5.2.6).
    pub(super) fn handle_stale_cookie(&mut self) {
        if self.state == State::CookieEchoed {
            self.stale_cookies += 1;
            if self.stale_cookies > self.config.max_init_retransmissions {
                self.close(CloseReason::TimedOut);
                return;
            }
            self.state = State::CookieWait;
            self.cookie = None;
            self.due.cookie_echo = false;
            self.due.init = true;
            self.timers.stop(Timer::Handshake);
        }
    }

    fn is_of_this(&self, cookie: &Cookie) -> bool {
        cookie.local_tag == self.local_tag && cookie.peer_tag == self.peer.tag
    }

    /// Section 5.1.5, step 4. The peer's tag is the cookie's: there may be no association yet.
    fn report_stale_cookie(&mut self, peer_tag: u32, age: Duration) {
        if self.state == State::Ended {
            return;
        }
        let age = u32::try_from(age.as_micros()).unwrap_or(u32::MAX);
        self.reply(peer_tag, |out| {
            put_cause(out, ChunkType::ERROR, STALE_COOKIE, &age.to_be_bytes());
        });
    }

    /// Sets the association up from a cookie of ours.
    fn accept(&mut self, cookie: &Cookie) {
        let peer = Peer {
            tag: cookie.peer_tag,
            window: cookie.peer_window as usize,
            streams: cookie.outbound_streams,
            forward_tsn: cookie.forward_tsn,
            reconfig: cookie.reconfig,
        };
        self.meet(peer, cookie.peer_initial_tsn);
        self.establish();
    }

    /// Takes down who the peer is. Nothing has been received from it yet.
    fn meet(&mut self, peer: Peer, initial_tsn: Tsn) {
        self.peer = peer;
        self.received = ReceivedTsns::new(initial_tsn);
        self.reassembly = Reassembly::default();
        self.reconfiguration.meet(initial_tsn);
        if !peer.forward_tsn {
            self.queue.make_reliable();
        }
    }

    fn establish(&mut self) {
        self.state = State::Established;
        self.cookie = None;
        self.errors = 0;
        self.due.init = false;
        self.due.cookie_echo = false;
        self.timers.stop(Timer::Handshake);
        self.timers
            .start(Timer::Heartbeat, self.now + self.config.heartbeat_interval);
        self.events.push_back(Event::Connected);
    }

    /// Section 5.2.4.1: everything starts over with the new tags.
    fn restart(&mut self, cookie: &Cookie) {
        self.local_tag = cookie.local_tag;
        self.local_initial_tsn = cookie.local_initial_tsn;
        self.in_streams = InStreams::default();
        self.queue = SendQueue::default();
        self.flight = Flight::new(cookie.local_initial_tsn);
        self.congestion = Congestion::new(self.config.max_packet_size);
        self.rto = Rto::new(&self.config);
        self.timers = Timers::default();
        self.due = Due::default();
        self.heartbeat = None;
        self.reconfiguration = Reconfiguration::new(cookie.local_initial_tsn, Tsn(0));
        self.events.push_back(Event::Restarted);
        self.accept(cookie);
    }
}
