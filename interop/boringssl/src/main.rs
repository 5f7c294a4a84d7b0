//! Holds DTLS against BoringSSL: every role, version, group, suite and kind of key that both know, with
//! exporters compared byte for byte, data both ways, new keys on both sides, and again with loss.

mod boringssl;
mod matrix;
mod pair;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Handshakes between Tidewire and BoringSSL in memory; ends with 1 if any fails")]
struct Arguments {
    /// How many times each case runs with a tenth of all datagrams lost, each time others.
    #[arg(long, default_value_t = 3)]
    lossy: u64,
    /// Runs only the cases whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() {
    let arguments = Arguments::parse();
    let mut failed = 0;
    let mut passed = 0;
    for case in matrix::cases() {
        let name = case.to_string();
        if !name.contains(&arguments.only) {
            continue;
        }
        for seed in 0..=arguments.lossy {
            match pair::run(&case, seed) {
                Ok(()) => passed += 1,
                Err(reason) => {
                    failed += 1;
                    println!("FAILED  {name}, seed {seed}: {reason}");
                }
            }
        }
        println!("        {name}");
    }
    println!("\n{passed} passed, {failed} failed");
    if failed > 0 || passed == 0 {
        std::process::exit(1);
    }
}
