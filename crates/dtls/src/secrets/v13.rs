//! The key schedule of TLS 1.3, RFC 8446 section 7, with the labels of RFC 9147 section 5.9.

use std::fmt;
use std::sync::Arc;

use tidewire_crypto::{
    AeadAlgorithm, CryptoProvider, Digest, HashAlgorithm, MAX_HASH_LEN, Secret, UnusableKey,
    hkdf_expand, hkdf_extract,
};
use zeroize::Zeroizing;

use super::{Suite, digest};
use crate::record::Protection;

/// RFC 9147 section 5.9: no space at the end, as TLS has it.
const LABEL_PREFIX: &str = "dtls13";

/// HKDF under the hash of a suite, with labels that begin alike.
#[derive(Clone, Debug)]
struct Hkdf {
    crypto: Arc<dyn CryptoProvider>,
    hash: HashAlgorithm,
    prefix: &'static str,
}

impl Hkdf {
    fn extract(&self, salt: &[u8], input: &[u8]) -> Secret {
        hkdf_extract(&*self.crypto, self.hash, salt, input)
    }

    /// HKDF-Expand-Label, RFC 8446 section 7.1.
    fn expand_label(&self, secret: &[u8], label: &str, context: &[u8], out: &mut [u8]) {
        let out_len = (out.len() as u16).to_be_bytes();
        let label_len = [(self.prefix.len() + label.len()) as u8];
        let context_len = [context.len() as u8];
        let info: [&[u8]; 6] = [
            &out_len,
            &label_len,
            self.prefix.as_bytes(),
            label.as_bytes(),
            &context_len,
            context,
        ];
        let expanded = hkdf_expand(&*self.crypto, self.hash, secret, &info, out);
        debug_assert!(expanded.is_ok(), "nothing here is longer than HKDF gives");
    }

    /// Derive-Secret, RFC 8446 section 7.1, over a transcript that is hashed already.
    fn derive_secret(&self, secret: &[u8], label: &str, transcript_hash: &[u8]) -> Secret {
        let mut derived = Zeroizing::new(vec![0; self.hash.output_len()]);
        self.expand_label(secret, label, transcript_hash, &mut derived);
        derived
    }

    /// What goes over from one stage of the schedule to the next.
    fn salt(&self, secret: &[u8]) -> Secret {
        let empty = digest(&*self.crypto, self.hash, &[]);
        self.derive_secret(secret, "derived", empty.as_ref())
    }
}

/// The schedule between the hellos and the server's Finished.
pub(crate) struct HandshakeSecrets {
    hkdf: Hkdf,
    suite: Suite,
    secret: Secret,
    pub(crate) client: TrafficSecret,
    pub(crate) server: TrafficSecret,
}

impl HandshakeSecrets {
    /// `transcript_hash` covers both hellos.
    pub(crate) fn new(
        crypto: Arc<dyn CryptoProvider>,
        suite: Suite,
        shared: &[u8],
        transcript_hash: &Digest,
    ) -> Self {
        let hkdf = Hkdf {
            crypto,
            hash: suite.hash,
            prefix: LABEL_PREFIX,
        };
        Self::with_hkdf(hkdf, suite, shared, transcript_hash)
    }

    fn with_hkdf(hkdf: Hkdf, suite: Suite, shared: &[u8], transcript_hash: &Digest) -> Self {
        let zeros = [0; MAX_HASH_LEN];
        let early = hkdf.extract(&[], &zeros[..suite.hash.output_len()]);
        let secret = hkdf.extract(&hkdf.salt(&early), shared);
        let traffic = |label| TrafficSecret {
            hkdf: hkdf.clone(),
            suite,
            secret: hkdf.derive_secret(&secret, label, transcript_hash.as_ref()),
        };
        let (client, server) = (traffic("c hs traffic"), traffic("s hs traffic"));
        Self {
            hkdf,
            suite,
            secret,
            client,
            server,
        }
    }

    /// The secrets of the connection. `transcript_hash` covers all up to the server's Finished.
    pub(crate) fn application(&self, transcript_hash: &Digest) -> ApplicationSecrets {
        let hkdf = &self.hkdf;
        let zeros = [0; MAX_HASH_LEN];
        let salt = hkdf.salt(&self.secret);
        let master = hkdf.extract(&salt, &zeros[..self.suite.hash.output_len()]);
        let derive = |label| hkdf.derive_secret(&master, label, transcript_hash.as_ref());
        let traffic = |label| TrafficSecret {
            hkdf: hkdf.clone(),
            suite: self.suite,
            secret: derive(label),
        };
        ApplicationSecrets {
            client: traffic("c ap traffic"),
            server: traffic("s ap traffic"),
            exporter: Exporter {
                hkdf: hkdf.clone(),
                secret: derive("exp master"),
            },
        }
    }
}

/// What a handshake ends with.
#[derive(Debug)]
pub(crate) struct ApplicationSecrets {
    pub(crate) client: TrafficSecret,
    pub(crate) server: TrafficSecret,
    pub(crate) exporter: Exporter,
}

/// The secret that one side's keys come from, in one epoch.
pub(crate) struct TrafficSecret {
    hkdf: Hkdf,
    suite: Suite,
    secret: Secret,
}

impl TrafficSecret {
    /// RFC 8446 section 7.3, RFC 9147 section 4.2.3.
    pub(crate) fn protection(&self) -> Result<Protection, UnusableKey> {
        let crypto = &self.hkdf.crypto;
        let mut key = Zeroizing::new(vec![0; self.suite.aead.key_len()]);
        let mut iv = [0; 12];
        self.expand("key", &mut key);
        self.expand("iv", &mut iv);
        let aead = crypto.aead(self.suite.aead, &key)?;
        self.expand("sn", &mut key);
        let mask = crypto.record_number_mask(self.suite.aead, &key)?;
        Ok(Protection::of_1_3(aead, iv, mask))
    }

    /// RFC 8446 section 4.4.4.
    pub(crate) fn verify_data(&self, transcript_hash: &Digest) -> Digest {
        let mut key = Zeroizing::new(vec![0; self.hkdf.hash.output_len()]);
        self.expand("finished", &mut key);
        let key = self.hkdf.crypto.hmac(self.hkdf.hash, &key);
        key.sign(&[transcript_hash.as_ref()])
    }

    /// That of the next epoch, RFC 8446 section 7.2.
    pub(crate) fn next(&self) -> Self {
        let mut secret = Zeroizing::new(vec![0; self.hkdf.hash.output_len()]);
        self.expand("traffic upd", &mut secret);
        Self {
            hkdf: self.hkdf.clone(),
            suite: self.suite,
            secret,
        }
    }

    pub(crate) fn aead(&self) -> AeadAlgorithm {
        self.suite.aead
    }

    fn expand(&self, label: &str, out: &mut [u8]) {
        self.hkdf.expand_label(&self.secret, label, &[], out);
    }

    /// For the key log.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

/// Makes keying material for others, RFC 8446 section 7.5.
pub(crate) struct Exporter {
    hkdf: Hkdf,
    secret: Secret,
}

impl Exporter {
    /// How much one label gives: what HKDF does under SHA-256, the shortest hash here.
    pub(crate) const MAX_LEN: usize = 255 * 32;

    pub(crate) fn export(&self, label: &str, context: Option<&[u8]>, out: &mut [u8]) {
        let hash = |bytes| digest(&*self.hkdf.crypto, self.hkdf.hash, bytes);
        let (empty, context) = (hash(&[]), hash(context.unwrap_or_default()));
        let secret = self.hkdf.derive_secret(&self.secret, label, empty.as_ref());
        self.hkdf
            .expand_label(&secret, "exporter", context.as_ref(), out);
    }

    /// For the key log.
    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

macro_rules! hidden {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })*
    };
}

hidden!(HandshakeSecrets, TrafficSecret, Exporter);

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use tidewire_crypto::rust_crypto;

    use super::*;
    use crate::wire::CipherSuite;

    /// RFC 8448 section 3, whose labels are those of TLS.
    fn rfc_8448() -> HandshakeSecrets {
        let suite = Suite::from_name(CipherSuite::AES_128_GCM_SHA256).unwrap();
        let hkdf = Hkdf {
            crypto: rust_crypto::provider(),
            hash: suite.hash,
            prefix: "tls13 ",
        };
        let shared = hex!("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let hellos = hex!("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        HandshakeSecrets::with_hkdf(hkdf, suite, &shared, &Digest::new(&hellos))
    }

    #[test]
    fn the_secrets_of_the_handshake_are_those_of_rfc_8448() {
        let secrets = rfc_8448();
        assert_eq!(
            secrets.secret.as_slice(),
            hex!("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
        );
        assert_eq!(
            secrets.client.secret(),
            hex!("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
        );
        assert_eq!(
            secrets.server.secret(),
            hex!("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
        );
    }

    #[test]
    fn keys_and_finished_are_those_of_rfc_8448() {
        let server = rfc_8448().server;
        let (mut key, mut iv, mut finished) = ([0; 16], [0; 12], [0; 32]);
        server.expand("key", &mut key);
        server.expand("iv", &mut iv);
        server.expand("finished", &mut finished);
        assert_eq!(key, hex!("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(iv, hex!("5d313eb2671276ee13000b30"));
        assert_eq!(
            finished,
            hex!("008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8")
        );
        let before = hex!("edb7725fa7a3473b031ec8ef65a2485493900138a2b91291407d7951a06110ed");
        let before = Digest::new(&before);
        assert_eq!(
            server.verify_data(&before).as_ref(),
            hex!("9b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718")
        );
    }

    #[test]
    fn the_secrets_of_the_connection_are_those_of_rfc_8448() {
        let through = hex!("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13");
        let secrets = rfc_8448().application(&Digest::new(&through));
        assert_eq!(
            secrets.client.secret(),
            hex!("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5")
        );
        assert_eq!(
            secrets.server.secret(),
            hex!("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643")
        );
        assert_eq!(
            secrets.exporter.secret(),
            hex!("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50")
        );
    }

    #[test]
    fn labels_begin_with_dtls13_and_no_space() {
        let crypto = rust_crypto::provider();
        let suite = Suite::from_name(CipherSuite::AES_256_GCM_SHA384).unwrap();
        let secrets =
            HandshakeSecrets::new(crypto.clone(), suite, &[1; 32], &Digest::new(&[2; 48]));
        let mut key = [0; 32];
        secrets.client.expand("key", &mut key);
        let mut expected = [0; 32];
        let info = [&[0, 32, 9][..], b"dtls13key", &[0]];
        let secret = secrets.client.secret();
        hkdf_expand(&*crypto, suite.hash, secret, &info, &mut expected).unwrap();
        assert_eq!(key, expected);
    }

    #[test]
    fn each_epoch_each_side_and_each_label_has_its_own_secrets() {
        let secrets = rfc_8448().application(&Digest::new(&[3; 32]));
        let next = secrets.client.next();
        assert_ne!(next.secret(), secrets.client.secret());
        assert_ne!(next.secret(), secrets.server.next().secret());
        let export = |label, context| {
            let mut out = [0; 40];
            secrets.exporter.export(label, context, &mut out);
            out
        };
        assert_ne!(export("a", None), export("b", None));
        // RFC 8446 section 7.5: no context and an empty one are the same.
        assert_eq!(export("a", None), export("a", Some(&[])));
        assert_ne!(export("a", None), export("a", Some(&[0])));
    }
}
