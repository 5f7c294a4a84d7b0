//! The key schedule of TLS 1.2 with the extended master secret (RFC 7627).

use std::sync::Arc;

use tidewire_crypto::{AeadAlgorithm, CryptoProvider, UnusableKey, prf12};
use zeroize::Zeroizing;

use super::{Sender, Suite, digest};
use crate::record::Protection;

const MASTER_LEN: usize = 48;
const VERIFY_DATA_LEN: usize = 12;

/// The randoms of both hellos.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Randoms {
    pub(crate) client: [u8; 32],
    pub(crate) server: [u8; 32],
}

/// The master secret and what it is used with.
#[derive(Debug)]
pub(crate) struct Secrets {
    crypto: Arc<dyn CryptoProvider>,
    suite: Suite,
    randoms: Randoms,
    master: Master,
}

struct Master(Zeroizing<[u8; MASTER_LEN]>);

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Master(..)")
    }
}

impl Secrets {
    /// RFC 7627 section 4. `transcript` runs up to and including the ClientKeyExchange.
    pub(crate) fn new(
        crypto: Arc<dyn CryptoProvider>,
        suite: Suite,
        randoms: Randoms,
        premaster: &[u8],
        transcript: &[u8],
    ) -> Self {
        let session_hash = digest(&*crypto, suite.hash, transcript);
        let mut master = Zeroizing::new([0; MASTER_LEN]);
        prf12(
            &*crypto,
            suite.hash,
            premaster,
            "extended master secret",
            &[session_hash.as_ref()],
            &mut *master,
        );
        Self {
            crypto,
            suite,
            randoms,
            master: Master(master),
        }
    }

    /// The protection of what the client and what the server writes: RFC 5246 section 6.3, without
    /// MAC keys.
    pub(crate) fn protections(&self) -> Result<(Protection, Protection), UnusableKey> {
        let key_len = self.suite.aead.key_len();
        // RFC 5288 section 3, RFC 7905 section 2.
        let iv_len = match self.suite.aead {
            AeadAlgorithm::ChaCha20Poly1305 => 12,
            _ => 4,
        };
        let mut block = Zeroizing::new(vec![0; 2 * (key_len + iv_len)]);
        let seed: [&[u8]; 2] = [&self.randoms.server, &self.randoms.client];
        self.prf("key expansion", &seed, &mut block);
        let (client_key, rest) = block.split_at(key_len);
        let (server_key, ivs) = rest.split_at(key_len);
        let (client_iv, server_iv) = ivs.split_at(iv_len);
        Ok((
            self.protection(client_key, client_iv)?,
            self.protection(server_key, server_iv)?,
        ))
    }

    fn protection(&self, key: &[u8], iv: &[u8]) -> Result<Protection, UnusableKey> {
        let aead = self.crypto.aead(self.suite.aead, key)?;
        Ok(Protection::of_1_2(aead, iv))
    }

    /// For the key log.
    pub(crate) fn master(&self) -> &[u8] {
        &*self.master.0
    }

    /// RFC 5246 section 7.4.9.
    pub(crate) fn verify_data(&self, sender: Sender, transcript: &[u8]) -> [u8; VERIFY_DATA_LEN] {
        let label = match sender {
            Sender::Client => "client finished",
            Sender::Server => "server finished",
        };
        let hash = digest(&*self.crypto, self.suite.hash, transcript);
        let mut verify_data = [0; VERIFY_DATA_LEN];
        self.prf(label, &[hash.as_ref()], &mut verify_data);
        verify_data
    }

    /// RFC 5705 section 4. The caller has checked the label and the context's length.
    pub(crate) fn export(&self, label: &str, context: Option<&[u8]>, out: &mut [u8]) {
        let context_len = (context.map_or(0, <[u8]>::len) as u16).to_be_bytes();
        let mut seed: Vec<&[u8]> = vec![&self.randoms.client, &self.randoms.server];
        if let Some(context) = context {
            seed.extend([&context_len, context]);
        }
        self.prf(label, &seed, out);
    }

    fn prf(&self, label: &str, seed: &[&[u8]], out: &mut [u8]) {
        let master = &*self.master.0;
        prf12(&*self.crypto, self.suite.hash, master, label, seed, out);
    }
}

#[cfg(test)]
mod tests {
    use tidewire_crypto::{HashAlgorithm, rust_crypto};

    use super::*;
    use crate::wire::CipherSuite;

    fn secrets() -> Secrets {
        let crypto = rust_crypto::provider();
        let suite = Suite::from_name(CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384);
        let randoms = Randoms {
            client: [1; 32],
            server: [2; 32],
        };
        Secrets::new(crypto, suite.unwrap(), randoms, &[3; 32], b"transcript")
    }

    #[test]
    fn exports_over_both_randoms_and_the_context_with_its_length() {
        let secrets = secrets();
        let cases: [(Option<&[u8]>, &[u8]); 3] = [
            (None, &[]),
            (Some(&[]), &[0, 0]),
            (Some(b"ab"), &[0, 2, b'a', b'b']),
        ];
        for (context, suffix) in cases {
            let (mut exported, mut expected) = ([0; 70], [0; 70]);
            secrets.export("label", context, &mut exported);
            let seed = [&[1; 32], &[2; 32], suffix].concat();
            let hash = HashAlgorithm::Sha384;
            let master = &*secrets.master.0;
            prf12(
                &*secrets.crypto,
                hash,
                master,
                "label",
                &[&seed],
                &mut expected,
            );
            assert_eq!(exported, expected);
        }
    }

    #[test]
    fn each_side_has_a_verify_data_of_its_own() {
        let secrets = secrets();
        let verify_data = |sender| secrets.verify_data(sender, b"transcript");
        assert_ne!(verify_data(Sender::Client), verify_data(Sender::Server));
    }
}
