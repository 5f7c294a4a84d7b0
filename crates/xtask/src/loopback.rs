//! `cargo xtask loopback`: two processes of the example `stdio_peer` over loopback sockets, measured.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use serde_json::{Value, json};

use crate::{complain, target_folder, tell, workspace};

const MESSAGE: usize = 64 << 10;
/// The kernel's unit of CPU time on every machine that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

struct Options {
    runs: usize,
    mebibytes: u64,
    opens: usize,
    features: Vec<String>,
}

/// Runs what the arguments after `loopback` ask for.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(wrong) => {
            complain(&format!("{wrong}; try `cargo xtask help`"));
            return ExitCode::from(2);
        }
    };
    let workspace = workspace();
    if !build(&workspace, &options.features) {
        complain("the example does not build");
        return ExitCode::FAILURE;
    }
    let name = format!("release/examples/stdio_peer{}", env::consts::EXE_SUFFIX);
    let program = target_folder(&workspace).join(name);
    let measured = transfers(&program, &options).and_then(|()| opens(&program, options.opens));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the measurement failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Self {
            runs: 5,
            mebibytes: 512,
            opens: 200,
            features: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            if name == "--aws-lc-rs" {
                options.features = vec!["--features".to_owned(), "aws-lc-rs".to_owned()];
                continue;
            }
            let number: Option<u32> = args.next().and_then(|value| value.parse().ok());
            let number = number.ok_or_else(|| format!("{name} wants a number"))?;
            match name.as_str() {
                "--runs" => options.runs = number as usize,
                "--mebibytes" => options.mebibytes = number.into(),
                "--opens" => options.opens = number as usize,
                _ => return Err(format!("there is no option {name}")),
            }
        }
        Ok(options)
    }
}

fn build(workspace: &Path, features: &[String]) -> bool {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    let arguments = "build --release --package examples --example stdio_peer";
    cargo
        .current_dir(workspace)
        .args(arguments.split(' '))
        .args(features);
    cargo.status().is_ok_and(|status| status.success())
}

fn transfers(program: &Path, options: &Options) -> io::Result<()> {
    if options.runs == 0 {
        return Ok(());
    }
    tell(&format!(
        "{} MiB in messages of 64 KiB, ordered and reliable, 1 MiB buffered at most",
        options.mebibytes
    ));
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let (seconds, cpu_seconds) = transfer(program, options.mebibytes)?;
        let mebibytes = options.mebibytes as f64;
        wall.push(mebibytes / seconds);
        cpu.extend(cpu_seconds.map(|seconds| mebibytes / seconds));
        tell(&rates("run", wall.last(), cpu.last()));
    }
    tell(&rates("median", median(&mut wall), median(&mut cpu)));
    Ok(())
}

/// The seconds of the clock, and of the processors in both processes.
fn transfer(program: &Path, mebibytes: u64) -> io::Result<(f64, Option<f64>)> {
    let (mut sender, mut receiver) = connect(program)?;
    let total = mebibytes << 20;
    receiver.call(json!({ "cmd": "expect", "total": total }))?;
    let before = cpu_time(&sender, &receiver);
    let sent = sender.call(json!({ "cmd": "bench", "size": MESSAGE, "total": total }))?;
    let received = receiver.call(json!({ "cmd": "waitRecv" }))?;
    let after = cpu_time(&sender, &receiver);
    if received["got"].as_u64() != Some(total) {
        return Err(io::Error::other(format!("{received} arrived of {total}")));
    }
    let used = after.zip(before).map(|(after, before)| after - before);
    Ok((seconds(&received, "t")? - seconds(&sent, "t0")?, used))
}

fn opens(program: &Path, runs: usize) -> io::Result<()> {
    let mut milliseconds = Vec::new();
    for _ in 0..runs {
        let (mut offerer, _answerer) = connect(program)?;
        let moments = offerer.call(json!({ "cmd": "waitOpen" }))?;
        milliseconds.push(1e3 * (seconds(&moments, "tOpen")? - seconds(&moments, "tOffer")?));
    }
    if let Some(median) = median(&mut milliseconds).copied() {
        let worst: Vec<_> = milliseconds.iter().rev().take(3).rev().collect();
        tell(&format!(
            "createOffer to open, {runs} times in new processes: {median:.1} ms in the median; \
             the slowest {worst:.1?}"
        ));
    }
    Ok(())
}

/// Two new processes with a channel that is open.
fn connect(program: &Path) -> io::Result<(Peer, Peer)> {
    let (mut offerer, mut answerer) = (Peer::start(program)?, Peer::start(program)?);
    let offer = offerer.call(json!({ "cmd": "offer", "data": true }))?;
    let answer = answerer.call(json!({ "cmd": "answer", "sdp": offer["sdp"] }))?;
    offerer.call(json!({ "cmd": "setAnswer", "sdp": answer["sdp"] }))?;
    offerer.call(json!({ "cmd": "waitOpen" }))?;
    Ok((offerer, answerer))
}

/// A process that is driven line by line, and killed in the end.
struct Peer {
    process: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Peer {
    fn start(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let gone = || io::Error::other("the process has no pipes");
        let requests = process.stdin.take().ok_or_else(gone)?;
        let replies = BufReader::new(process.stdout.take().ok_or_else(gone)?);
        let mut peer = Self {
            process,
            requests,
            replies,
        };
        peer.reply()?;
        Ok(peer)
    }

    fn call(&mut self, request: Value) -> io::Result<Value> {
        writeln!(self.requests, "{request}")?;
        let reply = self.reply()?;
        match reply.get("error") {
            Some(error) => Err(io::Error::other(format!("{request}: {error}"))),
            None => Ok(reply),
        }
    }

    fn reply(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        self.replies.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may be gone already, which is all that is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What both processes have used so far, in seconds; `None` where the system does not tell.
fn cpu_time(one: &Peer, other: &Peer) -> Option<f64> {
    let of = |peer: &Peer| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", peer.process.id())).ok()?;
        parse_cpu_time(&stat)
    };
    Some(of(one)? + of(other)?)
}

/// User and system time are the 14th and 15th field; the 2nd is a name in parentheses.
fn parse_cpu_time(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

fn seconds(reply: &Value, name: &str) -> io::Result<f64> {
    let missing = || io::Error::other(format!("{name} is missing in {reply}"));
    reply[name].as_f64().ok_or_else(missing)
}

fn rates(title: &str, wall: Option<&f64>, cpu: Option<&f64>) -> String {
    let wall = wall.copied().unwrap_or_default();
    let cpu = cpu.map_or_else(
        || "CPU time is not known here".to_owned(),
        |cpu| format!("{cpu:.0} MiB per CPU-second of both"),
    );
    format!("  {title:<7} {wall:.0} MiB/s, {cpu}")
}

/// Sorts, and answers the one in the middle.
fn median(values: &mut [f64]) -> Option<&f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_whatever_the_process_is_called() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 3 0 1 2 3";
        assert_eq!(parse_cpu_time(stat), Some(2.0));
        assert_eq!(parse_cpu_time("7 (a) S 1"), None);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(&2.0));
        assert_eq!(median(&mut []), None);
    }
}
