//! One handshake, and what comes after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tidewire_crypto::{HashAlgorithm, Rng, rust_crypto};
use tidewire_dtls::{
    Certificate, Config, Connection, NamedGroup, ProtocolVersion, Role, SrtpProfile,
    ValidityOptions,
};

use crate::boringssl::BoringSsl;
use crate::matrix::Case;

const LIMIT: Duration = Duration::from_secs(10);
const LABEL: &str = "EXTRACTOR-dtls_srtp";
const UPDATES: usize = 3;

struct Pair {
    ours: Connection,
    theirs: BoringSsl,
    received: Vec<Vec<u8>>,
    /// Loses one datagram of ten, if there is one.
    losing: Option<Rng>,
    started: Instant,
}

/// Without loss under seed 0, and with it under any other.
pub(crate) fn run(case: &Case, seed: u64) -> Result<(), String> {
    let crypto = rust_crypto::provider();
    let mut rng = Rng::from_u64(seed);
    let mut certificate = || {
        let validity = ValidityOptions {
            not_before: 1_700_000_000,
            not_after: 2_000_000_000,
        };
        let made = Certificate::generate_of_kind(&*crypto, case.key, &mut rng, validity);
        Arc::new(made.expect("a certificate"))
    };
    let (own, peer) = (certificate(), certificate());
    let theirs = BoringSsl::new(case, &peer).map_err(|error| error.to_string())?;
    let mut config = Config::new(crypto.clone(), own);
    config.cipher_suites = vec![case.suite];
    if case.negotiates {
        config.cipher_suites = Config::new(crypto, config.certificate.clone()).cipher_suites;
    }
    config.groups = groups(case);
    config.srtp_profiles = vec![SrtpProfile::AEAD_AES_128_GCM];
    config.initial_timeout = Duration::from_millis(50);
    let expected = vec![peer.fingerprint(HashAlgorithm::Sha256)];
    let now = Instant::now();
    let ours = Connection::new(Arc::new(config), case.role, expected, rng.fork(), now)
        .map_err(|error| error.to_string())?;
    let mut pair = Pair {
        ours,
        theirs,
        received: Vec::new(),
        losing: (seed > 0).then(|| Rng::from_u64(seed)),
        started: now,
    };
    pair.run_until("connected", |pair| {
        pair.ours.info().is_some() && pair.theirs.is_connected()
    })?;
    pair.agrees(case)?;
    pair.exchange(0)?;
    if case.version() == ProtocolVersion::DTLS_1_3 {
        for round in 1..=UPDATES {
            pair.update_keys()?;
            pair.exchange(round)?;
        }
    }
    Ok(())
}

/// As a client that is to be asked for another share, Tidewire prefers one that BoringSSL lacks.
fn groups(case: &Case) -> Vec<NamedGroup> {
    match (case.retries, case.role) {
        (true, Role::Client) => vec![NamedGroup::X25519, case.group],
        _ => std::iter::once(case.group)
            .chain(case.curve_of_certificates())
            .collect(),
    }
}

impl Pair {
    fn run_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<(), String> {
        while !done(self) {
            if self.started.elapsed() > LIMIT {
                return Err(format!("not {what} in time: {:?}", self.ours.stats()));
            }
            self.step();
            if let Some(reason) = self.theirs.failure() {
                return Err(format!("BoringSSL: {reason}"));
            }
            if let Some(reason) = self.ours.close_reason() {
                return Err(format!("Tidewire: {reason}"));
            }
        }
        Ok(())
    }

    fn step(&mut self) {
        let now = Instant::now();
        if self.ours.poll_timeout().is_some_and(|due| due <= now) {
            self.ours.handle_timeout(now);
        }
        let mut moved = false;
        let mut datagram = Vec::new();
        while self.ours.poll_transmit(now, &mut datagram) {
            moved = true;
            let sent = std::mem::take(&mut datagram);
            if !self.loses() {
                self.theirs.wire.to.borrow_mut().push_back(sent);
            }
        }
        self.theirs.drive();
        loop {
            let Some(sent) = self.theirs.wire.from.borrow_mut().pop_front() else {
                break;
            };
            moved = true;
            if !self.loses() {
                self.ours.handle_datagram(now, BytesMut::from(&sent[..]));
            }
        }
        while let Some(data) = self.ours.poll_data() {
            self.received.push(data.to_vec());
        }
        if !moved {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn loses(&mut self) -> bool {
        let losing = self.losing.as_mut();
        losing.is_some_and(|rng| rng.next_u32().is_multiple_of(10))
    }

    fn agrees(&mut self, case: &Case) -> Result<(), String> {
        let info = self.ours.info().ok_or("not connected")?;
        let theirs = (self.theirs.version(), self.theirs.group());
        let ours = (Some(info.version), Some(info.group));
        if ours != theirs || info.version != case.version() || info.group != case.group {
            return Err(format!("{ours:?} is not {theirs:?}"));
        }
        if !case.negotiates && info.cipher_suite != case.suite {
            return Err(format!("{:?}", info.cipher_suite));
        }
        let profile = self.theirs.srtp_profile();
        if info.srtp_profile != Some(SrtpProfile::AEAD_AES_128_GCM)
            || profile.as_deref() != Some("SRTP_AEAD_AES_128_GCM")
        {
            return Err(format!("SRTP: {:?} and {profile:?}", info.srtp_profile));
        }
        let (mut ours, mut theirs) = ([0; 88], [0; 88]);
        self.ours
            .export_keying_material(LABEL, None, &mut ours)
            .map_err(|error| error.to_string())?;
        self.theirs.export(LABEL, &mut theirs)?;
        (ours == theirs)
            .then_some(())
            .ok_or_else(|| "the exporters differ".to_owned())
    }

    /// New keys on both sides. BoringSSL takes no notice of being told while its last change is not
    /// acknowledged, so that it may have to be told again.
    fn update_keys(&mut self) -> Result<(), String> {
        let before = self.ours.stats();
        self.ours.update_keys(true);
        loop {
            self.theirs.update_keys()?;
            let told = Instant::now();
            let is_done = |pair: &Self| {
                let stats = pair.ours.stats();
                stats.key_updates_sent > before.key_updates_sent
                    && stats.key_updates_received > before.key_updates_received
            };
            self.run_until("new keys", |pair| {
                is_done(pair) || told.elapsed() > Duration::from_millis(100)
            })?;
            if is_done(self) {
                return Ok(());
            }
        }
    }

    /// Data both ways, said again until it has arrived.
    fn exchange(&mut self, round: usize) -> Result<(), String> {
        let (hello, answer) = (
            format!("from Tidewire {round}").into_bytes(),
            format!("from BoringSSL {round}").into_bytes(),
        );
        let mut last = None::<Instant>;
        loop {
            let has = |received: &[Vec<u8>], data: &Vec<u8>| received.contains(data);
            let (there, back) = (
                has(&self.theirs.received, &hello),
                has(&self.received, &answer),
            );
            if there && back {
                return Ok(());
            }
            if last.is_none_or(|last| last.elapsed() > Duration::from_millis(20)) {
                last = Some(Instant::now());
                let mut record = vec![0; self.ours.record_overhead().header];
                record.extend_from_slice(&hello);
                self.ours
                    .seal(0, &mut record)
                    .map_err(|error| error.to_string())?;
                if !self.loses() {
                    self.theirs.wire.to.borrow_mut().push_back(record);
                }
                self.theirs.send(&answer)?;
            }
            let stepped = std::cell::Cell::new(false);
            self.run_until("data", |_| stepped.replace(true))?;
        }
    }
}
