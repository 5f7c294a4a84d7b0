//! The keys for media that DTLS exports (RFC 5764).

use tidewire_crypto::{CryptoProvider, Rng};
use tidewire_dtls as dtls;
use tidewire_srtp::{Config, EXPORTER_LABEL, KeyingMaterial, Profile, Receiver, Sender};

/// The profiles that are offered, the fastest of the strong ones first.
const PROFILES: [Profile; 3] = [
    Profile::AeadAes128Gcm,
    Profile::AeadAes256Gcm,
    Profile::Aes128CmSha1_80,
];

/// What protects media, both ways.
#[derive(Debug)]
pub(crate) struct Srtp {
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
}

impl Srtp {
    /// The numbers of the profiles, for the DTLS extension use_srtp.
    pub(crate) fn profiles() -> Vec<dtls::SrtpProfile> {
        PROFILES
            .iter()
            .map(|profile| dtls::SrtpProfile(profile.id()))
            .collect()
    }

    /// The profile's name in the registry of DTLS-SRTP.
    pub(crate) fn profile_name(&self) -> &'static str {
        match self.sender.profile() {
            Profile::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            Profile::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
            Profile::Aes128CmSha1_32 => "SRTP_AES128_CM_HMAC_SHA1_32",
            _ => "SRTP_AES128_CM_HMAC_SHA1_80",
        }
    }

    /// `None` when the peer negotiated none, or not yet.
    pub(crate) fn from_dtls(
        crypto: &dyn CryptoProvider,
        connection: &dtls::Connection,
        role: dtls::Role,
        rng: &mut Rng,
    ) -> Option<Self> {
        let info = connection.info()?;
        let profile = Profile::from_id(info.srtp_profile?.0)?;
        let mut exported = vec![0; profile.keying_material_len()];
        connection
            .export_keying_material(EXPORTER_LABEL, None, &mut exported)
            .ok()?;
        let keys = KeyingMaterial::split(profile, &exported).ok()?;
        let (own, peers) = match role {
            dtls::Role::Client => (&keys.client, &keys.server),
            dtls::Role::Server => (&keys.server, &keys.client),
        };
        let config = Config::default();
        // Each stream of ours that ever was counts: its numbers must not be used again.
        let lasting = Config {
            max_streams: 65_536,
            ..config
        };
        Some(Self {
            sender: Sender::new(crypto, profile, own, &lasting, rng).ok()?,
            receiver: Receiver::new(crypto, profile, peers, &config, rng).ok()?,
        })
    }
}
