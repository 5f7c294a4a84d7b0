//! Peers and networks that mean ill, or are merely broken: each ends in a typed reason, and none in a
//! channel that should not be.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER, Peer};
use tidewire::datachannel::SendError;
use tidewire::dtls::CloseReason;
use tidewire::{
    ChannelId, Configuration, Datagram, Event, IceConnectionState, Message, PeerConnectionState,
    SessionDescription,
};
use tidewire_netsim::LinkConfig;

const SECOND: Duration = Duration::from_secs(1);

fn with_channel(link: &LinkConfig) -> (Net, ChannelId) {
    let mut net = Net::new(1, link);
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let created = offerer.create_data_channel(now, "chat", Default::default());
    (net, created.unwrap())
}

fn connected(link: &LinkConfig) -> (Net, [ChannelId; 2]) {
    let (mut net, channel) = with_channel(link);
    net.negotiate();
    let open = |net: &mut Net| {
        net.peers[OFFERER].has(&Event::DataChannelOpen(channel)) && incoming(net).is_some()
    };
    assert!(
        net.run_until(5 * SECOND, open),
        "{:?}",
        net.peers[OFFERER].events
    );
    let incoming = incoming(&net).unwrap();
    (net, [channel, incoming])
}

fn incoming(net: &Net) -> Option<ChannelId> {
    net.peers[ANSWERER]
        .events
        .iter()
        .find_map(|event| match event {
            Event::DataChannel(id) => Some(*id),
            _ => None,
        })
}

/// Offer and answer, where `edit` has its way with what the offerer gets to see.
fn negotiate_with(net: &mut Net, edit: impl Fn(&str) -> String) {
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let offer = offerer.create_offer().unwrap();
    offerer.set_local_description(now, &offer).unwrap();
    let offer = offerer.local_description().unwrap();
    let answerer = &mut net.peers[ANSWERER].connection;
    answerer.set_remote_description(now, &offer).unwrap();
    let answer = answerer.create_answer().unwrap();
    answerer.set_local_description(now, &answer).unwrap();
    let answer = answerer.local_description().unwrap();
    let answer = SessionDescription::answer(edit(&answer.sdp));
    let offerer = &mut net.peers[OFFERER].connection;
    offerer.set_remote_description(now, &answer).unwrap();
}

/// Changes each line that starts with `prefix`.
fn edit_lines(sdp: &str, prefix: &str, edit: impl Fn(&str) -> String) -> String {
    let lines = sdp.lines().map(|line| match line.strip_prefix(prefix) {
        Some(rest) => format!("{prefix}{}\r\n", edit(rest)),
        None => format!("{line}\r\n"),
    });
    lines.collect()
}

fn states(peer: &Peer) -> Vec<PeerConnectionState> {
    let states = peer.events.iter().filter_map(|event| match event {
        Event::ConnectionStateChange(state) => Some(*state),
        _ => None,
    });
    states.collect()
}

fn failures(peer: &Peer) -> Vec<CloseReason> {
    let failures = peer.events.iter().filter_map(|event| match event {
        Event::DtlsFailed(reason) => Some(*reason),
        _ => None,
    });
    failures.collect()
}

#[test]
fn a_wrong_fingerprint_never_yields_a_usable_channel() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, |answer| {
        edit_lines(answer, "a=fingerprint:sha-256 ", |value| {
            let (first, rest) = value.split_at(2);
            let changed = if first == "00" { "01" } else { "00" };
            format!("{changed}{rest}")
        })
    });
    net.run_for(60 * SECOND);

    let offerer = &net.peers[OFFERER];
    assert_eq!(failures(offerer), [CloseReason::FingerprintMismatch]);
    assert_eq!(states(offerer).last(), Some(&PeerConnectionState::Failed));
    assert!(!offerer.has(&Event::DataChannelOpen(channel)));
    assert!(incoming(&net).is_none());
    let now = net.now;
    let sent = net.peers[OFFERER].connection.send(now, channel, "secret");
    assert_eq!(sent, Err(SendError::NotOpen));
    assert!(net.peers[OFFERER].connection.stats().dtls.is_none());
}

#[test]
fn a_wrong_ice_password_never_connects() {
    let (mut net, _) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, |answer| {
        edit_lines(answer, "a=ice-pwd:", |_| "x".repeat(24))
    });
    net.run_for(120 * SECOND);
    for peer in &net.peers {
        assert_eq!(states(peer).last(), Some(&PeerConnectionState::Failed));
        assert!(peer.connection.stats().selected_pair.is_none());
    }
    assert!(incoming(&net).is_none());
}

#[test]
fn a_handshake_that_nobody_answers_ends_in_time_and_says_so() {
    let (mut net, _) = with_channel(&LinkConfig::default());
    // What the answerer says in DTLS, as client, does not arrive; ICE goes on.
    net.tamper = Some(|from, packet| {
        if from == ANSWERER && packet.first().is_some_and(|first| (20..64).contains(first)) {
            packet.clear();
        }
    });
    net.negotiate();
    net.run_for(40 * SECOND);
    for peer in &net.peers {
        assert_eq!(failures(peer), [CloseReason::TimedOut]);
        assert_eq!(states(peer).last(), Some(&PeerConnectionState::Failed));
    }
}

#[test]
fn a_peer_that_stops_answering_is_noticed() {
    let (mut net, [channel, _]) = connected(&LinkConfig::default());
    net.tamper = Some(|from, packet| {
        if from == ANSWERER {
            packet.clear();
        }
    });
    let now = net.now;
    net.peers[OFFERER]
        .connection
        .send(now, channel, "anybody there?")
        .unwrap();
    net.run_for(15 * SECOND);
    assert_eq!(
        states(&net.peers[OFFERER]).last(),
        Some(&PeerConnectionState::Disconnected)
    );
    net.run_for(50 * SECOND);
    assert_eq!(
        states(&net.peers[OFFERER]).last(),
        Some(&PeerConnectionState::Failed)
    );
    let failed = Event::IceConnectionStateChange(IceConnectionState::Failed);
    assert!(net.peers[OFFERER].has(&failed));
}

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
    assert!(failures(&net.peers[ANSWERER]).is_empty());
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
fn another_certificate_in_the_answer_starts_a_new_association() {
    let (mut net, [ours, _]) = connected(&LinkConfig::default());
    // The page was loaded again: another peer answers, at the same address.
    let address = net.peers[ANSWERER].address.to_string();
    net.peers[ANSWERER] = Peer::new(Configuration::default(), 99, &address, net.now);
    net.peers[OFFERER].connection.restart_ice();
    net.negotiate();
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let next = offerer
        .create_data_channel(now, "next", Default::default())
        .unwrap();
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(next));
    assert!(
        net.run_until(10 * SECOND, open),
        "{:?}",
        net.peers[OFFERER].events
    );
    assert!(
        net.peers[OFFERER].has(&Event::DataChannelClosed(ours)),
        "a channel does not outlive its association"
    );
    let state = net.peers[OFFERER].connection.connection_state();
    assert_eq!(state, PeerConnectionState::Connected);
}

#[test]
fn names_that_nobody_resolves_are_no_obstacle() {
    let (mut net, channel) = with_channel(&LinkConfig::default());
    negotiate_with(&mut net, |answer| {
        answer.replace("192.0.2.2", "f5a1c9d2.local")
    });
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(
        net.run_until(5 * SECOND, open),
        "{:?}",
        net.peers[OFFERER].events
    );
    let asked = net.peers[OFFERER]
        .events
        .iter()
        .any(|event| matches!(event, Event::ResolveMdns { name } if name == "f5a1c9d2.local"));
    assert!(asked, "{:?}", net.peers[OFFERER].events);
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

fn never_opens(spoil_offer: &'static str, spoil_answer: &'static str) {
    let mut net = Net::new(1, &LinkConfig::default());
    let s = |prefix: &'static str| {
        move |sdp: String| {
            if prefix.is_empty() {
                sdp
            } else {
                spoil(sdp, prefix)
            }
        }
    };
    let channel = signal(&mut net, s(spoil_offer), s(spoil_answer));
    net.run_for(Duration::from_secs(90));
    for peer in &net.peers {
        assert!(
            !peer.has(&Event::DataChannelOpen(channel)),
            "{:?}",
            peer.events
        );
        assert!(
            !peer
                .events
                .iter()
                .any(|e| matches!(e, Event::DataChannel(_))),
            "{:?}",
            peer.events
        );
        assert!(
            !peer.has(&Event::ConnectionStateChange(
                PeerConnectionState::Connected
            )),
            "{:?}",
            peer.events
        );
    }
    let failed = Event::ConnectionStateChange(PeerConnectionState::Failed);
    let both = net.peers.iter().all(|peer| peer.has(&failed));
    assert!(
        both,
        "both say so: {:?}\n{:?}",
        net.peers[0].events, net.peers[1].events
    );
}

fn spoil(sdp: String, prefix: &str) -> String {
    sdp.lines()
        .map(|line| {
            if line.starts_with(prefix) {
                let last = line.chars().last().unwrap();
                let other = if last == '0' { '1' } else { '0' };
                format!("{}{other}\r\n", &line[..line.len() - 1])
            } else {
                format!("{line}\r\n")
            }
        })
        .collect()
}

fn signal(
    net: &mut Net,
    change: impl Fn(String) -> String,
    change_answer: impl Fn(String) -> String,
) -> ChannelId {
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    let channel = caller
        .create_data_channel(now, "chat", Default::default())
        .unwrap();
    let offer = caller.create_offer().unwrap();
    caller.set_local_description(now, &offer).unwrap();
    let offer = change(caller.local_description().unwrap().sdp);
    let callee = &mut net.peers[ANSWERER].connection;
    callee
        .set_remote_description(now, &SessionDescription::offer(offer))
        .unwrap();
    let answer = callee.create_answer().unwrap();
    callee.set_local_description(now, &answer).unwrap();
    let answer = change_answer(callee.local_description().unwrap().sdp);
    net.peers[OFFERER]
        .connection
        .set_remote_description(now, &SessionDescription::answer(answer))
        .unwrap();
    channel
}

#[test]
fn a_wrong_fingerprint_in_the_offer_never_opens() {
    never_opens("a=fingerprint", "");
}

#[test]
fn a_wrong_password_in_the_offer_never_opens() {
    never_opens("a=ice-pwd", "");
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

/// One forged plaintext datagram of DTLS per handshake, by somebody who can spoof the peer's address.
#[test]
fn forged_alerts_do_not_stop_the_handshake() {
    let mut net = Net::new(
        1,
        &LinkConfig {
            delay: Duration::from_millis(20),
            ..LinkConfig::default()
        },
    );
    let channel = signal(&mut net, |sdp| sdp, |sdp| sdp);
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
