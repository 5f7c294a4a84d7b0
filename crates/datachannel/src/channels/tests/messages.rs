//! What goes over channels.

use super::*;

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
fn an_unknown_identifier_costs_the_channel() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(0, 50, OPEN);
    peer.arrive(0, 55, b"?");
    assert_eq!(peer.channels.stats.faults.unknown_ppid, 1);
    assert_eq!(peer.wire.resets, [0]);
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
