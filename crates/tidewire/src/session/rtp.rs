//! What a description says about one media section that carries RTP.

use tidewire_media::{Feedback, MediaKind, SignaledStream};
use tidewire_sdp::{
    self as sdp, Attribute, Direction, Effective, ExtMap, Fmtp, MediaDescription, Msid,
    PayloadFormat, Restriction, Rid, RidDirection, RtcpFeedback, RtpMap, RtxParameters, Simulcast,
    SimulcastFormat, SimulcastStream, Ssrc, SsrcGroup, SsrcSemantics,
};

/// Streams that one section may name: a peer that names thousands is not listened to.
const MAX_STREAMS: usize = 64;

/// A section for audio or video, as its author describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RtpSection {
    pub(crate) kind: MediaKind,
    pub(crate) protocol: String,
    pub(crate) direction: Direction,
    /// The most liked first.
    pub(crate) codecs: Vec<SectionCodec>,
    pub(crate) extensions: Vec<SectionExtension>,
    /// Both forms of header extensions may be sent.
    pub(crate) mixed_extensions: bool,
    /// The streams and the track that what the author sends belongs to.
    pub(crate) msids: Vec<Msid>,
    pub(crate) sources: Vec<SignaledStream>,
    pub(crate) cname: Option<String>,
    pub(crate) rtcp_mux: bool,
    pub(crate) reduced_size: bool,
    /// Layers of simulcast that the author sends, and that it wants to receive.
    pub(crate) send_layers: Vec<Layer>,
    pub(crate) receive_layers: Vec<Layer>,
}

/// A codec as a section names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SectionCodec {
    pub(crate) payload_type: u8,
    pub(crate) name: String,
    pub(crate) clock_rate: u32,
    pub(crate) channels: Option<u16>,
    pub(crate) parameters: String,
    pub(crate) feedback: Feedback,
    pub(crate) rtx: Option<u8>,
}

/// A header extension as a section names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SectionExtension {
    pub(crate) id: u8,
    pub(crate) uri: String,
}

/// A layer of simulcast.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Layer {
    pub(crate) rid: String,
    pub(crate) paused: bool,
    pub(crate) max_bitrate: Option<u64>,
}

impl RtpSection {
    /// `None` when the section is no such one, or cannot be had.
    pub(super) fn read(media: &MediaDescription, effective: &Effective<'_>) -> Option<Self> {
        let kind = match media.kind {
            sdp::MediaKind::Audio => MediaKind::Audio,
            sdp::MediaKind::Video => MediaKind::Video,
            _ => return None,
        };
        let attributes = &media.attributes;
        let has = |attribute: &Attribute| attributes.contains(attribute);
        let is_rtp = media.protocol.ends_with("RTP/SAVPF") || media.protocol.ends_with("RTP/SAVP");
        // Keys come from DTLS only, and RTCP has no transport of its own (RFC 8834 section 4.5).
        let rtcp_mux = has(&Attribute::RtcpMux) || has(&Attribute::RtcpMuxOnly);
        let (send_layers, receive_layers) = read_layers(media);
        is_rtp.then(|| Self {
            kind,
            protocol: media.protocol.clone(),
            direction: effective.direction(),
            codecs: read_codecs(media),
            extensions: read_extensions(media),
            mixed_extensions: effective.allows_mixed_extmap(),
            msids: attributes.msids().take(MAX_STREAMS).cloned().collect(),
            sources: read_sources(media),
            cname: attributes
                .ssrcs()
                .find_map(|ssrc| attributes.cname(ssrc.id))
                .map(str::to_owned),
            rtcp_mux,
            reduced_size: has(&Attribute::RtcpRsize),
            send_layers,
            receive_layers,
        })
    }

    /// Appends what describes the section to its `m=` line and transport.
    pub(super) fn write(&self, mut media: MediaDescription) -> MediaDescription {
        for extension in &self.extensions {
            let map = ExtMap::new(extension.id.into(), &extension.uri);
            media = media.with(Attribute::ExtMap(map));
        }
        media = media.with(Attribute::Direction(self.direction));
        for msid in &self.msids {
            media = media.with(Attribute::Msid(msid.clone()));
        }
        media = media.with(Attribute::RtcpMux);
        if self.reduced_size {
            media = media.with(Attribute::RtcpRsize);
        }
        for codec in &self.codecs {
            media = codec.write(media);
        }
        self.write_streams(self.write_layers(media))
    }

    /// The payload types of the `m=` line: codecs, and each followed by its repair.
    pub(super) fn payload_types(&self) -> impl Iterator<Item = u8> + '_ {
        let codecs = self.codecs.iter();
        codecs.flat_map(|codec| [Some(codec.payload_type), codec.rtx].into_iter().flatten())
    }

    fn write_layers(&self, mut media: MediaDescription) -> MediaDescription {
        let lists = [
            (&self.send_layers, RidDirection::Send),
            (&self.receive_layers, RidDirection::Receive),
        ];
        for (layers, direction) in lists {
            for layer in layers {
                let rid = Rid::new(&layer.rid, direction);
                let bitrate = layer.max_bitrate.map(Restriction::MaxBr);
                let rid = bitrate.into_iter().fold(rid, Rid::with);
                media = media.with(Attribute::Rid(rid));
            }
        }
        let streams = |layers: &[Layer]| {
            let streams = layers.iter().map(|layer| SimulcastStream {
                alternatives: vec![SimulcastFormat {
                    rid: layer.rid.clone(),
                    paused: layer.paused,
                }],
            });
            streams.collect::<Vec<_>>()
        };
        if self.send_layers.len() + self.receive_layers.len() == 0 {
            return media;
        }
        let mut simulcast = Simulcast::sending(streams(&self.send_layers));
        simulcast.receive = streams(&self.receive_layers);
        media.with(Attribute::Simulcast(simulcast))
    }

    fn write_streams(&self, mut media: MediaDescription) -> MediaDescription {
        for source in &self.sources {
            if let Some(rtx) = source.rtx_ssrc {
                media = media.with(Attribute::SsrcGroup(SsrcGroup {
                    semantics: SsrcSemantics::Fid,
                    ids: vec![source.ssrc, rtx],
                }));
            }
        }
        let ids = self
            .sources
            .iter()
            .flat_map(|source| [Some(source.ssrc), source.rtx_ssrc]);
        for id in ids.flatten() {
            if let Some(cname) = &self.cname {
                media = media.with(Attribute::Ssrc(Ssrc::cname(id, cname)));
            }
            if let Some(msid) = self.msids.first() {
                media = media.with(Attribute::Ssrc(Ssrc::msid(id, msid.clone())));
            }
        }
        media
    }
}

impl SectionCodec {
    fn write(&self, mut media: MediaDescription) -> MediaDescription {
        let map = RtpMap {
            channels: self.channels,
            ..RtpMap::new(self.payload_type, &self.name, self.clock_rate)
        };
        media = media.with(Attribute::RtpMap(map));
        for feedback in to_attributes(self.feedback) {
            let feedback = RtcpFeedback::new(self.payload_type, feedback);
            media = media.with(Attribute::RtcpFeedback(feedback));
        }
        if !self.parameters.is_empty() {
            let fmtp = Fmtp::new(self.payload_type, &self.parameters);
            media = media.with(Attribute::Fmtp(fmtp));
        }
        let Some(rtx) = self.rtx else {
            return media;
        };
        let apt = Fmtp::new(rtx, RtxParameters::new(self.payload_type));
        media
            .with(Attribute::RtpMap(RtpMap::new(rtx, "rtx", self.clock_rate)))
            .with(Attribute::Fmtp(apt))
    }
}

fn to_attributes(feedback: Feedback) -> impl Iterator<Item = sdp::Feedback> {
    let all = [
        (feedback.remb, sdp::Feedback::GoogRemb),
        (feedback.transport_wide, sdp::Feedback::TransportCc),
        (feedback.full_intra_request, sdp::Feedback::CcmFir),
        (feedback.nack, sdp::Feedback::Nack),
        (feedback.picture_loss, sdp::Feedback::NackPli),
    ];
    all.into_iter()
        .filter_map(|(is_on, attribute)| is_on.then_some(attribute))
}

fn read_feedback(format: &PayloadFormat<'_>) -> Feedback {
    let mut read = Feedback::default();
    for feedback in format.feedback() {
        match feedback {
            sdp::Feedback::Nack => read.nack = true,
            sdp::Feedback::NackPli => read.picture_loss = true,
            sdp::Feedback::CcmFir => read.full_intra_request = true,
            sdp::Feedback::TransportCc => read.transport_wide = true,
            sdp::Feedback::GoogRemb => read.remb = true,
            _ => {}
        }
    }
    read
}

fn read_codecs(media: &MediaDescription) -> Vec<SectionCodec> {
    let formats = media.payload_formats();
    let mapped = |format: &PayloadFormat<'_>| {
        let assigned = || RtpMap::assigned(format.payload_type);
        format.rtpmap.cloned().or_else(assigned)
    };
    let repairs: Vec<(u8, u8)> = formats
        .iter()
        .filter(|format| mapped(format).is_some_and(|map| map.is("rtx")))
        .filter_map(|format| {
            let parameters = RtxParameters::read(format.parameters())?;
            Some((parameters.apt, format.payload_type))
        })
        .collect();
    let codecs = formats.iter().filter_map(|format| {
        let map = mapped(format).filter(|map| !map.is("rtx"))?;
        let repair = repairs.iter().find(|(apt, _)| *apt == format.payload_type);
        Some(SectionCodec {
            payload_type: format.payload_type,
            name: map.encoding,
            clock_rate: map.clock_rate,
            channels: map.channels,
            parameters: format.parameters().to_owned(),
            feedback: read_feedback(format),
            rtx: repair.map(|(_, rtx)| *rtx),
        })
    });
    codecs.collect()
}

fn read_extensions(media: &MediaDescription) -> Vec<SectionExtension> {
    let maps = media.attributes.extmaps();
    let usable = maps.filter_map(|map| {
        let id = u8::try_from(map.id).ok().filter(|id| *id > 0)?;
        Some(SectionExtension {
            id,
            uri: map.uri.clone(),
        })
    });
    usable.take(255).collect()
}

fn read_sources(media: &MediaDescription) -> Vec<SignaledStream> {
    let attributes = &media.attributes;
    let pairs: Vec<(u32, u32)> = attributes
        .ssrc_groups()
        .filter(|group| group.semantics == SsrcSemantics::Fid)
        .filter_map(|group| Some((*group.ids.first()?, *group.ids.get(1)?)))
        .take(MAX_STREAMS)
        .collect();
    let mut sources: Vec<SignaledStream> = Vec::new();
    for ssrc in attributes.ssrcs() {
        let is_repair = pairs.iter().any(|(_, rtx)| *rtx == ssrc.id);
        let is_known = sources.iter().any(|known| known.ssrc == ssrc.id);
        if !is_repair && !is_known && sources.len() < MAX_STREAMS {
            let pair = pairs.iter().find(|(media, _)| *media == ssrc.id);
            sources.push(SignaledStream {
                ssrc: ssrc.id,
                rtx_ssrc: pair.map(|(_, rtx)| *rtx),
            });
        }
    }
    sources
}

/// The layers that a section sends and receives: of alternatives the first (RFC 8853 section 5.1).
fn read_layers(media: &MediaDescription) -> (Vec<Layer>, Vec<Layer>) {
    let Some(simulcast) = media.attributes.simulcast() else {
        return (Vec::new(), Vec::new());
    };
    let rids: Vec<&Rid> = media.attributes.rids().take(2 * MAX_STREAMS).collect();
    let read = |streams: &[SimulcastStream], direction| {
        let layers = streams.iter().take(MAX_STREAMS).filter_map(|stream| {
            let format = stream.alternatives.first()?;
            let mut rids = rids.iter();
            // A layer without its `a=rid` is as if it were not there (RFC 8853 section 5.2).
            let rid = rids.find(|rid| rid.id == format.rid && rid.direction == direction)?;
            let max_bitrate = rid
                .restrictions
                .iter()
                .find_map(|restriction| match restriction {
                    Restriction::MaxBr(bitrate) => Some(*bitrate),
                    _ => None,
                });
            Some(Layer {
                rid: format.rid.clone(),
                paused: format.paused,
                max_bitrate,
            })
        });
        layers.collect()
    };
    (
        read(&simulcast.send, RidDirection::Send),
        read(&simulcast.receive, RidDirection::Receive),
    )
}
