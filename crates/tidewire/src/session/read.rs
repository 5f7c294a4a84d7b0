//! Reading a peer's description.

use std::collections::BTreeSet;

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_sdp::{Effective, MediaDescription, SessionDescription, Setup};

use super::{
    Content, RtpSection, SCTP_PORT, SctpParameters, Section, TransportParameters, unnamed_mid,
};
use crate::error::{NegotiationError, Unacceptable};

/// The longest message that a peer accepts which does not say (RFC 8841 section 6.1).
const DEFAULT_MAX_MESSAGE_SIZE: u64 = 65_536;

/// A peer's description, as far as it concerns us.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RemoteSession {
    /// Its media sections. The first that can carry data channels is [`Content::Data`].
    pub(crate) sections: Vec<Section>,
    /// What the author uses each of them for.
    pub(crate) uses: Vec<SectionUse>,
    /// The section that the transport belongs to is in a BUNDLE group (RFC 9143).
    pub(crate) is_bundled: bool,
    /// The transport that everything shares.
    pub(crate) transport: Option<TransportParameters>,
    /// The association for data.
    pub(crate) sctp: Option<SctpParameters>,
}

/// Whether the author of a description uses a section.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SectionUse {
    /// Over the one transport that we take part in.
    SharesTransport,
    /// Over another transport.
    Apart,
    Rejected,
}

impl RemoteSession {
    pub(crate) fn parse(text: &str) -> Result<Self, NegotiationError> {
        let description = SessionDescription::parse(text)?;
        Ok(Self::read(&description)?)
    }

    fn read(description: &SessionDescription) -> Result<Self, Unacceptable> {
        check_mids(description)?;
        let all = &description.media;
        let data = all
            .iter()
            .position(|media| media.is_data_channel() && !media.is_rejected());
        let sections: Vec<Section> = (0..all.len())
            .map(|index| read_section(description, index, Some(index) == data))
            .collect();
        let primary = primary_section(description, &sections, data).map(|index| &all[index]);
        let bundle = primary.and_then(|media| bundle_of(description, media));
        let uses = all
            .iter()
            .map(|media| read_use(media, primary, bundle.unwrap_or_default()));
        let transport = primary.map(|media| read_transport(description, media));
        Ok(Self {
            uses: uses.collect(),
            sections,
            is_bundled: bundle.is_some(),
            transport: transport.transpose()?,
            sctp: data.map(|index| read_sctp(&all[index])),
        })
    }

    /// Each section with its use.
    pub(crate) fn used_sections(&self) -> impl Iterator<Item = (&Section, SectionUse)> {
        self.sections.iter().zip(self.uses.iter().copied())
    }

    /// Whether data flows over the transport.
    pub(crate) fn has_data(&self) -> bool {
        let mut used = self.used_sections();
        used.any(|(section, used)| section.is_data() && used == SectionUse::SharesTransport)
    }
}

/// The section whose transport we take part in: with BUNDLE (RFC 9143) the first of a group; without, that
/// for data, or the first one, as there is only one transport.
fn primary_section(
    description: &SessionDescription,
    sections: &[Section],
    data: Option<usize>,
) -> Option<usize> {
    let usable = |index: &usize| !sections[*index].is_rejected();
    let bundled = (0..sections.len())
        .filter(usable)
        .find(|index| bundle_of(description, &description.media[*index]).is_some());
    bundled
        .or(data)
        .or_else(|| (0..sections.len()).find(usable))
}

fn check_mids(description: &SessionDescription) -> Result<(), Unacceptable> {
    let mut seen = BTreeSet::new();
    let unique = description
        .media
        .iter()
        .filter_map(MediaDescription::mid)
        .all(|mid| seen.insert(mid));
    if unique {
        Ok(())
    } else {
        Err(Unacceptable::DuplicateMid)
    }
}

fn read_section(description: &SessionDescription, index: usize, is_data: bool) -> Section {
    let media = &description.media[index];
    let effective = description.effective(media);
    let rtp = RtpSection::read(media, &effective);
    // RTCP has no transport of its own here (RFC 8834 section 4.5).
    let rtp = rtp.filter(|rtp| rtp.rtcp_mux && !media.is_rejected());
    let content = match rtp {
        _ if is_data => Content::Data,
        Some(rtp) => Content::Media(Box::new(rtp)),
        None => Content::Rejected {
            kind: media.kind.clone(),
            protocol: media.protocol.clone(),
            // One has to be there, and none means anything (RFC 3264 section 6): a peer that offers
            // thousands does not get them all back.
            formats: media.formats.iter().take(1).cloned().collect(),
        },
    };
    Section {
        mid: Some(
            media
                .mid()
                .map_or_else(|| unnamed_mid(index), str::to_owned),
        ),
        content,
    }
}

fn read_use(
    media: &MediaDescription,
    primary: Option<&MediaDescription>,
    bundle: &[String],
) -> SectionUse {
    let is_bundled = media
        .mid()
        .is_some_and(|mid| bundle.iter().any(|member| member == mid));
    if media.is_rejected() {
        SectionUse::Rejected
    } else if is_bundled || primary.is_some_and(|primary| std::ptr::eq(primary, media)) {
        SectionUse::SharesTransport
    } else {
        SectionUse::Apart
    }
}

/// The BUNDLE group that `media` is in.
fn bundle_of<'a>(
    description: &'a SessionDescription,
    media: &MediaDescription,
) -> Option<&'a [String]> {
    let mid = media.mid()?;
    description
        .bundle_groups()
        .map(|group| group.mids.as_slice())
        .find(|mids| mids.iter().any(|member| member == mid))
}

fn read_transport(
    description: &SessionDescription,
    media: &MediaDescription,
) -> Result<TransportParameters, Unacceptable> {
    // In a bundle, the tagged section may speak for all: RFC 9143 section 7.1.3.
    let tagged = bundle_of(description, media)
        .and_then(|mids| description.media_by_mid(mids.first()?))
        .filter(|tagged| !std::ptr::eq(*tagged, media));
    let speakers: Vec<_> = [Some(media), tagged].into_iter().flatten().collect();
    let says: Vec<_> = speakers
        .iter()
        .map(|media| description.effective(media))
        .collect();
    let credentials = says.iter().find_map(|effective| {
        Some(ice::Credentials {
            ufrag: effective.ice_ufrag()?.to_owned(),
            pwd: effective.ice_pwd()?.to_owned(),
        })
    });
    let setup = says.iter().find_map(Effective::setup);
    let mut seen = BTreeSet::new();
    let candidates = speakers
        .iter()
        .flat_map(|media| media.attributes.candidates())
        .filter(|rest| seen.insert(*rest))
        .map(|rest| format!("candidate:{rest}"))
        .collect();
    Ok(TransportParameters {
        credentials: credentials.ok_or(Unacceptable::NoIceCredentials)?,
        lite: says.iter().any(Effective::is_ice_lite),
        fingerprints: read_fingerprints(&says)?,
        setup: setup
            .filter(|setup| *setup != Setup::HoldConn)
            .ok_or(Unacceptable::Setup)?,
        tls_id: says.iter().find_map(Effective::tls_id).map(str::to_owned),
        candidates,
        end_of_candidates: says.iter().any(Effective::is_end_of_candidates),
    })
}

/// Those of the first speaker that has any.
fn read_fingerprints(says: &[Effective<'_>]) -> Result<Vec<dtls::Fingerprint>, Unacceptable> {
    let known = says.iter().map(|effective| {
        let fingerprints = effective.fingerprints();
        let known = fingerprints.filter_map(|fingerprint| fingerprint.to_string().parse().ok());
        known.collect::<Vec<_>>()
    });
    known
        .into_iter()
        .find(|known| !known.is_empty())
        .ok_or(Unacceptable::NoFingerprint)
}

fn read_sctp(media: &MediaDescription) -> SctpParameters {
    SctpParameters {
        port: media.attributes.sctp_port().unwrap_or(SCTP_PORT),
        max_message_size: media
            .attributes
            .max_message_size()
            .unwrap_or(DEFAULT_MAX_MESSAGE_SIZE),
    }
}

#[cfg(test)]
mod tests {
    use tidewire_media::MediaKind;

    use super::*;

    const OFFER: &str = include_str!("../../testdata/chromium-156-offer-data.sdp");
    const WITH_MEDIA: &str = include_str!("../../testdata/chromium-156-offer-audio-video-data.sdp");

    fn read(text: &str) -> RemoteSession {
        RemoteSession::parse(text).expect("an acceptable description")
    }

    fn unacceptable(text: &str) -> Unacceptable {
        match RemoteSession::parse(text) {
            Err(NegotiationError::Unacceptable(reason)) => reason,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn a_browsers_data_offer_tells_everything_a_transport_needs() {
        let session = read(OFFER);
        let transport = session.transport.expect("a transport");
        let sctp = session.sctp.expect("a data section");
        assert_eq!(transport.credentials.ufrag, "5JI3");
        assert_eq!(transport.credentials.pwd, "DoAJkuUPL+uqUVlJmm/9h4NE");
        assert_eq!(transport.setup, Setup::ActPass);
        assert_eq!(transport.fingerprints.len(), 1);
        assert_eq!(transport.candidates.len(), 4);
        assert!(transport.candidates[0].starts_with("candidate:2602587287 1 udp"));
        assert_eq!(
            sctp,
            SctpParameters {
                port: 5000,
                max_message_size: 262_144
            }
        );
        assert!(session.is_bundled);
    }

    #[test]
    fn media_sections_are_told_from_data() {
        let session = read(WITH_MEDIA);
        let data: Vec<_> = session.sections.iter().map(Section::is_data).collect();
        assert_eq!(data, [false, false, true]);
        assert!(session.sctp.is_some());
        let kinds: Vec<_> = session
            .sections
            .iter()
            .map(|section| section.media().map(|media| media.kind))
            .collect();
        assert_eq!(
            kinds,
            [Some(MediaKind::Audio), Some(MediaKind::Video), None]
        );
    }

    #[test]
    fn a_bundled_section_without_credentials_takes_those_of_the_tagged_one() {
        let text = WITH_MEDIA.replace("a=mid:2", "a=mid:2\r\na=x-cut");
        let (head, data) = text.split_once("m=application").expect("a data section");
        let bare: String = data
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("a=ice-ufrag") && !line.starts_with("a=ice-pwd"))
            .collect();
        let bare = read(&format!("{head}m=application{bare}"));
        let whole = read(WITH_MEDIA);
        let ufrag = |session: &RemoteSession| {
            let transport = session.transport.as_ref();
            transport.map(|transport| transport.credentials.ufrag.clone())
        };
        assert!(ufrag(&bare).is_some());
        assert_eq!(
            ufrag(&bare),
            ufrag(&whole),
            "Chromium uses one ufrag for all of a bundle"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |prefix: &str| -> String {
            OFFER
                .split_inclusive('\n')
                .filter(|line| !line.starts_with(prefix))
                .collect()
        };
        assert_eq!(
            unacceptable(&without("a=ice-ufrag")),
            Unacceptable::NoIceCredentials
        );
        assert_eq!(
            unacceptable(&without("a=ice-pwd")),
            Unacceptable::NoIceCredentials
        );
        assert_eq!(
            unacceptable(&without("a=fingerprint")),
            Unacceptable::NoFingerprint
        );
        assert_eq!(unacceptable(&without("a=setup")), Unacceptable::Setup);
        let odd_hash = OFFER.replace("sha-256 ", "md2 ");
        assert_eq!(unacceptable(&odd_hash), Unacceptable::NoFingerprint);
    }

    #[test]
    fn a_repeated_mid_is_refused() {
        let text = WITH_MEDIA.replace("a=mid:1", "a=mid:0");
        assert_eq!(unacceptable(&text), Unacceptable::DuplicateMid);
    }

    #[test]
    fn a_peer_that_does_not_say_accepts_64_kib() {
        let text: String = OFFER
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("a=max-message-size"))
            .collect();
        let sctp = read(&text).sctp.expect("a data section");
        assert_eq!(sctp.max_message_size, 65_536);
    }
}
