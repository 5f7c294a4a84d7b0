//! The project's own commands: `cargo xtask help`.

mod bogo;
mod dissect;
mod interop;
mod loopback;
mod soak;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  bogo [--runner DIR]
      Runs BoringSSL's test runner (ssl/test/runner) against our DTLS, without the resumption of sessions
      that most of its tests end with. DIR holds BoringSSL's sources, which BORINGSSL_DIR may tell instead.
      Ends with 1 when a test failed, and with 77 when there are no sources, or no Go.
  dissect
      Writes RTP and RTCP of every kind into target/dissect/sent.pcap, has tshark read it, and prints a
      table. Ends with 1 when tshark finds fault or reads something else than was written, and with 77
      when there is no tshark.
  interop [--only WORDS] [--self]
      Drives headless Chromium against the examples stdio_peer and playground, and prints a table.
      Ends with 1 when a case failed, and with 77 when this machine lacks something that it needs.
      --only WORDS  the sessions whose name contains WORDS, such as \"plain\" or \"playground\"
      --self        tries the matrix itself: the browser stands in for both programs
  loopback [--runs N] [--mebibytes N] [--opens N] [--aws-lc-rs]
      Measures two processes of the example stdio_peer over loopback sockets: how fast one message of
      64 KiB follows another, and how long it takes from createOffer until the channel is open.
      --runs N       transfers, 5 unless told
      --mebibytes N  the size of each, 512 unless told
      --opens N      connections, 200 unless told
      --aws-lc-rs    with that cryptographic provider instead of the default one
  soak [--seeds N] [--fuzz MINUTES]
      Runs the simulations under 2 000 seeds, and tells each with its seeds and how it went.
      --seeds N       as many seeds instead
      --fuzz MINUTES  then runs every fuzz target for so long (nightly Rust and cargo-fuzz)
  help
      Prints this.";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some("bogo") => bogo::run(&args.collect::<Vec<_>>()),
        Some("dissect") => dissect::run(&args.collect::<Vec<_>>()),
        Some("interop") => interop::run(&args.collect::<Vec<_>>()),
        Some("loopback") => loopback::run(&args.collect::<Vec<_>>()),
        Some("soak") => soak::run(&args.collect::<Vec<_>>()),
        None | Some("help" | "--help" | "-h") => {
            tell(HELP);
            ExitCode::SUCCESS
        }
        Some(other) => {
            complain(&format!(
                "there is no command {other}; try `cargo xtask help`"
            ));
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is a program's output")]
fn tell(words: &str) {
    println!("{words}");
}

#[expect(clippy::print_stderr, reason = "this is where a program complains")]
fn complain(words: &str) {
    eprintln!("{words}");
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("this crate lies two folders below the root")
        .to_path_buf()
}

fn target_folder(workspace: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}
