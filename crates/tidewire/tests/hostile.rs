//! Networks and strangers that mean ill: a connection that is up stays up, and works.

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER, connected, with_channel};
use tidewire::datachannel::SendError;
use tidewire::{Datagram, Event, Message, PeerConnectionState};
use tidewire_netsim::LinkConfig;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_packet_twice_delivers_every_message_once() {
    let link = LinkConfig {
        delay: Duration::from_millis(5),
        duplication: 1.0,
        ..LinkConfig::default()
    };
    let (mut net, [ours, theirs]) = connected(&link);
    for number in 0..100 {
        let now = net.now;
        let offerer = &mut net.peers[OFFERER].connection;
        offerer.send(now, ours, format!("{number}")).unwrap();
        net.run_for(Duration::from_millis(20));
    }
    let received = net.peers[ANSWERER].receive_all(theirs);
    let expected: Vec<Message> = (0..100).map(|number| format!("{number}").into()).collect();
    assert_eq!(received, expected);
    let dtls = net.peers[ANSWERER].connection.stats().dtls.unwrap();
    assert!(dtls.counters.dropped.replayed > 100, "{:?}", dtls.counters);
}

#[test]
fn a_flood_of_noise_is_counted_and_disturbs_nothing() {
    let (mut net, [ours, theirs]) = connected(&LinkConfig::default());
    let (now, local) = (net.now, net.peers[ANSWERER].address);
    let known = net.peers[OFFERER].address;
    let stranger = "198.51.100.7:7".parse().unwrap();
    let answerer = &mut net.peers[ANSWERER].connection;
    for number in 0..20_000_u32 {
        // Every first byte, so that every protocol gets its share, from the peer's own address too.
        let mut noise = number.wrapping_mul(2_654_435_761).to_be_bytes().repeat(8);
        noise[0] = number as u8;
        let remote = if number % 2 == 0 { known } else { stranger };
        answerer.handle_datagram(now, Datagram::copied(local, remote, &noise));
    }
    let stats = answerer.stats();
    let dropped = stats.dropped;
    let dtls = stats.dtls.unwrap().counters.dropped;
    assert!(
        dropped.unknown_protocol > 0 && dropped.unexpected_protocol > 0,
        "{dropped:?}"
    );
    assert!(dropped.unknown_path > 0, "{dropped:?}");
    assert!(
        dtls.malformed + dtls.unauthentic + dtls.wrong_epoch > 0,
        "{dtls:?}"
    );

    net.peers[OFFERER]
        .connection
        .send(now, ours, "still here")
        .unwrap();
    net.run_for(SECOND);
    assert_eq!(
        net.peers[ANSWERER].receive_all(theirs),
        [Message::from("still here")]
    );
    let state = net.peers[ANSWERER].connection.connection_state();
    assert_eq!(state, PeerConnectionState::Connected);
}

#[test]
fn a_reader_that_never_reads_holds_the_sender_back() {
    let (mut net, [ours, theirs]) = connected(&LinkConfig::default());
    let message = Message::Binary(vec![7; 1 << 16].into());
    let mut sent = 0_usize;
    let full = loop {
        let now = net.now;
        match net.peers[OFFERER]
            .connection
            .send(now, ours, message.clone())
        {
            Ok(()) => sent += 1 << 16,
            Err(error) => break error,
        }
        net.run_for(Duration::from_millis(50));
        assert!(sent < 64 << 20, "nothing holds it back");
    };
    assert_eq!(full, SendError::BufferFull);
    let unread = net.peers[ANSWERER].connection.stats().sctp.bytes_unread;
    assert!(unread <= 5 << 19, "{unread} bytes wait");

    let mut received = 0;
    while received < sent {
        let taken = net.peers[ANSWERER].receive_all(theirs);
        received += taken
            .iter()
            .map(|message| message.payload().len())
            .sum::<usize>();
        net.run_for(Duration::from_millis(500));
        assert!(net.elapsed() < 600 * SECOND, "{received} of {sent}");
    }
    assert_eq!(received, sent);
}

#[test]
fn a_damaged_handshake_is_tried_again() {
    for damaged in 0..12_usize {
        let (mut net, channel) = with_channel(&LinkConfig {
            delay: Duration::from_millis(5),
            ..LinkConfig::default()
        });
        net.negotiate();
        // Flips a bit in the middle of one datagram of the handshake, whichever it is.
        thread_local!(static SEEN: std::cell::Cell<(usize, usize)> = const { std::cell::Cell::new((0, 0)) });
        SEEN.set((0, damaged));
        net.tamper = Some(|_, packet| {
            if packet.first().is_some_and(|first| (20..64).contains(first)) {
                let (seen, damaged) = SEEN.get();
                SEEN.set((seen + 1, damaged));
                if seen == damaged {
                    let middle = packet.len() / 2;
                    packet[middle] ^= 0x10;
                }
            }
        });
        let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
        assert!(
            net.run_until(40 * SECOND, open),
            "datagram {damaged} was damaged"
        );
    }
}

/// A deadline that has passed and stays is a driver's busy loop.
#[test]
fn a_timer_that_fired_is_not_due_again_at_once() {
    for cut in 0..40_u64 {
        let (mut net, [channel, _]) = connected(&LinkConfig::default());
        for peer in &mut net.peers {
            for n in 0..50 {
                let now = net.now;
                let ids = channel;
                let _ = peer
                    .connection
                    .send(now, ids, Message::Binary(vec![n; 60_000].into()));
            }
        }
        net.run_for(Duration::from_millis(cut * 3));
        // Silence from here on: neither is heard any more.
        for peer in &mut net.peers {
            let mut now = net.now;
            let mut repeats = 0;
            let end = now + Duration::from_secs(100);
            let mut buf = Vec::new();
            while let Some(due) = peer.connection.poll_timeout() {
                if due > end {
                    break;
                }
                if due <= now {
                    repeats += 1;
                } else {
                    repeats = 0;
                    now = due;
                }
                assert!(
                    repeats < 3,
                    "stuck {:?} after silence, cut {cut}",
                    now - net.now
                );
                peer.connection.handle_timeout(now);
                while peer.connection.poll_transmit(now, 8, &mut buf).is_some() {
                    buf.clear();
                }
                while peer.connection.poll_event().is_some() {}
            }
        }
    }
}

#[test]
fn a_failed_send_of_a_consent_check_does_not_end_a_healthy_connection() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    for _ in 0..20 {
        net.run_for(Duration::from_millis(500));
        let (local, remote) = (net.peers[0].address, net.peers[1].address);
        let now = net.now;
        net.peers[0]
            .connection
            .handle_unreachable(now, local, remote);
    }
    net.run_for(Duration::from_secs(10));
    let now = net.now;
    assert!(
        net.peers[0].connection.send(now, channel, "x").is_ok(),
        "{:?}",
        net.peers[0].events
    );
}

#[test]
fn a_closed_connection_is_heard_of_by_a_peer_that_is_sending() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    for n in 0..30 {
        let now = net.now;
        net.peers[OFFERER]
            .connection
            .send(now, channel, Message::Binary(vec![n; 60_000].into()))
            .unwrap();
    }
    net.run_for(Duration::from_millis(20));
    let now = net.now;
    net.peers[ANSWERER].connection.close(now);
    net.run_for(Duration::from_secs(1));
    assert!(
        net.peers[OFFERER].has(&Event::DataChannelClosed(channel)),
        "{:?}",
        net.peers[OFFERER].events
    );
    assert!(net.peers[OFFERER].has(&Event::DtlsClosed));
}

/// Data is in flight when the path goes away for 40 s, and ICE restarts.
#[test]
fn data_in_flight_survives_a_failed_path_and_a_restart() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    let now = net.now;
    net.peers[0]
        .connection
        .send(now, channel, Message::Binary(vec![7; 200_000].into()))
        .unwrap();
    net.tamper = Some(|_, packet| packet[0] = 0xFF);
    net.run_for(Duration::from_secs(40));
    net.tamper = None;
    net.peers[0].connection.restart_ice();
    net.negotiate();
    net.run_for(Duration::from_secs(70));
    let ids: Vec<_> = net.peers[1]
        .events
        .iter()
        .filter_map(|e| match e {
            Event::DataChannel(id) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(
        net.peers[1].receive_all(ids[0]).len(),
        1,
        "{:?}",
        net.peers[0].events
    );
}

/// By somebody who can send with the peer's address.
#[test]
fn forged_alerts_do_not_stop_the_handshake() {
    let (mut net, channel) = with_channel(&LinkConfig {
        delay: Duration::from_millis(20),
        ..LinkConfig::default()
    });
    net.negotiate();
    // fatal handshake_failure, epoch 0
    let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];
    let mut open = false;
    for _ in 0..300 {
        for i in 0..2 {
            let (local, remote) = (net.peers[i].address, net.peers[1 - i].address);
            let now = net.now;
            net.peers[i]
                .connection
                .handle_datagram(now, Datagram::copied(local, remote, &alert));
        }
        net.run_for(Duration::from_millis(10));
        open |= net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    }
    assert!(
        open,
        "{:?}",
        net.peers
            .iter()
            .map(|p| p.events.last())
            .collect::<Vec<_>>()
    );
}

/// The same after the handshake: nothing may come of it.
#[test]
fn forged_datagrams_do_not_end_an_open_connection() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    let forged: [&[u8]; 4] = [
        &[21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40],
        &[21, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
        &[
            22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
        &[20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1],
    ];
    for n in 0..2000 {
        for i in 0..2 {
            let (local, remote) = (net.peers[i].address, net.peers[1 - i].address);
            let now = net.now;
            net.peers[i]
                .connection
                .handle_datagram(now, Datagram::copied(local, remote, forged[n % 4]));
        }
        net.run_for(Duration::from_millis(5));
    }
    let now = net.now;
    net.peers[0].connection.send(now, channel, "x").unwrap();
    assert_eq!(
        net.peers[0].connection.connection_state(),
        PeerConnectionState::Connected
    );
}
