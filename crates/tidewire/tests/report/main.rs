//! Statistics in the W3C's names.

#[path = "../common/mod.rs"]
mod common;

mod call;
#[cfg(feature = "serde")]
mod json;
mod streams;
mod transport;

use std::collections::BTreeSet;
use std::time::Duration;

use call::{call, find, report};
use common::{ANSWERER, OFFERER};
use tidewire::report::{StatsEntry, StatsReport};

#[test]
fn what_one_side_sends_the_other_receives() {
    let net = call(0.0);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    for kind in ["audio", "video"] {
        let sent = find!(caller, OutboundRtp, |stats| stats.kind == kind);
        let received = find!(callee, InboundRtp, |stats| stats.ssrc == sent.ssrc);
        assert_eq!(sent.packets_sent, received.packets_received);
        assert_eq!(sent.bytes_sent, received.bytes_received);
        assert_eq!(received.packets_lost, 0);
        assert_eq!(sent.mid, received.mid);
        let remote = find!(caller, RemoteInboundRtp, |stats| stats.ssrc == sent.ssrc);
        assert_eq!(remote.packets_lost, 0);
        let rtt = remote.round_trip_time.expect("a round trip");
        assert!((0.04..0.06).contains(&rtt), "{rtt}");
        let told = find!(callee, RemoteOutboundRtp, |stats| stats.ssrc == sent.ssrc);
        assert!(told.packets_sent <= sent.packets_sent && told.packets_sent > 0);
    }
    let video = find!(callee, InboundRtp, |stats| stats.kind == "video");
    assert_eq!(video.frames_received, Some(90));
    let [sent, received] =
        [&caller, &callee].map(|report| find!(report, DataChannel, |stats| stats.label == "chat"));
    assert_eq!((sent.messages_sent, sent.bytes_sent), (1, 5));
    assert_eq!(
        (received.messages_received, received.bytes_received),
        (1, 5)
    );
    let transport = find!(caller, Transport, |_| true);
    assert_eq!(transport.srtp_cipher, Some("SRTP_AEAD_AES_128_GCM"));
    assert_eq!(transport.dtls_state, "connected");
    let pair = transport.selected_candidate_pair_id.expect("a pair");
    let pair = find!(caller, CandidatePair, |stats| stats.id == pair);
    assert!(pair.nominated && pair.state == "succeeded");
}

#[test]
fn what_is_lost_and_what_arrives_is_all_that_was_sent() {
    let net = call(0.05);
    let [caller, callee] = [OFFERER, ANSWERER].map(|at| report(&net, at));
    let sent = find!(caller, OutboundRtp, |stats| stats.kind == "video");
    let received = find!(callee, InboundRtp, |stats| stats.ssrc == sent.ssrc);
    let first_time = sent.packets_sent - sent.retransmitted_packets_sent;
    let repaired = received.retransmitted_packets_received;
    let arrived = (received.packets_received - repaired) as i64 + received.packets_lost;
    // The last ones may be lost without anybody knowing.
    assert!(
        (0..=3).contains(&(first_time as i64 - arrived)),
        "{sent:?} {received:?}"
    );
    assert!(received.packets_lost > 0 && received.nack_count > 0);
    assert!(sent.nack_count > 0 && sent.retransmitted_packets_sent > 0);
}

#[test]
fn every_reference_leads_to_an_entry_and_ids_stay() {
    let mut net = call(0.0);
    let before = report(&net, OFFERER);
    let ids = |report: &StatsReport| -> BTreeSet<String> {
        let ids = report.entries.iter().map(|entry| entry.id().to_owned());
        ids.collect()
    };
    assert_eq!(ids(&before).len(), before.entries.len(), "ids repeat");
    for entry in &before.entries {
        let references: Vec<Option<&String>> = match entry {
            StatsEntry::InboundRtp(stats) => vec![
                Some(&stats.transport_id),
                stats.codec_id.as_ref(),
                stats.remote_id.as_ref(),
            ],
            StatsEntry::OutboundRtp(stats) => vec![
                Some(&stats.transport_id),
                stats.media_source_id.as_ref(),
                stats.codec_id.as_ref(),
                stats.remote_id.as_ref(),
            ],
            StatsEntry::RemoteInboundRtp(stats) => vec![Some(&stats.local_id)],
            StatsEntry::RemoteOutboundRtp(stats) => vec![Some(&stats.local_id)],
            StatsEntry::Transport(stats) => vec![
                stats.selected_candidate_pair_id.as_ref(),
                Some(&stats.local_certificate_id),
                stats.remote_certificate_id.as_ref(),
            ],
            StatsEntry::CandidatePair(stats) => vec![
                Some(&stats.local_candidate_id),
                Some(&stats.remote_candidate_id),
                Some(&stats.transport_id),
            ],
            _ => Vec::new(),
        };
        for reference in references {
            let reference = reference.unwrap_or_else(|| panic!("{entry:?} lacks a reference"));
            assert!(before.get(reference).is_some(), "{reference} is missing");
        }
    }
    net.run_for(Duration::from_secs(5));
    assert_eq!(ids(&before), ids(&report(&net, OFFERER)));
}
