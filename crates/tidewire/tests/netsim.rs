//! Whole connections through a bad network, many seeds of it.

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER, incoming};
use tidewire::{ChannelId, Event, Message, PeerConnectionState};
use tidewire_netsim::{LinkConfig, for_each_seed};

const SEEDS: u64 = 200;
const TRANSFER: usize = 1 << 20;
const MESSAGE: usize = 16 << 10;
/// Nothing in here takes longer, however unlucky.
const LIMIT: Duration = Duration::from_secs(300);

fn bad_network() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(50),
        loss: 0.10,
        reordering: 0.05,
        duplication: 0.05,
        corruption: 0.01,
        ..LinkConfig::default()
    }
}

#[test]
fn a_connection_opens_carries_a_mebibyte_each_way_and_closes_under_every_seed() {
    for_each_seed(SEEDS, |seed| {
        live(seed);
    });
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let mut former = None;
    for seed in 0..10 {
        let trace = live(seed).trace;
        assert!(live(seed).trace == trace, "the traces of {seed} differ");
        assert!(
            former != Some(trace.clone()),
            "another seed gives other packets"
        );
        former = Some(trace);
    }
}

/// From offer to close.
fn live(seed: u64) -> Net {
    let mut net = Net::new(seed, &bad_network());
    let start = net.now;
    let created = net.peers[OFFERER]
        .connection
        .create_data_channel(start, "transfer", Default::default())
        .expect("a channel");
    net.negotiate();
    let opened = net.run_until(LIMIT, |net| {
        net.peers[OFFERER].has(&Event::DataChannelOpen(created)) && incoming(net).is_some()
    });
    assert!(
        opened,
        "no channel after {:?}: {:#?} {:#?}",
        net.elapsed(),
        net.peers[0].events,
        net.peers[1].events
    );
    let channels = [created, incoming(&net).expect("it is open")];

    transfer(&mut net, channels);

    let now = net.now;
    net.peers[OFFERER]
        .connection
        .close_data_channel(now, created);
    let closed = net.run_until(LIMIT, |net| {
        let pairs = net.peers.iter().zip(channels);
        pairs
            .into_iter()
            .all(|(peer, channel)| peer.has(&Event::DataChannelClosed(channel)))
    });
    assert!(closed, "the channel did not close on both sides");

    let now = net.now;
    net.peers[OFFERER].connection.close(now);
    net.run_for(Duration::from_secs(60));
    assert!(net.peers[OFFERER].connection.is_drained());
    // The farewell may be lost; then consent runs out.
    let answerer = &net.peers[ANSWERER];
    let state = answerer.connection.connection_state();
    assert!(
        state == PeerConnectionState::Closed || state == PeerConnectionState::Failed,
        "the answerer is {state:?}: {:#?}",
        answerer.events
    );
    net
}

/// Both send at once, as fast as their buffers take it.
fn transfer(net: &mut Net, channels: [ChannelId; 2]) {
    let mut sent = [0; 2];
    let mut received = [0; 2];
    let done = net.run_until(LIMIT, |net| {
        for (side, peer) in net.peers.iter_mut().enumerate() {
            while sent[side] < TRANSFER {
                let message = Message::Binary(chunk(side, sent[side]).into());
                if peer
                    .connection
                    .send(net.now, channels[side], message)
                    .is_err()
                {
                    break;
                }
                sent[side] += MESSAGE;
            }
            for message in peer.receive_all(channels[side]) {
                let expected = chunk(1 - side, received[side]);
                assert_eq!(
                    message.payload()[..],
                    expected,
                    "a message was lost or damaged"
                );
                received[side] += MESSAGE;
            }
        }
        received == [TRANSFER; 2]
    });
    assert!(
        done,
        "received {received:?} bytes of {TRANSFER} in {:?}",
        net.elapsed()
    );
}

/// A message whose content tells who sent it and where in the transfer it stands.
fn chunk(side: usize, offset: usize) -> Vec<u8> {
    (offset..offset + MESSAGE)
        .map(|at| (at.wrapping_mul(31) >> 3) as u8 ^ side as u8)
        .collect()
}
