//! What two sections that fit together mean for the streams of a transceiver.

use std::sync::Arc;

use tidewire_media::{Codec, Encoding, MediaKind, ReceiverConfig, SenderConfig};
use tidewire_rtp::extension::ExtensionMap;

use super::sections::{both, matches};
use crate::media::{Agreed, CodecCapability, MediaCapabilities, Transceiver};
use crate::session::RtpSection;

/// The extensions that both sections have, by the numbers of the one that is read with.
fn extension_map(
    section: &RtpSection,
    other: &RtpSection,
    capabilities: &MediaCapabilities,
) -> ExtensionMap {
    let known = capabilities.extensions(section.kind);
    let mut map = ExtensionMap::new();
    for extension in &section.extensions {
        let mut others = other.extensions.iter();
        let is_shared = others.any(|other| other.uri == extension.uri);
        let kind = known.iter().find(|(_, uri)| *uri == extension.uri);
        if let Some((kind, _)) = kind.filter(|_| is_shared) {
            map.insert(extension.id, *kind);
        }
    }
    map
}

/// The codecs of a section that the other one has too, each with what we know of it.
pub(super) fn shared_codecs<'a>(
    section: &'a RtpSection,
    other: &'a RtpSection,
    known: &'a [&'a CodecCapability],
) -> impl Iterator<Item = (&'a CodecCapability, Codec)> {
    section.codecs.iter().filter_map(|codec| {
        let capability = known
            .iter()
            .find(|capability| matches(capability, codec).is_some())?;
        let mut others = other.codecs.iter();
        let peer = others.find(|other| matches(capability, other).is_some())?;
        let codec = Codec {
            payload_type: codec.payload_type,
            format: capability.format,
            clock_rate: codec.clock_rate,
            rtx_payload_type: codec.rtx.filter(|_| peer.rtx.is_some()),
            feedback: both(codec.feedback, peer.feedback),
        };
        Some((*capability, codec))
    })
}

pub(super) fn known_codecs<'a>(
    transceiver: &'a Transceiver,
    capabilities: &'a MediaCapabilities,
) -> Vec<&'a CodecCapability> {
    let all = capabilities.of(transceiver.kind);
    transceiver.preferences.iter().chain(all).collect()
}

pub(super) fn receiver_config(
    transceiver: &Transceiver,
    capabilities: &MediaCapabilities,
) -> Option<ReceiverConfig> {
    let Agreed { own, peers } = transceiver.agreed.as_ref()?;
    let known = known_codecs(transceiver, capabilities);
    let codecs = shared_codecs(own, peers, &known).map(|(_, codec)| codec);
    Some(ReceiverConfig {
        mid: transceiver.mid.clone()?,
        kind: transceiver.kind,
        codecs: codecs.collect(),
        extensions: Arc::new(extension_map(own, peers, capabilities)),
        delivery: transceiver.delivery,
        max_wait: None,
        streams: peers.sources.clone(),
    })
}

pub(super) fn sender_config(
    transceiver: &Transceiver,
    capabilities: &MediaCapabilities,
) -> Option<(CodecCapability, SenderConfig)> {
    let Agreed { own, peers } = transceiver.agreed.as_ref()?;
    let known = known_codecs(transceiver, capabilities);
    // The answer's order counts (RFC 8829 section 5.11); the application's own preferences made ours.
    let mut shared = shared_codecs(peers, own, &known);
    let (capability, codec) = shared.find(|(capability, _)| capability.is_primary())?;
    let extensions = extension_map(peers, own, capabilities);
    let sends = transceiver.current_direction.is_some_and(|now| now.sends());
    let may_send = sends && transceiver.has_track;
    // Layers flow where both sides named them (RFC 8853 section 5.3); elsewhere one stream does.
    let layer = |rid: Option<&String>| {
        let named = own.send_layers.iter().any(|layer| Some(&layer.rid) == rid);
        let mut wanted = peers.receive_layers.iter();
        wanted.find(|layer| named && Some(&layer.rid) == rid)
    };
    let layered = own
        .send_layers
        .iter()
        .any(|own| layer(Some(&own.rid)).is_some());
    let encodings = transceiver.encodings.iter().enumerate();
    let encodings = encodings.map(|(index, encoding)| {
        let parameters = &encoding.parameters;
        let is_wanted = if layered {
            layer(parameters.rid.as_ref()).is_some_and(|layer| !layer.paused)
        } else {
            index == 0
        };
        Encoding {
            ssrc: encoding.ssrc,
            rtx_ssrc: codec.rtx_payload_type.map(|_| encoding.rtx_ssrc),
            rid: parameters.rid.clone().filter(|_| layered),
            is_active: may_send && parameters.active && is_wanted,
        }
    });
    let mixed_extensions = peers.mixed_extensions && own.mixed_extensions;
    let config = SenderConfig {
        mid: transceiver.mid.clone()?,
        kind: transceiver.kind,
        codec,
        mixed_extensions,
        encodings: encodings.collect(),
        history: history(transceiver.kind, &codec),
        extensions: Arc::new(extensions),
    };
    Some((capability.clone(), config))
}

/// Packets that are kept to be sent again, where they can be.
fn history(kind: MediaKind, codec: &Codec) -> usize {
    match kind {
        MediaKind::Video if codec.rtx_payload_type.is_some() => SenderConfig::DEFAULT_HISTORY,
        _ => 0,
    }
}
