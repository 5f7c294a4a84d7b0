//! Every chunk cut at every length, with its length and checksum put right, so that it is the
//! parser that decides.

use std::time::Duration;

use bytes::Bytes;
use tidewire_netsim::LinkConfig;

use super::pair::{Pair, assert_transfers, chunks_of, packet};
use crate::wire::{
    COMMON_HEADER_LEN, ChunkType, ReconfigParameter, finish_packet, padded, put_chunk,
};
use crate::{Event, Reliability, SendOptions, StreamId};

/// A pair in a fitting state, and a good packet that is on its way to one of them.
struct Scene {
    pair: Pair,
    to: usize,
    packet: Bytes,
    kind: ChunkType,
}

/// What becomes of a value that is too short.
#[derive(Clone, Copy)]
enum Refusal {
    Malformed,
    Cookie,
    /// It says nothing, and does nothing.
    Silent,
}

/// Longer than any value: nothing but the whole of it is taken.
const WHOLE: usize = usize::MAX;

/// A name, a scene, the shortest value that is taken, and what becomes of shorter ones.
type Case = (&'static str, fn() -> Scene, usize, Refusal);

const CASES: [Case; 22] = [
    (
        "INIT before there is anything",
        first_init,
        16,
        Refusal::Malformed,
    ),
    ("INIT to an association", late_init, 16, Refusal::Malformed),
    // Up to the end of the cookie.
    ("INIT ACK", init_ack, 16 + 4 + 58, Refusal::Malformed),
    ("COOKIE ECHO", cookie_echo, WHOLE, Refusal::Cookie),
    ("COOKIE ACK", cookie_ack, 0, Refusal::Silent),
    ("DATA", data, 12, Refusal::Malformed),
    ("SACK", sack, WHOLE, Refusal::Malformed),
    ("HEARTBEAT", || heartbeat(false), 0, Refusal::Silent),
    ("HEARTBEAT ACK", || heartbeat(true), 12, Refusal::Silent),
    ("ABORT", abort, 0, Refusal::Silent),
    ("SHUTDOWN", shutdown, 4, Refusal::Malformed),
    ("SHUTDOWN ACK", || shutting_down(false), 0, Refusal::Silent),
    (
        "SHUTDOWN COMPLETE",
        || shutting_down(true),
        0,
        Refusal::Silent,
    ),
    ("ERROR in the handshake", stale_cookie, 4, Refusal::Silent),
    ("ERROR", error, 4, Refusal::Silent),
    ("FORWARD TSN", forward_tsn, 4, Refusal::Malformed),
    (
        "RE-CONFIG, outgoing reset",
        outgoing_reset,
        16,
        Refusal::Silent,
    ),
    ("RE-CONFIG, response", reset_response, 12, Refusal::Silent),
    (
        "RE-CONFIG, incoming reset",
        || {
            reconfig(|request| ReconfigParameter::IncomingReset {
                request,
                streams: vec![4, 5],
            })
        },
        12,
        Refusal::Silent,
    ),
    (
        "RE-CONFIG, TSN reset",
        || reconfig(|request| ReconfigParameter::TsnReset { request }),
        8,
        Refusal::Silent,
    ),
    (
        "RE-CONFIG, more outgoing streams",
        || reconfig(|request| ReconfigParameter::AddOutgoing { request }),
        12,
        Refusal::Silent,
    ),
    (
        "RE-CONFIG, more incoming streams",
        || reconfig(|request| ReconfigParameter::AddIncoming { request }),
        12,
        Refusal::Silent,
    ),
];

#[test]
fn every_chunk_is_taken_or_refused_at_every_length() {
    for (name, scene, shortest, refusal) in CASES {
        let whole = scene().value().len();
        let shortest = shortest.min(whole);
        for len in 0..=whole {
            let mut scene = scene();
            let cut = scene.cut(len, 4 + len);
            let before = scene.pair.ends[scene.to].stats().dropped;
            let now = scene.pair.now;
            scene.pair.ends[scene.to].handle_packet(now, cut);
            let after = scene.pair.ends[scene.to].stats().dropped;
            let refused = u64::from(len < shortest);
            let (malformed, cookies) = match refusal {
                Refusal::Malformed => (refused, 0),
                Refusal::Cookie => (0, refused),
                Refusal::Silent => (0, 0),
            };
            let context = format!("{name}, {len} of {whole} bytes: {after:?}");
            assert_eq!(after.malformed, before.malformed + malformed, "{context}");
            assert_eq!(after.cookie, before.cookie + cookies, "{context}");
            scene.go_on(len, &context);
        }
    }
}

#[test]
fn chunks_that_claim_more_than_there_is_are_malformed() {
    for (name, scene, _, _) in CASES {
        let whole = scene().value().len();
        for len in (0..whole).filter(|len| padded(*len) < whole) {
            expect_malformed(scene(), len, 4 + whole, name);
        }
    }
}

#[test]
fn chunks_that_claim_less_than_a_header_are_malformed() {
    for (name, scene, _, _) in CASES {
        for field in 0..4 {
            let scene = scene();
            let len = scene.value().len();
            expect_malformed(scene, len, field, name);
        }
    }
}

fn expect_malformed(mut scene: Scene, len: usize, field: usize, name: &str) {
    let cut = scene.cut(len, field);
    let before = scene.pair.ends[scene.to].stats().dropped.malformed;
    scene.pair.ends[scene.to].handle_packet(scene.pair.now, cut);
    let after = scene.pair.ends[scene.to].stats().dropped.malformed;
    assert_eq!(after, before + 1, "{name}, {len} bytes that claim {field}");
    let is_ending = [
        ChunkType::SHUTDOWN_ACK,
        ChunkType::SHUTDOWN_COMPLETE,
        ChunkType::ABORT,
    ];
    if !is_ending.contains(&scene.kind) {
        assert_transfers(&mut scene.pair);
    }
}

impl Scene {
    fn new(pair: Pair, to: usize, packets: &[Bytes], kind: ChunkType) -> Self {
        let holds = |packet: &&Bytes| !chunks_of(std::slice::from_ref(*packet), kind).is_empty();
        let packet = packets.iter().find(holds).expect("the chunk").clone();
        Self {
            pair,
            to,
            packet,
            kind,
        }
    }

    /// With a chunk of our making.
    fn made(pair: Pair, to: usize, kind: ChunkType, value: &[u8]) -> Self {
        let made = packet(&pair, to, |out| {
            put_chunk(out, kind, 0, |out| out.extend_from_slice(value));
        });
        Self::new(pair, to, &[made], kind)
    }

    fn value(&self) -> Bytes {
        chunks_of(std::slice::from_ref(&self.packet), self.kind)[0]
            .value
            .clone()
    }

    /// The packet with the first `len` bytes of the chunk's value alone, and that length field.
    fn cut(&self, len: usize, field: usize) -> Bytes {
        let chunk = &chunks_of(std::slice::from_ref(&self.packet), self.kind)[0];
        let mut cut = self.packet[..COMMON_HEADER_LEN].to_vec();
        cut[8..].fill(0);
        let [high, low] = (field as u16).to_be_bytes();
        cut.extend_from_slice(&[chunk.kind.0, chunk.flags, high, low]);
        cut.extend_from_slice(&chunk.value[..len]);
        cut.resize(padded(cut.len()), 0);
        finish_packet(0, &mut cut);
        cut.into()
    }

    /// The association lives on, unless that was the message.
    fn go_on(mut self, len: usize, context: &str) {
        let ends = match self.kind {
            ChunkType::ABORT | ChunkType::SHUTDOWN_ACK | ChunkType::SHUTDOWN_COMPLETE => true,
            ChunkType::SHUTDOWN => len == 4,
            ChunkType::DATA => len == 12,
            _ => false,
        };
        if ends {
            self.pair.run_for(Duration::from_secs(600));
            let last = self.pair.events[self.to].last();
            assert!(
                matches!(last, Some(Event::Closed(_))),
                "{context}, {last:?}"
            );
        } else {
            assert_transfers(&mut self.pair);
        }
    }
}

fn connected() -> Pair {
    Pair::connected(1, &LinkConfig::default())
}

/// Hands the packets of one end to the other.
fn hand_over(pair: &mut Pair, packets: &[Bytes], to: usize) {
    for packet in packets {
        pair.ends[to].handle_packet(pair.now, packet.clone());
    }
}

fn first_init() -> Scene {
    let mut pair = Pair::new(1, &LinkConfig::default());
    pair.ends[0].connect(pair.now);
    let init = pair.packets(0);
    Scene::new(pair, 1, &init, ChunkType::INIT)
}

fn late_init() -> Scene {
    let init = first_init().packet;
    Scene::new(connected(), 1, &[init], ChunkType::INIT)
}

/// The answer to an INIT with a parameter that nobody knows.
fn init_ack() -> Scene {
    let mut scene = first_init();
    let value = [&scene.value()[..], &[0xC1, 0x23, 0, 6, 1, 2, 0, 0]].concat();
    let mut init = scene.packet[..COMMON_HEADER_LEN].to_vec();
    init[8..].fill(0);
    put_chunk(&mut init, ChunkType::INIT, 0, |out| {
        out.extend_from_slice(&value);
    });
    finish_packet(0, &mut init);
    hand_over(&mut scene.pair, &[init.into()], 1);
    let init_ack = scene.pair.packets(1);
    Scene::new(scene.pair, 0, &init_ack, ChunkType::INIT_ACK)
}

fn cookie_echo() -> Scene {
    let Scene {
        mut pair, packet, ..
    } = init_ack();
    hand_over(&mut pair, &[packet], 0);
    let cookie_echo = pair.packets(0);
    Scene::new(pair, 1, &cookie_echo, ChunkType::COOKIE_ECHO)
}

fn cookie_ack() -> Scene {
    let Scene {
        mut pair, packet, ..
    } = cookie_echo();
    hand_over(&mut pair, &[packet], 1);
    let cookie_ack = pair.packets(1);
    Scene::new(pair, 0, &cookie_ack, ChunkType::COOKIE_ACK)
}

fn stale_cookie() -> Scene {
    let cause = [0, 3, 0, 8, 0, 0, 0, 1];
    Scene::made(cookie_echo().pair, 0, ChunkType::ERROR, &cause)
}

fn error() -> Scene {
    let causes = [0, 6, 0, 8, 0xFF, 0, 0, 4, 0, 1, 0, 8, 0, 9, 0, 0];
    Scene::made(connected(), 1, ChunkType::ERROR, &causes)
}

fn data() -> Scene {
    let mut pair = connected();
    pair.send(0, 1, "forty-two");
    let data = pair.packets(0);
    Scene::new(pair, 1, &data, ChunkType::DATA)
}

/// Of five packets the first is lost and the third repeated.
fn sack() -> Scene {
    let mut pair = connected();
    pair.send(0, 1, vec![7; 5 * 1100]);
    let data = pair.packets(0);
    assert!(data.len() >= 4, "{} packets", data.len());
    hand_over(&mut pair, &[&data[1..], &data[2..3]].concat(), 1);
    let sack = pair.packets(1);
    let scene = Scene::new(pair, 0, &sack, ChunkType::SACK);
    assert_eq!(scene.value().len(), 12 + 4 + 4, "a gap and a duplicate");
    scene
}

fn heartbeat(answered: bool) -> Scene {
    let mut pair = connected();
    pair.now += Duration::from_secs(31);
    pair.ends[0].handle_timeout(pair.now);
    let heartbeat = pair.packets(0);
    if !answered {
        return Scene::new(pair, 1, &heartbeat, ChunkType::HEARTBEAT);
    }
    hand_over(&mut pair, &heartbeat, 1);
    let answer = pair.packets(1);
    Scene::new(pair, 0, &answer, ChunkType::HEARTBEAT_ACK)
}

fn abort() -> Scene {
    let mut pair = connected();
    pair.ends[0].abort(pair.now);
    let abort = pair.packets(0);
    Scene::new(pair, 1, &abort, ChunkType::ABORT)
}

/// Out of the blue: whoever is said to have sent it lives on where it is refused.
fn shutdown() -> Scene {
    let pair = connected();
    let last = pair.ends[0].next_tsn_from_peer().previous();
    Scene::made(pair, 1, ChunkType::SHUTDOWN, &last.0.to_be_bytes())
}

fn shutting_down(complete: bool) -> Scene {
    let mut pair = connected();
    pair.ends[0].shutdown(pair.now);
    let shutdown = pair.packets(0);
    hand_over(&mut pair, &shutdown, 1);
    let ack = pair.packets(1);
    if !complete {
        return Scene::new(pair, 0, &ack, ChunkType::SHUTDOWN_ACK);
    }
    hand_over(&mut pair, &ack, 0);
    let complete = pair.packets(0);
    Scene::new(pair, 1, &complete, ChunkType::SHUTDOWN_COMPLETE)
}

/// Two messages are lost and given up on.
fn forward_tsn() -> Scene {
    let mut pair = connected();
    let options = SendOptions {
        unordered: false,
        reliability: Reliability::MaxRetransmits(0),
    };
    pair.send_with(0, 1, "lost", options);
    pair.send_with(0, 2, "lost, too", options);
    pair.packets(0);
    for _ in 0..20 {
        pair.now = pair.ends[0].poll_timeout().expect("a timer");
        pair.ends[0].handle_timeout(pair.now);
        let packets = pair.packets(0);
        if !chunks_of(&packets, ChunkType::FORWARD_TSN).is_empty() {
            return Scene::new(pair, 1, &packets, ChunkType::FORWARD_TSN);
        }
    }
    panic!("there is no FORWARD TSN");
}

fn outgoing_reset() -> Scene {
    let mut pair = connected();
    for stream in 4..7 {
        pair.ends[0].reset_stream(pair.now, StreamId(stream));
    }
    let reset = pair.packets(0);
    Scene::new(pair, 1, &reset, ChunkType::RECONFIG)
}

fn reset_response() -> Scene {
    let Scene {
        mut pair, packet, ..
    } = outgoing_reset();
    hand_over(&mut pair, &[packet], 1);
    let response = pair.packets(1);
    Scene::new(pair, 0, &response, ChunkType::RECONFIG)
}

fn reconfig(parameter: impl FnOnce(u32) -> ReconfigParameter) -> Scene {
    let pair = connected();
    let mut value = Vec::new();
    parameter(pair.ends[1].next_request_from_peer()).put(&mut value);
    Scene::made(pair, 1, ChunkType::RECONFIG, &value)
}
