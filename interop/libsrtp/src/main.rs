//! Tidewire's SRTP against libsrtp, in both directions: every profile, RTP and RTCP, over rollovers of
//! the sequence number, with packets out of order, twice, lost, and damaged. Ends with an error at the
//! first difference.

mod packets;

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use libsrtp_interop::{Protocol, Session};
use packets::{Packets, SOURCES};
use tidewire_crypto::{CryptoProvider, Rng, rust_crypto};
use tidewire_srtp::{Config, MasterKey, Profile, Receiver, Sender};

const PROFILES: [Profile; 6] = [
    Profile::Aes128CmSha1_80,
    Profile::Aes128CmSha1_32,
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::NullSha1_80,
    Profile::NullSha1_32,
];
const WINDOW: usize = 128;
/// Packets that travel together and arrive out of order; they stay within the window.
const FLIGHT: usize = 40;
const FLIGHTS: usize = 50;
const SEEDS: u64 = 20;

fn main() -> Result<()> {
    let mut count = 0;
    for crypto in providers() {
        for profile in PROFILES {
            for protocol in [Protocol::Rtp, Protocol::Rtcp] {
                for seed in 0..SEEDS {
                    let run = Run::new(&*crypto, profile, protocol, seed);
                    count += run.and_then(Run::go).with_context(|| {
                        format!("{profile:?}, {protocol:?}, {}, seed {seed}", crypto.name())
                    })?;
                }
            }
            println!("{profile:?} over {}: RTP and RTCP agree", crypto.name());
        }
    }
    println!("{count} packets were exchanged in either direction");
    Ok(())
}

fn providers() -> Vec<Arc<dyn CryptoProvider>> {
    vec![
        rust_crypto::provider(),
        #[cfg(feature = "aws-lc-rs")]
        tidewire_crypto::aws_lc_rs::provider(),
    ]
}

/// Both implementations at both ends, under the same key.
struct Run {
    protocol: Protocol,
    rng: Rng,
    packets: Packets,
    our_sender: Sender,
    our_receiver: Receiver,
    their_sender: Session,
    their_receiver: Session,
}

impl Run {
    fn new(
        crypto: &dyn CryptoProvider,
        profile: Profile,
        protocol: Protocol,
        seed: u64,
    ) -> Result<Self> {
        let mut rng = Rng::from_u64(seed);
        let mut key = vec![0; profile.key_len() + profile.salt_len()];
        rng.fill(&mut key);
        let (master, salt) = key.split_at(profile.key_len());
        let master = MasterKey::new(profile, master, salt)?;
        let config = Config {
            replay_window: WINDOW,
            ..Config::default()
        };
        Ok(Self {
            protocol,
            packets: Packets::new(protocol),
            our_sender: Sender::new(crypto, profile, &master, &config, &mut rng)?,
            our_receiver: Receiver::new(crypto, profile, &master, &config, &mut rng)?,
            their_sender: Session::new(profile, &key, true, WINDOW)?,
            their_receiver: Session::new(profile, &key, false, WINDOW)?,
            rng,
        })
    }

    fn go(mut self) -> Result<usize> {
        for flight in 0..FLIGHTS {
            if flight == FLIGHTS / 2 && self.protocol == Protocol::Rtp {
                self.jump_ahead()?;
            }
            self.flight(flight == 0)?;
        }
        Ok(FLIGHT * FLIGHTS)
    }

    /// Packets that both sides protect, and take from one another in another order.
    fn flight(&mut self, is_first: bool) -> Result<()> {
        let mut under_way = Vec::new();
        for _ in 0..FLIGHT {
            let plain = self.packets.next(&mut self.rng);
            let ours = self.protect(&plain)?;
            let mut theirs = plain.clone();
            let result = self.their_sender.protect(self.protocol, &mut theirs);
            result.context("libsrtp protects")?;
            if self.is_counted_alike() {
                ensure!(ours == theirs, "what is protected differs");
            }
            under_way.push((plain, ours, theirs));
        }
        // Streams begin with their first packets.
        let fixed = if is_first { SOURCES.len() } else { 0 };
        packets::shuffle(&mut under_way[fixed..], &mut self.rng);
        for (plain, ours, theirs) in &under_way {
            // Some are lost.
            if is_first || !self.rng.next_u32().is_multiple_of(16) {
                self.exchange(plain, ours, theirs)?;
            }
        }
        Ok(())
    }

    /// libsrtp counts RTCP packets for each source, which is as good: then the bytes differ.
    fn is_counted_alike(&self) -> bool {
        self.protocol == Protocol::Rtp
    }

    fn exchange(&mut self, plain: &[u8], ours: &[u8], theirs: &[u8]) -> Result<()> {
        let damaged = packets::damaged(ours, &mut self.rng);
        let taken = self.they_unprotect(&damaged);
        ensure!(taken.is_err(), "libsrtp takes a damaged packet");
        let damaged = packets::damaged(theirs, &mut self.rng);
        ensure!(
            self.unprotect(&damaged).is_err(),
            "we take a damaged packet"
        );

        let taken = self.they_unprotect(ours);
        ensure!(
            taken.context("libsrtp takes our packet")? == plain,
            "libsrtp reads something else"
        );
        ensure!(
            self.unprotect(theirs).context("we take libsrtp's packet")? == plain,
            "we read something else"
        );

        let again = self.they_unprotect(ours);
        ensure!(again.is_err(), "libsrtp takes a packet twice");
        ensure!(self.unprotect(theirs).is_err(), "we take a packet twice");
        Ok(())
    }

    /// As if many rollovers had passed, of which everyone is told.
    fn jump_ahead(&mut self) -> Result<()> {
        for ssrc in SOURCES {
            let rollover = 70_000 + ssrc;
            self.their_sender.set_rollover(ssrc, rollover)?;
            self.their_receiver.set_rollover(ssrc, rollover)?;
            self.our_sender.set_rollover(ssrc, rollover)?;
            self.our_receiver.set_rollover(ssrc, rollover);
        }
        Ok(())
    }

    fn protect(&mut self, plain: &[u8]) -> Result<Vec<u8>> {
        let mut packet = plain.to_vec();
        match self.protocol {
            Protocol::Rtp => self.our_sender.protect_rtp(&mut packet, 0)?,
            Protocol::Rtcp => self.our_sender.protect_rtcp(&mut packet, 0)?,
        }
        Ok(packet)
    }

    fn unprotect(&mut self, protected: &[u8]) -> Result<BytesMut> {
        let mut packet = BytesMut::from(protected);
        match self.protocol {
            Protocol::Rtp => self.our_receiver.unprotect_rtp(&mut packet).map(|_| ())?,
            Protocol::Rtcp => self.our_receiver.unprotect_rtcp(&mut packet)?,
        }
        Ok(packet)
    }

    fn they_unprotect(&mut self, protected: &[u8]) -> Result<Vec<u8>> {
        let mut packet = protected.to_vec();
        let len = self.their_receiver.unprotect(self.protocol, &mut packet)?;
        packet.truncate(len);
        Ok(packet)
    }
}
