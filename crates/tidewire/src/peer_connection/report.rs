//! The connection in the W3C's statistics.

use std::time::Instant;

use tidewire_dtls as dtls;
use tidewire_ice as ice;

use super::{DATA, DtlsPhase, PeerConnection};
use crate::media::TransceiverId;
use crate::report::{
    CandidatePairStats, CertificateStats, DataChannelStats, Ids, MediaContext, PeerConnectionStats,
    StatsEntry, StatsReport, TransportStats, candidate_id, candidate_pair_state,
    describe_transceiver, local_candidate, milliseconds, remote_candidate,
};

impl PeerConnection {
    /// getStats: what there is to tell of everything.
    pub fn stats_report(&self, now: Instant) -> StatsReport {
        let now = self.now.max(now);
        let mut entries = Vec::with_capacity(32);
        self.describe_connection(now, &mut entries);
        for transceiver in &self.transceivers {
            self.describe_media(now, transceiver.id, &mut entries);
        }
        self.describe_transport(now, &mut entries);
        StatsReport { entries }
    }

    /// getStats of a sender and a receiver: what there is to tell of one transceiver.
    pub fn transceiver_report(&self, now: Instant, id: TransceiverId) -> StatsReport {
        let now = self.now.max(now);
        let mut entries = Vec::new();
        self.describe_media(now, id, &mut entries);
        self.describe_transport(now, &mut entries);
        StatsReport { entries }
    }

    fn timestamp(&self, at: Instant) -> f64 {
        milliseconds(self.wall_clock.at(at).to_unix())
    }

    fn describe_connection(&self, now: Instant, entries: &mut Vec<StatsEntry>) {
        let timestamp = self.timestamp(now);
        let channels = self.channels.stats();
        entries.push(StatsEntry::PeerConnection(PeerConnectionStats {
            id: Ids::PEER_CONNECTION.to_owned(),
            timestamp,
            data_channels_opened: channels.channels_opened,
            data_channels_closed: channels.channels_closed,
        }));
        for (number, id) in self.channels.channels().enumerate() {
            let Some(channel) = self.channels.channel(id) else {
                continue;
            };
            let stats = channel.stats();
            let name = channel.stream().map_or(number, usize::from);
            entries.push(StatsEntry::DataChannel(DataChannelStats {
                id: format!("data-channel-{name}"),
                timestamp,
                label: channel.label().to_owned(),
                protocol: channel.protocol().to_owned(),
                data_channel_identifier: channel.stream(),
                state: channel.state().as_str(),
                messages_sent: stats.messages_sent,
                bytes_sent: stats.bytes_sent,
                messages_received: stats.messages_received,
                bytes_received: stats.bytes_received,
            }));
        }
    }

    fn describe_media(&self, now: Instant, id: TransceiverId, entries: &mut Vec<StatsEntry>) {
        let mut all = self.transceivers.iter();
        let Some(transceiver) = all.find(|transceiver| transceiver.id == id) else {
            return;
        };
        let context = MediaContext {
            now,
            clock: &self.wall_clock,
            transport_id: Ids::TRANSPORT,
        };
        let inbound = transceiver
            .receiver
            .map(|receiver| self.media.receiver_stats(receiver));
        let outbound = transceiver
            .sender
            .map(|sender| self.media.sender_stats(sender));
        describe_transceiver(
            context,
            transceiver,
            inbound.into_iter().flatten(),
            outbound.into_iter().flatten(),
            entries,
        );
    }

    fn describe_transport(&self, now: Instant, entries: &mut Vec<StatsEntry>) {
        let (timestamp, transport) = (self.timestamp(now), &self.transports[DATA]);
        let agent = &transport.agent;
        let dtls = transport.dtls_stats();
        let selected = agent.pairs().find(|pair| pair.selected);
        entries.push(StatsEntry::Transport(TransportStats {
            id: Ids::TRANSPORT.to_owned(),
            timestamp,
            packets_sent: self.stats.datagrams_sent,
            packets_received: self.stats.datagrams_received,
            bytes_sent: self.stats.bytes_sent,
            bytes_received: self.stats.bytes_received,
            ice_role: match agent.role() {
                ice::Role::Controlling => "controlling",
                ice::Role::Controlled => "controlled",
            },
            ice_local_username_fragment: agent.local_credentials().ufrag.clone(),
            dtls_state: self.dtls_state_name(),
            ice_state: self.ice_state.as_str(),
            selected_candidate_pair_id: selected.map(|pair| pair_id(&pair)),
            local_certificate_id: Ids::LOCAL_CERTIFICATE.to_owned(),
            remote_certificate_id: dtls.as_ref().map(|_| Ids::REMOTE_CERTIFICATE.to_owned()),
            tls_version: dtls
                .as_ref()
                .map(|dtls| format!("{:04X}", dtls.info.version.0)),
            dtls_cipher: dtls
                .as_ref()
                .map(|dtls| cipher_name(dtls.info.cipher_suite)),
            dtls_role: dtls.as_ref().map(|dtls| match dtls.role {
                dtls::Role::Client => "client",
                dtls::Role::Server => "server",
            }),
            srtp_cipher: self.srtp.as_ref().map(|srtp| srtp.profile_name()),
        }));
        for pair in agent.pairs() {
            entries.push(StatsEntry::CandidatePair(describe_pair(&pair, timestamp)));
        }
        let local = agent.local_candidates();
        entries.extend(
            local.map(|known| StatsEntry::LocalCandidate(local_candidate(known, timestamp))),
        );
        let remote = agent.remote_candidates();
        entries.extend(
            remote.map(|known| StatsEntry::RemoteCandidate(remote_candidate(known, timestamp))),
        );
        let own = certificate(
            Ids::LOCAL_CERTIFICATE,
            &self.certificate_fingerprint,
            timestamp,
        );
        entries.push(StatsEntry::Certificate(own));
        entries.extend(dtls.map(|dtls| {
            let fingerprint = &dtls.info.peer_fingerprint;
            StatsEntry::Certificate(certificate(Ids::REMOTE_CERTIFICATE, fingerprint, timestamp))
        }));
    }

    /// RTCDtlsTransportState.
    fn dtls_state_name(&self) -> &'static str {
        match self.dtls_state {
            DtlsPhase::New if self.transports[DATA].dtls().is_some() => "connecting",
            DtlsPhase::New => "new",
            DtlsPhase::Connected => "connected",
            DtlsPhase::Closed => "closed",
            DtlsPhase::Failed => "failed",
        }
    }
}

fn pair_id(pair: &ice::PairInfo) -> String {
    format!("candidate-pair-{}-{}", pair.local, pair.remote)
}

fn describe_pair(pair: &ice::PairInfo, timestamp: f64) -> CandidatePairStats {
    CandidatePairStats {
        id: pair_id(pair),
        timestamp,
        transport_id: Ids::TRANSPORT.to_owned(),
        local_candidate_id: candidate_id("local", &pair.local, pair.local_kind.as_str()),
        remote_candidate_id: candidate_id("remote", &pair.remote, pair.remote_kind.as_str()),
        state: candidate_pair_state(pair.state),
        nominated: pair.nominated,
        current_round_trip_time: pair.rtt.map(|rtt| rtt.as_secs_f64()),
        total_round_trip_time: pair.traffic.total_rtt.as_secs_f64(),
        requests_sent: pair.traffic.requests_sent,
        requests_received: pair.traffic.requests_received,
        responses_sent: pair.traffic.responses_sent,
        responses_received: pair.traffic.responses_received,
        consent_requests_sent: pair.traffic.consent_requests_sent,
    }
}

fn certificate(id: &str, fingerprint: &dtls::Fingerprint, timestamp: f64) -> CertificateStats {
    let text = fingerprint.to_string();
    let (algorithm, digest) = text.split_once(' ').unwrap_or(("", &text));
    CertificateStats {
        id: id.to_owned(),
        timestamp,
        fingerprint: digest.to_owned(),
        fingerprint_algorithm: algorithm.to_owned(),
    }
}

/// The name in the registry of TLS, of those that we negotiate.
fn cipher_name(suite: dtls::CipherSuite) -> String {
    match suite {
        dtls::CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256 => {
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256".to_owned()
        }
        dtls::CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384 => {
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384".to_owned()
        }
        other => format!("0x{:04X}", other.0),
    }
}
