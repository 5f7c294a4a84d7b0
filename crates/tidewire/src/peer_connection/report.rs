//! The connection in the W3C's statistics.

use std::time::Instant;

use tidewire_dtls as dtls;
use tidewire_ice as ice;
use tidewire_media::MediaKind;

use super::{DATA, DtlsPhase, PeerConnection};
use crate::media::TransceiverId;
use crate::report::{
    CandidatePairStats, DataChannelStats, Ids, MediaContext, PeerConnectionStats, StatsEntry,
    StatsReport, TransportStats, candidate_pair_state, certificate, describe_candidate,
    describe_transceiver, local_id, milliseconds, remote_id,
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
            target_bitrate: self.media.target_bitrate(),
            is_only_video: self.sent_videos() == 1,
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

    /// How many encodings of video are sent.
    fn sent_videos(&self) -> usize {
        let videos = self.transceivers.iter().filter(|transceiver| {
            let direction = transceiver.current_direction;
            transceiver.kind == MediaKind::Video && direction.is_some_and(|now| now.sends())
        });
        let encodings = videos.flat_map(|transceiver| &transceiver.encodings);
        encodings
            .filter(|encoding| encoding.parameters.active)
            .count()
    }

    fn describe_transport(&self, now: Instant, entries: &mut Vec<StatsEntry>) {
        let timestamp = self.timestamp(now);
        entries.push(StatsEntry::Transport(self.transport_entry(timestamp)));
        let transport = &self.transports[DATA];
        for pair in transport.agent.pairs() {
            let pair = self.describe_pair(&pair, timestamp);
            entries.push(StatsEntry::CandidatePair(pair));
        }
        let own = Some(transport.agent.local_credentials());
        let peers = transport.remote_credentials.as_ref();
        let [own, peers] = [own, peers].map(|credentials| Some(credentials?.ufrag.as_str()));
        let local = transport.agent.local_candidates();
        entries.extend(local.map(|known| {
            StatsEntry::LocalCandidate(describe_candidate(known, "local", own, timestamp))
        }));
        let remote = transport.agent.remote_candidates();
        entries.extend(remote.map(|known| {
            StatsEntry::RemoteCandidate(describe_candidate(known, "remote", peers, timestamp))
        }));
        let (print, der) = (&self.certificate_fingerprint, self.certificate.der());
        let own = certificate(Ids::LOCAL_CERTIFICATE, print, der, timestamp);
        entries.push(StatsEntry::Certificate(own));
        let shown = transport
            .dtls_stats()
            .and_then(|dtls| dtls.info.peer_certificate);
        entries.extend(shown.map(|shown| {
            let (print, der) = (&shown.fingerprint, &shown.der);
            let peers = certificate(Ids::REMOTE_CERTIFICATE, print, der, timestamp);
            StatsEntry::Certificate(peers)
        }));
    }

    fn transport_entry(&self, timestamp: f64) -> TransportStats {
        let transport = &self.transports[DATA];
        let (agent, traffic) = (&transport.agent, transport.traffic);
        let info = transport.dtls_stats().map(|dtls| dtls.info);
        let selected = agent.pairs().find(|pair| pair.selected);
        TransportStats {
            id: Ids::TRANSPORT.to_owned(),
            timestamp,
            packets_sent: traffic.packets_sent,
            packets_received: traffic.packets_received,
            bytes_sent: traffic.bytes_sent,
            bytes_received: traffic.bytes_received,
            ice_role: match agent.role() {
                ice::Role::Controlling => "controlling",
                ice::Role::Controlled => "controlled",
            },
            ice_local_username_fragment: agent.local_credentials().ufrag.clone(),
            dtls_state: self.dtls_state_name(),
            ice_state: self.ice_state.as_str(),
            selected_candidate_pair_id: selected.map(|pair| pair_id(&pair)),
            selected_candidate_pair_changes: agent.stats().selected_pair_changes,
            local_certificate_id: Ids::LOCAL_CERTIFICATE.to_owned(),
            remote_certificate_id: info.as_ref().map(|_| Ids::REMOTE_CERTIFICATE.to_owned()),
            tls_version: info.as_ref().map(|info| format!("{:04X}", info.version.0)),
            dtls_cipher: info.as_ref().map(|info| cipher_name(info.cipher_suite)),
            dtls_role: match transport.dtls_role() {
                Some(dtls::Role::Client) => "client",
                Some(dtls::Role::Server) => "server",
                None => "unknown",
            },
            srtp_cipher: self.srtp.as_ref().map(|srtp| srtp.profile_name()),
        }
    }

    fn describe_pair(&self, pair: &ice::PairInfo, timestamp: f64) -> CandidatePairStats {
        let traffic = &pair.traffic;
        let is_used = pair.selected && self.srtp.is_some();
        CandidatePairStats {
            id: pair_id(pair),
            timestamp,
            transport_id: Ids::TRANSPORT.to_owned(),
            local_candidate_id: local_id(pair),
            remote_candidate_id: remote_id(pair),
            state: candidate_pair_state(pair.state),
            nominated: pair.nominated,
            packets_sent: traffic.packets_sent,
            packets_received: traffic.packets_received,
            bytes_sent: traffic.bytes_sent,
            bytes_received: traffic.bytes_received,
            last_packet_sent_timestamp: traffic.last_sent.map(|at| self.timestamp(at)),
            last_packet_received_timestamp: traffic.last_received.map(|at| self.timestamp(at)),
            current_round_trip_time: traffic.last_rtt.map(|rtt| rtt.as_secs_f64()),
            total_round_trip_time: traffic.total_rtt.as_secs_f64(),
            available_outgoing_bitrate: is_used.then(|| self.media.target_bitrate() as f64),
            requests_sent: traffic.requests_sent,
            requests_received: traffic.requests_received,
            responses_sent: traffic.responses_sent,
            responses_received: traffic.responses_received,
            consent_requests_sent: traffic.consent_requests_sent,
        }
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

/// The name in the registry of TLS, of those that we negotiate.
fn cipher_name(suite: dtls::CipherSuite) -> String {
    use dtls::CipherSuite as Suite;
    let name = match suite {
        Suite::AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        Suite::AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        Suite::CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        Suite::ECDHE_ECDSA_AES_128_GCM_SHA256 => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        Suite::ECDHE_ECDSA_AES_256_GCM_SHA384 => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        Suite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256 => {
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        }
        Suite::ECDHE_RSA_AES_128_GCM_SHA256 => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        Suite::ECDHE_RSA_AES_256_GCM_SHA384 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        Suite::ECDHE_RSA_CHACHA20_POLY1305_SHA256 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        other => return format!("0x{:04X}", other.0),
    };
    name.to_owned()
}
