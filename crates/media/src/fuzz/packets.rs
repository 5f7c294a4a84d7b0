//! Bytes as packets of a peer.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tidewire_rtp::{Header, Packet, is_rtcp};

use super::{FORMATS, assert_rests, receiver, sender, session};
use crate::extensions::Extensions;
use crate::ids::{EncodingId, StreamId};
use crate::session::OutgoingPacket;
use crate::{Delivery, SequenceExtender, Session};

/// Lets `data` be the packets of a peer, each `length, time, bytes`: a session with a receiver for each format and
/// a sender stays within its bounds, answers with packets that can be read, and comes to rest.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn media_packets(now: Instant, data: &[u8]) {
    let mut now = now;
    let mut session = session(now, 1);
    let deliveries = [
        Delivery::Frames,
        Delivery::Packets,
        Delivery::OrderedPackets,
    ];
    let mut pick = data.first().copied().unwrap_or_default();
    let receivers = (0..3).map(|at| {
        let format = FORMATS[usize::from(pick / 3) % FORMATS.len()];
        let delivery = deliveries[usize::from(pick) % deliveries.len()];
        pick = pick.wrapping_add(4);
        session.add_receiver(receiver(at, format, delivery))
    });
    let receivers: Vec<_> = receivers.collect();
    let sender = session.add_sender(sender(9, FORMATS[5], 1, true));
    let mut extender = SequenceExtender::default();
    let mut rest = data;
    while let [size, time, after @ ..] = rest {
        let (bytes, after) = after.split_at(after.len().min(usize::from(*size)));
        rest = after;
        now += Duration::from_millis(u64::from(*time) * u64::from(*time) / 16);
        if is_rtcp(bytes) {
            session.handle_rtcp(now, bytes);
        } else {
            let number = Packet::parse(bytes).map(|packet| packet.sequence_number());
            let sequence = extender.extend(number.unwrap_or_default());
            session.handle_rtp(now, sequence, Bytes::copy_from_slice(bytes));
        }
        if *time == 0 {
            send_something(&mut session, now, EncodingId { sender, index: 0 });
        }
        if *time == 1 {
            let ssrc = Packet::parse(bytes).map(|packet| packet.ssrc());
            let receiver = receivers[0];
            let ssrc = ssrc.unwrap_or_default();
            session.request_key_frame(now, StreamId { receiver, ssrc });
        }
        session.handle_timeout(now);
        assert_rests(&mut session, now, |packet| check(&packet));
        while session.poll_event().is_some() {}
    }
    let streams = receivers
        .iter()
        .map(|id| session.receiver_stats(*id).count());
    assert!(
        streams
            .into_iter()
            .all(|count| count <= Session::MAX_STREAMS)
    );
    while session.poll_received().is_some() {}
}

fn send_something(session: &mut Session, now: Instant, id: EncodingId) {
    let packet = OutgoingPacket {
        marker: true,
        payload_type: None,
        sequence_number: None,
        timestamp: 0,
        payload: Bytes::from_static(b"something"),
        extensions: Extensions::new(),
    };
    // Where too many wait, that is what it tells.
    let _ = session.send_packet(now, id, packet);
}

/// What we send can be read.
fn check(packet: &[u8]) {
    if is_rtcp(packet) {
        for part in tidewire_rtp::rtcp::Packets::new(packet) {
            part.expect("our own RTCP packet");
        }
    } else {
        let packet = Packet::parse(packet).expect("our own RTP packet");
        assert_ne!(packet.header(), Header::default());
    }
}
