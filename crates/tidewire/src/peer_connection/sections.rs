//! Media sections of ours: what we offer and answer for each transceiver (RFC 8829 sections 5.2 and 5.3).

use tidewire_media::{Feedback, MediaKind, SignaledStream};
use tidewire_rtp::extension::ExtensionKind;
use tidewire_sdp::{Direction, Msid};

use super::PeerConnection;
use super::transceivers::common;
use crate::media::{CodecCapability, Transceiver, TransceiverId};
use crate::session::{
    Content, Layer, RemoteSession, RtpSection, Section, SectionCodec, SectionExtension, SectionUse,
    told_mid,
};

/// The protocol of sections that we offer (RFC 8829 section 5.1.2).
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

impl PeerConnection {
    /// The sections of an offer: those that there are, and those that are wanted. Those whose rejection both
    /// sides know of are used again before others are added (RFC 8829 section 5.2.2).
    pub(super) fn sections_to_offer(&mut self) -> (Vec<Section>, Vec<Option<TransceiverId>>) {
        let known = self.negotiation.sections.clone();
        let mut free: Vec<bool> = known.iter().map(Section::is_rejected).collect();
        let mut sections = Vec::new();
        let mut owners = Vec::new();
        for section in known {
            let owner = self.owner_of(&section);
            let content = match owner {
                Some(id) => self.offer_section(id),
                // A transceiver that was stopped, or that could not be had.
                None if section.media().is_some() => rejected_as(&section),
                None => section.content.clone(),
            };
            sections.push(Section {
                mid: section.mid,
                content,
            });
            owners.push(owner);
        }
        // Those of an offer that was not answered yet are among them, under the mids that they have.
        let is_agreed = |mid: &Option<String>| {
            let mut known = sections.iter();
            mid.is_some() && known.any(|section: &Section| section.mid == *mid)
        };
        let wanted: Vec<(TransceiverId, Option<String>)> = self
            .transceivers
            .iter()
            .filter(|transceiver| transceiver.is_live() && !is_agreed(&transceiver.mid))
            .map(|transceiver| (transceiver.id, transceiver.mid.clone()))
            .collect();
        let taken: Vec<String> = self
            .transceivers
            .iter()
            .filter_map(|known| known.mid.clone())
            .collect();
        for (id, mid) in wanted {
            let content = self.offer_section(id);
            let at = place(&mut sections, &mut free, content, mid, &taken);
            owners.resize(sections.len(), None);
            owners[at] = Some(id);
        }
        if self.negotiation.data_wanted && !sections.iter().any(Section::is_data) {
            place(&mut sections, &mut free, Content::Data, None, &taken);
            owners.resize(sections.len(), None);
        }
        (sections, owners)
    }

    /// The transceiver of a section that is in use.
    fn owner_of(&mut self, section: &Section) -> Option<TransceiverId> {
        section.media()?;
        let transceiver = self.transceiver_by_mid(section.mid.as_deref()?)?;
        transceiver.is_live().then_some(transceiver.id)
    }

    fn offer_section(&mut self, id: TransceiverId) -> Content {
        let Ok(transceiver) = self.transceiver_mut(id).cloned() else {
            return rejected(MediaKind::Audio);
        };
        let codecs: Vec<CodecCapability> = self.codecs_of(&transceiver).cloned().collect();
        let codecs: Vec<SectionCodec> = codecs
            .iter()
            .filter_map(|codec| {
                let (payload_type, rtx) = self.numbers.payload_types(codec)?;
                Some(describe_codec(codec, payload_type, rtx))
            })
            .collect();
        if codecs.is_empty() {
            return rejected(transceiver.kind);
        }
        let extensions = self.capabilities.extensions(transceiver.kind).to_vec();
        let extensions = extensions.into_iter().filter_map(|(_, uri)| {
            let id = self.numbers.extension(&uri)?;
            Some(SectionExtension { id, uri })
        });
        let extensions = extensions.collect();
        let direction = transceiver.direction;
        Content::Media(Box::new(RtpSection {
            codecs,
            extensions,
            ..self.own_section(&transceiver, direction)
        }))
    }

    /// What a section of ours says whatever was negotiated.
    pub(super) fn own_section(
        &self,
        transceiver: &Transceiver,
        direction: Direction,
    ) -> RtpSection {
        let sends = direction.sends();
        let simulcast = transceiver.is_simulcast();
        RtpSection {
            kind: transceiver.kind,
            protocol: PROTOCOL.to_owned(),
            direction,
            codecs: Vec::new(),
            extensions: Vec::new(),
            mixed_extensions: true,
            msids: if sends {
                msids(transceiver)
            } else {
                Vec::new()
            },
            // Layers are told apart by their names (RFC 8853 section 5.5).
            sources: if sends && !simulcast {
                sources(transceiver)
            } else {
                Vec::new()
            },
            cname: Some(self.cname.clone()),
            rtcp_mux: true,
            reduced_size: true,
            send_layers: if sends && simulcast {
                layers(transceiver)
            } else {
                Vec::new()
            },
            receive_layers: Vec::new(),
        }
    }

    /// What a transceiver may use, the most liked first.
    fn codecs_of<'a>(
        &'a self,
        transceiver: &'a Transceiver,
    ) -> impl Iterator<Item = &'a CodecCapability> {
        let preferred = &transceiver.preferences;
        let all = self
            .capabilities
            .of(transceiver.kind)
            .filter(|_| preferred.is_empty());
        preferred.iter().chain(all)
    }

    /// The sections that answer an offer.
    pub(super) fn sections_to_answer(&mut self, offer: &RemoteSession) -> Vec<Section> {
        let offered: Vec<_> = offer
            .used_sections()
            .map(|(section, used)| (section.clone(), used))
            .collect();
        let sections = offered.into_iter().map(|(section, used)| {
            let content = match &section.content {
                _ if used != SectionUse::SharesTransport => rejected_as(&section),
                Content::Media(media) => self
                    .answer_section(section.mid.as_deref(), media)
                    .unwrap_or_else(|| rejected_as(&section)),
                content => content.clone(),
            };
            Section {
                mid: section.mid,
                content,
            }
        });
        sections.collect()
    }

    fn answer_section(&mut self, mid: Option<&str>, offered: &RtpSection) -> Option<Content> {
        let transceiver = self.transceiver_by_mid(mid?)?;
        let transceiver = transceiver.is_live().then(|| transceiver.clone())?;
        let codecs = self.codecs_to_answer(&transceiver, offered);
        if !codecs.iter().any(|(capability, _)| capability.is_primary()) {
            return None;
        }
        for (capability, codec) in &codecs {
            self.numbers
                .adopt(capability, codec.payload_type, codec.rtx);
        }
        let is_named = told_mid(transceiver.mid.as_ref()).is_some();
        let known = self.capabilities.extensions(offered.kind);
        let is_known = |uri: &str| {
            let mut known = known.iter();
            known.any(|(kind, known)| known == uri && (is_named || *kind != ExtensionKind::Mid))
        };
        let extensions = offered.extensions.iter();
        let extensions: Vec<SectionExtension> = extensions
            .filter(|extension| is_known(&extension.uri))
            .cloned()
            .collect();
        for extension in &extensions {
            self.numbers.adopt_extension(extension.id, &extension.uri);
        }
        let direction = common(transceiver.direction, offered.direction.reversed());
        let mut section = RtpSection {
            protocol: offered.protocol.clone(),
            codecs: codecs.into_iter().map(|(_, codec)| codec).collect(),
            extensions,
            mixed_extensions: offered.mixed_extensions,
            reduced_size: offered.reduced_size,
            ..self.own_section(&transceiver, direction)
        };
        if direction.receives() {
            let layers = offered.send_layers.iter().cloned();
            // What the peer has paused it may go on with whenever it likes.
            section.receive_layers = layers
                .map(|layer| Layer {
                    paused: false,
                    ..layer
                })
                .collect();
        }
        let wants = |layer: &Layer| {
            let mut wanted = offered.receive_layers.iter();
            wanted.any(|wanted| wanted.rid == layer.rid)
        };
        section.send_layers.retain(wants);
        if transceiver.is_simulcast() && direction.sends() && section.send_layers.is_empty() {
            // The peer takes one stream only (RFC 8853 section 5.3.2).
            section.sources = sources(&transceiver).into_iter().take(1).collect();
        }
        Some(Content::Media(Box::new(section)))
    }

    /// The offered codecs that we know, under their numbers: in our order where the application has
    /// told one, in that of the offer elsewhere.
    fn codecs_to_answer(
        &self,
        transceiver: &Transceiver,
        offered: &RtpSection,
    ) -> Vec<(CodecCapability, SectionCodec)> {
        let answer = |capability: &CodecCapability, codec: &SectionCodec| {
            let parameters = matches(capability, codec)?;
            let answered = SectionCodec {
                parameters,
                feedback: both(capability.feedback, codec.feedback),
                rtx: codec.rtx.filter(|_| capability.rtx),
                ..codec.clone()
            };
            Some((capability.clone(), answered))
        };
        let known: Vec<&CodecCapability> = self.codecs_of(transceiver).collect();
        let mut answered: Vec<(CodecCapability, SectionCodec)> = Vec::new();
        let mut push = |found: Option<(CodecCapability, SectionCodec)>| {
            let is_new = |found: &(CodecCapability, SectionCodec)| {
                let mut all = answered.iter();
                all.all(|(_, codec)| codec.payload_type != found.1.payload_type)
            };
            if let Some(found) = found.filter(is_new) {
                answered.push(found);
            }
        };
        if transceiver.preferences.is_empty() {
            for codec in &offered.codecs {
                push(
                    known
                        .iter()
                        .find_map(|capability| answer(capability, codec)),
                );
            }
        } else {
            for capability in known {
                let mut all = offered.codecs.iter();
                push(all.find_map(|codec| answer(capability, codec)));
            }
        }
        answered
    }
}

/// Puts a section in the place of one that is free, or at the end, and answers where. Without a mid it gets
/// one that is not `taken`.
fn place(
    sections: &mut Vec<Section>,
    free: &mut [bool],
    content: Content,
    mid: Option<String>,
    taken: &[String],
) -> usize {
    let is_free = |mid: &String| {
        let mut sections = sections.iter();
        sections.all(|section| section.mid.as_ref() != Some(mid))
    };
    let mid = mid
        .filter(is_free)
        .unwrap_or_else(|| unused_mid(sections, taken));
    let section = Section {
        mid: Some(mid),
        content,
    };
    match free.iter_mut().position(std::mem::take) {
        Some(at) => {
            sections[at] = section;
            at
        }
        None => {
            sections.push(section);
            sections.len() - 1
        }
    }
}

fn unused_mid(sections: &[Section], taken: &[String]) -> String {
    let is_used = |mid: &String| {
        let mut sections = sections.iter();
        taken.contains(mid) || sections.any(|section| section.mid.as_ref() == Some(mid))
    };
    (0..=sections.len() + taken.len())
        .map(|number| number.to_string())
        .find(|mid| !is_used(mid))
        .expect("one more number than there are mids")
}

fn rejected(kind: MediaKind) -> Content {
    Content::Rejected {
        kind: match kind {
            MediaKind::Audio => tidewire_sdp::MediaKind::Audio,
            MediaKind::Video => tidewire_sdp::MediaKind::Video,
        },
        protocol: PROTOCOL.to_owned(),
        formats: vec!["0".to_owned()],
    }
}

/// What rejects a section: its `m=` line with port 0 (RFC 3264 section 6).
fn rejected_as(section: &Section) -> Content {
    match &section.content {
        Content::Media(media) => match rejected(media.kind) {
            Content::Rejected { kind, .. } => Content::Rejected {
                kind,
                protocol: media.protocol.clone(),
                formats: media
                    .codecs
                    .first()
                    .map_or("0".to_owned(), |codec| codec.payload_type.to_string())
                    .split(' ')
                    .map(str::to_owned)
                    .collect(),
            },
            other => other,
        },
        Content::Data => Content::Rejected {
            kind: tidewire_sdp::MediaKind::Application,
            protocol: "UDP/DTLS/SCTP".to_owned(),
            formats: vec!["webrtc-datachannel".to_owned()],
        },
        rejected @ Content::Rejected { .. } => rejected.clone(),
    }
}

pub(super) fn describe_codec(
    codec: &CodecCapability,
    payload_type: u8,
    rtx: Option<u8>,
) -> SectionCodec {
    SectionCodec {
        payload_type,
        name: codec.name.clone(),
        clock_rate: codec.clock_rate,
        channels: codec.channels,
        parameters: codec.parameters.clone(),
        feedback: codec.feedback,
        rtx: rtx.filter(|_| codec.rtx),
    }
}

/// What answers a codec's parameters, if it is the one that we know.
pub(super) fn matches(capability: &CodecCapability, codec: &SectionCodec) -> Option<String> {
    let same = capability.is(&codec.name)
        && capability.clock_rate == codec.clock_rate
        && capability.channels.unwrap_or(1) == codec.channels.unwrap_or(1);
    same.then(|| capability.answer(&codec.parameters)).flatten()
}

/// What both sides have.
pub(super) const fn both(one: Feedback, other: Feedback) -> Feedback {
    Feedback {
        nack: one.nack && other.nack,
        picture_loss: one.picture_loss && other.picture_loss,
        full_intra_request: one.full_intra_request && other.full_intra_request,
        transport_wide: one.transport_wide && other.transport_wide,
        remb: one.remb && other.remb,
    }
}

fn msids(transceiver: &Transceiver) -> Vec<Msid> {
    let msid = |stream: &str| Msid {
        stream: stream.to_owned(),
        track: Some(transceiver.track.clone()),
    };
    if transceiver.streams.is_empty() {
        return vec![msid("-")];
    }
    let streams = transceiver.streams.iter();
    streams.map(|stream| msid(stream)).collect()
}

fn sources(transceiver: &Transceiver) -> Vec<SignaledStream> {
    let encodings = transceiver.encodings.iter();
    let repairs = transceiver.kind == MediaKind::Video;
    encodings
        .map(|encoding| SignaledStream {
            ssrc: encoding.ssrc,
            rtx_ssrc: repairs.then_some(encoding.rtx_ssrc),
        })
        .collect()
}

fn layers(transceiver: &Transceiver) -> Vec<Layer> {
    let encodings = transceiver.encodings.iter();
    let named = encodings.filter_map(|encoding| {
        Some(Layer {
            rid: encoding.parameters.rid.clone()?,
            paused: !encoding.parameters.active,
            max_bitrate: encoding.parameters.max_bitrate,
        })
    });
    named.collect()
}
