//! The figures as a table.

use std::fmt;
use std::time::Duration;

use anyhow::Result;

use crate::Arguments;
use crate::transfer::Measured;

const LOCK_FILE: &str = include_str!("../Cargo.lock");

/// The version that a crate was built in.
pub fn version_of(name: &str) -> &'static str {
    let mut lines = LOCK_FILE.lines();
    lines
        .find(|line| line.strip_prefix("name = ") == Some(&format!("\"{name}\"")))
        .and_then(|_| lines.next()?.strip_prefix("version = "))
        .map_or("?", |version| version.trim_matches('"'))
}

pub fn print_head(arguments: &Arguments) {
    println!(
        "A data channel in memory, reliable and ordered: {} MiB a round, {} KiB of buffer, \
         batches of {}, the median of {} rounds.\n\
         CPU time of both peers together, in one thread; aws-lc-rs {}.\n",
        arguments.amount,
        arguments.buffer,
        arguments.batch,
        arguments.rounds,
        version_of("aws-lc-rs"),
    );
}

/// A row for each stack; the ratios are to the first.
pub struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    measured: Vec<Measured>,
    /// What went wrong first, if anything.
    fault: Option<String>,
}

impl Table {
    pub fn new(names: impl Iterator<Item = String>) -> Self {
        let row = |name| Row {
            name,
            measured: Vec::new(),
            fault: None,
        };
        Self {
            rows: names.map(row).collect(),
        }
    }

    pub fn add(&mut self, row: usize, result: Result<Measured>) {
        let row = &mut self.rows[row];
        match result {
            Ok(measured) => row.measured.push(measured),
            Err(error) => row.fault = row.fault.take().or(Some(format!("{error:#}"))),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:34} {:>9} {:>13} {:>8} {:>10} {:>10} {:>12}",
            "", "MiB/CPU-s", "worst..best", "ratio", "set-up ms", "datagrams", "virtual s",
        )?;
        let first = self.rows.first().and_then(Row::speed);
        for row in &self.rows {
            row.write(f, first)?;
        }
        Ok(())
    }
}

impl Row {
    fn write(&self, f: &mut fmt::Formatter<'_>, first: Option<f64>) -> fmt::Result {
        write!(f, "{:34}", self.name)?;
        if let (Some(speed), Some(first)) = (self.speed(), first) {
            let worst = self.speeds().fold(f64::INFINITY, f64::min);
            let best = self.speeds().fold(0.0, f64::max);
            let range = format!("{worst:.0}..{best:.0}");
            write!(f, " {speed:>9.1} {range:>13} {:>7.2}x", first / speed)?;
            let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
            let connect = self.median(|round| milliseconds(round.connect));
            let datagrams = self.median(|round| round.datagrams as f64);
            let virtual_time = self.median(|round| round.virtual_time.as_secs_f64());
            write!(f, " {connect:>10.2} {datagrams:>10.0} {virtual_time:>12.3}")?;
        }
        if let Some(fault) = &self.fault {
            let rounds = self.measured.len();
            write!(f, " FAILED (after {rounds} good rounds): {fault}")?;
        }
        writeln!(f)
    }

    /// MiB in a second of CPU time.
    fn speed(&self) -> Option<f64> {
        (!self.measured.is_empty()).then(|| self.median(speed))
    }

    fn speeds(&self) -> impl Iterator<Item = f64> {
        self.measured.iter().map(speed)
    }

    fn median(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        let mut figures: Vec<_> = self.measured.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    }
}

fn speed(measured: &Measured) -> f64 {
    measured.bytes as f64 / f64::from(1 << 20) / measured.transfer.as_secs_f64()
}
