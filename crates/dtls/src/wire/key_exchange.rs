//! The messages that carry certificates, key shares and signatures: RFC 5246 section 7.4, RFC 8422
//! section 5, RFC 8446 sections 4.3.2 and 4.4.

use super::hello::{extension, extensions, list16};
use super::reader::{DecodeError, Reader, codepoints};
use super::{ExtensionType, NamedGroup, SignatureScheme, Writer};

/// ECCurveType.named_curve, RFC 8422 section 5.4.
const NAMED_CURVE: u8 = 3;
/// ClientCertificateType.ecdsa_sign, RFC 8422 section 5.5; for Ed25519 too.
const ECDSA_SIGN: u8 = 64;
/// ClientCertificateType.rsa_sign, RFC 5246 section 7.4.4.
const RSA_SIGN: u8 = 1;

/// Writes a Certificate message of one certificate.
pub(crate) fn encode_certificate(out: &mut Writer<'_>, der: &[u8]) {
    out.vec24(|out| out.vec24(|out| out.bytes(der)));
}

/// The first certificate of a Certificate message: the sender's own. The rest of a chain means
/// nothing where a fingerprint identifies the peer.
pub(crate) fn decode_certificate(body: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let mut body = Reader::new(body);
    let mut list = Reader::new(body.vec24("Certificate.certificate_list")?);
    body.finish("Certificate")?;
    let mut first = None;
    while !list.is_empty() {
        let certificate = list.vec24("Certificate.certificate")?;
        first.get_or_insert(certificate);
    }
    Ok(first)
}

/// Writes a Certificate message of DTLS 1.3, of one certificate.
pub(crate) fn encode_certificate_1_3(out: &mut Writer<'_>, der: &[u8]) {
    out.vec8(|_| ());
    out.vec24(|out| {
        out.vec24(|out| out.bytes(der));
        out.vec16(|_| ());
    });
}

/// The first certificate of a Certificate message of DTLS 1.3.
pub(crate) fn decode_certificate_1_3(body: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    let mut body = Reader::new(body);
    let context = body.vec8("Certificate.certificate_request_context")?;
    let mut list = Reader::new(body.vec24("Certificate.certificate_list")?);
    body.finish("Certificate")?;
    if !context.is_empty() {
        return Err(DecodeError {
            field: "Certificate.certificate_request_context",
        });
    }
    let mut first = None;
    while !list.is_empty() {
        let certificate = list.vec24("CertificateEntry.cert_data")?;
        list.vec16("CertificateEntry.extensions")?;
        first.get_or_insert(certificate);
    }
    Ok(first)
}

/// CertificateRequest of DTLS 1.3.
#[derive(Debug)]
pub(crate) struct CertificateRequest13 {
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl CertificateRequest13 {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.vec8(|_| ());
        out.vec16(|out| {
            extension(out, ExtensionType::SIGNATURE_ALGORITHMS, |out| {
                out.vec16(|out| self.schemes.iter().for_each(|scheme| out.u16(scheme.0)));
            });
        });
    }

    /// `None` without the list of signature algorithms, which has to be there.
    pub(crate) fn decode(body: &[u8]) -> Result<Option<Self>, DecodeError> {
        let field = "CertificateRequest.certificate_request_context";
        let mut body = Reader::new(body);
        if !body.vec8(field)?.is_empty() {
            return Err(DecodeError { field });
        }
        let mut schemes = None;
        if body.is_empty() {
            return Err(DecodeError {
                field: "CertificateRequest.extensions",
            });
        }
        extensions(body, |kind, content| {
            if kind == ExtensionType::SIGNATURE_ALGORITHMS {
                let list = list16(content, "signature_algorithms")?.map(SignatureScheme);
                schemes = Some(list.collect());
            }
            Ok(())
        })?;
        Ok(schemes.map(|schemes| Self { schemes }))
    }
}

/// ServerKeyExchange of ECDHE.
#[derive(Debug)]
pub(crate) struct ServerKeyExchange<'a> {
    pub(crate) group: NamedGroup,
    pub(crate) share: &'a [u8],
    pub(crate) scheme: SignatureScheme,
    pub(crate) signature: &'a [u8],
}

impl<'a> ServerKeyExchange<'a> {
    /// ServerECDHParams, the part that the signature covers.
    pub(crate) fn encode_params(out: &mut Writer<'_>, group: NamedGroup, share: &[u8]) {
        out.u8(NAMED_CURVE);
        out.u16(group.0);
        out.vec8(|out| out.bytes(share));
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        Self::encode_params(out, self.group, self.share);
        out.u16(self.scheme.0);
        out.vec16(|out| out.bytes(self.signature));
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        if body.u8("ServerKeyExchange.curve_type")? != NAMED_CURVE {
            return Err(DecodeError {
                field: "ServerKeyExchange.curve_type",
            });
        }
        let message = Self {
            group: NamedGroup(body.u16("ServerKeyExchange.namedcurve")?),
            share: body.vec8("ServerKeyExchange.public")?,
            scheme: SignatureScheme(body.u16("ServerKeyExchange.algorithm")?),
            signature: body.vec16("ServerKeyExchange.signature")?,
        };
        body.finish("ServerKeyExchange")?;
        Ok(message)
    }
}

/// CertificateRequest.
#[derive(Debug)]
pub(crate) struct CertificateRequest {
    pub(crate) ecdsa: bool,
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl CertificateRequest {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.vec8(|out| out.bytes(&[ECDSA_SIGN, RSA_SIGN]));
        out.vec16(|out| self.schemes.iter().for_each(|scheme| out.u16(scheme.0)));
        out.vec16(|_| ());
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        let types = body.vec8("CertificateRequest.certificate_types")?;
        let schemes = body.vec16("CertificateRequest.supported_signature_algorithms")?;
        body.vec16("CertificateRequest.certificate_authorities")?;
        body.finish("CertificateRequest")?;
        Ok(Self {
            ecdsa: types.contains(&ECDSA_SIGN),
            schemes: codepoints(schemes, "CertificateRequest.supported_signature_algorithms")?
                .map(SignatureScheme)
                .take(64)
                .collect(),
        })
    }
}

/// CertificateVerify.
#[derive(Debug)]
pub(crate) struct CertificateVerify<'a> {
    pub(crate) scheme: SignatureScheme,
    pub(crate) signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.u16(self.scheme.0);
        out.vec16(|out| out.bytes(self.signature));
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        let message = Self {
            scheme: SignatureScheme(body.u16("CertificateVerify.algorithm")?),
            signature: body.vec16("CertificateVerify.signature")?,
        };
        body.finish("CertificateVerify")?;
        Ok(message)
    }
}

/// ClientKeyExchange of ECDHE, RFC 8422 section 5.7.
#[derive(Debug)]
pub(crate) struct ClientKeyExchange<'a> {
    pub(crate) share: &'a [u8],
}

impl<'a> ClientKeyExchange<'a> {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.vec8(|out| out.bytes(self.share));
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        let share = body.vec8("ClientKeyExchange.ecdh_Yc")?;
        body.finish("ClientKeyExchange")?;
        Ok(Self { share })
    }
}

/// Whether a NewSessionTicket follows its grammar, RFC 8446 section 4.6.1. What is in it is of no use here.
pub(crate) fn check_new_session_ticket(body: &[u8]) -> Result<(), DecodeError> {
    let field = "NewSessionTicket";
    let mut body = Reader::new(body);
    let _lifetime: [u8; 4] = body.array(field)?;
    let _age_add: [u8; 4] = body.array(field)?;
    let _nonce = body.vec8(field)?;
    let ticket = body.vec16(field)?;
    let mut extensions = Reader::new(body.vec16(field)?);
    while !extensions.is_empty() {
        let _kind = extensions.u16(field)?;
        let _content = extensions.vec16(field)?;
    }
    if ticket.is_empty() {
        return Err(DecodeError { field });
    }
    body.finish(field)
}
