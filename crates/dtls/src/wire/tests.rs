//! What is written is read again as it was, and what is cut short is not read.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    CertificateRequest, CertificateRequest13, CertificateVerify, CipherSuite, ClientHello,
    ClientKeyExchange, DecodeError, EncryptedExtensions, HelloVerifyRequest, KeyShare, NamedGroup,
    ProtocolVersion, RETRY_RANDOM, ServerHello, ServerKeyExchange, SignatureScheme, SrtpProfile,
    Writer, decode_certificate, decode_certificate_1_3, encode_certificate, encode_certificate_1_3,
};

/// The bytes that `encode` appends; what stood before stays.
fn written(encode: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = vec![0xa5; 3];
    encode(&mut Writer::new(&mut out));
    assert_eq!(out[..3], [0xa5; 3]);
    out.split_off(3)
}

/// No beginning of `body` can be read, but for those whose lengths `may_end` at.
fn assert_needs_all<T>(
    body: &[u8],
    may_end: &[usize],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) {
    for len in 0..body.len() {
        let is_read = decode(&body[..len]).is_ok();
        assert_eq!(is_read, may_end.contains(&len), "{len} of {}", body.len());
    }
    assert!(decode(&[body, &[0]].concat()).is_err(), "a trailing byte");
}

fn codepoints<T: std::fmt::Debug>(make: fn(u16) -> T) -> impl Strategy<Value = Vec<T>> {
    vec(any::<u16>().prop_map(make), 1..20)
}

fn protocols() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), 1..20), 0..4)
}

/// Of different groups.
fn key_shares() -> impl Strategy<Value = Vec<KeyShare>> {
    vec(vec(any::<u8>(), 1..100), 0..4).prop_map(|shares| {
        let with_group = |(group, share)| KeyShare {
            group: NamedGroup(group),
            share,
        };
        (1..).zip(shares).map(with_group).collect()
    })
}

prop_compose! {
    fn client_hello()(
        (version, random) in any::<(u16, [u8; 32])>(),
        session_id in vec(any::<u8>(), 0..=32),
        cookie in vec(any::<u8>(), 0..=255),
        suites in codepoints(CipherSuite),
        groups in option::of(codepoints(NamedGroup)),
        signatures in option::of(codepoints(SignatureScheme)),
        versions in option::of(codepoints(ProtocolVersion)),
        srtp_profiles in codepoints(SrtpProfile),
        alpn in protocols(),
        flags in any::<[bool; 3]>(),
        key_shares in option::of(key_shares()),
        retry_cookie in option::of(vec(any::<u8>(), 1..300)),
        record_size_limit in any::<Option<u16>>(),
    ) -> ClientHello {
        let announces = suites.contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
        ClientHello {
            version, random, session_id, cookie, suites, groups, signatures, versions,
            srtp_profiles, alpn,
            null_compression: true,
            only_null_compression: true,
            key_shares, retry_cookie, record_size_limit,
            point_formats: flags[0].then_some(true),
            extended_master_secret: flags[1],
            renegotiation_info: (flags[2] || announces).then_some(true),
        }
    }
}

prop_compose! {
    fn server_hello()(
        (version, random, suite, compression) in any::<(u16, [u8; 32], u16, u8)>(),
        is_retry in any::<bool>(),
        key_share in key_shares().prop_map(|mut shares| shares.pop()),
        retry_group in any::<Option<u16>>().prop_map(|group| group.map(NamedGroup)),
        retry_cookie in option::of(vec(any::<u8>(), 1..300)),
        (selected_version, record_size_limit) in any::<(Option<u16>, Option<u16>)>(),
        session_id in vec(any::<u8>(), 0..=32),
        srtp_profile in option::of(any::<u16>().prop_map(SrtpProfile)),
        alpn in option::of(vec(any::<u8>(), 1..20)),
        flags in any::<[bool; 3]>(),
    ) -> ServerHello {
        ServerHello {
            random: if is_retry { RETRY_RANDOM } else { random },
            version, session_id, suite, compression, srtp_profile, alpn,
            point_formats: flags[0].then_some(true),
            extended_master_secret: flags[1],
            renegotiation_info: flags[2].then_some(true),
            key_share: key_share.filter(|_| !is_retry),
            retry_group: retry_group.filter(|_| is_retry),
            retry_cookie: retry_cookie.filter(|_| is_retry),
            selected_version: selected_version.map(ProtocolVersion),
            record_size_limit,
            has_srtp_mki: false,
            unknown: None,
        }
    }
}

proptest! {
    #[test]
    fn a_client_hello_is_read_as_written(hello in client_hello()) {
        let body = written(|out| hello.encode(out));
        // Extensions may be absent altogether.
        let fixed = 34 + 1 + hello.session_id.len() + 1 + hello.cookie.len();
        let end = fixed + 2 + 2 * hello.suites.len() + 2;
        assert_needs_all(&body, &[end], ClientHello::decode);
        prop_assert_eq!(ClientHello::decode(&body), Ok(hello));
    }

    #[test]
    fn a_server_hello_is_read_as_written(hello in server_hello()) {
        let body = written(|out| hello.encode(out));
        let end = 34 + 1 + hello.session_id.len() + 3;
        assert_needs_all(&body, &[end], ServerHello::decode);
        prop_assert_eq!(ServerHello::decode(&body), Ok(hello));
    }

    #[test]
    fn a_certificate_is_read_as_written(der in vec(any::<u8>(), 1..700)) {
        let body = written(|out| encode_certificate(out, &der));
        assert_needs_all(&body, &[], decode_certificate_owned);
        prop_assert_eq!(decode_certificate(&body), Ok(Some(&der[..])));
    }

    #[test]
    fn key_exchanges_are_read_as_written(
        (group, scheme) in any::<(u16, u16)>(),
        share in vec(any::<u8>(), 0..=255),
        signature in vec(any::<u8>(), 0..80),
    ) {
        let server = ServerKeyExchange {
            group: NamedGroup(group),
            share: &share,
            scheme: SignatureScheme(scheme),
            signature: &signature,
        };
        let body = written(|out| server.encode(out));
        assert_needs_all(&body, &[], |body| ServerKeyExchange::decode(body).map(|_| ()));
        let read = ServerKeyExchange::decode(&body).unwrap();
        prop_assert_eq!((read.group, read.scheme), (server.group, server.scheme));
        prop_assert_eq!((read.share, read.signature), (server.share, server.signature));

        let body = written(|out| ClientKeyExchange { share: &share }.encode(out));
        assert_needs_all(&body, &[], |body| ClientKeyExchange::decode(body).map(|_| ()));
        prop_assert_eq!(ClientKeyExchange::decode(&body).unwrap().share, &share[..]);

        let verify = CertificateVerify { scheme: server.scheme, signature: &signature };
        let body = written(|out| verify.encode(out));
        assert_needs_all(&body, &[], |body| CertificateVerify::decode(body).map(|_| ()));
        let read = CertificateVerify::decode(&body).unwrap();
        prop_assert_eq!((read.scheme, read.signature), (verify.scheme, verify.signature));
    }

    #[test]
    fn a_certificate_request_is_read_as_written(schemes in codepoints(SignatureScheme)) {
        let request = CertificateRequest { ecdsa: true, schemes };
        let body = written(|out| request.encode(out));
        assert_needs_all(&body, &[], CertificateRequest::decode);
        let read = CertificateRequest::decode(&body).unwrap();
        prop_assert_eq!((read.ecdsa, read.schemes), (true, request.schemes));
    }
}

proptest! {
    #[test]
    fn messages_of_dtls_1_3_are_read_as_written(
        der in vec(any::<u8>(), 1..700),
        schemes in codepoints(SignatureScheme),
        srtp_profile in option::of(any::<u16>().prop_map(SrtpProfile)),
        alpn in option::of(vec(any::<u8>(), 1..20)),
        record_size_limit in any::<Option<u16>>(),
        cookie in vec(any::<u8>(), 0..=255),
    ) {
        let body = written(|out| encode_certificate_1_3(out, &der));
        assert_needs_all(&body, &[], |body| decode_certificate_1_3(body).map(|_| ()));
        prop_assert_eq!(decode_certificate_1_3(&body), Ok(Some(&der[..])));

        let request = CertificateRequest13 { schemes };
        let body = written(|out| request.encode(out));
        assert_needs_all(&body, &[], |body| CertificateRequest13::decode(body).map(|_| ()));
        let read = CertificateRequest13::decode(&body).unwrap().unwrap();
        prop_assert_eq!(read.schemes, request.schemes);

        let extensions = EncryptedExtensions {
            srtp_profile, alpn, record_size_limit,
            ..EncryptedExtensions::default()
        };
        let body = written(|out| extensions.encode(out));
        assert_needs_all(&body, &[], EncryptedExtensions::decode);
        prop_assert_eq!(EncryptedExtensions::decode(&body), Ok(extensions));

        let request = HelloVerifyRequest { cookie };
        let body = written(|out| request.encode(out));
        assert_needs_all(&body, &[], HelloVerifyRequest::decode);
        prop_assert_eq!(HelloVerifyRequest::decode(&body), Ok(request));
    }
}

fn decode_certificate_owned(body: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    decode_certificate(body).map(|der| der.map(<[u8]>::to_vec))
}

#[test]
fn an_empty_certificate_list_is_no_certificate() {
    assert_eq!(decode_certificate(&[0, 0, 0]), Ok(None));
}
