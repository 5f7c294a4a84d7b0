//! The same work by the libraries themselves, keys expanded beforehand, nothing else done.

use bytes::BytesMut;
use tidewire_srtp::Profile;

/// What there is to do to a batch of packets whose first `header` bytes stay readable.
pub(crate) trait Raw {
    /// Encrypts each, and appends its tag.
    fn seal(&self, batch: &mut [Vec<u8>], header: usize);

    /// Verifies each, decrypts it, and cuts its tag off.
    fn open(&self, batch: &mut [BytesMut], header: usize);
}

const KEY: [u8; 32] = [5; 32];
const NONCE: [u8; 12] = [3; 12];
const IV: [u8; 16] = [3; 16];
const ROLLOVER: [u8; 4] = [0; 4];
const GCM_TAG_LEN: usize = 16;

pub(crate) fn rust_crypto(profile: Profile) -> Box<dyn Raw> {
    use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};
    match profile {
        Profile::AeadAes128Gcm => {
            Box::new(Gcm(Aes128Gcm::new_from_slice(&KEY[..16]).expect("16 bytes")))
        }
        Profile::AeadAes256Gcm => Box::new(Gcm(Aes256Gcm::new_from_slice(&KEY).expect("32 bytes"))),
        _ => Box::new(CounterAndHmac {
            cipher: aes::Aes128::new_from_slice(&KEY[..16]).expect("16 bytes"),
            hmac: KeyInit::new_from_slice(&KEY[..20]).expect("any length"),
            tag_len: profile.rtp_overhead(),
        }),
    }
}

struct Gcm<C>(C);

impl<
    C: aes_gcm::aead::AeadInOut<
            NonceSize = aes_gcm::aead::consts::U12,
            TagSize = aes_gcm::aead::consts::U16,
        >,
> Raw for Gcm<C>
{
    fn seal(&self, batch: &mut [Vec<u8>], header: usize) {
        for packet in batch {
            let (head, payload) = packet.split_at_mut(header);
            let tag = self
                .0
                .encrypt_inout_detached(&NONCE.into(), head, payload.into());
            packet.extend_from_slice(&tag.expect("it is short"));
        }
    }

    fn open(&self, batch: &mut [BytesMut], header: usize) {
        for packet in batch {
            let end = packet.len() - GCM_TAG_LEN;
            let (body, tag) = packet.split_at_mut(end);
            let (head, payload) = body.split_at_mut(header);
            let tag: &[u8; GCM_TAG_LEN] = (&*tag).try_into().expect("16 bytes");
            let opened =
                self.0
                    .decrypt_inout_detached(&NONCE.into(), head, payload.into(), tag.into());
            opened.expect("authentic");
            packet.truncate(end);
        }
    }
}

struct CounterAndHmac {
    cipher: aes::Aes128,
    hmac: hmac::Hmac<sha1::Sha1>,
    tag_len: usize,
}

impl CounterAndHmac {
    fn apply_keystream(&self, payload: &mut [u8]) {
        use ctr::cipher::{InnerIvInit, StreamCipher};
        let core = ctr::CtrCore::inner_iv_init(&self.cipher, &IV.into());
        ctr::Ctr128BE::from_core(core).apply_keystream(payload);
    }

    fn tag(&self, body: &[u8]) -> [u8; 20] {
        use hmac::Mac;
        let mut mac = self.hmac.clone();
        mac.update(body);
        mac.update(&ROLLOVER);
        mac.finalize().into_bytes().into()
    }
}

impl Raw for CounterAndHmac {
    fn seal(&self, batch: &mut [Vec<u8>], header: usize) {
        for packet in batch {
            self.apply_keystream(&mut packet[header..]);
            let tag = self.tag(packet);
            packet.extend_from_slice(&tag[..self.tag_len]);
        }
    }

    fn open(&self, batch: &mut [BytesMut], header: usize) {
        for packet in batch {
            let end = packet.len() - self.tag_len;
            let tag = self.tag(&packet[..end]);
            assert_eq!(packet[end..], tag[..self.tag_len]);
            self.apply_keystream(&mut packet[header..end]);
            packet.truncate(end);
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws::aws_lc_rs;

#[cfg(feature = "aws-lc-rs")]
mod aws {
    use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
    use aws_lc_rs::hmac;

    use super::*;

    pub(crate) fn aws_lc_rs(profile: Profile) -> Box<dyn Raw> {
        let gcm = |algorithm, key: &[u8]| {
            let key = UnboundKey::new(algorithm, key).expect("of the right length");
            Box::new(AwsGcm(LessSafeKey::new(key)))
        };
        match profile {
            Profile::AeadAes128Gcm => gcm(&AES_128_GCM, &KEY[..16]),
            Profile::AeadAes256Gcm => gcm(&AES_256_GCM, &KEY),
            _ => Box::new(AwsCounterAndHmac {
                cipher: UnboundCipherKey::new(&AES_128, &KEY[..16])
                    .and_then(EncryptingKey::ctr)
                    .expect("of the right length"),
                hmac: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &KEY[..20]),
                tag_len: profile.rtp_overhead(),
            }),
        }
    }

    struct AwsGcm(LessSafeKey);

    impl Raw for AwsGcm {
        fn seal(&self, batch: &mut [Vec<u8>], header: usize) {
            for packet in batch {
                let (head, payload) = packet.split_at_mut(header);
                let nonce = Nonce::assume_unique_for_key(NONCE);
                let sealed = self
                    .0
                    .seal_in_place_separate_tag(nonce, Aad::from(head), payload);
                packet.extend_from_slice(sealed.expect("it is short").as_ref());
            }
        }

        fn open(&self, batch: &mut [BytesMut], header: usize) {
            for packet in batch {
                let end = packet.len() - GCM_TAG_LEN;
                let (body, tag) = packet.split_at_mut(end);
                let (head, payload) = body.split_at_mut(header);
                let nonce = Nonce::assume_unique_for_key(NONCE);
                let opened =
                    self.0
                        .open_in_place_separate_tag(nonce, Aad::from(head), tag, payload);
                opened.expect("authentic");
                packet.truncate(end);
            }
        }
    }

    struct AwsCounterAndHmac {
        cipher: EncryptingKey,
        hmac: hmac::Key,
        tag_len: usize,
    }

    impl AwsCounterAndHmac {
        fn apply_keystream(&self, payload: &mut [u8]) {
            let context = EncryptionContext::Iv128((&IV).into());
            let applied = self.cipher.less_safe_encrypt(payload, context);
            applied.expect("counter mode takes any length");
        }

        fn tag(&self, body: &[u8]) -> hmac::Tag {
            let mut context = hmac::Context::with_key(&self.hmac);
            context.update(body);
            context.update(&ROLLOVER);
            context.sign()
        }
    }

    impl Raw for AwsCounterAndHmac {
        fn seal(&self, batch: &mut [Vec<u8>], header: usize) {
            for packet in batch {
                self.apply_keystream(&mut packet[header..]);
                let tag = self.tag(packet);
                packet.extend_from_slice(&tag.as_ref()[..self.tag_len]);
            }
        }

        fn open(&self, batch: &mut [BytesMut], header: usize) {
            for packet in batch {
                let end = packet.len() - self.tag_len;
                let tag = self.tag(&packet[..end]);
                assert_eq!(packet[end..], tag.as_ref()[..self.tag_len]);
                self.apply_keystream(&mut packet[header..end]);
                packet.truncate(end);
            }
        }
    }
}
