//! An SFU in memory, once of Tidewire and once of str0m: packets of video come in over one connection and go out
//! over fifty, each with keys and a store of packets to be sent again. Prints what each outgoing packet costs
//! the server.

mod str0m;
mod tidewire;

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;

use measuring::clock::CpuTime;
use measuring::turns::{Contender, compare};

/// As many watch as one sends to.
pub const VIEWERS: usize = 50;
/// With what RTP and SRTP add, about 1200 bytes.
pub const PAYLOAD: usize = 1150;
/// So often they are 4.8 Mbit/s.
pub const PACE: Duration = Duration::from_millis(2);

#[derive(Parser)]
#[command(about = "Measures what forwarding a packet costs, in one run")]
struct Arguments {
    /// Packets of the source in a round.
    #[arg(long, default_value_t = 500)]
    packets: u32,
    /// Rounds, of which the median counts. The stacks take turns.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Measures only the stacks whose name begins so.
    #[arg(long)]
    only: Option<String>,
}

/// One who sends, fifty who watch, and the server's ends of their connections.
pub trait Sfu: Sized {
    /// With all connections up, at `now`.
    fn new(now: Instant) -> Result<Self>;

    /// Lets time pass for all ends: reports go out.
    fn pass_time(&mut self, now: Instant) -> Result<()>;

    /// Sends a packet at the source, and answers the datagram.
    fn send(&mut self, now: Instant, number: u32) -> Result<Vec<u8>>;

    /// What the server does with the datagram; answers how many bytes it sends.
    fn forward(&mut self, now: Instant, datagram: &[u8]) -> Result<usize>;
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut contenders = vec![
        contender::<tidewire::Sfu<tidewire::AwsLcRs>>("Tidewire, AWS-LC")?,
        contender::<tidewire::Sfu<tidewire::RustCrypto>>("Tidewire, default cryptography")?,
        contender::<str0m::Sfu>("str0m, AWS-LC")?,
    ];
    if let Some(only) = &arguments.only {
        contenders.retain(|contender| contender.name().starts_with(only));
    }
    let title = format!("Forwarding a packet to {VIEWERS}, for each outgoing packet");
    compare(&title, &mut contenders, arguments.rounds, arguments.packets);
    Ok(())
}

/// Only the server's part counts: neither what the source does, nor what happens between packets.
fn contender<S: Sfu + 'static>(name: &str) -> Result<Contender> {
    let mut now = Instant::now();
    let mut sfu = S::new(now)?;
    let mut number = 0;
    Ok(Contender::measuring(name, move || {
        now += PACE;
        number += 1;
        let mut forward = || {
            sfu.pass_time(now)?;
            let datagram = sfu.send(now, number)?;
            let start = CpuTime::now();
            let sent = sfu.forward(now, &datagram)?;
            let took = start.elapsed();
            anyhow::ensure!(sent > VIEWERS * PAYLOAD, "{sent} bytes are too few");
            Ok(took / VIEWERS as u32)
        };
        forward().expect("the packet is forwarded")
    }))
}
