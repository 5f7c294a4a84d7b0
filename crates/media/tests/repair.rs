//! Frames in are frames out: over networks that lose, reorder and duplicate.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{Call, only};
use tidewire_crypto::Rng;
use tidewire_media::{FrameInfo, MediaKind};
use tidewire_netsim::{LinkConfig, for_each_seed};
use tidewire_rtp::payload::{Format, OutgoingFrame};

const SSRC: u32 = 0x1000;

fn bad_link() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(25),
        jitter: Duration::from_millis(5),
        loss: 0.1,
        reordering: 0.05,
        duplication: 0.05,
        ..LinkConfig::default()
    }
}

#[test]
fn what_is_lost_is_repaired_byte_for_byte() {
    for_each_seed(30, |seed| {
        let mut call = Call::new(&bad_link(), seed);
        let (sender, receiver) = call.connect(Format::Opaque, MediaKind::Video, SSRC);
        let mut rng = Rng::from_u64(seed);
        let mut sent = Vec::new();
        for number in 0..90u32 {
            let mut data = vec![0; 1 + rng.next_u32() as usize % 1000];
            rng.fill(&mut data);
            let info = FrameInfo {
                timestamp: number.wrapping_mul(3000).wrapping_sub(100_000),
                ..FrameInfo::default()
            };
            let frame = OutgoingFrame::new(Bytes::from(data));
            sent.push(frame.data.clone());
            let session = &mut call.alice.session;
            session
                .send_frame(call.now, only(sender), frame, &info)
                .unwrap();
            call.run_for(Duration::from_millis(33));
        }
        // The last ones show that those before them are missing; they are missed themselves by nobody.
        call.run_for(Duration::from_secs(3));
        let received: Vec<_> = call
            .bob
            .frames
            .iter()
            .map(|(_, frame)| frame.frame.data.clone())
            .collect();
        let missing = sent.iter().filter(|data| !received.contains(data)).count();
        assert!(missing <= 5, "{missing} frames are missing");
        assert!(
            received.iter().all(|data| sent.contains(data)),
            "frames are damaged"
        );
        let order: Vec<_> = call
            .bob
            .frames
            .iter()
            .map(|(_, frame)| frame.frame.first_sequence)
            .collect();
        assert!(order.is_sorted());
        let stats = call.bob.session.receiver_stats(receiver).next().unwrap();
        assert!(stats.recovered > 0 && stats.nacks > 0, "{stats:?}");
        let stats = call.alice.session.sender_stats(sender).next().unwrap();
        assert!(
            stats.retransmitted_packets > 0 && stats.nacks > 0,
            "{stats:?}"
        );
    });
}
