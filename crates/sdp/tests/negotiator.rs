//! What a negotiator asks of a description, and how it writes one.

use tidewire_sdp::{
    Attribute, Connection, Direction, Fingerprint, Group, MediaDescription, MediaKind, Msid,
    Origin, SessionDescription, Setup,
};

fn captured() -> SessionDescription {
    let text = include_str!("../testdata/chromium-156-offer-audio-video-data.sdp");
    SessionDescription::parse(text).expect("a valid description")
}

fn with_lines(session: &str, media: &str) -> SessionDescription {
    let text = format!(
        "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n{session}\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n{media}"
    );
    SessionDescription::parse(&text).expect("a valid description")
}

#[test]
fn attributes_of_a_captured_offer_are_typed() {
    let offer = captured();
    let group = offer.bundle_groups().next().unwrap();
    assert_eq!(group.mids, ["0", "1", "2"]);
    let data = offer.media_by_mid("2").unwrap();
    assert!(data.is_data_channel() && !data.is_rejected());
    assert_eq!(data.kind, MediaKind::Application);
    assert_eq!((data.port, data.protocol.as_str()), (9, "UDP/DTLS/SCTP"));
    assert_eq!(data.formats, ["webrtc-datachannel"]);
    assert_eq!(data.attributes.sctp_port(), Some(5000));
    assert_eq!(data.attributes.max_message_size(), Some(262_144));
    assert_eq!(data.connections[0].ip(), Some("0.0.0.0".parse().unwrap()));
    let effective = offer.effective(data);
    assert_eq!(effective.ice_ufrag(), Some("bR5m"));
    assert_eq!(effective.ice_pwd(), Some("rkTmZ4XgRv/cd/ZGIEoSBvIO"));
    assert!(effective.has_ice_option("trickle") && !effective.has_ice_option("ice2"));
    assert_eq!(effective.setup(), Some(Setup::ActPass));
    assert_eq!(effective.fingerprints().next().unwrap().hash, "sha-256");
    assert!(effective.allows_mixed_extmap());
    let audio = &offer.media[0];
    assert_eq!(audio.direction(), Some(Direction::SendRecv));
    assert_eq!(audio.attributes.msids().count(), 1);
    assert!(audio.attributes.contains(&Attribute::RtcpMux));
    assert_eq!(audio.attributes.named("rtpmap").count(), 8);
}

#[test]
fn candidates_are_kept_as_they_are() {
    let text = include_str!("../testdata/chromium-156-offer-data.sdp");
    let offer = SessionDescription::parse(text).unwrap();
    let candidates: Vec<&str> = offer.media[0].attributes.candidates().collect();
    assert_eq!(candidates.len(), 4);
    assert!(candidates[0].starts_with("2602587287 1 udp 2122194687 192.0.2.2 54314 typ host"));
}

#[test]
fn the_session_level_holds_unless_the_section_says_otherwise() {
    let session = "a=ice-ufrag:sess\na=setup:active\na=ice-lite\na=inactive\n\
        a=fingerprint:sha-256 AA:BB\n";
    let inherits = with_lines(session, "");
    let effective = inherits.effective(&inherits.media[0]);
    assert_eq!(effective.ice_ufrag(), Some("sess"));
    assert_eq!(effective.setup(), Some(Setup::Active));
    assert_eq!(effective.direction(), Direction::Inactive);
    assert_eq!(effective.fingerprints().count(), 1);
    assert!(effective.is_ice_lite());

    let media = "a=ice-ufrag:own1\na=setup:passive\na=recvonly\na=fingerprint:sha-1 CC\n\
        a=end-of-candidates\n";
    let overrides = with_lines(session, media);
    let effective = overrides.effective(&overrides.media[0]);
    assert_eq!(effective.ice_ufrag(), Some("own1"));
    assert_eq!(effective.setup(), Some(Setup::Passive));
    assert_eq!(effective.direction(), Direction::RecvOnly);
    let hashes: Vec<&str> = effective
        .fingerprints()
        .map(|print| print.hash.as_str())
        .collect();
    assert_eq!(hashes, ["sha-1"]);
    assert!(effective.is_end_of_candidates());
}

#[test]
fn nothing_stated_means_both_ways_and_nothing_else() {
    let bare = with_lines("", "");
    let effective = bare.effective(&bare.media[0]);
    assert_eq!(effective.direction(), Direction::SendRecv);
    assert_eq!((effective.ice_ufrag(), effective.setup()), (None, None));
    assert_eq!(effective.fingerprints().count(), 0);
}

#[test]
fn values_outside_their_grammar_stay_unknown() {
    let texts = [
        "ice-ufrag:abc",
        "ice-ufrag:ab cd",
        "ice-pwd:tooshort",
        "ice-options:trickle  ice2",
        "ice-options:",
        "ice-lite:",
        "candidate:",
        "fingerprint:sha-256",
        "fingerprint:sha-256 A:BB",
        "fingerprint:sha-256 ÀA",
        "setup:Active",
        "tls-id:short",
        "connection:old",
        "sctp-port:05000",
        "sctp-port:65536",
        "sctp-port:+5000",
        "max-message-size:18446744073709551616",
        "mid",
        "mid:a b",
        "msid:a b c",
        "msid:a ",
        "group:",
        "sendrecv:1",
        "end-of-candidates:x",
        "ice-mismatch:",
        "ice-pacing:",
        "ice-pacing:050",
        "ice-pacing:50 ms",
        "remote-candidates:",
        "remote-candidates:1 192.0.2.3",
        "remote-candidates:0 192.0.2.3 9",
        "remote-candidates:1 192.0.2.3 65536",
        "remote-candidates:1 192.0.2.3 9 2",
        "remote-candidates:1  9",
        "sctpmap:5000",
        "sctpmap:65536 webrtc-datachannel",
        "sctpmap:5000 webrtc-datachannel many",
        "sctpmap:5000 webrtc-datachannel 16 16",
    ];
    for text in texts {
        let attribute = Attribute::parse(text).unwrap();
        assert!(matches!(attribute, Attribute::Unknown { .. }), "{text}");
        assert_eq!(attribute.to_string(), text);
    }
}

#[test]
fn values_within_their_grammar_are_typed() {
    let typed = [
        "group:BUNDLE",
        "group:LS a b",
        "msid:- track",
        "msid:stream",
        "msid-semantic: WMS *",
        "tls-id:abc3de65cddef001be82",
        "connection:existing",
        "sctp-init:AQAAAA==",
        "max-message-size:0",
        "fingerprint:SHA-256 aa:bb",
        "rtcp-mux-only",
        "rtcp-rsize",
        "bundle-only",
        "ice-mismatch",
        "ice-options:trickle rtp+ecn a/b google-ice",
        "ice-pacing:0",
        "remote-candidates:1 192.0.2.3 45664",
        "remote-candidates:1 2001:db8::1 9 2 name.local 0",
        "sctpmap:5000 webrtc-datachannel",
        "holdconn",
    ];
    for text in typed {
        let attribute = Attribute::parse(text).unwrap();
        let unknown = matches!(attribute, Attribute::Unknown { .. });
        assert_eq!(unknown, text == "holdconn", "{text}");
        assert_eq!(attribute.to_string(), text);
    }
}

#[test]
fn selected_candidates_pacing_and_the_older_port_attribute_are_typed() {
    let description = with_lines(
        "a=ice-pacing:20\n",
        "a=remote-candidates:1 192.0.2.3 45664\na=remote-candidates:2 2001:db8::1 9\n\
         a=sctpmap:5000 webrtc-datachannel 1024\n",
    );
    let media = &description.media[0];
    assert_eq!(description.effective(media).ice_pacing(), 20);
    let selected = media.attributes.remote_candidates().collect::<Vec<_>>();
    assert_eq!((selected[0].component, selected[0].port), (1, 45664));
    assert_eq!(selected[1].address, "2001:db8::1");
    let map = media.attributes.sctp_maps().next().unwrap();
    assert_eq!((map.port, map.streams), (5000, Some(1024)));
    assert_eq!(map.application, "webrtc-datachannel");
}

#[test]
fn checks_are_paced_at_50_milliseconds_unless_the_session_says_otherwise() {
    let description = with_lines("", "a=ice-pacing:20\n");
    let media = &description.media[0];
    assert_eq!(description.effective(media).ice_pacing(), 50);
    assert_eq!(media.attributes.ice_pacing(), Some(20));
}

#[test]
fn port_zero_rejects_unless_the_section_is_bundle_only() {
    let rejected = MediaDescription::data_channel(0);
    assert!(rejected.is_rejected());
    assert!(!rejected.with(Attribute::BundleOnly).is_rejected());
}

#[test]
fn directions_are_seen_from_either_end() {
    assert_eq!(Direction::SendOnly.reversed(), Direction::RecvOnly);
    assert_eq!(Direction::RecvOnly.reversed(), Direction::SendOnly);
    assert_eq!(Direction::Inactive.reversed(), Direction::Inactive);
    assert!(Direction::SendRecv.sends() && Direction::SendRecv.receives());
    assert!(!Direction::SendOnly.receives() && !Direction::RecvOnly.sends());
}

#[test]
fn an_answer_is_written_as_a_browser_writes_it() {
    let text = include_str!("../testdata/chromium-156-answer-data.sdp");
    let candidates = [
        "3798226968 1 udp 2122194687 192.0.2.2 50608 typ host generation 0 network-id 1",
        "3843437736 1 udp 2122265343 fd00::2 45312 typ host generation 0 network-id 2",
    ];
    let hash = "D5:49:09:4A:FD:97:C7:EE:72:F2:84:C4:A4:61:B1:6F:\
        79:4D:96:5B:D3:08:A1:5C:55:D2:C0:39:1C:E9:5F:8E";
    let mut media = MediaDescription::data_channel(50608)
        .with_connection(Connection::new("192.0.2.2".parse().unwrap()));
    media
        .attributes
        .extend(candidates.map(|text| Attribute::Candidate(text.into())));
    let media = media
        .with(Attribute::IceUfrag("1El3".into()))
        .with(Attribute::IcePwd("X76eatqStS3A7bItslcuQMPt".into()))
        .with(Attribute::IceOptions(vec!["trickle".into()]))
        .with(Attribute::Fingerprint(Fingerprint {
            hash: "sha-256".into(),
            value: hash.into(),
        }))
        .with(Attribute::Setup(Setup::Active))
        .with(Attribute::Mid("0".into()))
        .with(Attribute::SctpPort(5000))
        .with(Attribute::MaxMessageSize(262_144));
    let answer = SessionDescription::new(Origin::new(4_501_093_293_890_159_612, 2))
        .with(Attribute::Group(Group::bundle(["0"])))
        .with(Attribute::ExtmapAllowMixed)
        .with(Attribute::MsidSemantic(" WMS".into()))
        .with_media(media);
    assert_eq!(answer.to_string(), text);
    assert_eq!(SessionDescription::parse(text).unwrap(), answer);
}

#[test]
fn streams_without_a_track_are_written_without_one() {
    let msid = Attribute::Msid(Msid {
        stream: "-".into(),
        track: None,
    });
    assert_eq!(msid.to_string(), "msid:-");
}
