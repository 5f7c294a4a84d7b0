//! Protects and unprotects the same packets with Tidewire, rtc and libsrtp, and with nothing but the
//! ciphers, in turns; prints what a packet takes. str0m keeps its SRTP to itself.

#[path = "../../../../benches/srtp/raw.rs"]
mod raw;
mod stacks;

use anyhow::Result;
use bytes::BytesMut;
use clap::Parser;
use tidewire_srtp::Profile;

use measuring::clock::CpuTime;
use stacks::Stack;

#[derive(Parser)]
#[command(about = "Measures SRTP of Tidewire, rtc and libsrtp beside the ciphers alone")]
struct Arguments {
    /// Lengths of packets, header included, in bytes.
    #[arg(long, value_delimiter = ',', default_value = "1200,172")]
    length: Vec<usize>,
    /// Rounds, of which the median counts.
    #[arg(long, default_value_t = 101)]
    rounds: usize,
    /// Batches of 128 packets in a round.
    #[arg(long, default_value_t = 8)]
    batches: usize,
}

const PROFILES: [Profile; 4] = [
    Profile::Aes128CmSha1_80,
    Profile::Aes128CmSha1_32,
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
];
/// Packets of a batch; they fit into the cache of a core.
const BATCH: usize = 128;
const SSRC: u32 = 0x1234_5678;
/// The fixed header, and header extensions in three words (RFC 8285 section 4.2).
pub const HEADER_LEN: usize = 12 + 4 + 12;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!(
        "CPU time a packet, ns, the median of {} rounds of {} packets; ratios, and what comes on top, to \
         the ciphers of the same provider in the same round",
        arguments.rounds,
        arguments.batches * BATCH,
    );
    for profile in PROFILES {
        for &length in &arguments.length {
            measure(&arguments, profile, length)?;
        }
    }
    Ok(())
}

/// What the rounds took, in ns a packet.
#[derive(Default)]
struct Figures {
    protect: Vec<f64>,
    unprotect: Vec<f64>,
}

/// Takes turns, so that a change of the machine's pace meets all alike.
fn measure(arguments: &Arguments, profile: Profile, length: usize) -> Result<()> {
    let mut stacks = stacks::all(profile)?;
    let mut figures: Vec<_> = stacks.iter().map(|_| Figures::default()).collect();
    let mut batches: Vec<_> = stacks.iter().map(|_| Batch::new(length)).collect();
    for _ in 0..arguments.rounds {
        for ((stack, figures), batch) in stacks.iter_mut().zip(&mut figures).zip(&mut batches) {
            round(arguments.batches, &mut **stack, batch, figures)?;
        }
    }
    println!("\n{profile:?}, {length} bytes");
    println!("{:28} {:>26}   {:>26}", "", "protect", "unprotect");
    for (stack, own) in stacks.iter().zip(&figures) {
        let raw = stacks.iter().position(|raw| raw.name() == stack.raw());
        let raw = raw.map(|raw| &figures[raw]);
        let protect = column(&own.protect, raw.map(|raw| &raw.protect[..]));
        let unprotect = column(&own.unprotect, raw.map(|raw| &raw.unprotect[..]));
        println!("{:28} {protect:>26}   {unprotect:>26}", stack.name());
    }
    Ok(())
}

fn column(own: &[f64], raw: Option<&[f64]>) -> String {
    let own_median = median(own.iter().copied());
    let Some(raw) = raw else {
        return format!("{own_median:.0}                ");
    };
    let ratio = median(own.iter().zip(raw).map(|(own, raw)| own / raw));
    let more = median(own.iter().zip(raw).map(|(own, raw)| own - raw));
    format!("{own_median:.0} {ratio:>7.3}x {more:>+5.0}")
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn round(
    batches: usize,
    stack: &mut dyn Stack,
    batch: &mut Batch,
    figures: &mut Figures,
) -> Result<()> {
    let (mut protect, mut unprotect) = (0.0, 0.0);
    for _ in 0..batches {
        batch.refill();
        let begin = CpuTime::now();
        stack.protect(&mut batch.sent, &mut batch.output)?;
        protect += begin.elapsed().as_secs_f64();
        batch.deliver();
        let begin = CpuTime::now();
        stack.unprotect(&mut batch.received, &mut batch.output)?;
        unprotect += begin.elapsed().as_secs_f64();
        batch.check();
    }
    let packets = (batches * BATCH) as f64;
    figures.protect.push(protect * 1e9 / packets);
    figures.unprotect.push(unprotect * 1e9 / packets);
    Ok(())
}

/// Packets of one stream, each another one.
struct Batch {
    length: usize,
    sequence: u16,
    plain: Vec<Vec<u8>>,
    /// What is protected in place.
    sent: Vec<Vec<u8>>,
    /// What is unprotected in place.
    received: Vec<BytesMut>,
    /// What a stack returns that does not work in place.
    output: Vec<BytesMut>,
}

impl Batch {
    fn new(length: usize) -> Self {
        Self {
            length,
            sequence: 1,
            plain: vec![Vec::new(); BATCH],
            sent: (0..BATCH)
                .map(|_| Vec::with_capacity(length + 512))
                .collect(),
            received: (0..BATCH)
                .map(|_| BytesMut::with_capacity(length + 512))
                .collect(),
            output: Vec::with_capacity(BATCH),
        }
    }

    fn refill(&mut self) {
        self.output.clear();
        for (plain, sent) in self.plain.iter_mut().zip(&mut self.sent) {
            plain.clear();
            plain.extend_from_slice(&[0x90, 96]);
            plain.extend_from_slice(&self.sequence.to_be_bytes());
            plain.extend_from_slice(&[0, 0, 0, 7]);
            plain.extend_from_slice(&SSRC.to_be_bytes());
            // A send time and a sequence number of the transport.
            plain.extend_from_slice(&[0xBE, 0xDE, 0, 3, 0x22, 1, 2, 3, 0x31, 4, 5]);
            plain.resize(HEADER_LEN, 0);
            plain.resize(self.length, self.sequence as u8);
            sent.clear();
            sent.extend_from_slice(plain);
            self.sequence = self.sequence.wrapping_add(1);
        }
    }

    fn deliver(&mut self) {
        for (at, received) in self.received.iter_mut().enumerate() {
            received.clear();
            received.extend_from_slice(self.output.get(at).map_or(&self.sent[at], |output| output));
        }
        self.output.clear();
    }

    fn check(&self) {
        for (at, plain) in self.plain.iter().enumerate() {
            let result = self.output.get(at).unwrap_or(&self.received[at]);
            assert_eq!(result, plain);
        }
    }
}
