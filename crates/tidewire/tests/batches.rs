//! Batches for segmentation offload, as a socket sees them.

mod common;

use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::{Event, Message};
use tidewire_netsim::LinkConfig;

/// What one system call takes over IPv4: 65 535 bytes less the headers.
const LONGEST: usize = 65_507;

#[test]
fn a_batch_fits_one_system_call_and_can_be_cut_into_its_datagrams() {
    let mut net = Net::new(1, &LinkConfig::default());
    let now = net.now;
    let offerer = &mut net.peers[OFFERER].connection;
    let channel = offerer
        .create_data_channel(now, "bulk", Default::default())
        .expect("a channel");
    net.negotiate();
    let open = |net: &mut Net| net.peers[OFFERER].has(&Event::DataChannelOpen(channel));
    assert!(net.run_until(Duration::from_secs(5), open));

    let message = || Message::Binary(vec![7; 1 << 16].into());
    let theirs = net.peers[ANSWERER].events.iter().find_map(|event| {
        let Event::DataChannel(id) = event else {
            return None;
        };
        Some(*id)
    });
    let theirs = theirs.expect("the channel arrived");
    // Slow start has to get beyond what fits a batch.
    for _ in 0..32 {
        let now = net.now;
        let sent = net.peers[OFFERER].connection.send(now, channel, message());
        sent.expect("room");
        net.run_for(Duration::from_millis(1));
        assert_eq!(net.peers[ANSWERER].receive_all(theirs).len(), 1);
    }

    let (now, offerer) = (net.now, &mut net.peers[OFFERER].connection);
    for _ in 0..8 {
        offerer.send(now, channel, message()).expect("room");
    }
    let mut batch = Vec::new();
    let mut longest = 0;
    while let Some(transmit) = offerer.poll_transmit(now, usize::MAX, &mut batch) {
        longest = longest.max(batch.len());
        let segment = transmit.segment_size.unwrap_or(batch.len());
        assert!(segment <= 1200, "a datagram of {segment} bytes");
        batch.clear();
    }
    assert!((LONGEST - 1200..=LONGEST).contains(&longest), "{longest}");
}
