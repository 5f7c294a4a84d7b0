//! `cargo xtask bogo`: BoringSSL's test runner against our DTLS.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};

use crate::{complain, target_folder, tell, workspace};

/// The exit code for: this machine lacks something that is needed.
const CANNOT_RUN: u8 = 77;
/// Where the sources are, unless an argument says so.
const SOURCES: &str = "BORINGSSL_DIR";
/// Most tests end with the resumption of the session, whatever else they are about. There is no such thing
/// in WebRTC: the runner is built without that part of it.
const RESUMES: &str = "\tif test.resumeSession {\n\t\tresumeCount++";
const DOES_NOT_RESUME: &str = "\tif false && test.resumeSession {\n\t\tresumeCount++";

/// Runs the suite.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let sources = match args {
        [] => env::var_os(SOURCES).map(PathBuf::from),
        [flag, sources] if flag == "--runner" => Some(PathBuf::from(sources)),
        _ => {
            complain("bogo takes --runner DIR; try `cargo xtask help`");
            return ExitCode::from(2);
        }
    };
    let Some(runner) = sources.map(|sources| sources.join("ssl/test/runner")) else {
        return cannot_run(&format!(
            "where are BoringSSL's sources? (--runner DIR, or {SOURCES})"
        ));
    };
    if !runner.join("runner.go").is_file() {
        return cannot_run(&format!("there is no {}/runner.go", runner.display()));
    }
    let mut go = Command::new("go");
    go.arg("version").stdout(Stdio::null());
    if !go.status().is_ok_and(|status| status.success()) {
        return cannot_run("there is no Go");
    }
    match try_all(&runner) {
        Ok(outcomes) => report(&outcomes),
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

fn cannot_run(why: &str) -> ExitCode {
    complain(&format!("\nNOT RUN: BoringSSL's test runner: {why}\n"));
    ExitCode::from(CANNOT_RUN)
}

/// How each test ended: PASS, FAIL or SKIP.
fn try_all(runner: &Path) -> Result<BTreeMap<String, String>, String> {
    let workspace = workspace();
    let folder = target_folder(&workspace).join("bogo");
    let trouble = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(trouble)?;
    let folder = fs::canonicalize(&folder).map_err(trouble)?;
    let binary = build(runner, &folder)?;
    call(Command::new("cargo").current_dir(&workspace).args([
        "build",
        "--release",
        "--package",
        "bogo-interop",
    ]))?;
    let [results, log] = ["results.json", "log"].map(|name| folder.join(name));
    // What a run before left there is not what this one found.
    let _ = fs::remove_file(&results);
    let output = fs::File::create(&log).map_err(trouble)?;
    let errors = output.try_clone().map_err(trouble)?;
    let shim = folder.with_file_name("release").join("bogo_shim");
    // How it ends is told by its results: unless it fell over, there are some.
    let ended = Command::new(binary)
        .current_dir(runner)
        .arg("-shim-path")
        .arg(shim)
        .arg("-shim-config")
        .arg(workspace.join("interop/bogo/config.json"))
        .arg("-json-output")
        .arg(&results)
        .args(["-allow-unimplemented", "-loose-errors", "-pipe"])
        .args(["-idle-timeout", "5s"])
        .stdout(output)
        .stderr(errors)
        .status();
    ended.map_err(|error| format!("the runner does not run: {error}"))?;
    tell(&format!("{}", log.display()));
    let results = fs::read_to_string(&results)
        .map_err(|_| format!("the runner has left no results; see {}", log.display()))?;
    outcomes(&results).ok_or_else(|| "the runner's results are in another form".to_owned())
}

fn build(runner: &Path, folder: &Path) -> Result<PathBuf, String> {
    let source = fs::canonicalize(runner.join("runner.go")).map_err(|error| error.to_string())?;
    let code = fs::read_to_string(&source).map_err(|error| error.to_string())?;
    if !code.contains(RESUMES) {
        return Err("this runner resumes sessions in another way than is known here".to_owned());
    }
    let [changed, overlay, binary] =
        ["runner.go", "overlay.json", "runner.test"].map(|name| folder.join(name));
    let replaced = json!({ "Replace": { source.to_string_lossy(): changed.to_string_lossy() } });
    fs::write(&changed, code.replace(RESUMES, DOES_NOT_RESUME))
        .and_then(|()| fs::write(&overlay, replaced.to_string()))
        .map_err(|error| error.to_string())?;
    call(
        Command::new("go")
            .current_dir(runner)
            .args(["test", "-c", "-overlay"])
            .arg(&overlay)
            .arg("-o")
            .arg(&binary)
            .arg("."),
    )?;
    Ok(binary)
}

fn call(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| error.to_string())?;
    let named = format!("{} failed", command.get_program().to_string_lossy());
    status.success().then_some(()).ok_or(named)
}

fn outcomes(results: &str) -> Option<BTreeMap<String, String>> {
    let results: Value = serde_json::from_str(results).ok()?;
    let tests = results.get("tests")?.as_object()?.iter();
    tests
        .map(|(name, test)| Some((name.clone(), test.get("actual")?.as_str()?.to_owned())))
        .collect()
}

fn report(outcomes: &BTreeMap<String, String>) -> ExitCode {
    let count = |wanted: &str| {
        outcomes
            .values()
            .filter(|outcome| *outcome == wanted)
            .count()
    };
    let others = outcomes
        .iter()
        .filter(|(_, outcome)| !["PASS", "SKIP"].contains(&outcome.as_str()));
    let failed: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
    for name in &failed {
        tell(&format!("FAILED  {name}"));
    }
    tell(&format!(
        "{} tests of the suite are of what is not spoken here: TLS, or disabled by interop/bogo/config.json, or \
         asking for what the shim does not know",
        count("SKIP")
    ));
    tell(&format!(
        "{} passed, {} failed",
        count("PASS"),
        failed.len()
    ));
    if failed.is_empty() && count("PASS") > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_each_test_ended() {
        let results = r#"{"version": 3, "tests": {"A": {"actual": "PASS", "expected": "PASS"},
            "B": {"actual": "FAIL", "is_unexpected": true}}}"#;
        let read = outcomes(results).unwrap();
        assert_eq!(read["A"], "PASS");
        assert_eq!(read["B"], "FAIL");
        assert_eq!(outcomes("{}"), None);
        assert_eq!(outcomes("not JSON"), None);
    }

    #[test]
    fn every_test_that_is_disabled_has_a_reason() {
        let path = workspace().join("interop/bogo/config.json");
        let config: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let disabled = config["DisabledTests"].as_object().unwrap();
        assert!(!disabled.is_empty());
        for (pattern, reason) in disabled {
            assert!(reason.as_str().is_some_and(|it| it.len() > 20), "{pattern}");
        }
    }
}
