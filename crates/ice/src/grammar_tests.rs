use proptest::prelude::*;

use super::*;

fn read(line: &str) -> Candidate {
    line.parse().unwrap()
}

#[track_caller]
fn rejects(line: &str, error: ParseCandidateError) {
    assert_eq!(line.parse::<Candidate>(), Err(error), "{line}");
}

#[test]
fn candidates_of_every_kind_come_out_as_they_went_in() {
    for line in [
        "candidate:2602587287 1 udp 2122194687 192.0.2.2 54314 typ host generation 0 network-id 1",
        "candidate:1 1 udp 2122265343 fd00::2 34207 typ host generation 0 ufrag Ab+/ network-cost 999",
        "candidate:a+/b 1 udp 1686052607 203.0.113.7 5000 typ srflx raddr 10.0.0.1 rport 8998",
        "candidate:9 2 udp 1 203.0.113.7 5000 typ prflx raddr 10.0.0.1 rport 8998",
        "candidate:3 1 udp 41885439 2001:db8::1 49152 typ relay raddr :: rport 0 generation 2",
        "candidate:4 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active generation 0",
        "candidate:5 256 tcp 1518214911 192.0.2.2 4444 typ host tcptype so",
        "candidate:6 1 udp 2113937151 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host",
    ] {
        assert_eq!(read(line).to_string(), line);
    }
}

#[test]
fn the_fields_are_read() {
    let candidate =
        read("a=candidate:f 1 UDP 7 192.0.2.1 8 typ srflx raddr 10.0.0.1 rport 9 ufrag x y\r\n");
    assert_eq!(candidate.foundation.as_str(), "f");
    assert_eq!(candidate.priority, 7);
    assert_eq!(
        candidate.socket_addr(),
        Some("192.0.2.1:8".parse().unwrap())
    );
    assert_eq!(candidate.related, Some("10.0.0.1:9".parse().unwrap()));
    assert_eq!(candidate.ufrag(), Some("x"));
    assert_eq!(candidate.extension("y"), Some(""));
    assert_eq!(candidate.extension("z"), None);
}

#[test]
fn a_name_under_local_is_kept_to_be_resolved() {
    let candidate = read("candidate:1 1 udp 1 a-b.LOCAL 7 typ host");
    let name = "a-b.LOCAL".to_owned();
    assert_eq!(candidate.address, Address::Mdns { name, port: 7 });
    assert_eq!(candidate.socket_addr(), None);
}

#[test]
fn a_hidden_related_address_is_written_as_unspecified() {
    let line = "candidate:1 1 udp 1 192.0.2.1 2 typ srflx";
    let hidden = format!("{line} raddr 0.0.0.0 rport 9");
    assert_eq!(read(line).to_string(), hidden);
    let named = format!("{line} raddr x.local rport 9");
    assert_eq!(read(&named).to_string(), hidden);
}

#[test]
fn what_the_grammar_does_not_allow_is_rejected() {
    use ParseCandidateError::*;
    rejects("", Missing("foundation"));
    rejects("candidate:1", Missing("component"));
    rejects("candidate:1 1 udp 1 192.0.2.1", Missing("port"));
    rejects("candidate:1 1 udp 1 192.0.2.1 1", Missing("type"));
    rejects("candidate:1 1 udp 1 192.0.2.1 1 host", Missing("type"));
    rejects("candidate:1 1 udp 1 192.0.2.1 1 typ", Missing("type"));
    rejects(
        "candidate:1-2 1 udp 1 192.0.2.1 1 typ host",
        Invalid("foundation"),
    );
    let long = "a".repeat(33);
    rejects(
        &format!("candidate:{long} 1 udp 1 192.0.2.1 1 typ host"),
        Invalid("foundation"),
    );
    for component in ["0", "257", "+1", "0001", "x"] {
        rejects(
            &format!("candidate:1 {component} udp 1 192.0.2.1 1 typ host"),
            Invalid("component"),
        );
    }
    for priority in ["-1", "4294967296", "00000000001"] {
        rejects(
            &format!("candidate:1 1 udp {priority} 192.0.2.1 1 typ host"),
            Invalid("priority"),
        );
    }
    rejects(
        "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
        Invalid("port"),
    );
    rejects(
        "candidate:1 1 sctp 1 192.0.2.1 1 typ host",
        UnsupportedTransport,
    );
    rejects("candidate:1 1 udp 1 192.0.2.1 1 typ lan", UnsupportedType);
    rejects(
        "candidate:1 1 udp 1 example.com 1 typ host",
        UnsupportedName,
    );
    rejects("candidate:1 1 udp 1 .local 1 typ host", Invalid("address"));
    rejects(
        "candidate:1 1 udp 1 a/b.local 1 typ host",
        Invalid("address"),
    );
    rejects(&"x".repeat(MAX_LINE_LEN + 1), TooLong);
}

#[test]
fn a_line_of_the_greatest_length_is_read_even_if_its_related_address_has_to_be_spelt_out() {
    let line = "candidate:1 1 udp 1 192.0.2.1 1 typ srflx x ";
    let line = format!("{line}{}", "y".repeat(MAX_LINE_LEN - line.len()));
    crate::fuzz::candidate(line.as_bytes());
    assert!(read(&line).to_string().len() > MAX_LINE_LEN);
}

#[test]
fn every_prefix_of_a_line_is_read_or_refused() {
    for line in [
        "candidate:842163049 1 udp 1677729535 203.0.113.7 51372 typ srflx raddr 192.0.2.1 rport 51372 \
         generation 0 ufrag EsAw network-id 1",
        "candidate:1 1 tcp 1518214911 2001:db8::7 9 typ host tcptype active",
        "candidate:1 1 udp 2122260223 0b6b8a4e-5f2d-4c8e-9c57-0d2b7a1c3e4f.local 51372 typ host",
    ] {
        read(line);
        for end in 0..line.len() {
            crate::fuzz::candidate(&line.as_bytes()[..end]);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(line in "\\PC{0,200}") {
        crate::fuzz::candidate(line.as_bytes());
    }

    #[test]
    fn what_looks_like_a_candidate_survives_a_round_trip(
        line in "candidate:[a-z0-9+/]{1,32} [0-9]{1,3} (udp|tcp) [0-9]{1,10} \
            ([0-9]{1,3}\\.[0-9]\\.2\\.1|fe80::[0-9a-f]{1,4}|[a-f0-9-]{1,8}\\.local) [0-9]{1,5} \
            typ (host|srflx|prflx|relay)( raddr (0\\.0\\.0\\.0|::1) rport [0-9]{1,5})?\
            ( tcptype (so|active))?( generation [0-9])?( ufrag [a-z]{4})?( x)?"
    ) {
        crate::fuzz::candidate(line.as_bytes());
    }
}
