//! Messages from end to end.

use std::time::Duration;

use bytes::Bytes;
use tidewire_netsim::{LinkConfig, for_each_seed};

use super::pair::Pair;
use crate::{CloseReason, Event, Reliability, SendError, SendOptions, StreamId};

const MINUTE: Duration = Duration::from_secs(60);

fn bad_network() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(20),
        loss: 0.1,
        reordering: 0.05,
        duplication: 0.05,
        corruption: 0.01,
        ..LinkConfig::default()
    }
}

fn content(len: usize) -> Bytes {
    (0..len).map(|at| ((at * 7) >> 2) as u8).collect()
}

#[test]
fn both_sides_may_connect_at_once_or_only_one() {
    let pair = Pair::connected(1, &LinkConfig::default());
    assert_eq!(pair.events, [[Event::Connected], [Event::Connected]]);
    let mut pair = Pair::new(2, &LinkConfig::default());
    pair.ends[0].connect(pair.now);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.events, [[Event::Connected], [Event::Connected]]);
}

#[test]
fn messages_of_every_length_arrive_as_they_were_sent() {
    let mut pair = Pair::connected(3, &LinkConfig::default());
    let lengths = [
        1,
        2,
        3,
        1131,
        1132,
        1133,
        1147,
        1148,
        5000,
        65_536,
        262_144,
        1 << 20,
    ];
    for len in lengths {
        pair.send(0, 1, content(len));
    }
    let mut received = Vec::new();
    pair.run_until(MINUTE, |pair| {
        received.extend(pair.receive(1, 1));
        received.len() == lengths.len()
    });
    let expected: Vec<_> = lengths.into_iter().map(content).collect();
    assert!(received == expected);
    assert_eq!(pair.ends[1].stats().bytes_unread, 0);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.ends[0].stats().bytes_in_flight, 0);
}

#[test]
fn everything_arrives_in_order_through_a_bad_network() {
    for_each_seed(200, |seed| {
        let mut pair = Pair::connected(seed, &bad_network());
        let mut received = [Vec::new(), Vec::new()];
        for number in 0..40_usize {
            for from in 0..2 {
                pair.send(from, (number % 3) as u16, content(1 + number * 997));
            }
        }
        let done = pair.run_until(10 * MINUTE, |pair| {
            for (at, received) in received.iter_mut().enumerate() {
                for stream in 0..3 {
                    received.extend(
                        pair.receive(at, stream)
                            .into_iter()
                            .map(|got| (stream, got)),
                    );
                }
            }
            received.iter().all(|received| received.len() == 40)
        });
        assert!(done, "{:?}", received.each_ref().map(Vec::len));
        for received in &received {
            for stream in 0..3 {
                let lengths: Vec<_> = received
                    .iter()
                    .filter(|(on, _)| *on == stream)
                    .map(|(_, payload)| payload.len())
                    .collect();
                assert!(lengths.is_sorted(), "{lengths:?}");
            }
            assert!(
                received
                    .iter()
                    .all(|(_, payload)| *payload == content(payload.len()))
            );
        }
    });
}

#[test]
fn partially_reliable_messages_never_block_what_follows() {
    for_each_seed(200, |seed| {
        let mut pair = Pair::connected(seed, &bad_network());
        let policies = [
            Reliability::MaxRetransmits(0),
            Reliability::MaxRetransmits(1),
            Reliability::MaxLifetime(Duration::from_millis(30)),
        ];
        for number in 0..60_usize {
            let reliability = policies[number % policies.len()];
            let options = SendOptions {
                unordered: number % 2 == 0,
                reliability,
            };
            pair.send_with(0, 1, content(1 + number * 100), options);
        }
        pair.send(0, 1, content(77));
        let mut received = Vec::new();
        let done = pair.run_until(MINUTE, |pair| {
            received.extend(pair.receive(1, 1));
            received.contains(&content(77))
        });
        assert!(
            done,
            "the reliable message came not through; {} others did: {:?}",
            received.len(),
            pair.ends[1].stats()
        );
        assert!(
            received
                .iter()
                .all(|payload| *payload == content(payload.len()))
        );
    });
}

#[test]
fn a_stream_is_reset_after_what_was_sent_on_it_and_starts_over() {
    for_each_seed(200, |seed| {
        let mut pair = Pair::connected(seed, &bad_network());
        for _ in 0..5 {
            pair.send(0, 4, content(3000));
        }
        pair.ends[0].reset_stream(pair.now, StreamId(4));
        let options = SendOptions::default();
        let late = pair.ends[0].send(
            pair.now,
            StreamId(4),
            super::pair::PPID,
            content(1),
            options,
        );
        assert_eq!(late, Err(SendError::Resetting));
        let done = pair.run_until(MINUTE, |pair| {
            pair.events[0].contains(&Event::OutgoingStreamReset(StreamId(4)))
                && pair.events[1].contains(&Event::IncomingStreamReset(StreamId(4)))
        });
        assert!(done, "{:?}", pair.events);
        assert_eq!(
            pair.receive(1, 4).len(),
            5,
            "all of it came before the reset"
        );
        pair.send(0, 4, content(10));
        pair.run_for(MINUTE);
        assert_eq!(pair.receive(1, 4), [content(10)]);
    });
}

#[test]
fn a_shutdown_delivers_everything_first() {
    for_each_seed(200, |seed| {
        let mut pair = Pair::connected(seed, &bad_network());
        for _ in 0..10 {
            pair.send(0, 1, content(10_000));
        }
        pair.ends[0].shutdown(pair.now);
        let mut received = Vec::new();
        let done = pair.run_until(5 * MINUTE, |pair| {
            received.extend(pair.receive(1, 1));
            let closed = Event::Closed(CloseReason::Shutdown);
            pair.events[0].contains(&closed) && received.len() == 10
        });
        assert!(done, "{} messages, {:?}", received.len(), pair.events);
    });
}

#[test]
fn an_abort_reaches_the_peer() {
    let mut pair = Pair::connected(5, &LinkConfig::default());
    pair.ends[0].abort(pair.now);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(
        pair.events[0].last(),
        Some(&Event::Closed(CloseReason::Aborted))
    );
    assert!(matches!(
        pair.events[1].last(),
        Some(Event::Closed(CloseReason::AbortedByPeer(cause))) if cause.code == 12
    ));
    assert_eq!(pair.ends[0].poll_timeout(), None);
    assert_eq!(pair.ends[1].poll_timeout(), None);
}

#[test]
fn a_peer_that_is_gone_is_noticed() {
    let mut pair = Pair::connected(6, &LinkConfig::default());
    for link in &mut pair.links {
        link.set_config(LinkConfig {
            loss: 1.0,
            ..LinkConfig::default()
        });
    }
    pair.send(0, 1, content(10));
    pair.run_for(10 * MINUTE);
    assert_eq!(
        pair.events[0].last(),
        Some(&Event::Closed(CloseReason::TimedOut))
    );
    assert_eq!(
        pair.events[1].last(),
        Some(&Event::Closed(CloseReason::TimedOut)),
        "a heartbeat"
    );
}

#[test]
fn messages_that_nobody_reads_hold_the_sender_back() {
    let mut pair = Pair::connected(7, &LinkConfig::default());
    let mut queued = 0;
    for _ in 0..200 {
        let message = content(64 << 10);
        let options = SendOptions::default();
        let sent = pair.ends[0].send(pair.now, StreamId(1), super::pair::PPID, message, options);
        queued += usize::from(sent.is_ok());
        pair.run_for(Duration::from_millis(10));
    }
    let stats = pair.ends[1].stats();
    // The window, and a probe for each retransmission timeout.
    assert!(stats.bytes_unread <= (2 << 20) + 8 * 1200, "{stats:?}");
    assert!(queued < 200, "the sender must notice");
    pair.run_for(10 * MINUTE);
    let stats = pair.ends[1].stats();
    assert!(stats.bytes_unread <= 4 << 20, "{stats:?}");
    let mut received = 0;
    let done = pair.run_until(10 * MINUTE, |pair| {
        received += pair.receive(1, 1).len();
        received == queued
    });
    assert!(done, "{received} of {queued}: {:?}", pair.ends[0].stats());
}

#[test]
fn a_window_that_opens_after_long_is_used_at_once() {
    let mut pair = Pair::connected(8, &LinkConfig::default());
    // Full to the brim: in the end even probes are refused.
    for _ in 0..400 {
        let (message, options) = (content(64 << 10), SendOptions::default());
        let _ = pair.ends[0].send(pair.now, StreamId(1), super::pair::PPID, message, options);
        pair.run_for(Duration::from_secs(10));
    }
    let stats = pair.ends[1].stats();
    assert!(stats.dropped.overflow > 0, "{stats:?}");
    assert!(stats.bytes_unread <= 4 << 20, "{stats:?}");
    let reopened = pair.now;
    let done = pair.run_until(10 * MINUTE, |pair| {
        pair.receive(1, 1);
        pair.ends[0].stats().bytes_queued == 0 && pair.ends[0].stats().bytes_in_flight == 0
    });
    assert!(done, "{:?}", pair.ends[0].stats());
    let took = pair.now - reopened;
    assert!(took < Duration::from_secs(2), "{took:?}");
}
