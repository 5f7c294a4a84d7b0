//! What a negotiator of media reads out of a captured offer, and how it writes one.

use proptest::prelude::*;
use tidewire_sdp::{
    Attribute, Av1Parameters, Bandwidth, Direction, ExtMap, Feedback, Fmtp, H264Parameters,
    H264Profile, MAX_LINES, MediaDescription, MediaKind, OpusParameters, Origin, ProfileLevelId,
    RedParameters, Restriction, Rid, RidDirection, RtcpFeedback, RtpMap, RtxParameters,
    SessionDescription, Simulcast, SimulcastFormat, SimulcastStream, Ssrc, SsrcSemantics,
    Vp9Parameters,
};

fn captured() -> SessionDescription {
    let text = include_str!("../testdata/chromium-156-offer-audio-video-data.sdp");
    SessionDescription::parse(text).expect("a valid description")
}

fn with_lines(lines: &str) -> MediaDescription {
    let start = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\n";
    let mut parsed = SessionDescription::parse(&format!("{start}{lines}")).expect("valid");
    parsed.media.remove(0)
}

#[test]
fn every_format_of_a_captured_offer_is_typed() {
    let offer = captured();
    let audio = offer.media[0].payload_formats();
    assert_eq!(audio.len(), 8);
    let opus = audio[0];
    assert!(opus.rtpmap.unwrap().is("OPUS"));
    assert_eq!(opus.rtpmap.unwrap().channels, Some(2));
    assert_eq!(OpusParameters::read(opus.parameters()).minptime, 10);
    let feedback: Vec<_> = opus.feedback().collect();
    assert_eq!(feedback, [&Feedback::TransportCc]);
    let red = RedParameters::read(audio[1].parameters()).unwrap();
    assert_eq!(red.payload_types, [111, 111]);
    assert!(audio.iter().skip(2).all(|format| format.fmtp.is_none()));

    let video = &offer.media[1];
    let formats = video.payload_formats();
    assert_eq!(formats.len(), 23);
    assert!(formats.iter().all(|format| format.rtpmap.is_some()));
    let h264 = H264Parameters::read(video.attributes.fmtp(116).unwrap().parameters.as_str());
    let main = h264.unwrap();
    assert_eq!(main.profile_level_id.profile(), Some(H264Profile::Main));
    assert!(main.level_asymmetry_allowed);
    let vp9 = video.attributes.fmtp(100).unwrap();
    assert_eq!(Vp9Parameters::read(&vp9.parameters).unwrap().profile_id, 2);
    let av1 = video.attributes.fmtp(45).unwrap();
    let read = Av1Parameters::read(&av1.parameters).unwrap();
    assert_eq!(read, Av1Parameters::default());
    let rtx = formats
        .iter()
        .filter(|format| format.rtpmap.unwrap().is("rtx"));
    let repaired: Vec<u8> = rtx
        .map(|format| RtxParameters::read(format.parameters()).unwrap().apt)
        .collect();
    assert_eq!(
        repaired,
        [96, 102, 104, 108, 114, 116, 39, 45, 98, 100, 118]
    );
}

#[test]
fn extensions_and_sources_of_a_captured_offer_are_typed() {
    let offer = captured();
    let video = &offer.media[1].attributes;
    let mid = video.extmaps().find(|map| map.uri.ends_with("sdes:mid"));
    assert_eq!(mid.map(|map| map.id), Some(4));
    assert_eq!(video.extmaps().count(), 11);
    let group = video.ssrc_groups().next().unwrap();
    assert_eq!(group.semantics, SsrcSemantics::Fid);
    assert_eq!(group.ids, [1_794_150_832, 4_090_461_009]);
    assert_eq!(video.cname(group.ids[1]), Some("Y4QIdN4n/2EbOrFU"));
    assert_eq!(video.ssrcs().count(), 4);
    let rtcp = video.rtcp_port().unwrap();
    assert_eq!((rtcp.port, rtcp.connection.is_some()), (9, true));
}

#[test]
fn only_one_attribute_of_a_captured_offer_has_no_type() {
    let offer = captured();
    let attributes = offer.media.iter().flat_map(|media| &media.attributes);
    let unknown = attributes.filter(|it| matches!(it, Attribute::Unknown { .. }));
    assert!(
        unknown
            .into_iter()
            .all(|attribute| attribute.name() == "rtcp-xr")
    );
}

#[test]
fn feedback_for_all_payload_types_is_among_that_of_each() {
    let media = with_lines("a=rtcp-fb:* ack ccfb\na=rtcp-fb:96 nack\na=rtcp-fb:97 nack pli\n");
    let of = |payload_type| media.attributes.rtcp_fbs(payload_type).collect::<Vec<_>>();
    assert_eq!(of(96), [&Feedback::AckCcfb, &Feedback::Nack]);
    assert_eq!(of(97), [&Feedback::AckCcfb, &Feedback::NackPli]);
}

#[test]
fn media_values_outside_their_grammar_stay_unknown() {
    let texts = [
        "rtpmap:128 VP8/90000",
        "rtpmap:096 VP8/90000",
        "rtpmap:96 VP8",
        "rtpmap:96 VP8/0",
        "rtpmap:96 VP8/90000/1/2",
        "rtpmap:96 VP8/90000/",
        "fmtp:96",
        "fmtp:96 ",
        "fmtp:x a=1",
        "rtcp-fb:96",
        "rtcp-fb:** nack",
        "rtcp-fb:96  nack",
        "extmap:0 urn:x",
        "ssrc:x cname:a",
        "ssrc-group:FID x",
        "rtcp:9 IN IP4",
        "rtcp:65536",
        "ptime:0",
        "ptime:20.",
        "ptime:.5",
        "maxptime:-1",
        "framerate:0.0",
        "content:",
        "content:a,,b",
        "label:a b",
        "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
    ];
    for text in texts {
        let attribute = Attribute::parse(text).unwrap();
        assert!(matches!(attribute, Attribute::Unknown { .. }), "{text}");
        assert_eq!(attribute.to_string(), text);
    }
}

#[test]
fn extensions_of_the_session_hold_for_sections_without_their_own() {
    let text = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=extmap:1 urn:session\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=extmap:2 urn:own\n";
    let parsed = SessionDescription::parse(text).unwrap();
    let ids = parsed.media.iter().map(|media| {
        let mut maps = parsed.effective(media).extmaps();
        (maps.next().map(|map| map.id), maps.next())
    });
    assert_eq!(ids.collect::<Vec<_>>(), [(Some(1), None), (Some(2), None)]);
}

#[test]
fn times_and_rates_may_have_a_fraction() {
    let media = with_lines("a=ptime:20\na=maxptime:2.5\na=framerate:29.97\na=label:1\n");
    assert_eq!(media.attributes.ptime().unwrap().value(), 20.0);
    assert_eq!(media.attributes.maxptime().unwrap().value(), 2.5);
    assert_eq!(media.attributes.framerate().unwrap().as_str(), "29.97");
    assert_eq!(media.attributes.label(), Some("1"));
}

#[test]
fn payload_types_are_listed_once_and_in_order() {
    let start = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n";
    let text = format!("{start}m=audio 9 RTP/AVP 111 0 x 128 111 9 0\n");
    let parsed = SessionDescription::parse(&text).unwrap();
    let types: Vec<u8> = parsed.media[0].payload_types().collect();
    assert_eq!(types, [111, 0, 9]);
}

#[test]
fn of_two_descriptions_of_a_payload_type_the_first_counts() {
    let media = with_lines("a=rtpmap:96 VP8/90000\na=rtpmap:96 VP9/90000\na=fmtp:96 a\n");
    let formats = media.payload_formats();
    assert!(formats[0].rtpmap.unwrap().is("VP8"));
    assert_eq!(media.attributes.rtpmap(96), formats[0].rtpmap);
    assert_eq!(formats[0].parameters(), "a");
    assert!(formats[1].rtpmap.is_none() && formats[1].parameters().is_empty());
}

#[test]
fn an_offer_of_media_is_written_line_by_line() {
    let h264 = H264Parameters::new(ProfileLevelId::CONSTRAINED_BASELINE_3_1, 1);
    let mut mid = ExtMap::new(4, "urn:ietf:params:rtp-hdrext:sdes:mid");
    mid.direction = Some(Direction::SendOnly);
    let streams = ["h", "l"].map(SimulcastStream::new);
    let rid = Rid::new("h", RidDirection::Send)
        .with(Restriction::PayloadTypes(vec![96, 97]))
        .with(Restriction::MaxWidth(1280));
    let media = MediaDescription::rtp(MediaKind::Video, 9, [96, 97])
        .with_bandwidth(Bandwidth::new("TIAS", 1_000_000))
        .with(Attribute::ExtMap(mid))
        .with(Attribute::RtpMap(RtpMap::new(96, "H264", 90_000)))
        .with(Attribute::RtcpFeedback(RtcpFeedback::new(
            96,
            Feedback::NackPli,
        )))
        .with(Attribute::RtcpFeedback(RtcpFeedback::for_all(
            Feedback::AckCcfb,
        )))
        .with(Attribute::Fmtp(Fmtp::new(96, h264)))
        .with(Attribute::RtpMap(RtpMap::new(97, "rtx", 90_000)))
        .with(Attribute::Fmtp(Fmtp::new(97, RtxParameters::new(96))))
        .with(Attribute::Rid(rid))
        .with(Attribute::Simulcast(Simulcast::sending(streams)))
        .with(Attribute::Ssrc(Ssrc::cname(7, "user")));
    let written = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
        b=TIAS:1000000\r\n\
        a=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
        a=rtpmap:96 H264/90000\r\n\
        a=rtcp-fb:96 nack pli\r\n\
        a=rtcp-fb:* ack ccfb\r\n\
        a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n\
        a=rtpmap:97 rtx/90000\r\n\
        a=fmtp:97 apt=96\r\n\
        a=rid:h send pt=96,97;max-width=1280\r\n\
        a=simulcast:send h;l\r\n\
        a=ssrc:7 cname:user\r\n";
    assert_eq!(media.to_string(), written);
    assert_eq!(media.bandwidth("TIAS"), Some(1_000_000));
    let offer = SessionDescription::new(Origin::new(1, 2)).with_media(media);
    assert_eq!(SessionDescription::parse(&offer.to_string()), Ok(offer));
}

/// Looking each format up by going through all lines anew would not come to an end here.
#[test]
fn as_many_parameters_as_fit_are_read_at_once() {
    let all = (0..=127).map(|it: u8| it.to_string()).collect::<Vec<_>>();
    let formats = all.join(" ") + &" 96".repeat(10_000);
    let lines = MAX_LINES - 5;
    let text = format!(
        "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=video 9 UDP/TLS/RTP/SAVPF {formats}\n{}",
        "a=fmtp:96 profile-id=0;max-fr=30;max-fs=3600;x=y\n".repeat(lines)
    );
    let parsed = SessionDescription::parse(&text).unwrap();
    let formats = parsed.media[0].payload_formats();
    assert_eq!(formats.len(), 128);
    assert_eq!(parsed.media[0].attributes.fmtps().count(), lines);
    assert!(formats.iter().all(|format| format.feedback().count() == 0));
}

fn any_attribute() -> impl Strategy<Value = Attribute> {
    let (word, number) = ("[a-zA-Z0-9-]{1,8}", 0_u8..=127);
    let stream = (word, any::<bool>()).prop_map(|(rid, paused)| SimulcastStream {
        alternatives: vec![SimulcastFormat { rid, paused }],
    });
    let streams = prop::collection::vec(stream, 1..4);
    let restriction = prop_oneof![
        prop::collection::vec(0_u8..=127, 1..4).prop_map(Restriction::PayloadTypes),
        any::<u32>().prop_map(Restriction::MaxHeight),
        any::<u64>().prop_map(Restriction::MaxPps),
        prop::collection::vec(word, 1..4).prop_map(Restriction::Depend),
    ];
    let rid = (word, prop::collection::vec(restriction, 0..4));
    prop_oneof![
        (
            number.clone(),
            word,
            1..=u32::MAX,
            prop::option::of(1..=u16::MAX)
        )
            .prop_map(
                |(payload_type, encoding, clock_rate, channels)| Attribute::RtpMap(RtpMap {
                    payload_type,
                    encoding,
                    clock_rate,
                    channels,
                })
            ),
        (number.clone(), "[ -~]{1,20}").prop_map(|(it, text)| Attribute::Fmtp(Fmtp::new(it, text))),
        (prop::option::of(number), any::<u32>()).prop_map(|(payload_type, interval)| {
            let feedback = Feedback::TrrInt(interval);
            Attribute::RtcpFeedback(RtcpFeedback {
                payload_type,
                feedback,
            })
        }),
        (1_u16..=255, "[!-~]{1,20}", prop::option::of("[ -~]{1,20}")).prop_map(
            |(id, uri, parameters)| Attribute::ExtMap(ExtMap {
                parameters,
                ..ExtMap::new(id, uri)
            })
        ),
        (any::<u32>(), "[ -~]{1,20}").prop_map(|(id, name)| Attribute::Ssrc(Ssrc::cname(id, name))),
        rid.prop_map(|(id, restrictions)| Attribute::Rid(Rid {
            restrictions,
            ..Rid::new(id, RidDirection::Receive)
        })),
        streams.prop_map(|streams| Attribute::Simulcast(Simulcast::receiving(streams))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_attribute_is_read_as_it_was_written(attribute in any_attribute()) {
        prop_assert_eq!(Attribute::parse(&attribute.to_string()), Some(attribute));
    }

    #[test]
    fn levels_keep_their_order_and_their_profile(bytes: [u8; 3], other: [u8; 3]) {
        let (own, other) = (ProfileLevelId::from_bytes(bytes), ProfileLevelId::from_bytes(other));
        prop_assert_eq!(ProfileLevelId::parse(&own.to_string()), Some(own));
        prop_assert!(own.same_profile(own));
        prop_assert_eq!(own.same_profile(other), other.same_profile(own));
        let moved = own.with_level(own.level());
        prop_assert_eq!(moved.level(), own.level());
        if own.profile().is_some() {
            prop_assert!(moved.same_profile(own));
        }
    }

    #[test]
    fn an_answer_matches_its_offer_and_asks_for_no_more(
        offer: [u8; 3], own: [u8; 3], offers: bool, allows: bool,
    ) {
        let with = |bytes, allowed| H264Parameters {
            level_asymmetry_allowed: allowed,
            ..H264Parameters::new(ProfileLevelId::from_bytes(bytes), 1)
        };
        let (offer, own) = (with(offer, offers), with(own, allows));
        if let Some(answer) = own.answer(&offer) {
            let level = answer.profile_level_id.level();
            prop_assert!(level <= own.profile_level_id.level());
            prop_assert!(answer.level_asymmetry_allowed || level <= offer.profile_level_id.level());
            if offer.profile_level_id.profile().is_some() {
                prop_assert!(answer.matches(&offer));
            }
        }
    }

    #[test]
    fn parameters_of_opus_are_read_as_they_were_written(
        minptime in 3_u32..=120, maxptime in 3_u32..=120, flags: [bool; 5],
        max_average_bitrate in prop::option::of(6000_u32..=510_000),
        max_playback_rate in 8000_u32..=48_000,
    ) {
        let [use_inband_fec, use_dtx, stereo, sprop_stereo, cbr] = flags;
        let written = OpusParameters {
            minptime, maxptime, use_inband_fec, use_dtx, stereo, sprop_stereo, cbr,
            max_average_bitrate, max_playback_rate,
        };
        prop_assert_eq!(OpusParameters::read(&written.to_string()), written);
    }
}
