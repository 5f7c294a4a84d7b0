//! Statistics as JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::{call, report};
use super::common::OFFERER;

/// The members of webrtc-stats that are written, by type.
const MEMBERS: [(&str, &str); 13] = [
    (
        "codec",
        "payloadType transportId mimeType clockRate channels sdpFmtpLine",
    ),
    ("media-source", "trackIdentifier kind"),
    (
        "inbound-rtp",
        "trackIdentifier headerBytesReceived framesPerSecond frameWidth frameHeight rtxSsrc \
         framesAssembledFromMultiplePackets totalAssemblyTime jitterBufferDelay \
         jitterBufferEmittedCount ssrc kind transportId codecId remoteId mid packetsReceived packetsLost jitter \
         packetsDiscarded bytesReceived lastPacketReceivedTimestamp framesReceived framesDropped \
         nackCount firCount pliCount retransmittedPacketsReceived retransmittedBytesReceived",
    ),
    (
        "outbound-rtp",
        "mediaSourceId headerBytesSent targetBitrate totalPacketSendDelay framesPerSecond frameWidth \
         frameHeight ssrc kind transportId codecId remoteId mid rid encodingIndex active packetsSent bytesSent \
         retransmittedPacketsSent retransmittedBytesSent rtxSsrc framesSent nackCount firCount \
         pliCount",
    ),
    (
        "remote-inbound-rtp",
        "ssrc kind transportId codecId localId packetsReceived packetsLost jitter fractionLost roundTripTime \
         totalRoundTripTime roundTripTimeMeasurements",
    ),
    (
        "remote-outbound-rtp",
        "ssrc kind transportId codecId localId remoteTimestamp packetsSent bytesSent reportsSent \
         roundTripTime totalRoundTripTime roundTripTimeMeasurements",
    ),
    ("peer-connection", "dataChannelsOpened dataChannelsClosed"),
    (
        "data-channel",
        "label protocol dataChannelIdentifier state messagesSent bytesSent messagesReceived \
         bytesReceived",
    ),
    (
        "transport",
        "selectedCandidatePairChanges packetsSent packetsReceived bytesSent bytesReceived iceRole iceLocalUsernameFragment \
         dtlsState iceState selectedCandidatePairId localCertificateId remoteCertificateId \
         tlsVersion dtlsCipher dtlsRole srtpCipher",
    ),
    (
        "candidate-pair",
        "packetsSent packetsReceived bytesSent bytesReceived lastPacketSentTimestamp \
         lastPacketReceivedTimestamp availableOutgoingBitrate transportId localCandidateId \
         remoteCandidateId state nominated currentRoundTripTime \
         totalRoundTripTime requestsSent requestsReceived responsesSent responsesReceived \
         consentRequestsSent",
    ),
    (
        "local-candidate",
        "transportId address port protocol tcpType candidateType priority foundation relatedAddress \
         relatedPort usernameFragment",
    ),
    (
        "remote-candidate",
        "transportId address port protocol tcpType candidateType priority foundation relatedAddress \
         relatedPort usernameFragment",
    ),
    (
        "certificate",
        "fingerprint fingerprintAlgorithm base64Certificate",
    ),
];

#[test]
fn entries_have_the_names_of_the_w3c_and_no_others() {
    let net = call(0.0);
    let json = serde_json::to_value(report(&net, OFFERER)).expect("JSON");
    let mut seen = BTreeSet::new();
    for entry in json.as_array().expect("a list") {
        let kind = entry["type"].as_str().expect("a type");
        seen.insert(kind.to_owned());
        let (_, members) = MEMBERS
            .iter()
            .find(|(name, _)| *name == kind)
            .expect("a known type");
        for (name, value) in entry.as_object().expect("an entry") {
            let common = ["id", "type", "timestamp"].contains(&name.as_str());
            let known = members.split_whitespace().any(|member| member == name);
            assert!(common || known, "{kind} has {name}");
            assert_ne!(value, &Value::Null);
        }
    }
    assert_eq!(seen.len(), MEMBERS.len());
    let video = json
        .as_array()
        .expect("a list")
        .iter()
        .find(|entry| entry["mimeType"] == "video/VP8");
    assert!(video.is_some());
}
