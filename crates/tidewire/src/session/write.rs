//! Writing our own description.

use std::net::{IpAddr, Ipv4Addr};

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_media::MediaKind;
use tidewire_sdp::{
    self as sdp, Attribute, Connection, Direction, Fingerprint, Group, MediaDescription, Origin,
    SessionDescription, Setup,
};

use super::{Content, RtpSection, SCTP_PORT, Section};

/// The port of a section whose candidates are not known yet (RFC 8840 section 4.1.1).
const DISCARD_PORT: u16 = 9;

/// What we say about our end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalParameters<'a> {
    pub(crate) session_id: u64,
    pub(crate) session_version: u64,
    pub(crate) credentials: &'a ice::Credentials,
    pub(crate) fingerprint: &'a dtls::Fingerprint,
    pub(crate) setup: Setup,
    pub(crate) tls_id: &'a str,
    pub(crate) max_message_size: u32,
    /// Whether the sections are put into a BUNDLE group.
    pub(crate) bundle: bool,
}

/// Our description of `sections`, without candidates.
pub(crate) fn describe(
    sections: &[Section],
    parameters: &LocalParameters<'_>,
) -> SessionDescription {
    let origin = Origin::new(parameters.session_id, parameters.session_version);
    let mut description = SessionDescription::new(origin);
    let bundled = sections
        .iter()
        .filter(|section| parameters.bundle && !section.is_rejected());
    let mids: Vec<_> = bundled.filter_map(Section::told_mid).cloned().collect();
    if !mids.is_empty() {
        description = description.with(Attribute::Group(Group::bundle(mids)));
    }
    let media = sections.iter().filter_map(Section::media);
    if media.clone().any(|media| media.mixed_extensions) {
        description = description.with(Attribute::ExtmapAllowMixed);
    }
    if media.count() > 0 {
        description = description.with(Attribute::MsidSemantic(" WMS *".to_owned()));
    }
    sections.iter().fold(description, |description, section| {
        description.with_media(describe_section(section, parameters))
    })
}

fn describe_section(section: &Section, parameters: &LocalParameters<'_>) -> MediaDescription {
    let media = match &section.content {
        Content::Data => MediaDescription::data_channel(DISCARD_PORT),
        Content::Media(rtp) => describe_rtp(rtp),
        Content::Rejected {
            kind,
            protocol,
            formats,
        } => {
            let formats: Vec<_> = formats.iter().map(String::as_str).collect();
            MediaDescription::new(kind.clone(), 0, protocol, &formats)
        }
    };
    let mut media = media.with_connection(Connection::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
    if let Some(mid) = section.told_mid() {
        media = media.with(Attribute::Mid(mid.clone()));
    }
    match &section.content {
        Content::Data => describe_transport(media, parameters)
            .with(Attribute::SctpPort(SCTP_PORT))
            .with(Attribute::MaxMessageSize(
                parameters.max_message_size.into(),
            )),
        Content::Media(rtp) => rtp.write(describe_transport(media, parameters)),
        Content::Rejected { .. } => media.with(Attribute::Direction(Direction::Inactive)),
    }
}

fn describe_rtp(rtp: &RtpSection) -> MediaDescription {
    let kind = match rtp.kind {
        MediaKind::Audio => sdp::MediaKind::Audio,
        MediaKind::Video => sdp::MediaKind::Video,
    };
    MediaDescription {
        // An answer repeats the offer's (RFC 8829 section 5.1.2).
        protocol: rtp.protocol.clone(),
        ..MediaDescription::rtp(kind, DISCARD_PORT, rtp.payload_types())
    }
}

fn describe_transport(
    media: MediaDescription,
    parameters: &LocalParameters<'_>,
) -> MediaDescription {
    let fingerprint = parameters.fingerprint.to_string();
    let (hash, value) = fingerprint
        .split_once(' ')
        .unwrap_or(("sha-256", &fingerprint));
    media
        .with(Attribute::IceUfrag(parameters.credentials.ufrag.clone()))
        .with(Attribute::IcePwd(parameters.credentials.pwd.clone()))
        .with(Attribute::IceOptions(vec![
            "trickle".to_owned(),
            "ice2".to_owned(),
        ]))
        .with(Attribute::Fingerprint(Fingerprint {
            hash: hash.to_owned(),
            value: value.to_owned(),
        }))
        .with(Attribute::Setup(parameters.setup))
        .with(Attribute::TlsId(parameters.tls_id.to_owned()))
}

/// `description` with what has been gathered since: candidates, the default destination and, when
/// nothing more follows, the end of candidates.
pub(crate) fn with_candidates(
    description: &SessionDescription,
    candidates: &[ice::Candidate],
    complete: bool,
) -> String {
    let mut description = description.clone();
    for media in description.media.iter_mut().filter(|media| media.port != 0) {
        if let Some(address) = default_destination(candidates) {
            media.port = address.port();
            media.connections = vec![Connection::new(address.ip())];
        }
        for candidate in candidates {
            let line = candidate.to_string();
            let rest = line.strip_prefix("candidate:").unwrap_or(&line);
            media.attributes.push(Attribute::Candidate(rest.to_owned()));
        }
        if complete {
            media.attributes.push(Attribute::EndOfCandidates);
        }
    }
    description.to_string()
}

/// The candidate most likely to work with a peer without ICE (RFC 8839 section 4.1.2): relayed
/// before reflexive before host, IPv4 first.
fn default_destination(candidates: &[ice::Candidate]) -> Option<std::net::SocketAddr> {
    candidates
        .iter()
        .filter_map(|candidate| Some((candidate.socket_addr()?, candidate.kind)))
        .max_by_key(|(address, kind)| {
            let rank = match kind {
                ice::CandidateKind::Relayed => 3,
                ice::CandidateKind::ServerReflexive => 2,
                ice::CandidateKind::PeerReflexive => 1,
                ice::CandidateKind::Host => 0,
            };
            (rank, address.is_ipv4())
        })
        .map(|(address, _)| address)
}
