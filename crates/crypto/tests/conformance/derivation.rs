//! The key derivations of TLS, over every provider.

use hex_literal::hex;
use tidewire_crypto::{HashAlgorithm::Sha256, HkdfError, hkdf_expand, hkdf_extract, prf12};

use crate::{providers, same_of_all};

fn range(from: u8, to: u8) -> Vec<u8> {
    (from..=to).collect()
}

fn check_hkdf(input: &[u8], salt: &[u8], info: &[u8], key: [u8; 32], output: &[u8]) {
    for crypto in providers() {
        let extracted = hkdf_extract(&*crypto, Sha256, salt, input);
        assert_eq!(extracted.as_slice(), key, "{}", crypto.name());
        let mut out = vec![0x55; output.len()];
        let (head, tail) = info.split_at(info.len() / 2);
        hkdf_expand(&*crypto, Sha256, &extracted, &[head, tail], &mut out)
            .expect("fewer than 255 blocks");
        assert_eq!(out, output, "{}", crypto.name());
    }
}

/// RFC 5869 appendix A.1.
#[test]
fn hkdf_gives_the_known_output() {
    check_hkdf(
        &[0x0b; 22],
        &range(0, 0x0c),
        &range(0xf0, 0xf9),
        hex!("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
        &hex!(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
            "34007208d5b887185865"
        ),
    );
}

/// RFC 5869 appendix A.2.
#[test]
fn hkdf_gives_the_known_output_of_long_inputs() {
    check_hkdf(
        &range(0, 0x4f),
        &range(0x60, 0xaf),
        &range(0xb0, 0xff),
        hex!("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"),
        &hex!(
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    );
}

/// RFC 5869 appendix A.3.
#[test]
fn hkdf_gives_the_known_output_without_salt_and_info() {
    check_hkdf(
        &[0x0b; 22],
        &[],
        &[],
        hex!("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
        &hex!(
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
            "9d201395faa4b61a96c8"
        ),
    );
}

#[test]
fn hkdf_gives_255_blocks_and_no_more() {
    for crypto in providers() {
        let mut out = vec![0; 255 * 32 + 1];
        let expand = |out: &mut [u8]| hkdf_expand(&*crypto, Sha256, b"key", &[], out);
        assert_eq!(expand(&mut out), Err(HkdfError));
        assert_eq!(expand(&mut out[1..]), Ok(()));
    }
}

#[test]
fn providers_agree_on_the_prf_of_tls_1_2() {
    same_of_all(|crypto| {
        let mut out = [0; 100];
        prf12(crypto, Sha256, b"secret", "a label", &[b"seed"], &mut out);
        out
    });
}
