//! Statistics in the W3C's names.

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{ANSWERER, Net, OFFERER};
use tidewire::report::{StatsEntry, StatsReport};
use tidewire::{FrameInfo, MediaKind, OutgoingFrame};
use tidewire_netsim::LinkConfig;

const DELAY: Duration = Duration::from_millis(20);

/// A call of three seconds, with audio and video and a data channel.
fn call(loss: f64) -> Net {
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

fn send_frames(net: &mut Net, at: usize, number: u32) {
    let now = net.now;
    let connection = &mut net.peers[at].connection;
    let all: Vec<_> = connection.transceivers().collect();
    for state in all {
        let (data, ticks) = match state.kind {
            MediaKind::Audio => (vec![0xf8; 60], 1600),
            // Of VP8, a key frame first.
            MediaKind::Video => (vec![u8::from(number > 0); 3000], 3000),
        };
        let info = FrameInfo {
            timestamp: number * ticks,
            is_key: number == 0,
            ..FrameInfo::default()
        };
        let frame = OutgoingFrame::new(data.into());
        connection
            .send_frame(now, state.id, 0, frame, &info)
            .expect("a frame that can be sent");
    }
}

fn report(net: &Net, at: usize) -> StatsReport {
    net.peers[at].connection.stats_report(net.now)
}

/// The only entry of a type that fits.
macro_rules! find {
    ($report:expr, $variant:ident, $fits:expr) => {{
        let mut found = $report.entries.iter().filter_map(|entry| match entry {
            StatsEntry::$variant(stats) => Some(stats),
            _ => None,
        });
        found.find($fits).expect(stringify!($variant)).clone()
    }};
}

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
    let arrived = received.packets_received as i64 + received.packets_lost;
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

#[cfg(feature = "serde")]
mod json {
    use serde_json::Value;

    use super::*;

    /// The members of webrtc-stats that are written, by type.
    const MEMBERS: [(&str, &str); 12] = [
        (
            "codec",
            "payloadType transportId mimeType clockRate channels sdpFmtpLine",
        ),
        (
            "inbound-rtp",
            "ssrc kind transportId codecId remoteId mid packetsReceived packetsLost jitter \
             packetsDiscarded bytesReceived lastPacketReceivedTimestamp framesReceived framesDropped \
             nackCount firCount pliCount retransmittedPacketsReceived retransmittedBytesReceived",
        ),
        (
            "outbound-rtp",
            "ssrc kind transportId codecId remoteId mid rid encodingIndex active packetsSent bytesSent \
             retransmittedPacketsSent retransmittedBytesSent rtxSsrc framesSent nackCount firCount \
             pliCount",
        ),
        (
            "remote-inbound-rtp",
            "ssrc kind transportId codecId localId packetsLost jitter fractionLost roundTripTime \
             totalRoundTripTime roundTripTimeMeasurements",
        ),
        (
            "remote-outbound-rtp",
            "ssrc kind transportId codecId localId remoteTimestamp packetsSent bytesSent reportsSent",
        ),
        ("peer-connection", "dataChannelsOpened dataChannelsClosed"),
        (
            "data-channel",
            "label protocol dataChannelIdentifier state messagesSent bytesSent messagesReceived \
             bytesReceived",
        ),
        (
            "transport",
            "packetsSent packetsReceived bytesSent bytesReceived iceRole iceLocalUsernameFragment \
             dtlsState iceState selectedCandidatePairId localCertificateId remoteCertificateId \
             tlsVersion dtlsCipher dtlsRole srtpCipher",
        ),
        (
            "candidate-pair",
            "transportId localCandidateId remoteCandidateId state nominated currentRoundTripTime \
             totalRoundTripTime requestsSent requestsReceived responsesSent responsesReceived \
             consentRequestsSent",
        ),
        (
            "local-candidate",
            "transportId address port protocol candidateType priority foundation relatedAddress \
             relatedPort usernameFragment",
        ),
        (
            "remote-candidate",
            "transportId address port protocol candidateType priority foundation relatedAddress \
             relatedPort usernameFragment",
        ),
        ("certificate", "fingerprint fingerprintAlgorithm"),
    ];

    #[test]
    fn entries_have_the_names_of_the_w3c_and_no_others() {
        let net = call(0.0);
        let json = serde_json::to_value(report(&net, OFFERER)).expect("JSON");
        let mut seen = BTreeSet::new();
        for entry in json.as_array().expect("a list") {
            let kind = entry["type"].as_str().expect("a type");
            seen.insert(kind.to_owned());
            let (_, members) = MEMBERS
                .iter()
                .find(|(name, _)| *name == kind)
                .expect("a known type");
            for (name, value) in entry.as_object().expect("an entry") {
                let common = ["id", "type", "timestamp"].contains(&name.as_str());
                let known = members.split_whitespace().any(|member| member == name);
                assert!(common || known, "{kind} has {name}");
                assert_ne!(value, &Value::Null);
            }
        }
        assert_eq!(seen.len(), MEMBERS.len());
        let video = json
            .as_array()
            .expect("a list")
            .iter()
            .find(|entry| entry["mimeType"] == "video/VP8");
        assert!(video.is_some());
    }
}
