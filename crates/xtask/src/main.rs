//! The project's own commands: `cargo xtask help`.

mod interop;

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  interop [--only WORDS] [--self]
      Drives headless Chromium against the examples stdio_peer and playground, and prints a table.
      Ends with 1 when a case failed, and with 77 when this machine lacks something that it needs.
      --only WORDS  the sessions whose name contains WORDS, such as \"plain\" or \"playground\"
      --self        tries the matrix itself: the browser stands in for both programs
  help
      Prints this.";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some("interop") => interop::run(&args.collect::<Vec<_>>()),
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
