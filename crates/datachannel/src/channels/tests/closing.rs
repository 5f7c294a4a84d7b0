//! How channels cease to be.

use super::*;

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
fn a_reset_of_an_unused_stream_is_answered_once() {
    let mut peer = Peer::connected(Role::DtlsClient);
    peer.peer_resets(4);
    assert_eq!(peer.wire.resets, [4]);
    peer.reset_done(4);
    assert!(peer.channels.uses.is_empty());
    peer.peer_resets(4);
    assert_eq!(peer.wire.resets, [4]);
}
