//! What the grammar refuses, and where it says the fault is.

use tidewire_sdp::{
    Field, MAX_LINE_LENGTH, MAX_LINES, MAX_MEDIA, MAX_TEXT_LENGTH, ParseError, Reason,
    SessionDescription,
};

const START: &str = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n";

fn error(text: &str) -> (usize, Reason) {
    let ParseError { line, reason } =
        SessionDescription::parse(text).expect_err("an invalid description");
    (line, reason)
}

/// The fault when `line` follows a complete session part.
fn error_after_start(line: &str) -> (usize, Reason) {
    error(&format!("{START}{line}"))
}

#[test]
fn the_shortest_description_is_read() {
    assert!(SessionDescription::parse(START).unwrap().media.is_empty());
}

#[test]
fn a_missing_line_is_named_with_its_place() {
    assert_eq!(
        error("o=- 1 2 IN IP4 127.0.0.1\n"),
        (1, Reason::Missing('v'))
    );
    assert_eq!(error("v=0\ns=-\n"), (2, Reason::Missing('o')));
    assert_eq!(
        error("v=0\no=- 1 2 IN IP4 ::1\nt=0 0\n"),
        (3, Reason::Missing('s'))
    );
    assert_eq!(
        error("v=0\no=- 1 2 IN IP6 ::1\ns=-\n"),
        (4, Reason::Missing('t'))
    );
}

#[test]
fn lines_out_of_order_are_refused() {
    assert_eq!(error_after_start("v=0"), (5, Reason::OutOfPlace('v')));
    assert_eq!(
        error_after_start("a=x\nb=AS:1"),
        (6, Reason::OutOfPlace('b'))
    );
    assert_eq!(
        error_after_start("m=audio 9 x 0\nt=0 0"),
        (6, Reason::OutOfPlace('t'))
    );
    assert_eq!(
        error_after_start("m=audio 9 x 0\na=x\ni=late"),
        (7, Reason::OutOfPlace('i'))
    );
}

#[test]
fn lines_that_stand_once_are_refused_twice() {
    assert_eq!(error("v=0\nv=0\n"), (2, Reason::Missing('o')));
    assert_eq!(
        error_after_start("k=prompt\nk=prompt"),
        (6, Reason::OutOfPlace('k'))
    );
}

#[test]
fn a_line_without_type_or_equals_sign_is_refused() {
    for line in ["a", "=x", "1=x", "ab=x", " a=x", "\na=x", "é=x"] {
        assert_eq!(error_after_start(line), (5, Reason::NotALine), "{line:?}");
    }
    assert_eq!(error(""), (1, Reason::NotALine));
}

#[test]
fn control_characters_that_end_strings_are_refused() {
    for line in ["a=x\0y", "a=x\ry", "a=x\r\r\nb=AS:1"] {
        assert_eq!(
            error_after_start(line),
            (5, Reason::ForbiddenCharacter),
            "{line:?}"
        );
    }
}

#[test]
fn malformed_fields_are_named() {
    let cases = [
        ("a=", Field::Attribute),
        ("a=two words", Field::Attribute),
        ("a=:value", Field::Attribute),
        ("k=", Field::Key),
        ("m=audio", Field::Media),
        ("m=audio 9 RTP/AVP", Field::Media),
        ("m=audio 9 RTP/AVP ", Field::Media),
        ("m=audio 9 RTP//AVP 0", Field::Media),
        ("m=audio 9 RTP/AVP 0  8", Field::Media),
        ("m=audio 65536 RTP/AVP 0", Field::Port),
        ("m=audio 09 RTP/AVP 0", Field::Port),
        ("m=audio 9/0 RTP/AVP 0", Field::Port),
        ("m=audio -9 RTP/AVP 0", Field::Port),
        ("r=1d", Field::Repeat),
        ("r=1d 1h", Field::Repeat),
        ("r=1w 1h 0", Field::Repeat),
        ("z=1", Field::Zone),
        ("z=1 --1h", Field::Zone),
        ("t=0", Field::Time),
        ("t=0 -1", Field::Time),
    ];
    for (line, field) in cases {
        assert_eq!(
            error_after_start(line),
            (5, Reason::Malformed(field)),
            "{line:?}"
        );
    }
}

#[test]
fn malformed_fields_of_the_session_are_named() {
    let origin = "v=0\no=- 1 2 IN IP4 127.0.0.1\n";
    let cases = [
        ("v=1\n".to_owned(), 1, Field::Version),
        ("v=0\no=- 1 2 IN IP4\n".to_owned(), 2, Field::Origin),
        ("v=0\no=- 1 x IN IP4 h\n".to_owned(), 2, Field::Origin),
        ("v=0\no=- 1 2 IN IP4 h more\n".to_owned(), 2, Field::Origin),
        (format!("{origin}s=\n"), 3, Field::SessionName),
        (format!("{origin}s=-\ni=\n"), 4, Field::Information),
        (format!("{origin}s=-\nu=a b\n"), 4, Field::Uri),
        (format!("{origin}s=-\nc=IN IP4\n"), 4, Field::Connection),
        (format!("{origin}s=-\nb=AS\n"), 4, Field::Bandwidth),
        (format!("{origin}s=-\nb=AS:x\n"), 4, Field::Bandwidth),
    ];
    for (text, line, field) in cases {
        assert_eq!(error(&text), (line, Reason::Malformed(field)), "{text:?}");
    }
}

#[test]
fn sizes_are_bounded() {
    let long = format!("a={}", "x".repeat(MAX_LINE_LENGTH));
    assert_eq!(error_after_start(&long), (5, Reason::LineTooLong));
    assert_eq!(
        error(&" ".repeat(MAX_TEXT_LENGTH + 1)),
        (1, Reason::TextTooLong)
    );
    let many = "a=x\n".repeat(MAX_LINES);
    assert_eq!(
        error_after_start(&many),
        (MAX_LINES + 1, Reason::TooManyLines)
    );
    let media = "m=audio 9 x 0\n".repeat(MAX_MEDIA + 1);
    assert_eq!(
        error_after_start(&media),
        (5 + MAX_MEDIA, Reason::TooManyMedia)
    );
}

#[test]
fn a_text_that_would_be_too_long_with_both_line_end_characters_is_refused() {
    let line = format!("a={}\n", "x".repeat(1021));
    let text = format!("{START}{}", line.repeat(MAX_TEXT_LENGTH / 1024 - 1));
    assert!(text.len() < MAX_TEXT_LENGTH);
    assert_eq!(error(&text), (1, Reason::TextTooLong));
    let shorter = format!("{START}{}", line.repeat(MAX_TEXT_LENGTH / 1024 - 2));
    let written = SessionDescription::parse(&shorter).unwrap().to_string();
    assert!(SessionDescription::parse(&written).is_ok());
}

#[test]
fn an_error_reads_as_a_sentence() {
    let error = SessionDescription::parse("v=0\no=-\n").unwrap_err();
    assert_eq!(error.to_string(), "line 2: malformed origin (o=)");
}
