//! The hellos, RFC 5246 section 7.4.1, RFC 6347 section 4.2.1 and RFC 8446 sections 4.1 and 4.2.

use super::reader::{DecodeError, Reader, codepoints};
use super::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme, SrtpProfile, Writer,
};

/// The only point format in use (RFC 8422 section 5.1.2).
const UNCOMPRESSED: u8 = 0;

/// At most this many codepoints of a list are kept.
const MAX_LISTED: usize = 64;

/// What tells a HelloRetryRequest from a ServerHello, RFC 8446 section 4.1.3.
pub(crate) const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A share of key agreement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeyShare {
    pub(crate) group: NamedGroup,
    pub(crate) share: Vec<u8>,
}

/// ClientHello. Lists that the extension's absence leaves open are `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ClientHello {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    pub(crate) cookie: Vec<u8>,
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) null_compression: bool,
    /// Whether no other compression is offered, as DTLS 1.3 wants it.
    pub(crate) only_null_compression: bool,
    pub(crate) groups: Option<Vec<NamedGroup>>,
    pub(crate) point_formats: Option<bool>,
    pub(crate) signatures: Option<Vec<SignatureScheme>>,
    pub(crate) srtp_profiles: Vec<SrtpProfile>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) versions: Option<Vec<ProtocolVersion>>,
    pub(crate) extended_master_secret: bool,
    pub(crate) renegotiation_info: Option<bool>,
    pub(crate) key_shares: Option<Vec<KeyShare>>,
    /// What a HelloRetryRequest told to repeat; not the cookie of DTLS 1.2.
    pub(crate) retry_cookie: Option<Vec<u8>>,
    pub(crate) record_size_limit: Option<u16>,
}

impl ClientHello {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.u16(self.version);
        out.bytes(&self.random);
        out.vec8(|out| out.bytes(&self.session_id));
        out.vec8(|out| out.bytes(&self.cookie));
        out.vec16(|out| self.suites.iter().for_each(|suite| out.u16(suite.0)));
        out.vec8(|out| out.u8(0));
        out.vec16(|out| self.encode_extensions(out));
    }

    fn encode_extensions(&self, out: &mut Writer<'_>) {
        if self.renegotiation_info.is_some() {
            extension(out, ExtensionType::RENEGOTIATION_INFO, |out| out.u8(0));
        }
        if self.extended_master_secret {
            extension(out, ExtensionType::EXTENDED_MASTER_SECRET, |_| ());
        }
        if let Some(groups) = &self.groups {
            extension(out, ExtensionType::SUPPORTED_GROUPS, |out| {
                out.vec16(|out| groups.iter().for_each(|group| out.u16(group.0)));
            });
        }
        if self.point_formats.is_some() {
            point_formats(out);
        }
        if let Some(signatures) = &self.signatures {
            extension(out, ExtensionType::SIGNATURE_ALGORITHMS, |out| {
                out.vec16(|out| signatures.iter().for_each(|scheme| out.u16(scheme.0)));
            });
        }
        if let Some(versions) = &self.versions {
            extension(out, ExtensionType::SUPPORTED_VERSIONS, |out| {
                out.vec8(|out| versions.iter().for_each(|version| out.u16(version.0)));
            });
        }
        if let Some(cookie) = &self.retry_cookie {
            extension(out, ExtensionType::COOKIE, |out| {
                out.vec16(|out| out.bytes(cookie));
            });
        }
        if !self.srtp_profiles.is_empty() {
            use_srtp(out, &self.srtp_profiles);
        }
        if !self.alpn.is_empty() {
            alpn(out, self.alpn.iter());
        }
        if let Some(limit) = self.record_size_limit {
            record_size_limit(out, limit);
        }
        if let Some(shares) = &self.key_shares {
            extension(out, ExtensionType::KEY_SHARE, |out| {
                out.vec16(|out| shares.iter().for_each(|share| share.encode(out)));
            });
        }
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        let mut hello = Self {
            version: body.u16("ClientHello.client_version")?,
            random: body.array("ClientHello.random")?,
            session_id: session_id(&mut body)?,
            cookie: body.vec8("ClientHello.cookie")?.to_vec(),
            ..Self::default()
        };
        let suites = body.vec16("ClientHello.cipher_suites")?;
        hello.suites = codepoints(suites, "ClientHello.cipher_suites")?
            .map(CipherSuite)
            .take(2 * MAX_LISTED)
            .collect();
        let compression = body.vec8("ClientHello.compression_methods")?;
        hello.null_compression = compression.contains(&0);
        hello.only_null_compression = compression == [0];
        extensions(body, |kind, content| hello.decode_extension(kind, content))?;
        if hello
            .suites
            .contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV)
        {
            hello.renegotiation_info.get_or_insert(true);
        }
        Ok(hello)
    }

    fn decode_extension(
        &mut self,
        kind: ExtensionType,
        mut content: Reader<'_>,
    ) -> Result<(), DecodeError> {
        match kind {
            ExtensionType::SUPPORTED_GROUPS => {
                let list = list16(content, "supported_groups")?.map(NamedGroup);
                self.groups = Some(list.collect());
            }
            ExtensionType::EC_POINT_FORMATS => {
                self.point_formats = Some(decode_point_formats(content)?);
            }
            ExtensionType::SIGNATURE_ALGORITHMS => {
                let list = list16(content, "signature_algorithms")?.map(SignatureScheme);
                self.signatures = Some(list.collect());
            }
            ExtensionType::SUPPORTED_VERSIONS => {
                let list = content.vec8("supported_versions")?;
                content.finish("supported_versions")?;
                let list = codepoints(list, "supported_versions")?.map(ProtocolVersion);
                self.versions = Some(list.collect());
            }
            ExtensionType::USE_SRTP => {
                // A server may ignore that the client would name keys (RFC 5764 section 4.1.3).
                (self.srtp_profiles, _) = decode_use_srtp(content)?;
            }
            ExtensionType::ALPN => self.alpn = decode_alpn(content)?,
            ExtensionType::KEY_SHARE => self.key_shares = Some(decode_key_shares(content)?),
            ExtensionType::COOKIE => self.retry_cookie = Some(decode_cookie(content)?),
            ExtensionType::RECORD_SIZE_LIMIT => {
                self.record_size_limit = Some(decode_record_size_limit(content)?);
            }
            ExtensionType::EXTENDED_MASTER_SECRET => {
                content.finish("extended_master_secret")?;
                self.extended_master_secret = true;
            }
            ExtensionType::RENEGOTIATION_INFO => {
                self.renegotiation_info = Some(decode_renegotiation_info(content)?);
            }
            _ => (),
        }
        Ok(())
    }
}

/// ServerHello.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ServerHello {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    pub(crate) suite: u16,
    pub(crate) compression: u8,
    pub(crate) point_formats: Option<bool>,
    pub(crate) srtp_profile: Option<SrtpProfile>,
    /// Whether SRTP packets are to name their key, which a client of ours never offers.
    pub(crate) has_srtp_mki: bool,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) extended_master_secret: bool,
    pub(crate) renegotiation_info: Option<bool>,
    /// The version, where it is 1.3 or a later one.
    pub(crate) selected_version: Option<ProtocolVersion>,
    pub(crate) key_share: Option<KeyShare>,
    /// The group that a HelloRetryRequest asks a share of.
    pub(crate) retry_group: Option<NamedGroup>,
    pub(crate) retry_cookie: Option<Vec<u8>>,
    pub(crate) record_size_limit: Option<u16>,
    /// An extension that a client of ours never offers.
    pub(crate) unknown: Option<u16>,
}

impl ServerHello {
    /// Whether it is a HelloRetryRequest.
    pub(crate) fn is_retry(&self) -> bool {
        self.random == RETRY_RANDOM
    }

    /// An extension that has no place in a ServerHello of DTLS 1.3.
    pub(crate) fn unexpected_in_1_3(&self) -> bool {
        self.point_formats.is_some()
            || self.srtp_profile.is_some()
            || self.alpn.is_some()
            || self.extended_master_secret
            || self.renegotiation_info.is_some()
            || self.record_size_limit.is_some()
    }

    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.u16(self.version);
        out.bytes(&self.random);
        out.vec8(|out| out.bytes(&self.session_id));
        out.u16(self.suite);
        out.u8(self.compression);
        out.vec16(|out| self.encode_extensions(out));
    }

    fn encode_extensions(&self, out: &mut Writer<'_>) {
        if self.renegotiation_info.is_some() {
            extension(out, ExtensionType::RENEGOTIATION_INFO, |out| out.u8(0));
        }
        if self.extended_master_secret {
            extension(out, ExtensionType::EXTENDED_MASTER_SECRET, |_| ());
        }
        if self.point_formats.is_some() {
            point_formats(out);
        }
        if let Some(profile) = self.srtp_profile {
            use_srtp(out, &[profile]);
        }
        if let Some(protocol) = &self.alpn {
            alpn(out, std::iter::once(protocol));
        }
        if let Some(limit) = self.record_size_limit {
            record_size_limit(out, limit);
        }
        if let Some(version) = self.selected_version {
            extension(out, ExtensionType::SUPPORTED_VERSIONS, |out| {
                out.u16(version.0);
            });
        }
        if let Some(share) = &self.key_share {
            extension(out, ExtensionType::KEY_SHARE, |out| share.encode(out));
        }
        if let Some(group) = self.retry_group {
            extension(out, ExtensionType::KEY_SHARE, |out| out.u16(group.0));
        }
        if let Some(cookie) = &self.retry_cookie {
            extension(out, ExtensionType::COOKIE, |out| {
                out.vec16(|out| out.bytes(cookie));
            });
        }
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        let mut hello = Self {
            version: body.u16("ServerHello.server_version")?,
            random: body.array("ServerHello.random")?,
            session_id: session_id(&mut body)?,
            suite: body.u16("ServerHello.cipher_suite")?,
            compression: body.u8("ServerHello.compression_method")?,
            ..Self::default()
        };
        extensions(body, |kind, content| hello.decode_extension(kind, content))?;
        Ok(hello)
    }

    fn decode_extension(
        &mut self,
        kind: ExtensionType,
        mut content: Reader<'_>,
    ) -> Result<(), DecodeError> {
        match kind {
            ExtensionType::SUPPORTED_VERSIONS => {
                let field = "supported_versions";
                self.selected_version = Some(ProtocolVersion(content.u16(field)?));
                content.finish(field)?;
            }
            ExtensionType::KEY_SHARE if self.is_retry() => {
                self.retry_group = Some(NamedGroup(content.u16("key_share")?));
                content.finish("key_share")?;
            }
            ExtensionType::KEY_SHARE => {
                self.key_share = Some(KeyShare::decode(&mut content)?);
                content.finish("key_share")?;
            }
            ExtensionType::COOKIE if self.is_retry() => {
                self.retry_cookie = Some(decode_cookie(content)?);
            }
            ExtensionType::RECORD_SIZE_LIMIT => {
                self.record_size_limit = Some(decode_record_size_limit(content)?);
            }
            ExtensionType::EC_POINT_FORMATS => {
                self.point_formats = Some(decode_point_formats(content)?);
            }
            ExtensionType::USE_SRTP => {
                let (profile, has_mki) = decode_chosen_srtp(content)?;
                self.srtp_profile = Some(profile);
                self.has_srtp_mki = has_mki;
            }
            ExtensionType::ALPN => {
                self.alpn = Some(decode_chosen_alpn(content)?);
            }
            ExtensionType::EXTENDED_MASTER_SECRET => {
                content.finish("extended_master_secret")?;
                self.extended_master_secret = true;
            }
            ExtensionType::RENEGOTIATION_INFO => {
                self.renegotiation_info = Some(decode_renegotiation_info(content)?);
            }
            other => self.unknown = Some(other.0),
        }
        Ok(())
    }
}

/// EncryptedExtensions of DTLS 1.3, RFC 8446 section 4.3.1.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct EncryptedExtensions {
    pub(crate) srtp_profile: Option<SrtpProfile>,
    pub(crate) has_srtp_mki: bool,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) record_size_limit: Option<u16>,
    /// An extension that belongs into another message.
    pub(crate) misplaced: bool,
    /// An extension that a client of ours never offers.
    pub(crate) unknown: Option<u16>,
}

impl EncryptedExtensions {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.vec16(|out| {
            if let Some(profile) = self.srtp_profile {
                use_srtp(out, &[profile]);
            }
            if let Some(protocol) = &self.alpn {
                alpn(out, std::iter::once(protocol));
            }
            if let Some(limit) = self.record_size_limit {
                record_size_limit(out, limit);
            }
        });
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut message = Self::default();
        if body.is_empty() {
            return Err(DecodeError {
                field: "EncryptedExtensions",
            });
        }
        extensions(Reader::new(body), |kind, content| {
            match kind {
                ExtensionType::USE_SRTP => {
                    let (profile, has_mki) = decode_chosen_srtp(content)?;
                    message.srtp_profile = Some(profile);
                    message.has_srtp_mki = has_mki;
                }
                ExtensionType::ALPN => message.alpn = Some(decode_chosen_alpn(content)?),
                ExtensionType::RECORD_SIZE_LIMIT => {
                    message.record_size_limit = Some(decode_record_size_limit(content)?);
                }
                // What the server would like to be offered another time.
                ExtensionType::SUPPORTED_GROUPS => {
                    let _ = list16(content, "supported_groups")?;
                }
                ExtensionType::KEY_SHARE
                | ExtensionType::SUPPORTED_VERSIONS
                | ExtensionType::COOKIE
                | ExtensionType::SIGNATURE_ALGORITHMS
                | ExtensionType::EC_POINT_FORMATS
                | ExtensionType::EXTENDED_MASTER_SECRET
                | ExtensionType::RENEGOTIATION_INFO => message.misplaced = true,
                other => message.unknown = Some(other.0),
            }
            Ok(())
        })?;
        Ok(message)
    }
}

/// HelloVerifyRequest, RFC 6347 section 4.2.1. Its version says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HelloVerifyRequest {
    pub(crate) cookie: Vec<u8>,
}

impl HelloVerifyRequest {
    pub(crate) fn encode(&self, out: &mut Writer<'_>) {
        out.u16(ProtocolVersion::DTLS_1_0.0);
        out.vec8(|out| out.bytes(&self.cookie));
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let mut body = Reader::new(body);
        body.u16("HelloVerifyRequest.server_version")?;
        let cookie = body.vec8("HelloVerifyRequest.cookie")?.to_vec();
        body.finish("HelloVerifyRequest")?;
        Ok(Self { cookie })
    }
}

impl KeyShare {
    fn encode(&self, out: &mut Writer<'_>) {
        out.u16(self.group.0);
        out.vec16(|out| out.bytes(&self.share));
    }

    fn decode(content: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let group = NamedGroup(content.u16("key_share.group")?);
        let share = content.vec16("key_share.key_exchange")?;
        if share.is_empty() {
            return Err(DecodeError {
                field: "key_share.key_exchange",
            });
        }
        Ok(Self {
            group,
            share: share.to_vec(),
        })
    }
}

fn decode_key_shares(mut content: Reader<'_>) -> Result<Vec<KeyShare>, DecodeError> {
    let field = "key_share";
    let mut list = Reader::new(content.vec16(field)?);
    content.finish(field)?;
    let mut shares: Vec<KeyShare> = Vec::new();
    while !list.is_empty() {
        let share = KeyShare::decode(&mut list)?;
        let is_known = shares.iter().any(|known| known.group == share.group);
        if is_known || shares.len() == MAX_LISTED {
            return Err(DecodeError { field });
        }
        shares.push(share);
    }
    Ok(shares)
}

fn decode_cookie(mut content: Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let field = "cookie";
    let cookie = content.vec16(field)?.to_vec();
    content.finish(field)?;
    if cookie.is_empty() {
        return Err(DecodeError { field });
    }
    Ok(cookie)
}

fn record_size_limit(out: &mut Writer<'_>, limit: u16) {
    extension(out, ExtensionType::RECORD_SIZE_LIMIT, |out| out.u16(limit));
}

fn decode_record_size_limit(mut content: Reader<'_>) -> Result<u16, DecodeError> {
    let limit = content.u16("record_size_limit")?;
    content.finish("record_size_limit")?;
    Ok(limit)
}

fn decode_chosen_srtp(content: Reader<'_>) -> Result<(SrtpProfile, bool), DecodeError> {
    let (profiles, has_mki) = decode_use_srtp(content)?;
    match profiles.as_slice() {
        &[profile] => Ok((profile, has_mki)),
        _ => Err(DecodeError { field: "use_srtp" }),
    }
}

fn decode_chosen_alpn(content: Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let chosen = <[Vec<u8>; 1]>::try_from(decode_alpn(content)?);
    let [protocol] = chosen.map_err(|_| DecodeError { field: "ALPN" })?;
    Ok(protocol)
}

fn session_id(body: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let field = "session_id";
    let id = body.vec8(field)?;
    if id.len() > 32 {
        return Err(DecodeError { field });
    }
    Ok(id.to_vec())
}

/// Calls `each` for every extension; none may come twice (RFC 5246 section 7.4.1.4).
pub(super) fn extensions<'a>(
    mut body: Reader<'a>,
    mut each: impl FnMut(ExtensionType, Reader<'a>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let field = "extensions";
    if body.is_empty() {
        return Ok(());
    }
    let mut list = Reader::new(body.vec16(field)?);
    body.finish(field)?;
    let mut seen = Vec::new();
    while !list.is_empty() {
        let kind = ExtensionType(list.u16(field)?);
        let content = list.vec16(field)?;
        if seen.len() == MAX_LISTED || seen.contains(&kind) {
            return Err(DecodeError { field });
        }
        seen.push(kind);
        each(kind, Reader::new(content))?;
    }
    Ok(())
}

pub(super) fn extension(
    out: &mut Writer<'_>,
    kind: ExtensionType,
    content: impl FnOnce(&mut Writer<'_>),
) {
    out.u16(kind.0);
    out.vec16(content);
}

fn point_formats(out: &mut Writer<'_>) {
    extension(out, ExtensionType::EC_POINT_FORMATS, |out| {
        out.vec8(|out| out.u8(UNCOMPRESSED));
    });
}

fn decode_point_formats(mut content: Reader<'_>) -> Result<bool, DecodeError> {
    let formats = content.vec8("ec_point_formats")?;
    content.finish("ec_point_formats")?;
    Ok(formats.contains(&UNCOMPRESSED))
}

/// RFC 5764 section 4.1.1, always with an empty MKI.
fn use_srtp(out: &mut Writer<'_>, profiles: &[SrtpProfile]) {
    extension(out, ExtensionType::USE_SRTP, |out| {
        out.vec16(|out| profiles.iter().for_each(|profile| out.u16(profile.0)));
        out.vec8(|_| ());
    });
}

/// The profiles, and whether there is an MKI.
fn decode_use_srtp(mut content: Reader<'_>) -> Result<(Vec<SrtpProfile>, bool), DecodeError> {
    let profiles = content.vec16("use_srtp")?;
    let mki = content.vec8("use_srtp.srtp_mki")?;
    content.finish("use_srtp")?;
    let profiles = codepoints(profiles, "use_srtp")?.map(SrtpProfile);
    Ok((profiles.take(MAX_LISTED).collect(), !mki.is_empty()))
}

/// RFC 7301 section 3.1.
fn alpn<'a>(out: &mut Writer<'_>, protocols: impl Iterator<Item = &'a Vec<u8>>) {
    extension(out, ExtensionType::ALPN, |out| {
        out.vec16(|out| {
            for protocol in protocols {
                out.vec8(|out| out.bytes(protocol));
            }
        });
    });
}

fn decode_alpn(mut content: Reader<'_>) -> Result<Vec<Vec<u8>>, DecodeError> {
    let field = "ALPN";
    let mut list = Reader::new(content.vec16(field)?);
    content.finish(field)?;
    let mut protocols = Vec::new();
    while !list.is_empty() {
        let protocol = list.vec8(field)?;
        if protocol.is_empty() || protocols.len() == MAX_LISTED {
            return Err(DecodeError { field });
        }
        protocols.push(protocol.to_vec());
    }
    Ok(protocols)
}

/// Whether the verify data is empty, as it is in a first handshake (RFC 5746 section 3.2).
fn decode_renegotiation_info(mut content: Reader<'_>) -> Result<bool, DecodeError> {
    let verify_data = content.vec8("renegotiation_info")?;
    content.finish("renegotiation_info")?;
    Ok(verify_data.is_empty())
}

pub(super) fn list16<'a>(
    mut content: Reader<'a>,
    field: &'static str,
) -> Result<impl Iterator<Item = u16> + 'a, DecodeError> {
    let list = content.vec16(field)?;
    content.finish(field)?;
    Ok(codepoints(list, field)?.take(MAX_LISTED))
}
