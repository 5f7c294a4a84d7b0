//! Reading a peer's description.

use std::collections::BTreeSet;

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_sdp::{Effective, MediaDescription, SessionDescription, Setup};

use super::{Content, SCTP_PORT, SctpParameters, Section, TransportParameters};
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
    /// The mids of the section's BUNDLE group (RFC 9143), when there is one with the data in it.
    pub(crate) bundles_data: bool,
    /// The data section's transport and association.
    pub(crate) data: Option<(TransportParameters, SctpParameters)>,
}

/// Whether the author of a description uses a section.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SectionUse {
    /// Over the transport of the data section: it is that, or bundled with it.
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
        let data = description
            .media
            .iter()
            .position(|media| media.is_data_channel() && !media.is_rejected());
        let sections = description
            .media
            .iter()
            .enumerate()
            .map(|(index, media)| read_section(media, Some(index) == data))
            .collect();
        let data = data.map(|index| &description.media[index]);
        let bundle = data.and_then(|media| bundle_of(description, media));
        let uses = description.media.iter();
        Ok(Self {
            sections,
            uses: uses
                .map(|media| read_use(media, data, bundle.unwrap_or_default()))
                .collect(),
            bundles_data: bundle.is_some(),
            data: data
                .map(|media| {
                    let transport = read_transport(description, media)?;
                    Ok((transport, read_sctp(media)))
                })
                .transpose()?,
        })
    }
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

fn read_section(media: &MediaDescription, is_data: bool) -> Section {
    let content = if is_data {
        Content::Data
    } else {
        Content::Rejected {
            kind: media.kind.clone(),
            protocol: media.protocol.clone(),
            // One has to be there, and none means anything (RFC 3264 section 6): a peer that offers
            // thousands does not get them all back.
            formats: media.formats.iter().take(1).cloned().collect(),
        }
    };
    Section {
        mid: media.mid().map(str::to_owned),
        content,
    }
}

fn read_use(
    media: &MediaDescription,
    data: Option<&MediaDescription>,
    bundle: &[String],
) -> SectionUse {
    let is_bundled = media
        .mid()
        .is_some_and(|mid| bundle.iter().any(|member| member == mid));
    if media.is_rejected() {
        SectionUse::Rejected
    } else if is_bundled || data.is_some_and(|data| std::ptr::eq(data, media)) {
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
        let (transport, sctp) = session.data.expect("a data section");
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
        assert!(session.bundles_data);
    }

    #[test]
    fn media_sections_are_kept_for_their_rejection() {
        let session = read(WITH_MEDIA);
        let data: Vec<_> = session.sections.iter().map(Section::is_data).collect();
        assert_eq!(data, [false, false, true]);
        assert!(session.data.is_some());
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
            session
                .data
                .as_ref()
                .map(|(transport, _)| transport.credentials.ufrag.clone())
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
        let sctp = read(&text).data.expect("a data section").1;
        assert_eq!(sctp.max_message_size, 65_536);
    }
}
