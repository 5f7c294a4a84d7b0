//! Packets out.

use std::time::Instant;

use super::{Association, State, Timer};
use crate::event::Event;
use crate::ids::Tsn;
use crate::outbound::Fragment;
use crate::wire::{
    COMMON_HEADER_LEN, ChunkType, DATA_HEADER_LEN, Data, DataHeader, PacketHeader, finish_packet,
    padded, put_chunk, put_data, put_sack, start_packet,
};

/// The least payload worth a chunk of its own at the end of a packet.
const MIN_FRAGMENT: usize = 64;
/// The most that responses and a request of RE-CONFIG take, in bytes.
const MAX_RECONFIG: usize = 512;
const HEARTBEAT_LEN: usize = 16;
/// The type of the parameter in a HEARTBEAT (RFC 9260 section 3.3.5).
const HEARTBEAT_INFO: u16 = 1;

impl Association {
    /// Appends the next packet to `out`; `false` when there is none for now.
    ///
    /// What DATA there is fills packets to [`Config::max_packet_size`](crate::Config), so that a
    /// batch of them has one length.
    pub fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        self.advance(now);
        let start = out.len();
        if let Some(reply) = self.replies.pop_front() {
            self.start(reply.verification_tag, out);
            out.extend_from_slice(&reply.chunks);
            return self.finish(start, out);
        }
        match self.state {
            State::Closed | State::Ended => return false,
            State::CookieWait => return self.write_init(start, out),
            _ => {}
        }
        self.start(self.peer.tag, out);
        let end = start + self.config.max_packet_size;
        let may_carry_data = self.put_control(end, out);
        if may_carry_data {
            self.put_all_data(end, out);
            if self.due.forward_tsn && out.len() == start + COMMON_HEADER_LEN {
                // All that could have been sent had expired.
                self.due.forward_tsn = false;
                self.put_forward_tsn(end, out);
            }
        }
        if out.len() == start + COMMON_HEADER_LEN {
            out.truncate(start);
            return false;
        }
        self.finish(start, out)
    }

    fn start(&self, verification_tag: u32, out: &mut Vec<u8>) {
        let header = PacketHeader {
            source_port: self.config.local_port,
            destination_port: self.config.remote_port,
            verification_tag,
        };
        start_packet(&header, out);
    }

    fn finish(&mut self, start: usize, out: &mut [u8]) -> bool {
        finish_packet(start, out);
        self.stats.packets_sent += 1;
        true
    }

    /// INIT goes alone, with no verification tag (RFC 9260 section 8.5.1 A).
    fn write_init(&mut self, start: usize, out: &mut Vec<u8>) -> bool {
        if !std::mem::take(&mut self.due.init) {
            return false;
        }
        self.start(0, out);
        self.local_init(self.local_tag, self.local_initial_tsn)
            .put(out, ChunkType::INIT);
        self.timers
            .start(Timer::Handshake, self.now + self.rto.current());
        self.finish(start, out)
    }

    /// Appends everything that is no DATA, as far as it fits; answers whether DATA may follow.
    fn put_control(&mut self, end: usize, out: &mut Vec<u8>) -> bool {
        let echoes = self.state == State::CookieEchoed;
        if echoes {
            let due = std::mem::take(&mut self.due.cookie_echo);
            let Some(cookie) = self.cookie.as_ref().filter(|_| due) else {
                return false;
            };
            put_chunk(out, ChunkType::COOKIE_ECHO, 0, |out| {
                out.extend_from_slice(cookie);
            });
            self.timers
                .start(Timer::Handshake, self.now + self.rto.current());
            // Until it is answered, DATA goes with it or not at all (section 5.1 C).
            return true;
        }
        if std::mem::take(&mut self.due.cookie_ack) {
            put_chunk(out, ChunkType::COOKIE_ACK, 0, |_| {});
        }
        self.put_sack_if_due(end, out);
        self.prepare_reconfig();
        if self.has_reconfig() && out.len() + MAX_RECONFIG <= end {
            self.put_reconfig(out);
        }
        if std::mem::take(&mut self.due.forward_tsn) {
            self.put_forward_tsn(end, out);
        }
        while let Some(info) = self.due.heartbeat_acks.front() {
            if out.len() + 4 + padded(info.len()) > end {
                break;
            }
            put_chunk(out, ChunkType::HEARTBEAT_ACK, 0, |out| {
                out.extend_from_slice(info);
            });
            self.due.heartbeat_acks.pop_front();
        }
        if self.due.heartbeat && out.len() + HEARTBEAT_LEN <= end {
            self.due.heartbeat = false;
            self.put_heartbeat(out);
        }
        self.put_shutdown_if_due(out);
        matches!(
            self.state,
            State::Established | State::ShutdownPending | State::ShutdownReceived
        )
    }

    /// A SACK goes when it is due, and along with DATA that goes anyway (section 6.2).
    fn put_sack_if_due(&mut self, end: usize, out: &mut Vec<u8>) {
        let rides = self.due.packets_to_acknowledge > 0 && self.has_sendable_data();
        if !self.due.sack && !rides {
            return;
        }
        let window = self.window();
        let field = u32::try_from(window).unwrap_or(u32::MAX);
        let (received, room) = (&self.received, end - out.len());
        put_sack(
            out,
            room,
            received.cumulative(),
            field,
            received.gaps(),
            received.duplicates(),
        );
        self.received.clear_duplicates();
        self.advertised_window = window;
        self.due.sack = false;
        self.due.packets_to_acknowledge = 0;
        self.timers.stop(Timer::Sack);
    }

    /// RFC 3758 section 3.5 C. What does not fit is skipped by the next one.
    fn put_forward_tsn(&mut self, end: usize, out: &mut Vec<u8>) {
        let most = end.saturating_sub(out.len() + 8) / 4;
        // The last number skipped on each stream.
        let mut skipped: Vec<(u16, u16)> = Vec::new();
        let point = self.flight.advanced_ack_point(|stream, ssn| {
            let is_full = skipped.len() == most;
            match skipped.iter_mut().find(|(known, _)| *known == stream) {
                Some((_, last)) => *last = ssn,
                None if is_full => return false,
                None => skipped.push((stream, ssn)),
            }
            true
        });
        let Some(point) = point.filter(|_| most > 0) else {
            self.due.forward_tsn = most == 0;
            return;
        };
        put_chunk(out, ChunkType::FORWARD_TSN, 0, |out| {
            out.extend_from_slice(&point.0.to_be_bytes());
            for (stream, ssn) in &skipped {
                out.extend_from_slice(&stream.to_be_bytes());
                out.extend_from_slice(&ssn.to_be_bytes());
            }
        });
        if !self.timers.is_running(Timer::Retransmission) {
            self.restart_retransmission_timer();
        }
    }

    fn put_heartbeat(&mut self, out: &mut Vec<u8>) {
        let number = self.rng.next_u64();
        self.heartbeat = Some((number, self.now));
        put_chunk(out, ChunkType::HEARTBEAT, 0, |out| {
            out.extend_from_slice(&HEARTBEAT_INFO.to_be_bytes());
            out.extend_from_slice(&12_u16.to_be_bytes());
            out.extend_from_slice(&number.to_be_bytes());
        });
    }

    fn put_all_data(&mut self, end: usize, out: &mut Vec<u8>) {
        let start = out.len();
        self.put_lost_data(end, out);
        if self.flight.first_lost().is_none() {
            self.put_new_data(end, out);
        }
        if out.len() == start {
            return;
        }
        if self.timers.is_running(Timer::Retransmission) {
            self.schedule_probe();
        } else {
            self.restart_retransmission_timer();
        }
    }

    /// Lost chunks go first (section 6.1 C), within the congestion window; the first packet after
    /// a loss was found goes regardless (section 7.2.4, step 3).
    fn put_lost_data(&mut self, end: usize, out: &mut Vec<u8>) {
        let is_urgent = std::mem::take(&mut self.due.fast_retransmission);
        while let Some((_, len)) = self.flight.first_lost() {
            let is_full = !is_urgent && self.flight.bytes() >= self.congestion.window();
            if out.len() + DATA_HEADER_LEN + padded(len) > end || is_full {
                break;
            }
            let Some((tsn, fragment)) = self.flight.resend_first_lost(self.now) else {
                break;
            };
            put_data(out, &data_header(tsn, fragment, 0), &fragment.payload);
        }
    }

    fn put_new_data(&mut self, end: usize, out: &mut Vec<u8>) {
        while !self.queue.is_empty() && self.flight.bytes() < self.congestion.window() {
            let room = end.saturating_sub(out.len() + DATA_HEADER_LEN) / 4 * 4;
            let window = self.peer_window();
            let room = if self.may_probe_window() {
                room
            } else {
                room.min(window)
            };
            let is_tail = out.len() > end - self.config.max_packet_size + COMMON_HEADER_LEN;
            // Neither the rest of a packet nor that of the peer's window is worth a tiny chunk.
            let is_rest = is_tail || (window > 0 && self.flight.bytes() > 0);
            if room == 0 || (is_rest && room < MIN_FRAGMENT) {
                break;
            }
            let Some(fragment) = self.cut_fragment(room) else {
                break;
            };
            let payload = fragment.payload.clone();
            // Nothing follows: the peer need not wait for a second packet (RFC 9260 section 6.2).
            let immediate = if self.queue.is_empty() {
                Data::IMMEDIATE
            } else {
                0
            };
            let next = self.flight.next_tsn();
            put_data(out, &data_header(next, &fragment, immediate), &payload);
            self.flight.push(self.now, fragment);
            self.stats.chunks_sent += 1;
        }
    }

    /// Whether a closed window is probed now: one chunk at a time, and not sooner than the peer could
    /// have told that it is open (section 6.1 A).
    fn may_probe_window(&mut self) -> bool {
        if self.peer_window() > 0 || self.flight.bytes() > 0 {
            return false;
        }
        if !self.timers.is_running(Timer::WindowProbe) && !self.due.window_probe {
            self.timers
                .start(Timer::WindowProbe, self.now + self.rto.current());
        }
        std::mem::take(&mut self.due.window_probe)
    }

    fn cut_fragment(&mut self, room: usize) -> Option<Fragment> {
        let (flight, events) = (&mut self.flight, &mut self.events);
        let (stats, now) = (&mut self.stats, self.now);
        let mut expired = false;
        let fragment = self.queue.next_fragment(
            self.now,
            room,
            |rest| {
                flight.push_abandoned(now, rest);
                stats.messages_abandoned += 1;
                expired = true;
            },
            |stream| events.push_back(Event::BufferedAmountLow(stream)),
        );
        self.due.forward_tsn |= expired;
        fragment
    }

    fn has_sendable_data(&mut self) -> bool {
        let has_room =
            self.due.fast_retransmission || self.flight.bytes() < self.congestion.window();
        has_room && (self.flight.first_lost().is_some() || !self.queue.is_empty())
    }
}

fn data_header(tsn: Tsn, fragment: &Fragment, more_flags: u8) -> DataHeader {
    DataHeader {
        tsn,
        stream: fragment.stream,
        ssn: fragment.ssn,
        ppid: fragment.ppid,
        flags: fragment.flags | more_flags,
    }
}
