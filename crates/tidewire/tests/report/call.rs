//! Calls to tell of.

use std::time::Duration;

use tidewire::report::StatsReport;
use tidewire::{FrameInfo, MediaKind, OutgoingFrame};
use tidewire_netsim::LinkConfig;

use crate::common::{ANSWERER, Net, OFFERER};

pub(crate) const DELAY: Duration = Duration::from_millis(20);

/// Cut into three packets.
pub(crate) const VIDEO_LEN: usize = 3000;

/// A call of three seconds, with audio and video and a data channel.
pub(crate) fn call(loss: f64) -> Net {
    let link = LinkConfig {
        delay: DELAY,
        ..LinkConfig::default()
    };
    let mut net = Net::new(1, &link);
    let now = net.now;
    for peer in &mut net.peers {
        for kind in [MediaKind::Audio, MediaKind::Video] {
            peer.connection
                .add_track(kind, &["stream"])
                .expect("a transceiver");
        }
    }
    let caller = &mut net.peers[OFFERER].connection;
    let channel = caller.create_data_channel(now, "chat", Default::default());
    let channel = channel.expect("a channel");
    net.negotiate();
    net.run_for(Duration::from_secs(1));
    let now = net.now;
    let caller = &mut net.peers[OFFERER].connection;
    caller.send(now, channel, "hello").expect("an open channel");
    net.run_for(DELAY * 2);
    let callee = &mut net.peers[ANSWERER];
    let there = callee.events.iter().find_map(|event| match event {
        tidewire::Event::DataChannel(id) => Some(*id),
        _ => None,
    });
    callee.connection.receive(there.expect("a channel"));
    for link in &mut net.links {
        let config = LinkConfig {
            delay: DELAY,
            loss,
            ..LinkConfig::default()
        };
        *link = tidewire_netsim::Link::new(config, 5);
    }
    for number in 0..90u32 {
        for at in [OFFERER, ANSWERER] {
            send_frames(&mut net, at, number);
        }
        net.run_for(Duration::from_millis(33));
        for peer in &mut net.peers {
            while peer.connection.poll_media().is_some() {}
        }
    }
    net.run_for(Duration::from_secs(1));
    net
}

pub(crate) fn send_frames(net: &mut Net, at: usize, number: u32) {
    let now = net.now;
    let connection = &mut net.peers[at].connection;
    let all: Vec<_> = connection.transceivers().collect();
    for state in all {
        let (data, ticks) = match state.kind {
            MediaKind::Audio => (vec![0xf8; 60], 1600),
            MediaKind::Video => (video_frame(number, VIDEO_LEN), 3000),
        };
        let info = FrameInfo {
            timestamp: number * ticks,
            is_key: number.is_multiple_of(30),
            ..FrameInfo::default()
        };
        let frame = OutgoingFrame::new(data.into());
        connection
            .send_frame(now, state.id, 0, frame, &info)
            .expect("a frame that can be sent");
    }
}

/// A frame of VP8, each thirtieth a key frame of 640 by 360.
pub(crate) fn video_frame(number: u32, len: usize) -> Vec<u8> {
    const KEY: [u8; 10] = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
    let mut frame = vec![1; len];
    if number.is_multiple_of(30) {
        frame[..KEY.len()].copy_from_slice(&KEY);
    }
    frame
}

pub(crate) fn report(net: &Net, at: usize) -> StatsReport {
    net.peers[at].connection.stats_report(net.now)
}

/// The only entry of a type that fits.
macro_rules! find {
    ($report:expr, $variant:ident, $fits:expr) => {{
        use tidewire::report::StatsEntry;
        let mut found = $report.entries.iter().filter_map(|entry| match entry {
            StatsEntry::$variant(stats) => Some(stats),
            _ => None,
        });
        found.find($fits).expect(stringify!($variant)).clone()
    }};
}

pub(crate) use find;
