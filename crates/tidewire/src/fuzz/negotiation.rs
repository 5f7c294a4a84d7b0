//! Offers, answers, rollbacks and transceiver changes in any order, on two peers.

use std::time::Instant;

use tidewire_crypto::Rng;
use tidewire_media::MediaKind;
use tidewire_sdp::Direction;

use crate::media::{EncodingParameters, TransceiverId, TransceiverInit};
use crate::{Configuration, Event, PeerConnection, SdpType, SessionDescription, SignalingState};

/// Lets `data` change two peers and exchange their descriptions, then brings the exchange to its end:
/// both must be stable and agree.
///
/// # Panics
/// When an invariant breaks; that is the point.
pub fn negotiation(now: Instant, data: &[u8]) {
    let mut call = Call {
        now,
        peers: [1, 2].map(|number| Peer::new(now, number)),
    };
    for step in data.chunks(2) {
        let [operation, argument] = [step[0], step.get(1).copied().unwrap_or(0)];
        call.step(operation, argument);
    }
    call.settle();
    call.check();
}

struct Call {
    now: Instant,
    peers: [Peer; 2],
}

struct Peer {
    connection: PeerConnection,
    /// Descriptions on their way to it.
    inbox: Vec<SessionDescription>,
}

const DIRECTIONS: [Direction; 4] = [
    Direction::SendRecv,
    Direction::SendOnly,
    Direction::RecvOnly,
    Direction::Inactive,
];

impl Peer {
    fn new(now: Instant, number: u8) -> Self {
        let rng = Rng::from_u64(number.into());
        let connection = PeerConnection::new(Configuration::default(), rng, now)
            .expect("the default configuration is usable");
        Self {
            connection,
            inbox: Vec::new(),
        }
    }

    fn nth(&self, number: u8) -> Option<TransceiverId> {
        let all: Vec<_> = self.connection.transceivers().collect();
        let at = usize::from(number).checked_rem(all.len())?;
        Some(all[at].id)
    }

    /// Changes what is wanted. Whatever is refused must leave no trace.
    fn change(&mut self, now: Instant, operation: u8, argument: u8) {
        let kind = [MediaKind::Audio, MediaKind::Video][usize::from(argument & 1)];
        let connection = &mut self.connection;
        match operation % 8 {
            // Sections are kept for ever: a few are enough.
            0 | 1 if connection.transceivers().count() > 6 => {}
            0 => drop(connection.add_track(kind, &["stream"])),
            1 => {
                let rids = ["q", "h", "f"].map(|rid| EncodingParameters {
                    rid: Some(rid.to_owned()),
                    ..EncodingParameters::default()
                });
                let mut init = TransceiverInit {
                    direction: DIRECTIONS[usize::from(argument >> 1 & 3)],
                    ..TransceiverInit::default()
                };
                if argument & 8 != 0 && kind == MediaKind::Video {
                    init.send_encodings = rids.to_vec();
                }
                let _ = connection.add_transceiver(kind, init);
            }
            2 => drop(connection.create_data_channel(now, "chat", Default::default())),
            _ => self.change_one(now, operation, argument),
        }
    }

    fn change_one(&mut self, now: Instant, operation: u8, argument: u8) {
        let Some(id) = self.nth(argument >> 4) else {
            return;
        };
        let connection = &mut self.connection;
        // Every refusal is typed, and leaves things as they are.
        let _ = match operation % 8 {
            3 => connection.set_direction(id, DIRECTIONS[usize::from(argument & 3)]),
            4 => connection.stop_transceiver(now, id),
            5 => connection.remove_track(id),
            6 => connection.replace_track(id, argument & 1 == 0),
            _ => {
                let kind = connection.transceiver(id).map(|state| state.kind);
                let all = Configuration::default().media.codecs;
                let mut fitting: Vec<_> = all
                    .into_iter()
                    .filter(|codec| Some(codec.kind) == kind)
                    .collect();
                fitting.rotate_left(usize::from(argument & 3));
                fitting.truncate(3);
                connection.set_codec_preferences(id, &fitting)
            }
        };
    }

    fn describe(&mut self, now: Instant, kind: SdpType) -> Option<SessionDescription> {
        let implicit = SessionDescription {
            kind,
            sdp: String::new(),
        };
        self.connection.set_local_description(now, &implicit).ok()?;
        match kind {
            SdpType::Rollback => None,
            _ => self.connection.local_description(),
        }
    }
}

impl Call {
    fn step(&mut self, operation: u8, argument: u8) {
        let (now, at) = (self.now, usize::from(operation >> 7));
        let [peer, other] = self.peers.each_mut();
        let (peer, other) = if at == 0 {
            (peer, other)
        } else {
            (other, peer)
        };
        match operation & 15 {
            0..=7 => peer.change(now, operation, argument),
            8 => other.inbox.extend(peer.describe(now, SdpType::Offer)),
            9 => other.inbox.extend(peer.describe(now, SdpType::Answer)),
            10 => other.inbox.extend(peer.describe(now, SdpType::Pranswer)),
            11 => drop(peer.describe(now, SdpType::Rollback)),
            12 => {
                let rollback = SessionDescription {
                    kind: SdpType::Rollback,
                    sdp: String::new(),
                };
                drop(peer.connection.set_remote_description(now, &rollback));
            }
            _ => {
                if !peer.inbox.is_empty() {
                    let received = peer.inbox.remove(0);
                    drop(peer.connection.set_remote_description(now, &received));
                }
            }
        }
    }

    /// What is on its way is lost; then offers and answers go back and forth until nobody wants any.
    fn settle(&mut self) {
        let now = self.now;
        for peer in &mut self.peers {
            peer.inbox.clear();
            let rollback = SessionDescription {
                kind: SdpType::Rollback,
                sdp: String::new(),
            };
            drop(peer.connection.set_local_description(now, &rollback));
            drop(peer.connection.set_remote_description(now, &rollback));
        }
        let stable = |peer: &Peer| peer.connection.signaling_state() == SignalingState::Stable;
        // A provisional answer, or an answer that was lost, cannot be taken back: such a pair is not to
        // be saved (RFC 8829 section 4.1.10.2).
        if !self.peers.iter().all(stable) || !self.descriptions_agree() {
            return;
        }
        for round in 0..6 {
            self.exchange(round % 2);
        }
    }

    /// Whether both have finished the same exchanges.
    fn descriptions_agree(&self) -> bool {
        let current = |peer: &Peer, local: bool| {
            let connection = &peer.connection;
            let description = if local {
                connection.current_local_description()
            } else {
                connection.current_remote_description()
            };
            // Nobody gathers candidates, so that they stay what they were.
            description.map(|description| description.sdp)
        };
        let [one, other] = &self.peers;
        current(one, true) == current(other, false) && current(one, false) == current(other, true)
    }

    fn exchange(&mut self, from: usize) {
        let now = self.now;
        let offer = self.peers[from].describe(now, SdpType::Offer);
        let offer = offer.expect("a stable peer can offer");
        let answerer = &mut self.peers[1 - from];
        answerer
            .connection
            .set_remote_description(now, &offer)
            .expect("our own offer");
        let answer = answerer.describe(now, SdpType::Answer);
        let answer = answer.expect("an offer can be answered");
        self.peers[from]
            .connection
            .set_remote_description(now, &answer)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", offer.sdp, answer.sdp));
    }

    fn check(&mut self) {
        for peer in &mut self.peers {
            while let Some(event) = peer.connection.poll_event() {
                drop::<Event>(event);
            }
        }
        let [one, other] = &self.peers;
        let stable = |peer: &Peer| peer.connection.signaling_state() == SignalingState::Stable;
        if !stable(one) || !stable(other) || !self.descriptions_agree() {
            return;
        }
        for state in one.connection.transceivers() {
            let Some(mid) = &state.mid else { continue };
            let mut others = other.connection.transceivers();
            let twin = others.find(|twin| twin.mid.as_ref() == Some(mid));
            let twin = twin.unwrap_or_else(|| panic!("mid {mid} has no twin"));
            assert_eq!(twin.kind, state.kind);
            let reversed = twin.current_direction.map(Direction::reversed);
            assert_eq!(reversed, state.current_direction, "mid {mid}");
            if let (Some(own), Some(twins)) = (&state.send_codec, &twin.send_codec) {
                assert!(own.kind == twins.kind);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::negotiation;

    #[test]
    fn any_order_of_changes_and_descriptions_ends_in_agreement() {
        let now = tidewire_netsim::start();
        tidewire_netsim::for_each_seed(600, |seed| {
            let mut rng = tidewire_crypto::Rng::from_u64(seed);
            let mut data = vec![0; 4 + rng.next_u32() as usize % 60];
            rng.fill(&mut data);
            negotiation(now, &data);
        });
    }
}
