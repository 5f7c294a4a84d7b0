//! `cargo xtask soak`: the simulations under many seeds, and the fuzz targets for long.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::{complain, tell, workspace};

/// Tests that run under as many seeds as `TIDEWIRE_SEEDS` says.
struct Simulation {
    package: &'static str,
    /// Where they are, for the case that they move.
    path: &'static str,
    /// What Cargo is to run of the package.
    target: &'static [&'static str],
}

const SIMULATIONS: [Simulation; 7] = [
    Simulation {
        package: "tidewire-ice",
        path: "crates/ice/tests/agent",
        target: &["--test", "agent"],
    },
    Simulation {
        package: "tidewire-dtls",
        path: "crates/dtls/src/tests/network.rs",
        target: &["--lib"],
    },
    Simulation {
        package: "tidewire-sctp",
        path: "crates/sctp/src/tests/transfer.rs",
        target: &["--lib"],
    },
    Simulation {
        package: "tidewire-datachannel",
        path: "crates/datachannel/tests/peers",
        target: &["--test", "peers"],
    },
    Simulation {
        package: "tidewire-media",
        path: "crates/media/tests/repair.rs",
        target: &["--test", "repair"],
    },
    Simulation {
        package: "tidewire",
        path: "crates/tidewire/src/fuzz/negotiation.rs",
        target: &["--lib", "any_order_of_changes"],
    },
    Simulation {
        package: "tidewire",
        path: "crates/tidewire/tests/netsim.rs",
        target: &["--test", "netsim"],
    },
];

const SEEDS: u64 = 2_000;

struct Options {
    seeds: u64,
    fuzz_minutes: u64,
}

/// Runs what the arguments after `soak` ask for.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(wrong) => {
            complain(&format!("{wrong}; try `cargo xtask help`"));
            return ExitCode::from(2);
        }
    };
    let workspace = workspace();
    let mut passed = true;
    for simulation in &SIMULATIONS {
        if workspace.join(simulation.path).exists() {
            passed &= simulation.run(&workspace, options.seeds);
        } else {
            complain(&format!("NOT RUN: there is no {}", simulation.path));
            passed = false;
        }
    }
    if options.fuzz_minutes > 0 {
        passed &= fuzz(&workspace, options.fuzz_minutes);
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            seeds: SEEDS,
            fuzz_minutes: 0,
        };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let number = args.next().and_then(|value| value.parse().ok());
            let number = number.ok_or_else(|| format!("{name} wants a number"))?;
            match name.as_str() {
                "--seeds" => options.seeds = number,
                "--fuzz" => options.fuzz_minutes = number,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        Ok(options)
    }
}

impl Simulation {
    fn run(&self, workspace: &Path, seeds: u64) -> bool {
        let title = format!(
            "{} {}, seeds 0 to {}",
            self.package,
            self.target.join(" "),
            seeds.saturating_sub(1)
        );
        let mut cargo = Command::new(cargo());
        cargo
            .current_dir(workspace)
            .args(["test", "--release", "--package", self.package])
            .args(self.target)
            .env("TIDEWIRE_SEEDS", seeds.to_string());
        finished(&title, &mut cargo)
    }
}

fn fuzz(workspace: &Path, minutes: u64) -> bool {
    let targets = match targets(workspace) {
        Ok(targets) => targets,
        Err(error) => {
            complain(&format!("the fuzz targets could not be listed: {error}"));
            return false;
        }
    };
    let limit = Duration::from_secs(60 * minutes).as_secs();
    let mut passed = true;
    for target in targets {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(workspace)
            .args(["+nightly", "fuzz", "run", target.as_str(), "--"])
            .arg(format!("-max_total_time={limit}"));
        passed &= finished(&format!("fuzz target {target}, {minutes} min"), &mut cargo);
    }
    passed
}

/// The names of the fuzz targets, in order.
fn targets(workspace: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace.join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Runs a command to its end and tells how it went.
fn finished(title: &str, command: &mut Command) -> bool {
    tell(&format!("==== {title}"));
    let begin = Instant::now();
    let passed = match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            complain(&format!("it could not be started: {error}"));
            false
        }
    };
    let word = if passed { "passed" } else { "FAILED" };
    tell(&format!(
        "{word}   {title} ({} s)",
        begin.elapsed().as_secs()
    ));
    passed
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<(u64, u64), String> {
        let args: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        Options::parse(&args).map(|options| (options.seeds, options.fuzz_minutes))
    }

    #[test]
    fn options_have_defaults_and_are_checked() {
        assert_eq!(parse(""), Ok((SEEDS, 0)));
        assert_eq!(parse("--fuzz 5 --seeds 7"), Ok((7, 5)));
        assert!(parse("--seeds").is_err());
        assert!(parse("--seeds many").is_err());
        assert!(parse("--days 3").is_err());
    }

    #[test]
    fn every_simulation_is_where_it_is_looked_for() {
        for simulation in &SIMULATIONS {
            assert!(
                workspace().join(simulation.path).exists(),
                "{}",
                simulation.path
            );
        }
    }

    #[test]
    fn every_fuzz_target_is_listed_in_the_manifest() {
        let manifest = fs::read_to_string(workspace().join("fuzz/Cargo.toml")).unwrap();
        for target in targets(&workspace()).unwrap() {
            let path = format!("path = \"fuzz_targets/{target}.rs\"");
            assert!(manifest.contains(&path), "{target}");
        }
    }
}
