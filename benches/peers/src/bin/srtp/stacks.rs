//! Who is measured.

use anyhow::{Result, anyhow};
use bytes::BytesMut;
use rtc::srtp::context::Context;
use rtc::srtp::option::srtp_replay_protection;
use rtc::srtp::protection_profile::ProtectionProfile;
use tidewire_crypto::{CryptoProvider, Rng};
use tidewire_srtp::{Config, MasterKey, Profile, Receiver, Sender};

use crate::HEADER_LEN;
use crate::raw::{self, Raw};

/// One that protects packets and takes them again: in place, or into `output`.
pub trait Stack {
    fn name(&self) -> &str;

    /// The name of the ciphers alone that it is compared with.
    fn raw(&self) -> &str;

    fn protect(&mut self, packets: &mut [Vec<u8>], output: &mut Vec<BytesMut>) -> Result<()>;

    fn unprotect(&mut self, packets: &mut [BytesMut], output: &mut Vec<BytesMut>) -> Result<()>;
}

const RAW_AWS_LC_RS: &str = "ciphers alone, aws-lc-rs";
const RAW_RUST_CRYPTO: &str = "ciphers alone, RustCrypto";
const WINDOW: usize = 1024;
const KEY: [u8; 46] = [5; 46];

pub fn all(profile: Profile) -> Result<Vec<Box<dyn Stack>>> {
    let ours = |name, raw, crypto: &dyn CryptoProvider| Tidewire::new(name, raw, crypto, profile);
    Ok(vec![
        Box::new(Alone(RAW_AWS_LC_RS, raw::aws_lc_rs(profile))),
        Box::new(ours(
            "tidewire, aws-lc-rs",
            RAW_AWS_LC_RS,
            &*tidewire_crypto::aws_lc_rs::provider(),
        )?),
        Box::new(Rtc::new(profile)?),
        Box::new(Alone(RAW_RUST_CRYPTO, raw::rust_crypto(profile))),
        Box::new(ours(
            "tidewire, default provider",
            RAW_RUST_CRYPTO,
            &*tidewire_crypto::rust_crypto::provider(),
        )?),
        #[cfg(feature = "libsrtp")]
        Box::new(libsrtp::Libsrtp::new(profile)?),
    ])
}

fn key_and_salt(profile: Profile) -> (&'static [u8], &'static [u8]) {
    let (key, rest) = KEY.split_at(profile.key_len());
    (key, &rest[..profile.salt_len()])
}

struct Alone(&'static str, Box<dyn Raw>);

impl Stack for Alone {
    fn name(&self) -> &str {
        self.0
    }

    fn raw(&self) -> &str {
        ""
    }

    fn protect(&mut self, packets: &mut [Vec<u8>], _: &mut Vec<BytesMut>) -> Result<()> {
        self.1.seal(packets, HEADER_LEN);
        Ok(())
    }

    fn unprotect(&mut self, packets: &mut [BytesMut], _: &mut Vec<BytesMut>) -> Result<()> {
        self.1.open(packets, HEADER_LEN);
        Ok(())
    }
}

struct Tidewire {
    name: &'static str,
    raw: &'static str,
    sender: Sender,
    receiver: Receiver,
}

impl Tidewire {
    fn new(
        name: &'static str,
        raw: &'static str,
        crypto: &dyn CryptoProvider,
        profile: Profile,
    ) -> Result<Self> {
        let (key, salt) = key_and_salt(profile);
        let master = MasterKey::new(profile, key, salt)?;
        let (config, mut rng) = (Config::default(), Rng::from_u64(1));
        Ok(Self {
            name,
            raw,
            sender: Sender::new(crypto, profile, &master, &config, &mut rng)?,
            receiver: Receiver::new(crypto, profile, &master, &config, &mut rng)?,
        })
    }
}

impl Stack for Tidewire {
    fn name(&self) -> &str {
        self.name
    }

    fn raw(&self) -> &str {
        self.raw
    }

    fn protect(&mut self, packets: &mut [Vec<u8>], _: &mut Vec<BytesMut>) -> Result<()> {
        for packet in packets {
            self.sender.protect_rtp(packet, 0)?;
        }
        Ok(())
    }

    fn unprotect(&mut self, packets: &mut [BytesMut], _: &mut Vec<BytesMut>) -> Result<()> {
        for packet in packets {
            self.receiver.unprotect_rtp(packet)?;
        }
        Ok(())
    }
}

struct Rtc {
    sender: Context,
    receiver: Context,
}

impl Rtc {
    fn new(profile: Profile) -> Result<Self> {
        let (key, salt) = key_and_salt(profile);
        let profile = match profile {
            Profile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Profile::Aes128CmSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
            Profile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
            Profile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
            other => return Err(anyhow!("rtc lacks {other:?}")),
        };
        let provider = rtc::crypto::default_provider().map_err(|error| anyhow!("{error}"))?;
        let context = |replay| Context::new(key, salt, profile, replay, None, provider.crypto());
        Ok(Self {
            sender: context(None)?,
            receiver: context(Some(srtp_replay_protection(WINDOW)))?,
        })
    }
}

impl Stack for Rtc {
    fn name(&self) -> &str {
        "rtc, aws-lc-rs"
    }

    fn raw(&self) -> &str {
        RAW_AWS_LC_RS
    }

    fn protect(&mut self, packets: &mut [Vec<u8>], output: &mut Vec<BytesMut>) -> Result<()> {
        for packet in packets {
            output.push(self.sender.encrypt_rtp(packet)?);
        }
        Ok(())
    }

    fn unprotect(&mut self, packets: &mut [BytesMut], output: &mut Vec<BytesMut>) -> Result<()> {
        for packet in packets {
            output.push(self.receiver.decrypt_rtp(packet)?);
        }
        Ok(())
    }
}

#[cfg(feature = "libsrtp")]
mod libsrtp {
    use libsrtp_interop::{Protocol, Session};

    use super::*;

    pub struct Libsrtp {
        sender: Session,
        receiver: Session,
    }

    impl Libsrtp {
        pub fn new(profile: Profile) -> Result<Self> {
            let (key, salt) = key_and_salt(profile);
            let key = [key, salt].concat();
            Ok(Self {
                sender: Session::new(profile, &key, true, WINDOW)?,
                receiver: Session::new(profile, &key, false, WINDOW)?,
            })
        }
    }

    impl Stack for Libsrtp {
        fn name(&self) -> &str {
            "libsrtp, as installed"
        }

        fn raw(&self) -> &str {
            RAW_AWS_LC_RS
        }

        fn protect(&mut self, packets: &mut [Vec<u8>], _: &mut Vec<BytesMut>) -> Result<()> {
            for packet in packets {
                self.sender.protect(Protocol::Rtp, packet)?;
            }
            Ok(())
        }

        fn unprotect(&mut self, packets: &mut [BytesMut], _: &mut Vec<BytesMut>) -> Result<()> {
            for packet in packets {
                let len = self.receiver.unprotect(Protocol::Rtp, packet)?;
                packet.truncate(len);
            }
            Ok(())
        }
    }
}
