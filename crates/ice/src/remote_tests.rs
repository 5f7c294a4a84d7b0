use super::*;

fn add(remotes: &mut RemoteCandidates, line: &str) -> Result<Added, AddCandidateError> {
    remotes.add(line.parse().unwrap(), &Limits::default())
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

#[test]
fn candidates_that_cannot_be_used_are_refused() {
    use AddCandidateError::*;
    let mut remotes = RemoteCandidates::default();
    for (line, error) in [
        ("candidate:1 2 udp 1 192.0.2.1 5 typ host", OtherComponent),
        (
            "candidate:1 1 tcp 1 192.0.2.1 5 typ host tcptype passive",
            UnsupportedTransport,
        ),
        ("candidate:1 1 udp 1 192.0.2.1 0 typ host", UnusableAddress),
        ("candidate:1 1 udp 1 0.0.0.0 5 typ host", UnusableAddress),
        ("candidate:1 1 udp 1 :: 5 typ host", UnusableAddress),
        ("candidate:1 1 udp 1 224.0.0.1 5 typ host", UnusableAddress),
        ("candidate:1 1 udp 1 ff02::1 5 typ host", UnusableAddress),
        (
            "candidate:1 1 udp 1 255.255.255.255 5 typ host",
            UnusableAddress,
        ),
    ] {
        assert_eq!(add(&mut remotes, line), Err(error), "{line}");
    }
    assert!(remotes.is_empty());
}

#[test]
fn a_told_candidate_corrects_what_a_check_revealed() {
    let mut remotes = RemoteCandidates::default();
    let revealed = remotes.add_peer_reflexive(address(5), 7, 16, |_| true);
    assert_eq!(revealed.unwrap().0.priority, 7);
    let line = "candidate:f 1 udp 9 192.0.2.1 5 typ host";
    let Ok(Added::Updated(side)) = add(&mut remotes, line) else {
        panic!("not updated");
    };
    assert_eq!((side.priority, side.kind), (9, CandidateKind::Host));
    assert_eq!(add(&mut remotes, line), Ok(Added::Duplicate));
    assert_eq!(remotes.find(address(5)), Some(side));
}

#[test]
fn a_name_is_asked_for_once_and_resolves_all_its_candidates() {
    let mut remotes = RemoteCandidates::default();
    let first = add(&mut remotes, "candidate:1 1 udp 9 a.local 5 typ host");
    assert_eq!(first, Ok(Added::Unresolved { ask: true }));
    let second = add(&mut remotes, "candidate:2 1 udp 8 a.local 6 typ host");
    assert_eq!(second, Ok(Added::Unresolved { ask: false }));
    let again = add(&mut remotes, "candidate:2 1 udp 8 a.local 6 typ host");
    assert_eq!(again, Ok(Added::Duplicate));
    assert!(remotes.resolve("b.local", address(0).ip()).is_empty());
    let found = remotes.resolve("A.local", address(0).ip());
    let found: Vec<_> = found.iter().filter_map(Candidate::socket_addr).collect();
    assert_eq!(found, [address(5), address(6)]);
    assert!(remotes.is_empty());
}

#[test]
fn told_candidates_are_bounded() {
    let mut remotes = RemoteCandidates::default();
    for port in 1..=64 {
        let line = format!("candidate:1 1 udp 9 192.0.2.1 {port} typ host");
        assert!(add(&mut remotes, &line).is_ok());
    }
    for line in [
        "candidate:1 1 udp 9 192.0.2.1 65 typ host",
        "candidate:1 1 udp 9 a.local 65 typ host",
    ] {
        assert_eq!(add(&mut remotes, line), Err(AddCandidateError::TooMany));
    }
    assert!(
        remotes
            .add_peer_reflexive(address(66), 1, 16, |_| true)
            .is_some()
    );
}

#[test]
fn the_oldest_revealed_candidate_that_is_not_in_use_gives_way() {
    let mut remotes = RemoteCandidates::default();
    for port in 1..=3 {
        remotes.add_peer_reflexive(address(port), 1, 3, |_| true);
    }
    let in_use = |spare: SocketAddr| spare != address(1);
    let (_, evicted) = remotes
        .add_peer_reflexive(address(4), 1, 3, in_use)
        .unwrap();
    assert_eq!(evicted, Some(address(2)));
    assert!(
        remotes
            .add_peer_reflexive(address(5), 1, 3, |_| false)
            .is_none()
    );
}
