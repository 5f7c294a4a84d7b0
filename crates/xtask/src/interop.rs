//! `cargo xtask interop`: builds the examples, then hands over to the scripts in `interop/`.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use crate::{complain, target_folder, tell, workspace};

/// The exit code for: this machine lacks something that the matrix needs.
const CANNOT_RUN: u8 = 77;

/// The programs that Chromium is driven against.
const EXAMPLES: [&str; 2] = ["stdio_peer", "playground"];

/// Runs the matrix with the arguments of the command line after `interop`.
pub(crate) fn run(args: &[String]) -> ExitCode {
    if let Some(lack) = lacking() {
        complain(&format!("\nINTEROPERATION NOT RUN: {lack}\n"));
        return ExitCode::from(CANNOT_RUN);
    }
    let workspace = workspace();
    let target = target_folder(&workspace);
    let against_itself = args.iter().any(|arg| arg == "--self");
    if !against_itself && !build(&workspace) {
        complain("the examples do not build");
        return ExitCode::FAILURE;
    }
    match matrix(&workspace, &target, args, against_itself) {
        Ok(status) => exit_code(status),
        Err(error) => {
            complain(&format!("node could not be started: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn lacking() -> Option<&'static str> {
    if !starts("node") {
        return Some("there is no node; install Node.js 18 or newer, with npm");
    }
    if !starts("npm") {
        return Some("there is no npm, which installs what drives the browser");
    }
    None
}

fn starts(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn build(workspace: &Path) -> bool {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo
        .current_dir(workspace)
        .args(["build", "--release", "--package", "examples"]);
    for example in EXAMPLES {
        cargo.args(["--example", example]);
    }
    cargo.status().is_ok_and(|status| status.success())
}

fn matrix(
    workspace: &Path,
    target: &Path,
    args: &[String],
    against_itself: bool,
) -> io::Result<ExitStatus> {
    let out = target.join("interop");
    let mut node = Command::new("node");
    node.arg(workspace.join("crates/xtask/interop/run.mjs"))
        .args(args)
        .arg("--out")
        .arg(&out);
    if !against_itself {
        let program = |name: &str| {
            target
                .join("release/examples")
                .join(format!("{name}{}", env::consts::EXE_SUFFIX))
        };
        node.arg("--peer").arg(program("stdio_peer"));
        node.arg("--playground").arg(program("playground"));
    }
    let status = node.status()?;
    tell(&format!("pictures of the page are in {}", out.display()));
    Ok(status)
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
