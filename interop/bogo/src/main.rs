//! What stands between BoringSSL's test runner and `tidewire-dtls`: one connection, as the flags say, over
//! a stream that carries datagrams and the passing of time. `cargo xtask bogo` runs the suite.
//!
//! Ends with 0 when the connection went as the flags want it, with 1 when it did not, and with 89 when a
//! flag asks for something that there is no such thing as here: the runner counts that test as
//! unimplemented.

mod clock;
mod options;
mod session;
mod wire;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use options::Options;

const UNIMPLEMENTED: u8 = 89;

fn main() -> ExitCode {
    let arguments: Vec<Vec<u8>> = env::args_os()
        .skip(1)
        .map(OsString::into_encoded_bytes)
        .collect();
    if arguments == [b"-is-handshaker-supported"] {
        tell("No");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(what) => {
            complain(&format!("unimplemented: {what}"));
            return ExitCode::from(UNIMPLEMENTED);
        }
    };
    match session::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            complain(&reason);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the runner reads it")]
fn tell(words: &str) {
    println!("{words}");
}

#[expect(clippy::print_stderr, reason = "the runner reads it")]
fn complain(words: &str) {
    eprintln!("{words}");
}
