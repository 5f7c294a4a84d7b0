//! Reads the same offer of a browser with Tidewire, rtc and str0m, and prints how long each takes.

use std::hint::black_box;
use std::io::Cursor;

use clap::Parser;
use rtc::sdp::SessionDescription as RtcDescription;
use str0m::change::SdpOffer;
use tidewire_sdp::{Attribute, SessionDescription, SourceAttribute};

use measuring::turns::{Contender, compare};

const OFFER: &str =
    include_str!("../../../../crates/sdp/testdata/chromium-156-offer-audio-video-data.sdp");

#[derive(Parser)]
#[command(about = "Measures how long reading a session description takes, in one run")]
struct Arguments {
    /// Readings in a round.
    #[arg(long, default_value_t = 5000)]
    readings: u32,
    /// Rounds, of which the median counts. The stacks take turns.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Measures only the stacks whose name begins so.
    #[arg(long)]
    only: Option<String>,
}

fn main() {
    let arguments = Arguments::parse();
    let mut contenders = vec![
        contender("Tidewire, typed", tidewire),
        contender("rtc, attributes as text", rtc),
        contender("str0m, typed", str0m),
    ];
    if let Some(only) = &arguments.only {
        contenders.retain(|contender| contender.name().starts_with(only));
    }
    let title = format!("Reading an offer of {} bytes", OFFER.len());
    compare(
        &title,
        &mut contenders,
        arguments.rounds,
        arguments.readings,
    );
}

fn contender(name: &str, read: fn(&str) -> u64) -> Contender {
    Contender::new(name, move || read(black_box(OFFER)))
}

/// Every typed value goes into the sum, so that reading later would gain nothing.
fn tidewire(text: &str) -> u64 {
    let offer = SessionDescription::parse(text).expect("a good offer");
    let attributes = offer.media.iter().flat_map(|media| &media.attributes);
    attributes.map(weight).fold(0, u64::wrapping_add)
}

fn weight(attribute: &Attribute) -> u64 {
    match attribute {
        Attribute::RtpMap(map) => u64::from(map.clock_rate) + map.encoding.len() as u64,
        Attribute::Fmtp(fmtp) => u64::from(fmtp.payload_type) + fmtp.parameters().count() as u64,
        Attribute::RtcpFeedback(stated) => u64::from(stated.payload_type.unwrap_or(255)),
        Attribute::ExtMap(map) => u64::from(map.id) + map.uri.len() as u64,
        Attribute::Ssrc(ssrc) => match &ssrc.attribute {
            SourceAttribute::Cname(cname) => u64::from(ssrc.id) + cname.len() as u64,
            _ => u64::from(ssrc.id),
        },
        Attribute::SsrcGroup(group) => group.ids.iter().copied().map(u64::from).sum(),
        other => other.name().len() as u64,
    }
}

fn rtc(text: &str) -> u64 {
    let offer = RtcDescription::unmarshal(&mut Cursor::new(text)).expect("a good offer");
    let sections = offer.media_descriptions.iter();
    sections.map(|media| media.attributes.len() as u64).sum()
}

fn str0m(text: &str) -> u64 {
    let offer = SdpOffer::from_sdp_string(text).expect("a good offer");
    black_box(&offer);
    1
}
