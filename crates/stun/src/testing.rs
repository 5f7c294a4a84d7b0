//! What the tests share: keys.

use hmac::{KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use tidewire_crypto::{AuthenticationError, Digest, HmacKey};

#[derive(Debug)]
struct Key<M>(M);

macro_rules! impl_key {
    ($hash:ty) => {
        impl HmacKey for Key<hmac::Hmac<$hash>> {
            fn sign(&self, parts: &[&[u8]]) -> Digest {
                let mut mac = self.0.clone();
                parts.iter().for_each(|part| mac.update(part));
                Digest::new(&mac.finalize().into_bytes())
            }

            fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), AuthenticationError> {
                let same = self.sign(parts).as_ref().starts_with(tag) && !tag.is_empty();
                same.then_some(()).ok_or(AuthenticationError)
            }
        }
    };
}

impl_key!(Sha1);
impl_key!(Sha256);

pub(crate) fn sha1_key(key: &[u8]) -> impl HmacKey + use<> {
    Key(hmac::Hmac::<Sha1>::new_from_slice(key).unwrap())
}

pub(crate) fn sha256_key(key: &[u8]) -> impl HmacKey + use<> {
    Key(hmac::Hmac::<Sha256>::new_from_slice(key).unwrap())
}
