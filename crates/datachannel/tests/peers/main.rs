//! Two endpoints talk over a bad network.

mod pair;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tidewire_datachannel::{Config, Event, Init, Message, Reliability, SendError, State};
use tidewire_netsim::for_each_seed;

use crate::pair::{Pair, clean, lossy};

fn init(ordered: bool, reliability: Reliability) -> Init {
    Init {
        ordered,
        reliability,
        ..Init::default()
    }
}

#[test]
fn channels_tell_the_peer_what_they_are() {
    let mut pair = Pair::connected(1, &clean());
    let wanted = Init {
        ordered: false,
        reliability: Reliability::MaxLifetime(Duration::from_millis(250)),
        protocol: "protocol".into(),
        negotiated: None,
        priority: 512,
    };
    let ids = pair.open(1, wanted.clone());
    for (end, id) in pair.ends.iter().zip(ids) {
        let channel = end.channel(id).unwrap();
        assert_eq!(channel.label(), "label");
        assert_eq!(channel.protocol(), wanted.protocol);
        assert_eq!(channel.is_ordered(), wanted.ordered);
        assert_eq!(channel.reliability(), wanted.reliability);
        assert_eq!(channel.priority(), wanted.priority);
        assert_eq!(channel.stream(), Some(1));
        assert!(!channel.is_negotiated());
        assert_eq!(channel.state(), State::Open);
    }
    assert!(pair.ends[0].channel(ids[0]).unwrap().is_incoming());
}

#[test]
fn reliable_ordered_messages_all_arrive_in_order() {
    for_each_seed(20, |seed| {
        let mut pair = Pair::connected(seed, &lossy());
        let ids = pair.open(0, Init::default());
        let messages: Vec<Message> = (0..200_usize)
            .map(|number| match number % 4 {
                0 => Message::from(number.to_string()),
                1 => Message::Binary(vec![number as u8; number * 20].into()),
                2 => Message::from(""),
                _ => Message::Binary(Bytes::new()),
            })
            .collect();
        for message in &messages {
            pair.send(0, ids[0], message.clone());
            pair.send(1, ids[1], message.clone());
        }
        let mut received = [Vec::new(), Vec::new()];
        pair.expect(|pair| {
            for at in 0..2 {
                received[at].extend(pair.receive_all(at, ids[at]));
            }
            received.iter().all(|all| all.len() == messages.len())
        });
        assert!(received.iter().all(|all| *all == messages));
        let stats = pair.ends[0].channel(ids[0]).unwrap().stats();
        assert_eq!((stats.messages_sent, stats.messages_received), (200, 200));
        assert_eq!(stats.bytes_sent, stats.bytes_received);
    });
}

#[test]
fn messages_of_every_other_mode_arrive_at_most_once() {
    let short = Reliability::MaxLifetime(Duration::from_millis(100));
    let modes = [
        (false, Reliability::Reliable),
        (true, Reliability::MaxRetransmits(0)),
        (false, Reliability::MaxRetransmits(1)),
        (true, short),
        (false, short),
    ];
    let (mut arrived, mut sent) = (0, 0);
    for_each_seed(10, |seed| {
        for (ordered, reliability) in modes {
            let mut pair = Pair::connected(seed, &lossy());
            let ids = pair.open(0, init(ordered, reliability));
            for number in 0..300_u32 {
                let payload = number.to_be_bytes().repeat(300);
                pair.send(0, ids[0], Message::Binary(payload.into()));
                pair.run_for(Duration::from_millis(20));
            }
            pair.run_for(Duration::from_secs(20));
            let received: Vec<u32> = pair
                .receive_all(1, ids[1])
                .iter()
                .map(|m| u32::from_be_bytes(m.payload()[..4].try_into().unwrap()))
                .collect();
            let distinct: BTreeSet<_> = received.iter().collect();
            assert_eq!(distinct.len(), received.len(), "duplicates");
            assert!(!ordered || received.is_sorted(), "out of order");
            let all = reliability == Reliability::Reliable;
            assert!(!all || received.len() == 300, "a loss");
            (arrived, sent) = (arrived + received.len(), sent + 300);
            pair.send(1, ids[1], "back");
            pair.expect(|pair| pair.ends[0].receive(ids[0]).is_some() || !all);
        }
    });
    // In one run most messages may run out of their short life, while the sender waits for a timeout.
    let is_few = sent < 10_000;
    assert!(is_few || arrived * 5 > sent * 4, "{arrived} of {sent}");
}

#[test]
fn a_channel_closed_by_one_side_closes_at_both_and_frees_its_stream() {
    for_each_seed(20, |seed| {
        let mut pair = Pair::connected(seed, &lossy());
        for round in 0..5 {
            let closer = round % 2;
            let ids = pair.open(0, Init::default());
            let stream = pair.ends[0].channel(ids[0]).unwrap().stream();
            assert_eq!(stream, Some(0), "the stream is used anew");
            pair.send(closer, ids[closer], "last words");
            pair.ends[closer].close(pair.now, ids[closer]);
            let other = 1 - closer;
            let mut heard = Vec::new();
            pair.expect(|pair| {
                heard.extend(pair.receive_all(other, ids[other]));
                pair.have_told(Event::Closed, ids)
            });
            assert_eq!(heard, [Message::from("last words")]);
            for (log, id) in pair.events.iter().zip(ids) {
                let position = |event| log.iter().position(|other| *other == event);
                assert!(position(Event::Closing(id)) < position(Event::Closed(id)));
            }
        }
    });
}

#[test]
fn a_channel_closed_by_both_sides_closes_once() {
    for_each_seed(20, |seed| {
        let mut pair = Pair::connected(seed, &lossy());
        let ids = pair.open(0, Init::default());
        for (at, id) in ids.into_iter().enumerate() {
            pair.ends[at].close(pair.now, id);
            assert_eq!(pair.state(at, id), Some(State::Closing));
        }
        pair.expect(|pair| pair.have_told(Event::Closed, ids));
        pair.run_for(Duration::from_secs(5));
        let closed = |log: &Vec<Event>| {
            let ends = log.iter().filter(|event| matches!(event, Event::Closed(_)));
            ends.count()
        };
        assert_eq!(pair.events.each_ref().map(closed), [1, 1]);
        assert_eq!(pair.ends[0].channels().count(), 0);
    });
}

#[test]
fn negotiated_channels_open_without_a_word() {
    let mut pair = Pair::new(3, &clean(), &Config::default());
    let agreed = Init {
        negotiated: Some(1000),
        ordered: false,
        ..Init::default()
    };
    let now = pair.now;
    let ids = [0, 1].map(|at| pair.ends[at].create(now, "n", agreed.clone()).unwrap());
    pair.connect();
    assert!(pair.have_told(Event::Opened, ids));
    let mut told = pair.events.iter().flatten();
    assert!(!told.any(|event| matches!(event, Event::Incoming(_))));
    pair.send(0, ids[0], "hello");
    pair.expect(|pair| pair.ends[1].receive(ids[1]) == Some(Message::from("hello")));
}

#[test]
fn a_negotiated_channel_that_the_peer_lacks_still_closes() {
    let mut pair = Pair::connected(4, &clean());
    let alone = Init {
        negotiated: Some(7),
        ..Init::default()
    };
    let id = pair.ends[0].create(pair.now, "n", alone).unwrap();
    pair.ends[0].close(pair.now, id);
    pair.expect(|pair| pair.events[0].contains(&Event::Closed(id)));
}

#[test]
fn messages_sent_at_once_come_with_the_channel() {
    let mut pair = Pair::connected(5, &lossy());
    let unordered = init(false, Reliability::Reliable);
    let id = pair.ends[0].create(pair.now, "early", unordered).unwrap();
    for number in 0..50 {
        pair.send(0, id, number.to_string());
    }
    let mut there = None;
    pair.expect(|pair| {
        there = pair.ends[1].channels().next();
        there.is_some()
    });
    let there = there.unwrap();
    let mut count = 0;
    pair.expect(|pair| {
        count += pair.receive_all(1, there).len();
        count == 50
    });
    assert_eq!(pair.ends[1].stats().faults, Default::default());
}

#[test]
fn an_application_that_does_not_receive_holds_the_sender_back() {
    let config = Config::default();
    let mut pair = Pair::new(6, &clean(), &config);
    pair.connect();
    let ids = pair.open(0, Init::default());
    pair.ends[0].set_buffered_amount_low_threshold(ids[0], 1 << 20);
    let block = Message::Binary(vec![7; 64 << 10].into());
    let mut accepted = 0;
    // More than all buffers hold.
    for _ in 0..400 {
        match pair.ends[0].send(pair.now, ids[0], block.clone()) {
            Ok(()) => accepted += 1,
            Err(error) => assert_eq!(error, SendError::BufferFull),
        }
        pair.run_for(Duration::from_millis(50));
    }
    assert!(accepted < 400, "nothing held the sender back");
    assert!(pair.ends[0].buffered_amount(ids[0]) <= config.max_buffered);
    let low = Event::BufferedAmountLow(ids[0]);
    assert!(!pair.events[0].contains(&low));
    let mut received = 0;
    pair.expect(|pair| {
        received += pair.receive_all(1, ids[1]).len();
        received == accepted
    });
    assert!(pair.events[0].contains(&low));
    assert_eq!(pair.ends[0].buffered_amount(ids[0]), 0);
}

#[test]
fn closing_a_channel_that_nobody_reads_frees_the_others() {
    let mut pair = Pair::connected(16, &clean());
    let unread = pair.open(0, Init::default());
    let read = pair.open(0, Init::default());
    let flood = |pair: &mut Pair| {
        let block = Message::Binary(vec![7; 64 << 10].into());
        while pair.ends[0]
            .send(pair.now, unread[0], block.clone())
            .is_ok()
        {}
    };
    flood(&mut pair);
    pair.run_for(Duration::from_secs(60));
    flood(&mut pair);
    for _ in 0..50 {
        pair.send(0, read[0], Message::Binary(vec![1; 10_000].into()));
    }
    pair.run_for(Duration::from_secs(5));
    let mut count = pair.receive_all(1, read[1]).len();
    assert!(count < 50, "the window is one for all channels");

    pair.ends[1].close(pair.now, unread[1]);
    let all_in_time = pair.run_until(Duration::from_secs(5), |pair| {
        count += pair.receive_all(1, read[1]).len();
        count == 50
    });
    assert!(all_in_time, "{count} of 50");
    pair.expect(|pair| pair.have_told(Event::Closed, unread));
}

#[test]
fn an_orderly_shutdown_delivers_all_before_the_end() {
    for_each_seed(10, |seed| {
        let mut pair = Pair::connected(seed, &lossy());
        let ids = pair.open(0, Init::default());
        for _ in 0..20 {
            pair.send(0, ids[0], Message::Binary(vec![1; 5000].into()));
        }
        pair.ends[0].shutdown(pair.now);
        let late = pair.ends[0].send(pair.now, ids[0], "late".into());
        assert_eq!(late, Err(SendError::NotOpen));
        let over = |log: &Vec<Event>| log.iter().any(|e| matches!(e, Event::Disconnected(_)));
        pair.expect(|pair| pair.events.iter().all(over));
        assert_eq!(pair.receive_all(1, ids[1]).len(), 20);
        pair.run_for(Duration::from_secs(1));
        assert!(pair.have_told(Event::Closed, ids));
    });
}

#[test]
fn an_abort_ends_all_channels_at_both_sides() {
    let mut pair = Pair::connected(8, &clean());
    let ids = pair.open(0, Init::default());
    pair.ends[0].abort(pair.now);
    pair.expect(|pair| pair.have_told(Event::Closed, ids));
    let id = pair.ends[0].create(pair.now, "more", Init::default());
    assert!(id.is_err());
}

#[test]
fn an_abort_closes_channels_at_once_whatever_is_unread() {
    let mut pair = Pair::connected(9, &clean());
    let ids = pair.open(0, Init::default());
    pair.send(0, ids[0], "unread");
    pair.run_for(Duration::from_secs(1));
    let now = pair.now;
    pair.ends[1].abort(now);
    assert_eq!(pair.state(1, ids[1]), Some(State::Closed));
    assert_eq!(pair.ends[1].receive(ids[1]), None);
}

#[test]
fn what_has_arrived_outlives_the_connection() {
    let mut pair = Pair::connected(9, &clean());
    let ids = pair.open(0, Init::default());
    pair.send(0, ids[0], "unread");
    pair.run_for(Duration::from_secs(1));
    let now = pair.now;
    pair.ends[1].disconnect(now);
    assert_eq!(pair.state(1, ids[1]), Some(State::Closing));
    assert_eq!(pair.receive_all(1, ids[1]), ["unread".into()]);
    assert_eq!(pair.state(1, ids[1]), Some(State::Closed));
}

#[test]
fn an_endpoint_starts_over_with_a_new_association() {
    let mut pair = Pair::connected(12, &lossy());
    let ids = pair.open(0, Init::default());
    let now = pair.now;
    for end in &mut pair.ends {
        end.reset(now);
    }
    pair.expect(|pair| pair.have_told(Event::Closed, ids));
    pair.events = Default::default();
    pair.connect();
    let renewed = pair.open(0, Init::default());
    assert_ne!(renewed, ids);
    pair.send(1, renewed[1], "hello again");
    pair.expect(|pair| pair.ends[0].receive(renewed[0]).is_some());
}

#[test]
fn a_peer_that_starts_over_alone_is_followed() {
    let mut pair = Pair::connected(13, &clean());
    let ids = pair.open(0, Init::default());
    pair.ends[0].reset(pair.now);
    pair.ends[0].connect(pair.now);
    pair.expect(|pair| pair.have_told(Event::Closed, ids));
    pair.events = Default::default();
    let renewed = pair.open(0, Init::default());
    pair.send(0, renewed[0], "hello again");
    pair.expect(|pair| pair.ends[1].receive(renewed[1]).is_some());
}

#[test]
fn a_message_of_the_longest_kind_arrives() {
    let mut pair = Pair::connected(9, &lossy());
    let ids = pair.open(1, Init::default());
    pair.ends[1].set_max_message_size(300_000);
    let long: Bytes = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    pair.send(1, ids[1], Message::Binary(long.clone()));
    let longer = Message::Binary(vec![0; 300_001].into());
    let error = pair.ends[1].send(pair.now, ids[1], longer);
    assert_eq!(error, Err(SendError::TooLong { limit: 300_000 }));
    let mut received = None;
    pair.expect(|pair| {
        received = pair.ends[0].receive(ids[0]);
        received.is_some()
    });
    assert_eq!(received, Some(Message::Binary(long)));
}

#[test]
fn the_same_seed_sends_the_same_bytes() {
    let run = |seed| {
        let mut pair = Pair::connected(seed, &lossy());
        for round in 0..4 {
            let ids = pair.open(round % 2, Init::default());
            pair.send(0, ids[0], "hello");
            pair.ends[round % 2].close(pair.now, ids[round % 2]);
            pair.run_for(Duration::from_secs(1));
        }
        pair.sent
    };
    assert_eq!(run(10), run(10));
    assert_ne!(run(10), run(11));
}
