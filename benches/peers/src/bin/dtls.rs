//! Handshakes of Tidewire and dimpl: same provider, same group, same kind of key, both sides together.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use clap::Parser;
use dimpl::{DtlsCertificate, Output};
use tidewire_crypto::{CryptoProvider, HashAlgorithm, Rng, aws_lc_rs, rust_crypto};
use tidewire_dtls::{
    Certificate, Config, Connection, NamedGroup, ProtocolVersion, Role, ValidityOptions,
};

use measuring::turns::{Contender, compare};

#[derive(Parser)]
#[command(
    about = "Measures how much CPU time a DTLS handshake takes, both sides together, in one run"
)]
struct Arguments {
    /// Handshakes in a round.
    #[arg(long, default_value_t = 50)]
    handshakes: u32,
    /// Rounds, of which the median counts. The stacks take turns.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
}

fn main() {
    let arguments = Arguments::parse();
    let providers = [
        (
            "AWS-LC",
            aws_lc_rs::provider(),
            dimpl::crypto::aws_lc_rs::default_provider(),
        ),
        (
            "pure Rust",
            rust_crypto::portable(),
            dimpl::crypto::rust_crypto::default_provider(),
        ),
    ];
    for (name, ours, theirs) in providers {
        for version in [ProtocolVersion::DTLS_1_3, ProtocolVersion::DTLS_1_2] {
            for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
                let contenders = [
                    tidewire("Tidewire", &ours, version, group, false),
                    dimpl("dimpl", &theirs, version, group, false),
                    tidewire("Tidewire, new keys each time", &ours, version, group, true),
                    dimpl("dimpl, new keys each time", &theirs, version, group, true),
                ];
                let mut contenders = Vec::from(contenders);
                if name == "pure Rust" {
                    let default = rust_crypto::provider();
                    let name = "Tidewire, default provider";
                    contenders.push(tidewire(name, &default, version, group, false));
                    let name = "Tidewire, default, new keys";
                    contenders.push(tidewire(name, &default, version, group, true));
                }
                let title = format!("{version:?}, {group:?}, {name}");
                compare(
                    &title,
                    &mut contenders,
                    arguments.rounds,
                    arguments.handshakes,
                );
            }
        }
        let hybrid = NamedGroup::X25519MLKEM768;
        let version = ProtocolVersion::DTLS_1_3;
        let mut alone = vec![tidewire("Tidewire", &ours, version, hybrid, false)];
        if name == "pure Rust" {
            let default = rust_crypto::provider();
            let name = "Tidewire, default provider";
            alone.push(tidewire(name, &default, version, hybrid, false));
        }
        let title = format!("{version:?}, {hybrid:?}, {name}");
        compare(&title, &mut alone, arguments.rounds, arguments.handshakes);
    }
}

fn tidewire(
    name: &str,
    crypto: &Arc<dyn CryptoProvider>,
    version: ProtocolVersion,
    group: NamedGroup,
    new_keys: bool,
) -> Contender {
    let mut rng = Rng::from_os();
    let crypto = Arc::clone(crypto);
    let config = move |rng: &mut Rng| {
        let validity = ValidityOptions {
            not_before: 0,
            not_after: 2_000_000_000,
        };
        let certificate = Certificate::generate(&*crypto, rng, validity).expect("a certificate");
        let mut config = Config::new(Arc::clone(&crypto), Arc::new(certificate));
        config.versions = vec![version];
        config.groups = vec![group];
        Arc::new(config)
    };
    let mut configs = [config(&mut rng), config(&mut rng)];
    let now = Instant::now();
    Contender::new(name, move || {
        if new_keys {
            configs = [config(&mut rng), config(&mut rng)];
        }
        let mut ends = [(Role::Client, 0), (Role::Server, 1)].map(|(role, own)| {
            let peer = configs[1 - own]
                .certificate
                .fingerprint(HashAlgorithm::Sha256);
            let config = Arc::clone(&configs[own]);
            Connection::new(config, role, vec![peer], rng.fork(), now).expect("a connection")
        });
        let mut datagram = Vec::with_capacity(2048);
        let mut bytes = 0;
        while ends.iter().any(|end| end.info().is_none()) {
            for from in [0, 1] {
                while ends[from].poll_transmit(now, &mut datagram) {
                    bytes += datagram.len() as u64;
                    ends[1 - from].handle_datagram(now, BytesMut::from(&datagram[..]));
                    datagram.clear();
                }
            }
        }
        black_box(ends);
        bytes
    })
}

fn dimpl(
    name: &str,
    provider: &dimpl::crypto::CryptoProvider,
    version: ProtocolVersion,
    group: NamedGroup,
    new_keys: bool,
) -> Contender {
    let group = match group {
        NamedGroup::X25519 => dimpl::NamedGroup::X25519,
        _ => dimpl::NamedGroup::Secp256r1,
    };
    let config = dimpl::Config::builder()
        .with_crypto_provider(provider.clone())
        .kx_groups(&[group])
        .use_server_cookie(false)
        .build()
        .expect("a usable configuration");
    let config = Arc::new(config);
    let certificate =
        || dimpl::certificate::generate_self_signed_certificate().expect("a certificate");
    let mut certificates = [certificate(), certificate()];
    let now = Instant::now();
    Contender::new(name, move || {
        if new_keys {
            certificates = [certificate(), certificate()];
        }
        let mut ends = [true, false].map(|is_client| {
            let certificate: DtlsCertificate = certificates[usize::from(!is_client)].clone();
            let config = Arc::clone(&config);
            let mut end = match version {
                ProtocolVersion::DTLS_1_3 => dimpl::Dtls::new_13(config, certificate, now),
                _ => dimpl::Dtls::new_12(config, certificate, now),
            };
            end.set_active(is_client);
            end.handle_timeout(now).expect("a handshake");
            end
        });
        let mut buffer = vec![0; 2048];
        let mut connected = [false; 2];
        let mut bytes = 0;
        while connected != [true; 2] {
            for from in [0, 1] {
                let mut datagrams = Vec::new();
                loop {
                    match ends[from].poll_output(&mut buffer) {
                        Output::Packet(packet) => datagrams.push(packet.to_vec()),
                        Output::Connected => connected[from] = true,
                        Output::Timeout(_) => break,
                        _ => (),
                    }
                }
                for datagram in datagrams {
                    bytes += datagram.len() as u64;
                    ends[1 - from]
                        .handle_packet(&datagram)
                        .expect("a good datagram");
                }
            }
        }
        black_box(ends);
        bytes
    })
}
