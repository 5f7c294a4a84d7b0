//! The program tshark, Wireshark on the command line.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

pub(super) const RTP_PORT: u16 = 5000;
pub(super) const RTCP_PORT: u16 = 5001;

/// Payload types, with the dissector for each.
pub(super) const VP8: (u8, &str) = (96, "vp8");
pub(super) const H264: (u8, &str) = (102, "h264");
pub(super) const OPUS: (u8, &str) = (111, "opus");
pub(super) const EVENT: (u8, &str) = (126, "rtpevent");

const PROTOCOLS: &str = "frame.protocols";
const SEVERITY: &str = "_ws.expert.severity";
const MESSAGE: &str = "_ws.expert.message";
/// What stands between the values of a field.
pub(super) const BETWEEN: char = '|';
/// What is asked of every packet.
const ALWAYS: [&str; 4] = [PROTOCOLS, "_ws.malformed", SEVERITY, MESSAGE];
/// `PI_WARN`: below it are remarks.
const WARNING: u32 = 0x0060_0000;

/// What tshark sees in a packet.
pub(super) struct Dissection(BTreeMap<String, String>);

/// Its name and version, if it is there.
pub(super) fn version() -> Option<String> {
    let output = Command::new("tshark").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_there = output.status.success();
    text.lines().next().filter(|_| is_there).map(str::to_owned)
}

/// Reads a capture; of each packet these fields.
pub(super) fn read(file: &Path, fields: &[&str]) -> Result<Vec<Dissection>, String> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(file).args(["-n", "-T", "fields"]);
    tshark.args(["-E", &format!("aggregator={BETWEEN}")]);
    for (port, protocol) in [(RTP_PORT, "rtp"), (RTCP_PORT, "rtcp")] {
        tshark.args(["-d", &format!("udp.port=={port},{protocol}")]);
    }
    for (payload_type, protocol) in [VP8, H264, OPUS, EVENT] {
        tshark.args(["-d", &format!("rtp.pt=={payload_type},{protocol}")]);
    }
    let names: Vec<&str> = ALWAYS.iter().chain(fields).copied().collect();
    for name in &names {
        tshark.args(["-e", name]);
    }
    let output = tshark
        .output()
        .map_err(|error| format!("tshark could not be started: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("tshark failed: {words}"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().map(|line| {
        let values = line.split('\t').map(str::to_owned);
        Dissection(
            names
                .iter()
                .map(|name| (*name).to_owned())
                .zip(values)
                .collect(),
        )
    });
    Ok(rows.collect())
}

impl Dissection {
    /// The protocols, the outermost first.
    pub(super) fn protocols(&self) -> &str {
        self.raw(PROTOCOLS)
    }

    /// The values of a field.
    pub(super) fn field(&self, name: &str) -> String {
        normal(self.raw(name))
    }

    /// What is malformed or worth a warning, in the words of tshark.
    pub(super) fn complaints(&self) -> Vec<String> {
        let severities = self.raw(SEVERITY).split(BETWEEN);
        let remarks = severities.zip(self.raw(MESSAGE).split(BETWEEN));
        let is_grave = |severity: &str| severity.parse().is_ok_and(|level: u32| level >= WARNING);
        let grave = remarks.filter(|(severity, _)| is_grave(severity));
        let mut complaints: Vec<_> = grave.map(|(_, message)| message.to_owned()).collect();
        if complaints.is_empty() && !self.raw("_ws.malformed").is_empty() {
            complaints.push(self.raw("_ws.malformed").to_owned());
        }
        complaints
    }

    fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Values in the same words whatever the version: numbers in decimal, bytes without colons.
pub(super) fn normal(values: &str) -> String {
    let one = |value: &str| match value {
        "True" => "1".to_owned(),
        "False" => "0".to_owned(),
        _ => {
            let number = value.strip_prefix("0x");
            let number = number.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            number.map_or_else(|| value.replace(':', ""), |number| number.to_string())
        }
    };
    let all: Vec<_> = values.split(BETWEEN).map(one).collect();
    all.join(&BETWEEN.to_string())
}
