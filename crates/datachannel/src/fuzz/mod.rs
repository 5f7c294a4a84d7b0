//! Fuzz bodies: what must hold for any bytes and any order of calls.

mod endpoints;
mod loopback;

pub use self::endpoints::{endpoints, packets};

use std::time::{Duration, Instant};

use bytes::Bytes;

use self::loopback::Loopback;
use crate::channel::State;
use crate::{Config, DcepMessage, Init, Message, OpenMessage, Reliability};

/// Reads any bytes; what was read is written again as it stood.
pub fn dcep(data: &[u8]) {
    let Ok(message) = DcepMessage::parse(data) else {
        return;
    };
    let mut out = Vec::new();
    message.write(&mut out).expect("what was read fits");
    assert_eq!(DcepMessage::parse(&out), Ok(message));
    if let DcepMessage::Open(OpenMessage {
        label, protocol, ..
    }) = message
    {
        assert_eq!(out.len(), data.len());
        assert_eq!(out.len(), 12 + label.len() + protocol.len());
    }
}

/// Calls two endpoints in any order over streams that lose nothing, and ends all channels.
pub fn operations(data: &[u8]) {
    let mut calls = Calls { rest: data };
    let config = Config {
        max_channels: 40,
        max_incoming_text: 400,
        max_buffered: 1000,
        max_fragmented_message: 60,
        max_fragments_total: 100,
    };
    let mut pair = Loopback::new(start(), &config);
    let hostile = calls.byte() & 1 == 1;
    while !calls.rest.is_empty() {
        call(&mut pair, &mut calls, hostile);
        pair.check();
    }
    pair.set_roles();
    pair.connect();
    pair.deliver_all();
    for at in 0..2 {
        for id in pair.ids(at) {
            pair.close(at, id);
            assert_ne!(pair.state(at, id), Some(State::Open));
        }
    }
    pair.drain();
    pair.deliver_all();
    pair.drain();
    pair.check();
    assert!(hostile || pair.is_over(), "all channels have closed");
    pair.disconnect();
    pair.drain();
    assert!(pair.is_over(), "no channel outlives its association");
}

fn call(pair: &mut Loopback, calls: &mut Calls<'_>, hostile: bool) {
    let (op, pick) = (calls.byte(), calls.byte());
    let at = usize::from(op & 1);
    let channel = pair.channel(at, pick);
    match (op >> 1) % 13 {
        0 | 1 => _ = pair.create(at, init(pick, None)),
        2 => {
            let stream = Some(u16::from(pick % 16));
            let _ = pair.create(at, init(pick, stream));
            let _ = pair.create(1 - at, init(pick, stream));
        }
        3 | 4 => {
            let message = calls.message();
            _ = channel.map(|id| pair.send(at, id, message));
        }
        5 => _ = channel.map(|id| pair.receive(at, id)),
        6 => _ = channel.map(|id| pair.close(at, id)),
        7 | 8 => _ = pair.deliver(at, pick),
        9 => _ = pair.poll_event(at),
        10 if hostile => {
            let (ppid, message) = (calls.byte() % 10 + 49, calls.message());
            let stream = u16::from(pick % 16);
            pair.inject(at, stream, u32::from(ppid), message.payload());
        }
        11 if hostile => pair.inject_reset(at, u16::from(pick % 16)),
        _ => match pick % 8 {
            0 if hostile => pair.disconnect(),
            1 | 2 => pair.set_roles(),
            _ => pair.connect(),
        },
    }
}

fn init(bits: u8, negotiated: Option<u16>) -> Init {
    Init {
        ordered: bits & 1 == 0,
        reliability: match bits >> 1 & 3 {
            0 | 1 => Reliability::Reliable,
            2 => Reliability::MaxRetransmits(u32::from(bits)),
            _ => Reliability::MaxLifetime(Duration::from_millis(u64::from(bits))),
        },
        negotiated,
        ..Init::default()
    }
}

/// What is still to be called.
struct Calls<'a> {
    rest: &'a [u8],
}

impl<'a> Calls<'a> {
    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn message(&mut self) -> Message {
        let len = usize::from(self.byte());
        let payload = Bytes::copy_from_slice(self.take(len % 64));
        match len & 64 {
            0 => Message::Text(payload),
            _ => Message::Binary(payload),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant can only be had from the clock, and nothing here depends on its value"
)]
fn start() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_seed_of_the_corpus_is_handled() {
        tidewire_netsim::for_each_corpus_entry("dcep_parse", dcep);
        tidewire_netsim::for_each_corpus_entry("datachannel_operations", operations);
        tidewire_netsim::for_each_corpus_entry("datachannel_endpoints", endpoints);
        tidewire_netsim::for_each_corpus_entry("datachannel_packets", packets);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_order_of_calls_is_handled(data in proptest::collection::vec(any::<u8>(), 0..400)) {
            operations(&data);
        }

        #[test]
        fn any_order_of_calls_once_connected_is_handled(
            data in proptest::collection::vec(any::<u8>(), 0..600)
        ) {
            // Roles, then the connection, then anything.
            for hostile in 0..2 {
                let connected = [&[hostile, 24, 1, 24, 3][..], &data].concat();
                operations(&connected);
            }
        }
    }
}
