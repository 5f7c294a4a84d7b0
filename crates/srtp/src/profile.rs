//! The protection profiles that DTLS-SRTP can negotiate.

use tidewire_crypto::AeadAlgorithm;

/// A protection profile (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Profile {
    /// SRTP_AES128_CM_HMAC_SHA1_80.
    Aes128CmSha1_80,
    /// SRTP_AES128_CM_HMAC_SHA1_32: a tag of 4 bytes for RTP; of 10, still, for RTCP.
    Aes128CmSha1_32,
    /// SRTP_AEAD_AES_128_GCM.
    AeadAes128Gcm,
    /// SRTP_AEAD_AES_256_GCM.
    AeadAes256Gcm,
    /// SRTP_NULL_HMAC_SHA1_80: nothing is encrypted. For tests and for looking at traffic only;
    /// [`Profile::ALL`] and [`Profile::from_id`] leave it out, so that nothing negotiates it unasked.
    ///
    /// Its master key and salt are as long as those of SRTP_AES128_CM_HMAC_SHA1_80, not of no length
    /// as RFC 5764 section 4.1.2 has it: the key for authentication is derived from them, and other
    /// implementations do the same.
    NullSha1_80,
    /// SRTP_NULL_HMAC_SHA1_32: as [`Self::NullSha1_80`], with a tag of 4 bytes for RTP.
    NullSha1_32,
}

impl Profile {
    /// All that encrypt, the strongest first.
    pub const ALL: [Self; 4] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::Aes128CmSha1_80,
        Self::Aes128CmSha1_32,
    ];

    /// Those that only authenticate.
    pub(crate) const UNENCRYPTED: [Self; 2] = [Self::NullSha1_80, Self::NullSha1_32];

    /// The profile with the number `id` of the DTLS extension use_srtp, out of [`Self::ALL`].
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.id() == id)
    }

    /// The number in the DTLS extension use_srtp.
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128CmSha1_80 => 0x0001,
            Self::Aes128CmSha1_32 => 0x0002,
            Self::NullSha1_80 => 0x0005,
            Self::NullSha1_32 => 0x0006,
            Self::AeadAes128Gcm => 0x0007,
            Self::AeadAes256Gcm => 0x0008,
        }
    }

    /// The length of the master key and of session keys for encryption, in bytes.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            _ => 16,
        }
    }

    /// The length of the master salt and of session salts, in bytes.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            _ => 14,
        }
    }

    /// What the exporter has to yield: a key and a salt for either side, in bytes.
    pub const fn keying_material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    /// By how much protection makes an RTP packet longer, in bytes.
    pub const fn rtp_overhead(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 | Self::NullSha1_80 => 10,
            Self::Aes128CmSha1_32 | Self::NullSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// By how much protection makes a compound RTCP packet longer, in bytes.
    pub const fn rtcp_overhead(self) -> usize {
        RTCP_INDEX_LEN + self.rtcp_tag_len()
    }

    /// RFC 5764 section 4.1.2 keeps 80 bits for SRTCP, whatever SRTP has.
    pub(crate) const fn rtcp_tag_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
            _ => 10,
        }
    }

    pub(crate) const fn aead(self) -> Option<AeadAlgorithm> {
        match self {
            Self::AeadAes128Gcm => Some(AeadAlgorithm::Aes128Gcm),
            Self::AeadAes256Gcm => Some(AeadAlgorithm::Aes256Gcm),
            _ => None,
        }
    }

    pub(crate) const fn is_null(self) -> bool {
        matches!(self, Self::NullSha1_80 | Self::NullSha1_32)
    }
}

/// The E flag and the index that follow a compound RTCP packet (RFC 3711 section 3.4), in bytes.
pub(crate) const RTCP_INDEX_LEN: usize = 4;
