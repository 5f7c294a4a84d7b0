//! What was read is written again as it stood.

use proptest::prelude::*;
use tidewire_sdp::{Attribute, MAX_TEXT_LENGTH, SessionDescription, fuzz};

const CAPTURED: [&str; 3] = [
    include_str!("../testdata/chromium-156-answer-data.sdp"),
    include_str!("../testdata/chromium-156-offer-audio-video-data.sdp"),
    include_str!("../testdata/chromium-156-offer-data.sdp"),
];

const EVERY_LINE: &str = "v=0\r\n\
    o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n\
    s=Call to John Smith\r\n\
    i=SDP Offer #1\r\n\
    u=http://www.jdoe.example.com/home.html\r\n\
    e=Jane Doe <jane@jdoe.example.com>\r\n\
    e=second@jdoe.example.com\r\n\
    p=+1 617 555-6011\r\n\
    c=IN IP4 198.51.100.1\r\n\
    b=CT:128\r\n\
    b=X-YZ:18446744073709551616\r\n\
    t=3724394400 3724398000\r\n\
    r=7d 1h 0 25h\r\n\
    z=3730928400 -1h 3749680800 0\r\n\
    t=0 0\r\n\
    k=prompt\r\n\
    a=recvonly\r\n\
    x=unknown type\r\n\
    a=tool:none\r\n\
    m=audio 49170/2 RTP/AVP 0 8\r\n\
    Q=\r\n\
    i=A title\r\n\
    c=IN IP4 233.252.0.1/127\r\n\
    c=IN IP4 233.252.0.2/127\r\n\
    b=AS:64\r\n\
    k=base64:AAAA\r\n\
    a=empty:\r\n\
    a=sendonly\r\n\
    n=at the end\r\n\
    m=image 0 udptl t38\r\n";

#[test]
fn captured_descriptions_are_rewritten_to_the_same_bytes() {
    for text in CAPTURED {
        assert_eq!(SessionDescription::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn every_line_of_the_grammar_is_rewritten_to_the_same_bytes() {
    let parsed = SessionDescription::parse(EVERY_LINE).unwrap();
    assert_eq!(parsed.to_string(), EVERY_LINE);
    assert_eq!(
        parsed.times[0].repeats[0].offsets[1].seconds(),
        Some(90_000)
    );
    assert!(parsed.times[0].zones[0].back);
    assert_eq!(parsed.media[0].port_count, Some(2));
    assert_eq!(parsed.media[0].connections.len(), 2);
}

#[test]
fn line_feeds_alone_end_lines_too() {
    let parsed = SessionDescription::parse(&EVERY_LINE.replace("\r\n", "\n")).unwrap();
    assert_eq!(parsed.to_string(), EVERY_LINE);
}

#[test]
fn the_last_line_may_lack_its_ending() {
    let parsed = SessionDescription::parse(EVERY_LINE.trim_end()).unwrap();
    assert_eq!(parsed.to_string(), EVERY_LINE);
}

#[test]
fn unknown_lines_stay_where_they_stood() {
    let parsed = SessionDescription::parse(EVERY_LINE).unwrap();
    assert_eq!(parsed.unknown_lines[0].letter, 'x');
    assert_eq!(parsed.media[0].unknown_lines[0].position, 1);
    assert_eq!(parsed.media[0].unknown_lines[1].value, "at the end");
}

#[test]
fn no_truncation_panics_or_changes_what_was_read() {
    for text in CAPTURED.into_iter().chain([EVERY_LINE]) {
        for end in 0..text.len() {
            fuzz::parse(&text.as_bytes()[..end]);
        }
    }
}

#[test]
fn a_value_with_line_ends_is_written_on_one_line() {
    let mut parsed = SessionDescription::parse(EVERY_LINE).unwrap();
    parsed.session_name = "name\r\na=injected\0".to_owned();
    parsed.media[0]
        .attributes
        .push(Attribute::Mid("0\nm=audio".to_owned()));
    let text = parsed.to_string();
    assert!(text.contains("s=name  a=injected \r\n"));
    assert!(text.contains("a=mid:0 m=audio\r\n"));
    assert_eq!(SessionDescription::parse(&text).unwrap().media.len(), 2);
}

/// Lines that often stand where the grammar wants them, and sometimes do not.
fn any_line() -> impl Strategy<Value = String> {
    prop_oneof![
        "a=(mid|group|ice-ufrag|ice-pwd|ice-options|candidate|fingerprint)(:[ -~]{0,30})?",
        "a=(tls-id|connection|msid|msid-semantic|sctp-init|rtcp-mux)(:[ -~]{0,30})?",
        "a=(sctp-port|max-message-size):[0-9]{0,22}",
        "a=(remote-candidates|sctpmap|ice-pacing):[0-9a-z: .]{0,30}",
        "a=rtpmap:[0-9]{1,3} [a-zA-Z0-9/ ]{0,20}",
        "a=rtpmap:[0-9]{1,3} opus/[0-9]{1,11}(/[0-9]{1,6})?",
        "a=fmtp:[0-9]{1,3} [ -~]{0,30}",
        "a=rtcp-fb:(\\*|[0-9]{1,3}) (nack|ack|ccm|trr-int|goog-remb)( [a-z0-9 ]{0,8})?",
        "a=extmap:[0-9]{1,5}(/(sendonly|recvonly|both))?( [ -~]{0,12}){0,2}",
        "a=ssrc:[0-9]{1,11} (cname|msid|label)?(:[ -~]{0,12})?",
        "a=ssrc-group:(FID|SIM|FEC-FR|DUP)?( [0-9]{0,11}){0,3}",
        "a=rid:[a-z0-9~]{0,3} (send|recv)( (pt=|max-width=|depend=|x)?[a-z0-9,;=-]{0,12})?",
        "a=simulcast:(send|recv) [a-z0-9~,;]{0,8}( (send|recv) [a-z0-9~,;]{0,8})?",
        "a=(rtcp|ptime|maxptime|framerate|content|label|imageattr):[0-9a-z., ]{0,12}",
        "a=setup:(active|passive|actpass|holdconn|other)",
        "m=(audio|video) 9 UDP/TLS/RTP/SAVPF [0-9 ]{1,9}",
        "m=(audio|application|text) [0-9]{1,6}(/[0-9])? UDP/DTLS/SCTP [a-z0-9 ]{1,9}",
        "[a-z]=[ -~]{0,12}",
        "[tcbkizr]=(0|1h|IN|AS:9|clear:x) (0|IP4)( 1)?",
        "\\PC{0,12}",
    ]
}

/// The most that one description can hold, in shapes that could make a parser slow.
fn largest() -> Vec<String> {
    let start = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n";
    let room = MAX_TEXT_LENGTH - start.len();
    let shapes = [
        "x=\n".to_owned(),
        "a=mid:a\n".to_owned(),
        "a=\n".to_owned(),
        "m=a 9 x 0\nx=\n".to_owned(),
        "\r\n".to_owned(),
        "a=fmtp:96 x=1;y=2\n".to_owned(),
        "a=rtcp-fb:* nack\n".to_owned(),
        format!("a=fmtp:96 {}\n", ";".repeat(16_000)),
        format!(
            "a=simulcast:send {}\n",
            "a;".repeat(16_000).trim_end_matches(';')
        ),
        format!(
            "a=rid:a send {}\n",
            "x;".repeat(16_000).trim_end_matches(';')
        ),
        format!(
            "a=rid:a send depend={}\n",
            "a,".repeat(16_000).trim_end_matches(',')
        ),
        format!("a=ssrc-group:FID {}\n", "1 ".repeat(16_000).trim_end()),
        format!(
            "m=audio 9 x {}\na=rtcp-fb:* nack\n",
            "0 ".repeat(200).trim_end()
        ),
        format!("a=group:{}\n", "a ".repeat(16_000).trim_end()),
        format!(
            "a=remote-candidates:{}\n",
            "1 a 9 ".repeat(5_000).trim_end()
        ),
        format!("m=audio 9 x {}\n", "0 ".repeat(16_000).trim_end()),
    ];
    let whole = |shape: &String| format!("{start}{}", shape.repeat(room / shape.len()));
    let few = |shape: &String| format!("{start}{}", shape.repeat(1_000.min(room / shape.len())));
    shapes
        .iter()
        .map(whole)
        .chain(shapes.iter().map(few))
        .collect()
}

/// A parser that looked back would not come to an end here.
#[test]
fn the_largest_texts_are_handled() {
    for text in largest() {
        fuzz::parse(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_bytes_are_handled(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz::parse(&bytes);
    }

    #[test]
    fn any_text_is_handled(text in "(?s).{0,200}") {
        fuzz::parse(text.as_bytes());
    }

    #[test]
    fn any_lines_after_a_valid_start_are_handled(
        lines in prop::collection::vec(any_line(), 0..12),
        ending in prop_oneof![Just("\r\n"), Just("\n")],
    ) {
        let start = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"];
        let all: Vec<&str> = start.into_iter().chain(lines.iter().map(String::as_str)).collect();
        fuzz::parse(all.join(ending).as_bytes());
    }

    #[test]
    fn an_attribute_is_written_as_it_was_read(line in any_line()) {
        let Some(text) = line.strip_prefix("a=") else { return Ok(()) };
        if let Some(attribute) = Attribute::parse(text) {
            prop_assert_eq!(attribute.to_string(), text);
            prop_assert_eq!(attribute.name(), text.split(':').next().unwrap());
        }
    }
}
