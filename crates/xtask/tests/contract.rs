//! The sans-IO contract: what protocol crates may depend on, and that the lints which guard the rest
//! are in force in each of them.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The protocol crates, each with the siblings that it may use.
const ROOMS: [(&str, &[&str]); 11] = [
    ("crypto", &[]),
    ("sdp", &[]),
    ("stun", &["crypto"]),
    ("ice", &["crypto", "stun"]),
    ("dtls", &["crypto"]),
    ("srtp", &["crypto"]),
    ("rtp", &[]),
    ("media", &["crypto", "rtp"]),
    ("sctp", &["crypto"]),
    ("datachannel", &["crypto", "sctp"]),
    (
        "tidewire",
        &[
            "crypto",
            "datachannel",
            "dtls",
            "ice",
            "media",
            "rtp",
            "sctp",
            "sdp",
            "srtp",
            "stun",
        ],
    ),
];

/// Packages that mean an operating system.
const DRIVERS: [&str; 8] = [
    "async-std",
    "futures-executor",
    "if-addrs",
    "mio",
    "quinn-udp",
    "smol",
    "socket2",
    "tokio",
];

/// One line for each thing that no protocol crate does.
const BANNED: [&str; 10] = [
    "std::time::Instant::now();",
    "std::time::SystemTime::now();",
    "std::thread::sleep(std::time::Duration::ZERO);",
    "std::thread::spawn(|| ());",
    "std::env::var(\"HOME\");",
    "std::net::UdpSocket::bind(\"localhost:0\");",
    "std::net::TcpListener::bind(\"localhost:0\");",
    "std::fs::File::open(\"/\");",
    "std::collections::HashMap::<u8, u8>::new();",
    "std::collections::HashSet::<u8>::new();",
];

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..")
        .canonicalize()
        .expect("the workspace is above")
}

fn folder(room: &str) -> PathBuf {
    root().join("crates").join(room)
}

fn package(room: &str) -> String {
    match room {
        "tidewire" => room.to_owned(),
        _ => format!("tidewire-{room}"),
    }
}

/// The packages that a room is built from, itself first.
fn tree(room: &str, options: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--quiet",
            "--edges=normal",
            "--prefix=none",
            "--format={p}",
        ])
        .args(["--package", &package(room)])
        .args(options)
        .output()
        .expect("cargo runs this");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("names are ASCII");
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    text.lines().filter_map(name).collect()
}

#[test]
fn rooms_depend_only_on_the_rooms_below_them() {
    for (room, allowed) in ROOMS {
        let allowed: Vec<String> = allowed.iter().map(|name| package(name)).collect();
        for dependency in tree(room, &["--depth=1"]).iter().skip(1) {
            let ours = dependency.starts_with("tidewire");
            assert!(
                !ours || allowed.contains(dependency),
                "{room} depends on {dependency}"
            );
        }
    }
}

#[test]
fn no_room_brings_a_runtime_or_sockets_along() {
    for (room, _) in ROOMS {
        for dependency in tree(room, &[]) {
            assert!(
                !DRIVERS.contains(&dependency.as_str()),
                "{room} depends on {dependency}"
            );
        }
    }
}

#[test]
fn every_room_forbids_unsafe_code_and_takes_the_lints_of_the_workspace() {
    for (room, _) in ROOMS {
        let manifest = fs::read_to_string(folder(room).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{room}");
        let source = fs::read_to_string(folder(room).join("src/lib.rs")).unwrap();
        assert!(source.contains("#![forbid(unsafe_code)]"), "{room}");
    }
}

/// Clippy reads the first clippy.toml above a crate, so that one in its own folder would end the bans.
#[test]
fn clippy_refuses_clocks_sockets_threads_and_the_environment_in_every_room() {
    if !clippy_is_installed() {
        // Not through `eprintln!`, which the test harness keeps to itself.
        let words = "NOT RUN: there is no clippy (rustup component add clippy)\n";
        io::stderr().write_all(words.as_bytes()).unwrap();
        let is_required = env::var_os("TIDEWIRE_REQUIRE_CLIPPY").is_some();
        assert!(!is_required, "clippy is required here");
        return;
    }
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract");
    fs::create_dir_all(&out).unwrap();
    let probe = out.join("probe.rs");
    let lines = BANNED.map(|call| format!("    let _ = {call}\n")).concat();
    fs::write(
        &probe,
        format!("//! A probe.\n/// Breaks every rule.\npub fn probe() {{\n{lines}}}\n"),
    )
    .unwrap();
    for (room, _) in ROOMS {
        let found = clippy(&probe, &out, &folder(room));
        let refused = |call: &&str| {
            let line = BANNED.iter().position(|other| other == call).unwrap() + 4;
            found.contains(&format!("probe.rs:{line}:"))
        };
        let missed: Vec<&str> = BANNED.into_iter().filter(|call| !refused(call)).collect();
        assert!(missed.is_empty(), "{room} may use {missed:?}:\n{found}");
    }
    let driver = clippy(&probe, &out, &folder("tokio"));
    assert!(!driver.contains("disallowed"), "the driver may do all that");
}

fn clippy_is_installed() -> bool {
    Command::new("clippy-driver")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// What clippy says about a source file as if it stood in a crate.
fn clippy(source: &Path, out: &Path, folder: &Path) -> String {
    let output = Command::new("clippy-driver")
        .env("CARGO_MANIFEST_DIR", folder)
        .env_remove("CLIPPY_CONF_DIR")
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .args([
            "-W",
            "clippy::disallowed_methods",
            "-W",
            "clippy::disallowed_types",
        ])
        .arg("--error-format=short")
        .arg("--out-dir")
        .arg(out)
        .arg(source)
        .output()
        .expect("clippy is installed");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
