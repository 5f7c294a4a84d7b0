use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hex_literal::hex;

use super::*;
use crate::config::Init;
use crate::error::CreateError;
use crate::message::Ppid;
use crate::streams::Delivery;
use crate::{OpenMessage, Reliability};

/// An association that only remembers.
#[derive(Debug, Default)]
struct Wire {
    sent: Vec<(u16, Ppid, Bytes, Delivery)>,
    arrived: BTreeMap<u16, VecDeque<(Ppid, Bytes)>>,
    resets: Vec<u16>,
    buffered: BTreeMap<u16, usize>,
    full: bool,
}

impl Streams for Wire {
    fn send(
        &mut self,
        _: Instant,
        stream: u16,
        ppid: Ppid,
        payload: Bytes,
        delivery: Delivery,
    ) -> Result<(), SendError> {
        if self.full {
            return Err(SendError::BufferFull);
        }
        *self.buffered.entry(stream).or_default() += payload.len();
        self.sent.push((stream, ppid, payload, delivery));
        Ok(())
    }

    fn receive(&mut self, stream: u16) -> Option<(Ppid, Bytes)> {
        self.arrived.get_mut(&stream)?.pop_front()
    }

    fn peek(&self, stream: u16) -> Option<Ppid> {
        Some(self.arrived.get(&stream)?.front()?.0)
    }

    fn reset(&mut self, stream: u16) {
        self.resets.push(stream);
    }

    fn buffered_amount(&self, stream: u16) -> usize {
        self.buffered.get(&stream).copied().unwrap_or_default()
    }

    fn set_buffered_amount_low_threshold(&mut self, _: u16, _: usize) {}

    fn set_priority(&mut self, _: u16, _: u16) {}
}

const ACK: &[u8] = &hex!("02");
/// Ordered, reliable, label "a".
const OPEN: &[u8] = &hex!("03 00 0100 00000000 0001 0000 61");

struct Peer {
    wire: Wire,
    channels: Channels,
    now: Instant,
}

impl Peer {
    fn new(config: Config) -> Self {
        Self {
            wire: Wire::default(),
            channels: Channels::new(config),
            now: tidewire_netsim::start(),
        }
    }

    fn connected(role: Role) -> Self {
        let mut peer = Self::new(Config::default());
        peer.set_role(role);
        peer.connect();
        peer
    }

    fn set_role(&mut self, role: Role) {
        self.channels.set_role(&mut self.wire, self.now, role);
    }

    fn connect(&mut self) {
        let count = MAX_STREAMS;
        self.channels
            .handle_connected(&mut self.wire, self.now, count);
    }

    fn create(&mut self, label: &str, init: Init) -> Result<ChannelId, CreateError> {
        self.channels.create(&mut self.wire, self.now, label, &init)
    }

    fn open(&mut self, label: &str) -> ChannelId {
        self.create(label, Init::default()).unwrap()
    }

    fn arrive(&mut self, stream: u16, ppid: u32, payload: &[u8]) {
        let message = (Ppid(ppid), Bytes::copy_from_slice(payload));
        self.wire
            .arrived
            .entry(stream)
            .or_default()
            .push_back(message);
        self.channels
            .handle_readable(&mut self.wire, self.now, stream);
    }

    fn send(&mut self, id: ChannelId, message: impl Into<Message>) -> Result<(), SendError> {
        self.channels
            .send(&mut self.wire, self.now, id, message.into())
    }

    fn receive(&mut self, id: ChannelId) -> Option<Message> {
        self.channels.receive(&mut self.wire, id)
    }

    fn close(&mut self, id: ChannelId) {
        self.channels.close(&mut self.wire, id);
    }

    fn peer_resets(&mut self, stream: u16) {
        self.channels.handle_incoming_reset(&mut self.wire, stream);
    }

    fn reset_done(&mut self, stream: u16) {
        self.channels.handle_outgoing_reset(&mut self.wire, stream);
    }

    fn events(&mut self) -> Vec<ChannelEvent> {
        std::iter::from_fn(|| self.channels.poll_event()).collect()
    }

    fn stream(&self, id: ChannelId) -> Option<u16> {
        self.channels.get(id).and_then(|channel| channel.stream)
    }

    fn incoming(&mut self) -> ChannelId {
        let events = self.events();
        let Some(ChannelEvent::Incoming(id)) = events.first() else {
            panic!("no incoming channel: {events:?}");
        };
        *id
    }

    /// Both halves are reset, the peer's first.
    fn finish_closing(&mut self, stream: u16) {
        self.peer_resets(stream);
        self.reset_done(stream);
    }
}

#[test]
fn a_channel_opens_with_the_association_and_says_so_on_the_wire() {
    let mut peer = Peer::new(Config::default());
    peer.set_role(Role::DtlsClient);
    let id = peer.open("a");
    assert!(peer.wire.sent.is_empty());
    assert_eq!(peer.send(id, "early"), Err(SendError::NotOpen));
    peer.connect();
    let (stream, ppid, payload, delivery) = &peer.wire.sent[0];
    assert_eq!((*stream, *ppid), (0, Ppid::DCEP));
    assert_eq!(payload, OPEN);
    assert_eq!(*delivery, Delivery::CONTROL);
    assert_eq!(peer.events(), [ChannelEvent::Opened(id)]);
}

#[test]
fn streams_are_chosen_by_role_once_it_is_known() {
    let mut peer = Peer::new(Config::default());
    peer.connect();
    let first = peer.open("a");
    let negotiated = Init {
        negotiated: Some(1),
        ..Init::default()
    };
    let agreed = peer.create("n", negotiated.clone()).unwrap();
    let second = peer.open("b");
    assert_eq!(peer.events(), [ChannelEvent::Opened(agreed)]);
    assert_eq!(peer.stream(first), None);
    peer.set_role(Role::DtlsServer);
    assert_eq!(peer.stream(first), Some(3));
    assert_eq!(peer.stream(second), Some(5));
    assert_eq!(
        peer.wire.sent.len(),
        2,
        "nothing is said of a negotiated one"
    );
    let error = peer.create("n", negotiated);
    assert_eq!(error, Err(CreateError::StreamInUse(1)));
    let beyond = Init {
        negotiated: Some(65_535),
        ..Init::default()
    };
    let error = peer.create("n", beyond);
    assert_eq!(error, Err(CreateError::NoSuchStream(65_535)));
}

#[test]
fn the_peer_opens_a_channel_and_gets_its_ack() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(2, 50, OPEN);
    let (stream, ppid, payload, delivery) = &peer.wire.sent[0];
    assert_eq!((*stream, *ppid, &payload[..]), (2, Ppid::DCEP, ACK));
    assert_eq!(*delivery, Delivery::CONTROL);
    let id = ChannelId(0);
    let opened = [ChannelEvent::Incoming(id), ChannelEvent::Opened(id)];
    assert_eq!(peer.events(), opened);
    let channel = peer.channels.get(id).unwrap();
    assert_eq!((&*channel.label, channel.stream), ("a", Some(2)));
    assert_eq!(channel.state, State::Open);
}

#[test]
fn messages_are_ordered_until_the_peer_is_heard() {
    let unordered = Init {
        ordered: false,
        reliability: Reliability::MaxLifetime(Duration::from_millis(7)),
        ..Init::default()
    };
    for (ppid, payload) in [(50, ACK), (51, b"hi"), (57, b"\0"), (54, b"part")] {
        let mut peer = Peer::connected(Role::DtlsClient);
        let id = peer.create("u", unordered.clone()).unwrap();
        peer.send(id, "before").unwrap();
        peer.arrive(0, ppid, payload);
        peer.send(id, "after").unwrap();
        let ordered = |index: usize| peer.wire.sent[index].3.ordered;
        assert_eq!([0, 1, 2].map(ordered), [true, true, false]);
        assert_eq!(peer.wire.sent[1].3.reliability, unordered.reliability);
    }
}

#[test]
fn messages_of_all_kinds_are_received_in_order() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let id = peer.incoming();
    peer.arrive(0, 51, b"text");
    peer.arrive(0, 53, b"\xff");
    peer.arrive(0, 56, b"ignored");
    peer.arrive(0, 57, b"\0");
    assert_eq!(peer.events(), [ChannelEvent::Readable(id)]);
    assert_eq!(peer.receive(id), Some(Message::from("text")));
    let binary = Message::Binary(Bytes::from_static(b"\xff"));
    assert_eq!(peer.receive(id), Some(binary));
    assert_eq!(peer.receive(id), Some(Message::from("")));
    assert_eq!(peer.receive(id), Some(Message::Binary(Bytes::new())));
    assert_eq!(peer.receive(id), None);
    let stats = peer.channels.get(id).unwrap().stats;
    assert_eq!((stats.messages_received, stats.bytes_received), (4, 5));
    peer.arrive(0, 51, b"again");
    assert_eq!(peer.events(), [ChannelEvent::Readable(id)]);
}

#[test]
fn what_is_not_received_stays_in_the_association() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    for _ in 0..10 {
        peer.arrive(0, 51, b"text");
    }
    assert_eq!(peer.wire.arrived[&0].len(), 10);
}

#[test]
fn fragments_are_put_together() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let id = peer.incoming();
    peer.arrive(0, 54, b"one ");
    peer.arrive(0, 54, b"two ");
    assert_eq!(peer.receive(id), None);
    peer.arrive(0, 51, b"three");
    assert_eq!(peer.receive(id), Some(Message::from("one two three")));
    peer.arrive(0, 52, b"a");
    peer.arrive(0, 53, b"b");
    let binary = Message::Binary(Bytes::from_static(b"ab"));
    assert_eq!(peer.receive(id), Some(binary));
    assert_eq!(peer.channels.fragments_total, 0);
}

#[test]
fn fragments_that_do_not_fit_cost_the_channel() {
    let parts: [&[(u32, usize)]; 3] = [
        &[(54, 1), (53, 1)],
        &[(54, 1), (52, 1)],
        &[(52, 8), (52, 8), (53, 1)],
    ];
    for parts in parts {
        let mut peer = Peer::new(Config {
            max_fragmented_message: 16,
            ..Config::default()
        });
        peer.connect();
        peer.arrive(0, 50, OPEN);
        let id = peer.incoming();
        for (ppid, len) in parts {
            peer.arrive(0, *ppid, &vec![b'x'; *len]);
        }
        assert_eq!(peer.receive(id), None);
        assert_eq!(peer.channels.stats.faults.fragments, 1);
        assert_eq!(peer.wire.resets, [0]);
        assert_eq!(peer.channels.fragments_total, 0);
    }
}

#[test]
fn fragments_of_all_channels_share_a_bound() {
    let mut peer = Peer::new(Config {
        max_fragments_total: 20,
        ..Config::default()
    });
    peer.connect();
    for stream in 0..3 {
        peer.arrive(stream, 50, OPEN);
        peer.arrive(stream, 52, b"12345678");
    }
    assert_eq!(peer.channels.fragments_total, 16);
    assert_eq!(peer.wire.resets, [2]);
}

#[test]
fn closing_resets_both_halves_and_then_frees_the_stream() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let id = peer.open("a");
    peer.events();
    peer.close(id);
    assert_eq!(peer.wire.resets, [0]);
    assert_eq!(peer.events(), [ChannelEvent::Closing(id)]);
    assert_eq!(peer.send(id, "late"), Err(SendError::NotOpen));
    peer.reset_done(0);
    let other = peer.open("b");
    assert_eq!(
        peer.stream(other),
        Some(2),
        "the peer's half is not reset yet"
    );
    peer.peer_resets(0);
    let expected = [ChannelEvent::Opened(other), ChannelEvent::Closed(id)];
    let mut events = peer.events();
    events.sort_by_key(|event| *event == ChannelEvent::Closed(id));
    assert_eq!(events, expected);
    assert!(
        peer.channels.get(id).is_none(),
        "an ended channel is forgotten"
    );
    let reused = peer.open("c");
    assert_eq!(peer.stream(reused), Some(0));
}

#[test]
fn a_closed_channel_is_known_until_the_event_after_its_last() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let id = peer.open("a");
    peer.events();
    peer.close(id);
    peer.finish_closing(0);
    assert_eq!(peer.channels.poll_event(), Some(ChannelEvent::Closing(id)));
    assert_eq!(peer.channels.poll_event(), Some(ChannelEvent::Closed(id)));
    assert_eq!(peer.channels.get(id).unwrap().state, State::Closed);
    assert_eq!(peer.channels.poll_event(), None);
    assert!(peer.channels.get(id).is_none());
}

#[test]
fn the_peers_last_messages_come_before_the_end() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let id = peer.incoming();
    peer.arrive(0, 51, b"last");
    peer.peer_resets(0);
    assert!(peer.wire.resets.is_empty());
    let told = [ChannelEvent::Readable(id), ChannelEvent::Closing(id)];
    assert_eq!(peer.events(), told);
    assert_eq!(peer.receive(id), Some(Message::from("last")));
    assert_eq!(peer.wire.resets, [0]);
    peer.reset_done(0);
    assert_eq!(peer.events(), [ChannelEvent::Closed(id)]);
}

#[test]
fn what_arrives_after_closing_is_thrown_away() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let id = peer.incoming();
    peer.arrive(0, 51, b"unread");
    peer.close(id);
    peer.arrive(0, 51, b"more");
    assert_eq!(peer.receive(id), None);
    assert!(peer.wire.arrived[&0].is_empty());
}

#[test]
fn a_channel_that_never_connected_just_ends() {
    let mut peer = Peer::new(Config::default());
    let id = peer.open("a");
    peer.close(id);
    assert_eq!(peer.events(), [ChannelEvent::Closed(id)]);
    peer.connect();
    assert!(peer.wire.sent.is_empty() && peer.wire.resets.is_empty());
}

#[test]
fn the_end_of_the_association_ends_all_channels() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let unread = peer.incoming();
    peer.arrive(0, 51, b"last");
    let other = peer.open("b");
    peer.events();
    peer.channels.handle_disconnected(&mut peer.wire);
    let told = [
        ChannelEvent::Closing(unread),
        ChannelEvent::Closing(other),
        ChannelEvent::Closed(other),
    ];
    assert_eq!(peer.events(), told);
    assert_eq!(peer.receive(unread), Some(Message::from("last")));
    assert_eq!(peer.events(), [ChannelEvent::Closed(unread)]);
    let error = peer.create("c", Init::default());
    assert_eq!(error, Err(CreateError::Disconnected));
    assert_eq!(peer.channels.stats.channels_closed, 2);
}

#[test]
fn a_new_association_knows_no_channels() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let old = peer.incoming();
    peer.arrive(0, 51, b"lost");
    peer.channels.handle_renewed(&mut peer.wire);
    assert!(peer.wire.resets.is_empty());
    let told = [
        ChannelEvent::Readable(old),
        ChannelEvent::Closing(old),
        ChannelEvent::Closed(old),
    ];
    let events = peer.events();
    assert!(events.iter().all(|event| told.contains(event)));
    assert!(events.contains(&ChannelEvent::Closed(old)));
    peer.connect();
    peer.arrive(0, 50, OPEN);
    assert_ne!(peer.incoming(), old);
}

#[test]
fn an_open_that_breaks_the_rules_is_answered_with_a_reset() {
    let truncated = &OPEN[..12];
    let unknown_kind = hex!("03 03 0100 00000000 0001 0000 61");
    let cases: [(u16, u32, &[u8]); 6] = [
        (1, 50, OPEN),
        (0, 50, truncated),
        (0, 50, &unknown_kind),
        (0, 50, ACK),
        (0, 51, b"data"),
        (0, 99, b"?"),
    ];
    for (stream, ppid, payload) in cases {
        let mut peer = Peer::connected(Role::DtlsServer);
        peer.arrive(stream, ppid, payload);
        assert_eq!(peer.wire.resets, [stream]);
        assert!(peer.wire.sent.is_empty() && peer.events().is_empty());
        peer.arrive(stream, 51, b"more");
        assert!(peer.wire.arrived[&stream].is_empty());
        peer.finish_closing(stream);
        assert!(peer.channels.uses.is_empty());
    }
}

#[test]
fn a_second_open_on_a_stream_costs_the_channel() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    peer.arrive(0, 50, OPEN);
    assert_eq!(peer.channels.stats.faults.reopened, 1);
    assert_eq!(peer.wire.resets, [0]);
}

#[test]
fn an_unknown_identifier_costs_the_channel() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    peer.arrive(0, 55, b"?");
    assert_eq!(peer.channels.stats.faults.unknown_ppid, 1);
    assert_eq!(peer.wire.resets, [0]);
}

#[test]
fn the_peer_opens_no_more_than_the_bounds_allow() {
    let mut peer = Peer::new(Config {
        max_channels: 2,
        max_incoming_text: 1,
        ..Config::default()
    });
    peer.connect();
    peer.arrive(0, 50, OPEN);
    peer.arrive(1, 50, OPEN);
    assert_eq!(peer.wire.resets, [1], "no room for another label");
    peer.open("own");
    assert_eq!(
        peer.create("more", Init::default()),
        Err(CreateError::TooManyChannels)
    );
    let id = peer.incoming();
    peer.close(id);
    peer.finish_closing(0);
    peer.events();
    peer.arrive(2, 50, OPEN);
    assert_eq!(peer.wire.resets, [1, 0], "there is room again");
}

#[test]
fn a_channel_holds_back_no_more_than_it_may() {
    let mut peer = Peer::new(Config {
        max_buffered: 16,
        ..Config::default()
    });
    peer.set_role(Role::DtlsClient);
    peer.connect();
    let id = peer.open("a");
    peer.wire.buffered.clear();
    assert_eq!(peer.send(id, "a message of many bytes"), Ok(()));
    assert_eq!(peer.send(id, "!"), Err(SendError::BufferFull));
    peer.wire.buffered.clear();
    assert_eq!(peer.send(id, "0123456789abcdef"), Ok(()));
    assert_eq!(peer.send(id, "!"), Err(SendError::BufferFull));
    peer.wire.buffered.clear();
    peer.wire.full = true;
    assert_eq!(peer.send(id, "!"), Err(SendError::BufferFull));
    assert_eq!(peer.channels.get(id).unwrap().stats.messages_sent, 2);
}

#[test]
fn the_buffered_amount_counts_only_the_applications_bytes() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let id = peer.open("a");
    let amount = |peer: &Peer| peer.channels.buffered_amount(&peer.wire, id);
    assert_eq!(amount(&peer), 0);
    peer.channels.handle_buffered_amount_low(0);
    assert_eq!(peer.events(), [ChannelEvent::Opened(id)]);
    peer.send(id, "12345").unwrap();
    assert_eq!(amount(&peer), 5);
    peer.wire.buffered.insert(0, 2);
    assert_eq!(amount(&peer), 2);
    peer.channels.handle_buffered_amount_low(0);
    assert_eq!(peer.events(), [ChannelEvent::BufferedAmountLow(id)]);
}

#[test]
fn messages_longer_than_the_peer_takes_are_refused() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let id = peer.open("a");
    peer.channels.set_max_message_size(Some(4));
    assert_eq!(peer.send(id, "1234"), Ok(()));
    assert_eq!(peer.send(id, "12345"), Err(SendError::TooLong { limit: 4 }));
    peer.channels.set_max_message_size(None);
    assert_eq!(peer.send(id, "12345"), Ok(()));
}

#[test]
fn texts_that_do_not_fit_a_message_are_refused() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let long = "x".repeat(65_536);
    let error = peer.create(&long, Init::default());
    assert_eq!(error, Err(CreateError::TextTooLong));
    peer.create(&long[1..], Init::default()).unwrap();
    let init = Init {
        protocol: long.clone(),
        ..Init::default()
    };
    assert_eq!(peer.create("", init), Err(CreateError::TextTooLong));
}

#[test]
fn all_streams_of_a_role_can_be_used_and_no_more() {
    let mut peer = Peer::connected(Role::DtlsServer);
    for expected in (1..MAX_STREAMS).step_by(2) {
        let id = peer.open("");
        assert_eq!(peer.stream(id), Some(expected));
    }
    let error = peer.create("", Init::default());
    assert_eq!(error, Err(CreateError::NoFreeStream));
}

#[test]
fn channels_beyond_the_associations_streams_end() {
    let mut peer = Peer::new(Config::default());
    let init = Init {
        negotiated: Some(9),
        ..Init::default()
    };
    let id = peer.create("n", init).unwrap();
    let fits = peer.open("a");
    peer.set_role(Role::DtlsClient);
    let mut wire = std::mem::take(&mut peer.wire);
    peer.channels.handle_connected(&mut wire, peer.now, 9);
    let told = [ChannelEvent::Closed(id), ChannelEvent::Opened(fits)];
    assert_eq!(peer.events(), told);
}

#[test]
fn events_that_nobody_polls_do_not_pile_up() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    let id = peer.incoming();
    for _ in 0..1000 {
        peer.arrive(0, 51, b"text");
        peer.receive(id).unwrap();
        assert_eq!(peer.receive(id), None);
        peer.channels.handle_buffered_amount_low(0);
    }
    assert_eq!(peer.channels.queue.len(), 1);
    assert_eq!(peer.events().len(), 1);
}

#[test]
fn an_open_message_carries_all_that_was_asked_for() {
    let mut peer = Peer::connected(Role::DtlsClient);
    let init = Init {
        ordered: false,
        reliability: Reliability::MaxRetransmits(0),
        protocol: "p".into(),
        negotiated: None,
        priority: 1024,
    };
    let id = peer.create("l", init).unwrap();
    let expected = OpenMessage {
        ordered: false,
        reliability: Reliability::MaxRetransmits(0),
        priority: 1024,
        label: "l",
        protocol: "p",
    };
    assert_eq!(peer.channels.get(id).unwrap().open_message(), expected);
    assert_eq!(
        crate::DcepMessage::parse(&peer.wire.sent[0].2),
        Ok(crate::DcepMessage::Open(expected))
    );
}

#[test]
fn a_reset_of_an_unused_stream_is_answered_once() {
    let mut peer = Peer::connected(Role::DtlsClient);
    peer.peer_resets(4);
    assert_eq!(peer.wire.resets, [4]);
    peer.reset_done(4);
    assert!(peer.channels.uses.is_empty());
    peer.peer_resets(4);
    assert_eq!(peer.wire.resets, [4]);
}
