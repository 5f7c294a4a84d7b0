//! Bytes as operations on two sessions that talk to each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_rtp::payload::{Format, OutgoingFrame};
use tidewire_rtp::{Packet, is_rtcp};

use super::{assert_rests, receiver, sender, session};
use crate::ids::{EncodingId, ReceiverId, SenderId, StreamId};
use crate::session::FrameInfo;
use crate::{Delivery, Event, Media, SequenceExtender, Session};

/// Packets on their way at most.
const MAX_ON_THE_WAY: usize = 64;
/// Senders and receivers ever added to a session.
const MAX_ADDED: usize = 24;

/// Lets each byte of `data` be an operation on one of two sessions, or on the packets between them. Every
/// frame that is delivered was sent.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn media_operations(now: Instant, data: &[u8]) {
    let mut now = now;
    let mut ends = [End::new(now, 1), End::new(now, 2)];
    let mut sent = BTreeSet::new();
    for pair in data.chunks(2) {
        let (operation, argument) = (pair[0], pair.get(1).copied().unwrap_or_default());
        now += Duration::from_millis(u64::from(operation >> 5) * 3);
        let at = usize::from(operation & 1);
        ends[at].step(now, operation >> 1 & 15, argument, &mut sent);
        let [one, other] = &mut ends;
        one.drain(now, &mut other.on_the_way, &sent);
        other.drain(now, &mut one.on_the_way, &sent);
    }
}

struct End {
    session: Session,
    senders: Vec<SenderId>,
    receivers: Vec<ReceiverId>,
    extenders: BTreeMap<u32, SequenceExtender>,
    on_the_way: VecDeque<Vec<u8>>,
    last_timestamp: u32,
    next_ssrc: u32,
}

impl End {
    fn new(now: Instant, seed: u64) -> Self {
        let mut end = Self {
            session: session(now, seed),
            senders: Vec::new(),
            receivers: Vec::new(),
            extenders: BTreeMap::new(),
            on_the_way: VecDeque::new(),
            last_timestamp: 0,
            // They meet before long.
            next_ssrc: seed as u32 * 40,
        };
        end.add(0);
        end
    }

    fn step(
        &mut self,
        now: Instant,
        operation: u8,
        argument: u8,
        sent: &mut BTreeSet<(u8, usize)>,
    ) {
        let pick = usize::from(argument);
        match operation {
            0 => self.add(argument),
            1 => self.update_sender(pick),
            2 => self.update_receiver(now, pick),
            3 => {
                if let Some(sender) = self.senders.get(pick).copied() {
                    self.session.remove_sender(sender);
                }
            }
            4 => {
                if let Some(receiver) = self.receivers.get(pick).copied() {
                    self.session.remove_receiver(receiver);
                }
            }
            5 => drop(self.on_the_way.pop_front()),
            6 => self.on_the_way.rotate_left(pick.min(self.on_the_way.len())),
            7 => {
                let again = self.on_the_way.front().cloned();
                again
                    .into_iter()
                    .for_each(|packet| self.handle(now, packet));
            }
            8 => self.session.set_reduced_size(argument & 1 == 1),
            9 => self.ask_for_key_frames(now),
            10 | 11 => {
                if let Some(packet) = self.on_the_way.pop_front() {
                    self.handle(now, packet);
                }
            }
            12 => {
                let all = std::mem::take(&mut self.on_the_way);
                all.into_iter().for_each(|packet| self.handle(now, packet));
            }
            _ => self.send(now, argument, sent),
        }
        self.session.handle_timeout(now);
    }

    fn add(&mut self, argument: u8) {
        if self.senders.len() == MAX_ADDED {
            return;
        }
        let mid = self.senders.len() as u8;
        let config = sender(mid, Format::Vp9, self.next_ssrc, argument & 1 == 0);
        self.next_ssrc += 4;
        self.senders.push(self.session.add_sender(config));
        let config = receiver(mid, Format::Vp9, delivery(argument));
        self.receivers.push(self.session.add_receiver(config));
    }

    fn update_sender(&mut self, pick: usize) {
        let at = pick % self.senders.len();
        let ssrc = self.next_ssrc.saturating_sub(pick as u32 & 0xc);
        let config = sender(at as u8, Format::Vp9, ssrc, pick & 1 == 0);
        self.session.update_sender(self.senders[at], config);
    }

    fn update_receiver(&mut self, now: Instant, pick: usize) {
        let at = pick % self.receivers.len();
        let config = receiver(at as u8, Format::Vp9, delivery(pick as u8));
        self.session
            .update_receiver(now, self.receivers[at], config);
    }

    fn ask_for_key_frames(&mut self, now: Instant) {
        for receiver in self.receivers.clone() {
            let all: Vec<u32> = self
                .session
                .receiver_stats(receiver)
                .map(|stats| stats.ssrc)
                .collect();
            for ssrc in all {
                self.session
                    .request_key_frame(now, StreamId { receiver, ssrc });
            }
        }
    }

    fn send(&mut self, now: Instant, argument: u8, sent: &mut BTreeSet<(u8, usize)>) {
        let sender = self.senders[usize::from(argument >> 1) % self.senders.len()];
        let index = usize::from(argument & 1);
        let len = 1 + usize::from(argument) * 40;
        let mut data = vec![argument; len];
        // A frame of VP9 that is none to begin with, or one that is.
        data[0] = if argument & 4 == 0 { 0x86 } else { 0x82 };
        self.last_timestamp = self.last_timestamp.wrapping_add(3000);
        let info = FrameInfo {
            timestamp: self.last_timestamp,
            is_key: argument & 4 != 0,
            ..FrameInfo::default()
        };
        let id = EncodingId { sender, index };
        let frame = OutgoingFrame::new(data.into());
        if self.session.send_frame(now, id, frame, &info).is_ok() {
            sent.insert((argument, len));
        }
    }

    fn handle(&mut self, now: Instant, packet: Vec<u8>) {
        if is_rtcp(&packet) {
            return self.session.handle_rtcp(now, &packet);
        }
        let parsed = Packet::parse(&packet).expect("a packet of ours");
        let extender = self.extenders.entry(parsed.ssrc()).or_default();
        let sequence = extender.extend(parsed.sequence_number());
        self.session.handle_rtp(now, sequence, Bytes::from(packet));
    }

    fn drain(
        &mut self,
        now: Instant,
        to_other: &mut VecDeque<Vec<u8>>,
        sent: &BTreeSet<(u8, usize)>,
    ) {
        assert_rests(&mut self.session, now, |packet| {
            if to_other.len() < MAX_ON_THE_WAY {
                to_other.push_back(packet);
            }
        });
        while let Some(received) = self.session.poll_received() {
            if let Media::Frame(frame) = received.media {
                let data = &frame.frame.data;
                let number = data.last().copied().expect("a frame is not empty");
                assert!(data[1..].iter().all(|byte| *byte == number));
                assert!(data.len() == 1 || sent.contains(&(number, data.len())));
            }
        }
        while let Some(event) = self.session.poll_event() {
            if let Event::SsrcChanged(id) = event {
                assert!(self.senders.contains(&id.sender));
            }
        }
    }
}

fn delivery(argument: u8) -> Delivery {
    match argument >> 1 & 3 {
        0 | 1 => Delivery::Frames,
        2 => Delivery::Packets,
        _ => Delivery::OrderedPackets,
    }
}
