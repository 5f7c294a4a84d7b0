//! Sends the same data over a data channel of Tidewire, str0m and rtc, two complete peers of each in
//! one thread, and prints what a second of CPU time carries.

mod network;
mod report;
mod stacks;
mod transfer;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use report::Table;
use stacks::{AwsLcRs, Rtc, RustCrypto, Str0m, Tidewire};
use transfer::{Measured, Transfer, Workload};

#[derive(Parser)]
#[command(about = "Measures data channels of Tidewire, str0m and rtc in memory, in one run")]
struct Arguments {
    /// Sizes of the messages, in KiB.
    #[arg(long, value_delimiter = ',', default_value = "16,64")]
    message: Vec<usize>,
    /// Simulated round trips, in milliseconds.
    #[arg(long, value_delimiter = ',', default_value = "0,20")]
    rtt: Vec<u64>,
    /// How much is sent in a round, in MiB.
    #[arg(long, default_value_t = 32)]
    amount: usize,
    /// What may wait in the sender's channel, in KiB.
    #[arg(long, default_value_t = 1024)]
    buffer: usize,
    /// Datagrams that a peer takes in before it is asked for what it sends.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Rounds, of which the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measures only the stacks whose name begins so.
    #[arg(long)]
    only: Option<String>,
}

/// A stack, by the name that the report gives it.
struct Contender {
    name: String,
    run: fn(&Workload) -> Result<Measured>,
}

fn main() {
    let arguments = Arguments::parse();
    let contenders = contenders(arguments.only.as_deref());
    report::print_head(&arguments);
    for &message in &arguments.message {
        for &rtt in &arguments.rtt {
            let workload = Workload::new(
                message << 10,
                arguments.amount << 20,
                arguments.buffer << 10,
                Duration::from_millis(rtt),
                arguments.batch,
            );
            let table = measure(&contenders, &workload, arguments.rounds);
            println!("{message} KiB messages, {rtt} ms round trip\n{table}");
        }
    }
}

/// The first is the one that the others are compared with.
fn contenders(only: Option<&str>) -> Vec<Contender> {
    let mut all = vec![
        contender::<Tidewire<AwsLcRs>>("aws-lc-rs"),
        contender::<Tidewire<RustCrypto>>("default provider"),
        contender::<Str0m>("aws-lc-rs"),
        contender::<Rtc>("aws-lc-rs"),
    ];
    all.retain(|contender| only.is_none_or(|only| contender.name.starts_with(only)));
    all
}

fn contender<T: Transfer>(provider: &str) -> Contender {
    let version = report::version_of(T::CRATE);
    Contender {
        name: format!("{} {version}, {provider}", T::CRATE),
        run: transfer::run::<T>,
    }
}

/// Takes turns, so that a change of the machine's pace meets all alike.
fn measure(contenders: &[Contender], workload: &Workload, rounds: usize) -> Table {
    let mut table = Table::new(contenders.iter().map(|contender| contender.name.clone()));
    for _ in 0..rounds {
        for (row, contender) in contenders.iter().enumerate() {
            table.add(row, (contender.run)(workload));
        }
    }
    table
}
