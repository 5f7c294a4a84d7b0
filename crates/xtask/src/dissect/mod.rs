//! `cargo xtask dissect`: what our crates write, read by Wireshark's dissectors.

mod capture;
mod frames;
mod payloads;
mod rtcp;
mod rtp;
mod sample;
mod tshark;
mod vp8;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::{complain, target_folder, tell, workspace};
use sample::{Excuse, Sample};
use tshark::Dissection;

/// The exit code for: this machine lacks something that is needed.
const CANNOT_RUN: u8 = 77;

/// Writes packets of every kind, has tshark read them, and compares.
pub(crate) fn run(args: &[String]) -> ExitCode {
    if let Some(arg) = args.first() {
        complain(&format!("dissect takes no {arg}; try `cargo xtask help`"));
        return ExitCode::from(2);
    }
    let Some(version) = tshark::version() else {
        complain("\nNOT DISSECTED: there is no tshark (apt-get install tshark)\n");
        return ExitCode::from(CANNOT_RUN);
    };
    let file = target_folder(&workspace()).join("dissect/sent.pcap");
    match dissect(&file) {
        Ok(table) => {
            tell(&format!("{version}, {}", file.display()));
            table.print()
        }
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

fn dissect(file: &Path) -> Result<Table, String> {
    let samples = vp8::samples().chain(rtp::samples()).chain(rtcp::samples());
    let samples: Vec<Sample> = samples.chain([rtcp::broken()]).collect();
    let fields = fields(&samples);
    let folder = file.parent().expect("the file is in a folder");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, capture::file(&samples)))
        .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    judge(samples, tshark::read(file, &fields)?)
}

/// Compares what was written with what was read. The last one is broken, and tshark must say so: else it
/// tells of faults in words that are not understood here.
fn judge(mut samples: Vec<Sample>, mut dissections: Vec<Dissection>) -> Result<Table, String> {
    if dissections.len() != samples.len() {
        let (read, written) = (dissections.len(), samples.len());
        return Err(format!("tshark read {read} of {written} packets"));
    }
    let broken = samples.pop().zip(dissections.pop());
    if broken.is_none_or(|(sample, dissection)| sample.faults(&dissection).is_empty()) {
        return Err("tshark has nothing to say about a packet that is broken".to_owned());
    }
    let mut table = Table::default();
    for (number, (sample, dissection)) in (1..).zip(samples.iter().zip(&dissections)) {
        table.add(number, sample, dissection);
    }
    Ok(table)
}

/// Every field that one of the samples is compared by.
fn fields(samples: &[Sample]) -> Vec<&'static str> {
    let all = samples.iter().flat_map(|sample| &sample.expected);
    let mut fields: Vec<_> = all.map(|(field, _)| *field).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// A row for each kind of packet.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
}

struct Row {
    kind: &'static str,
    protocol: &'static str,
    packets: usize,
    /// What was compared of them.
    values: usize,
    faults: Vec<String>,
    excuses: BTreeSet<Excuse>,
}

impl Table {
    fn add(&mut self, number: usize, sample: &Sample, dissection: &Dissection) {
        if self.rows.last().is_none_or(|row| row.kind != sample.kind) {
            self.rows.push(Row {
                kind: sample.kind,
                protocol: sample.protocol,
                packets: 0,
                values: 0,
                faults: Vec::new(),
                excuses: BTreeSet::new(),
            });
        }
        let row = self.rows.last_mut().expect("there is one now");
        row.packets += 1;
        row.values += sample.expected.len();
        row.excuses.extend(&sample.excuses);
        let faults = sample.faults(dissection).into_iter();
        row.faults
            .extend(faults.map(|fault| format!("packet {number}: {fault}")));
    }

    fn print(&self) -> ExitCode {
        for row in &self.rows {
            let verdict = if row.faults.is_empty() {
                "ok"
            } else {
                "FAULTY"
            };
            tell(&format!(
                "{verdict:6}  {:44}  {:5}  {:3} packets, {:4} values",
                row.kind, row.protocol, row.packets, row.values
            ));
            for fault in &row.faults {
                tell(&format!("        {fault}"));
            }
            for Excuse { complaint, reason } in &row.excuses {
                tell(&format!("        excused: {complaint}: {reason}"));
            }
        }
        let faulty = self
            .rows
            .iter()
            .filter(|row| !row.faults.is_empty())
            .count();
        let packets: usize = self.rows.iter().map(|row| row.packets).sum();
        tell(&format!(
            "{packets} packets of {} kinds, {faulty} kinds faulty",
            self.rows.len()
        ));
        if faulty == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
