//! How channels come to be.

use super::*;

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
fn an_open_that_breaks_the_rules_is_answered_with_a_reset() {
    let truncated = &OPEN[..12];
    let unknown_kind = hex!("03 03 0100 00000000 0001 0000 61");
    let cases: [(u16, u32, &[u8]); 5] = [
        (1, 50, OPEN),
        (0, 50, truncated),
        (0, 50, &unknown_kind),
        (0, 50, ACK),
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
fn what_a_negotiated_channel_says_waits_for_its_other_half() {
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(7, 51, b"early");
    peer.arrive(7, 51, b"bird");
    assert!(peer.wire.resets.is_empty() && peer.events().is_empty());
    let negotiated = Init {
        negotiated: Some(7),
        ..Init::default()
    };
    let id = peer.create("n", negotiated).unwrap();
    peer.arrive(7, 51, b"worm");
    let opened = [ChannelEvent::Opened(id), ChannelEvent::Readable(id)];
    assert_eq!(peer.events(), opened);
    let texts: Vec<_> = std::iter::from_fn(|| peer.receive(id)).collect();
    let expected = ["early", "bird", "worm"].map(Message::from);
    assert_eq!(texts, expected);
}

#[test]
fn what_waits_is_bounded_and_ends_with_a_reset() {
    let mut peer = Peer::connected(Role::DtlsServer);
    for stream in 0..100 {
        peer.arrive(stream, 51, b"?");
    }
    assert_eq!(peer.wire.resets.len(), 84, "16 may wait");
    let mut peer = Peer::connected(Role::DtlsServer);
    peer.arrive(3, 51, b"?");
    peer.channels.handle_incoming_reset(&mut peer.wire, 3);
    assert_eq!(peer.wire.resets, [3]);
    peer.arrive(2, 51, b"?");
    peer.arrive(2, 50, OPEN);
    assert_eq!(peer.wire.resets, [3, 2], "an OPEN comes first");
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
