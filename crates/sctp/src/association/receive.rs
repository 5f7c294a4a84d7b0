//! Packets in.

use std::time::Instant;

use bytes::{Buf, Bytes};

use super::handshake::STALE_COOKIE;
use super::{Association, State, Timer};
use crate::event::{CloseReason, ErrorCause, Event};
use crate::ids::StreamId;
use crate::inbound::{Arrival, Refused};
use crate::wire::{
    COMMON_HEADER_LEN, Chunk, ChunkType, Data, ForwardTsn, PacketError, PacketHeader, Sack, causes,
    chunks,
};

/// An ABORT, SHUTDOWN ACK or SHUTDOWN COMPLETE carries its receiver's peer's tag (section 8.5.1).
const REFLECTED_TAG: u8 = 1;
/// HEARTBEATs that are answered at once, at most.
const MAX_HEARTBEAT_ACKS: usize = 4;

impl Association {
    /// Takes in a packet. Payloads are slices of it until they are copied into their messages.
    pub fn handle_packet(&mut self, now: Instant, mut packet: Bytes) {
        self.advance(now);
        self.stats.packets_received += 1;
        let header = match PacketHeader::parse(&packet) {
            Ok(header) => header,
            Err(PacketError::Malformed) => {
                self.stats.dropped.malformed += 1;
                return;
            }
            Err(PacketError::Checksum) => {
                self.stats.dropped.checksum += 1;
                return;
            }
        };
        if header.destination_port != self.config.local_port
            || header.source_port != self.config.remote_port
        {
            self.stats.dropped.ports += 1;
            return;
        }
        let mut received_data = false;
        self.reconfiguration.begin_packet();
        packet.advance(COMMON_HEADER_LEN);
        for (index, chunk) in chunks(packet).enumerate() {
            let Ok(chunk) = chunk else {
                self.stats.dropped.malformed += 1;
                break;
            };
            if !self.tag_fits(&header, &chunk, index) {
                self.stats.dropped.verification_tag += 1;
                break;
            }
            received_data |= chunk.kind == ChunkType::DATA;
            if !self.handle_chunk(&header, &chunk) {
                break;
            }
        }
        // Late DATA finds the association closed, and is not acknowledged.
        if received_data && self.is_connected() {
            self.schedule_sack();
        }
        self.retry_deferred_reset();
        self.advance_shutdown();
    }

    /// Section 8.5.
    fn tag_fits(&self, header: &PacketHeader, chunk: &Chunk, index: usize) -> bool {
        let tag = header.verification_tag;
        match chunk.kind {
            // Alone, and with no tag, as nobody knows one yet.
            ChunkType::INIT => tag == 0 && index == 0,
            // The cookie knows which tag belongs to it.
            ChunkType::COOKIE_ECHO => index == 0,
            ChunkType::ABORT | ChunkType::SHUTDOWN_COMPLETE => {
                let reflected = chunk.flags & REFLECTED_TAG != 0;
                tag == if reflected {
                    self.peer.tag
                } else {
                    self.local_tag
                }
            }
            _ => tag == self.local_tag,
        }
    }

    /// Answers whether to go on with the packet.
    fn handle_chunk(&mut self, header: &PacketHeader, chunk: &Chunk) -> bool {
        match chunk.kind {
            ChunkType::INIT => {
                self.handle_init(chunk);
                return false;
            }
            ChunkType::INIT_ACK => {
                self.handle_init_ack(chunk);
                return false;
            }
            ChunkType::COOKIE_ECHO => self.handle_cookie_echo(header.verification_tag, chunk),
            ChunkType::COOKIE_ACK => self.handle_cookie_ack(),
            ChunkType::ABORT => {
                let code = causes(&chunk.value).next().unwrap_or(0);
                self.close(CloseReason::AbortedByPeer(ErrorCause { code }));
                return false;
            }
            ChunkType::ERROR => self.handle_error(chunk),
            // Everything else needs an association.
            _ if matches!(self.state, State::Closed | State::CookieWait | State::Ended) => {
                self.stats.dropped.unexpected += 1;
            }
            ChunkType::DATA => self.handle_data(chunk),
            ChunkType::SACK => self.handle_sack(chunk),
            ChunkType::HEARTBEAT => {
                if self.due.heartbeat_acks.len() < MAX_HEARTBEAT_ACKS {
                    // A copy: a reply must not pin the buffer that it came in.
                    self.due
                        .heartbeat_acks
                        .push_back(Bytes::copy_from_slice(&chunk.value));
                }
            }
            ChunkType::HEARTBEAT_ACK => self.handle_heartbeat_ack(chunk),
            ChunkType::FORWARD_TSN => self.handle_forward_tsn(chunk),
            ChunkType::RECONFIG => self.handle_reconfig(chunk),
            ChunkType::SHUTDOWN => self.handle_shutdown(chunk),
            ChunkType::SHUTDOWN_ACK => self.handle_shutdown_ack(),
            ChunkType::SHUTDOWN_COMPLETE => self.handle_shutdown_complete(),
            // Reserved for notifications of congestion (section 3.2), which we do not negotiate.
            ChunkType::ECNE | ChunkType::CWR => {}
            unknown => {
                self.stats.dropped.unknown += 1;
                if unknown.is_reported() {
                    self.report_unknown(chunk);
                }
                return !unknown.stops_processing();
            }
        }
        true
    }

    fn handle_data(&mut self, chunk: &Chunk) {
        let Some(data) = Data::parse(chunk) else {
            self.stats.dropped.malformed += 1;
            return;
        };
        if data.payload.is_empty() {
            self.refuse_empty_data(data.tsn);
            return;
        }
        match self.received.classify(data.tsn) {
            Arrival::New if data.stream >= self.config.max_streams => {
                // Section 6.5: it counts as received, or it would come again for ever.
                self.received.insert(data.tsn);
                self.stats.dropped.unexpected += 1;
                self.due.sack = true;
                self.report_invalid_stream(data.stream);
            }
            Arrival::New => self.take_data(&data),
            Arrival::Duplicate => {
                self.stats.duplicate_chunks_received += 1;
                self.due.sack = true;
            }
            Arrival::Refused => {
                self.stats.dropped.overflow += 1;
                self.due.sack = true;
            }
        }
    }

    fn take_data(&mut self, data: &Data) {
        let is_next = data.tsn == self.received.cumulative().next();
        // The next chunk may complete what holds the memory: it has twice the room.
        let held = self.in_streams.bytes() + self.reassembly.bytes();
        let limit = if is_next { 2 } else { 1 } * self.config.receive_window;
        if held + data.payload.len() > limit {
            self.stats.dropped.overflow += 1;
            self.due.sack = true;
            return;
        }
        let had_gaps = self.received.has_gaps();
        match self
            .reassembly
            .insert(data, self.config.max_incoming_message)
        {
            Ok(whole) => {
                self.received.insert(data.tsn);
                self.stats.chunks_received += 1;
                if let Some(whole) = whole {
                    let stream = StreamId(data.stream);
                    if self.in_streams.insert(whole) {
                        self.events.push_back(Event::Readable(stream));
                    }
                }
            }
            Err(Refused::NoRoom) => self.stats.dropped.overflow += 1,
            Err(Refused::Inconsistent) => {
                self.violate("the fragments of a message disagree");
                return;
            }
            Err(Refused::TooLong) => {
                self.violate("a message is longer than is allowed");
                return;
            }
        }
        // Gaps are reported at once, and so is their end (section 6.7).
        self.due.sack |= data.immediate || had_gaps || self.received.has_gaps();
    }

    /// After a packet with DATA: every second one is acknowledged at once (section 6.2).
    fn schedule_sack(&mut self) {
        self.due.packets_to_acknowledge += 1;
        if self.due.packets_to_acknowledge >= 2 {
            self.due.sack = true;
        } else if !self.timers.is_running(Timer::Sack) {
            self.timers
                .start(Timer::Sack, self.now + self.config.sack_delay);
        }
        if self.state == State::ShutdownSent {
            // Section 9.2: DATA is still answered, and SHUTDOWN repeated.
            self.due.sack = true;
            self.due.shutdown = true;
        }
    }

    fn handle_sack(&mut self, chunk: &Chunk) {
        let Some(sack) = Sack::parse(chunk) else {
            self.stats.dropped.malformed += 1;
            return;
        };
        let in_flight = self.flight.bytes();
        let mut given_up = Vec::new();
        let outcome = self.flight.acknowledge(self.now, &sack, |stream, message| {
            given_up.push((stream, message));
        });
        if outcome.ignored {
            return;
        }
        self.update_peer_window(sack.window as usize, outcome.advanced);
        self.give_up(&given_up);
        self.has_probed &= outcome.bytes == 0;
        if outcome.bytes > 0 || sack.window == 0 {
            // A closed window is no fault (section 6.1 A).
            self.errors = 0;
        }
        if let Some(rtt) = outcome.rtt {
            self.rto.measure(rtt);
        }
        if outcome.advanced {
            self.congestion
                .acknowledge(self.flight.cumulative(), outcome.bytes, in_flight);
            self.restart_retransmission_timer();
        } else if outcome.bytes > 0 {
            self.schedule_probe();
        }
        if outcome.lost > 0 {
            self.stats.fast_retransmissions += outcome.lost as u64;
            self.congestion.lose(self.flight.next_tsn().previous());
            self.due.fast_retransmission = true;
        }
        self.due.forward_tsn |= self.flight.has_abandoned_front();
    }

    fn update_peer_window(&mut self, window: usize, advanced: bool) {
        let reopened = self.peer.window == 0 && window > 0;
        self.peer.window = window;
        if reopened {
            self.timers.stop(Timer::WindowProbe);
            self.due.window_probe = false;
        }
        if reopened && !advanced {
            // The peer had no room for what probed its window.
            self.flight.probe_tail();
        }
    }

    /// Messages whose reliability is used up: what is left of them is not sent.
    pub(super) fn give_up(&mut self, messages: &[(u16, u64)]) {
        for (stream, message) in messages {
            self.stats.messages_abandoned += 1;
            if let Some(rest) = self.queue.drop_rest(*stream, *message) {
                self.flight.push_abandoned(self.now, rest);
            }
            self.due.forward_tsn = true;
        }
    }

    /// RFC 3758 section 3.6.
    fn handle_forward_tsn(&mut self, chunk: &Chunk) {
        let Some(forward) = ForwardTsn::parse(chunk) else {
            self.stats.dropped.malformed += 1;
            return;
        };
        self.due.sack = true;
        let ahead = forward.cumulative.since(self.received.cumulative());
        if ahead <= 0 {
            return;
        }
        if ahead > i32::from(u16::MAX) {
            // Nobody has that much under way.
            self.stats.dropped.overflow += 1;
            return;
        }
        self.received.skip_to(forward.cumulative);
        self.reassembly.discard_through(forward.cumulative);
        for (stream, ssn) in forward.skipped() {
            if stream < self.config.max_streams && self.in_streams.skip(stream, ssn) {
                self.events.push_back(Event::Readable(StreamId(stream)));
            }
        }
    }

    fn handle_heartbeat_ack(&mut self, chunk: &Chunk) {
        // The parameter's header, then the number that we sent.
        let number = chunk
            .value
            .get(4..12)
            .and_then(|bytes| bytes.try_into().ok());
        let number = number.map(u64::from_be_bytes);
        if let Some((sent, at)) = self.heartbeat
            && number == Some(sent)
        {
            self.heartbeat = None;
            self.errors = 0;
            self.rto.measure(self.now.saturating_duration_since(at));
        }
    }

    fn handle_error(&mut self, chunk: &Chunk) {
        let code = causes(&chunk.value).next();
        tracing::debug!(?code, "the peer reports an error");
        if causes(&chunk.value).any(|code| code == STALE_COOKIE) {
            self.handle_stale_cookie();
        }
    }
}
