//! A process of another implementation at the other end of a real socket.

use std::io::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tidewire_crypto::{KeyKind, Rng, rust_crypto};
use tidewire_dtls::{
    Certificate, Config, Connection, Event, Fingerprint, Info, Role, ValidityOptions,
};

pub(crate) const LABEL: &str = "EXTRACTOR-dtls_srtp";
pub(crate) const WE_SAY: &[u8] = b"hello from tidewire\n";
const LIMIT: Duration = Duration::from_secs(20);

/// The one datagram of the handshake that does not arrive, counted from 0; or any of ten, under a seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lost {
    Nothing,
    Tenth(u64),
    Sent(usize),
    Received(usize),
}

/// How it went.
pub(crate) struct Report {
    pub(crate) events: Vec<Event>,
    pub(crate) exported: Option<[u8; 60]>,
    pub(crate) received: Vec<u8>,
    pub(crate) peer_said: String,
}

impl Report {
    pub(crate) fn info(&self) -> &Info {
        match self.events.first() {
            Some(Event::Connected(info)) => info,
            other => panic!("{other:?}, and the peer said:\n{}", self.peer_said),
        }
    }
}

/// What comes from the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Theirs {
    /// These words, once they are written to it.
    Said(&'static [u8]),
    /// What we say.
    Echoed,
}

impl Theirs {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Said(words) => words,
            Self::Echoed => WE_SAY,
        }
    }
}

/// A socket that loses some datagrams.
pub(crate) struct Lossy {
    socket: UdpSocket,
    lost: Lost,
    rng: Rng,
    sent: usize,
    received: usize,
}

impl Lossy {
    pub(crate) fn new(lost: Lost) -> Self {
        let seed = match lost {
            Lost::Tenth(seed) => seed,
            _ => 0,
        };
        Self {
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            lost,
            rng: Rng::from_u64(seed),
            sent: 0,
            received: 0,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub(crate) fn send(&mut self, datagram: &[u8], peer: SocketAddr) {
        if !self.loses(Lost::Sent(self.sent)) {
            self.socket.send_to(datagram, peer).unwrap();
        }
        self.sent += 1;
    }

    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let received = self.socket.recv_from(buffer).ok()?;
        self.received += 1;
        (!self.loses(Lost::Received(self.received - 1))).then_some(received)
    }

    fn loses(&mut self, datagram: Lost) -> bool {
        match self.lost {
            Lost::Tenth(_) => self.rng.next_u32().is_multiple_of(10),
            lost => lost == datagram,
        }
    }
}

pub(crate) fn certificate(seed: u64) -> Certificate {
    certificate_of_kind(KeyKind::EcdsaP256, seed)
}

pub(crate) fn certificate_of_kind(kind: KeyKind, seed: u64) -> Certificate {
    let validity = ValidityOptions {
        not_before: 1_700_000_000,
        not_after: 4_000_000_000,
    };
    let crypto = rust_crypto::provider();
    let rng = &mut Rng::from_u64(seed);
    Certificate::generate_of_kind(crypto.as_ref(), kind, rng, validity).unwrap()
}

pub(crate) fn free_address() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
}

/// Runs our side until both have said hello, or until it is over.
pub(crate) fn drive(
    role: Role,
    config: Config,
    expected: Fingerprint,
    mut socket: Lossy,
    mut peer: SocketAddr,
    mut child: Child,
    theirs: Theirs,
) -> Report {
    let begin = Instant::now();
    let rng = Rng::from_u64(7);
    let mut connection =
        Connection::new(Arc::new(config), role, vec![expected], rng, begin).unwrap();
    socket
        .socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut report = Report {
        events: Vec::new(),
        exported: None,
        received: Vec::new(),
        peer_said: String::new(),
    };
    let mut ended = None;
    let mut buffer = [0; 2048];
    while begin.elapsed() < LIMIT && ended.is_none_or(|at: Instant| at.elapsed() < 5 * RTT) {
        let mut out = Vec::new();
        while connection.poll_transmit(Instant::now(), &mut out) {
            socket.send(&out, peer);
            out.clear();
        }
        if let Some((len, from)) = socket.receive(&mut buffer) {
            peer = from;
            connection.handle_datagram(Instant::now(), BytesMut::from(&buffer[..len]));
        }
        connection.handle_timeout(Instant::now());
        while let Some(data) = connection.poll_data() {
            report.received.extend_from_slice(&data);
        }
        while let Some(event) = connection.poll_event() {
            if matches!(event, Event::Connected(_)) {
                greet(&mut connection, &mut socket, peer, &mut report);
                if let Theirs::Said(words) = theirs {
                    let stdin = child.stdin.as_mut().unwrap();
                    stdin.write_all(words).unwrap();
                    stdin.flush().unwrap();
                }
            } else {
                ended = Some(Instant::now());
            }
            report.events.push(event);
        }
        if report.received == theirs.bytes() && ended.is_none() {
            connection.close(Instant::now());
        }
    }
    // The process may have ended by itself.
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    report.peer_said =
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    report
}

/// How long the last datagrams are given to arrive and be written out.
const RTT: Duration = Duration::from_millis(100);

fn greet(connection: &mut Connection, socket: &mut Lossy, peer: SocketAddr, report: &mut Report) {
    // The last flight goes out before data, as it would with a driver.
    let mut out = Vec::new();
    while connection.poll_transmit(Instant::now(), &mut out) {
        socket.send(&out, peer);
        out.clear();
    }
    let mut exported = [0; 60];
    connection
        .export_keying_material(LABEL, None, &mut exported)
        .unwrap();
    report.exported = Some(exported);
    let mut record = vec![0; connection.record_overhead().header];
    record.extend_from_slice(WE_SAY);
    connection.seal(0, &mut record).unwrap();
    socket.send(&record, peer);
}

/// A folder that goes away with the value.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidewire-dtls-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
