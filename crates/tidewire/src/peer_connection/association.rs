//! Which transceiver a media section belongs to (RFC 8829 section 5.10), and what descriptions tell of it.

use tidewire_sdp::Direction;

use super::PeerConnection;
use super::negotiation::LocalDescription;
use crate::event::Event;
use crate::media::{Transceiver, TransceiverId, TransceiverInit, Wanted};
use crate::session::{RemoteSession, RtpSection, Section, SectionUse};

impl PeerConnection {
    /// Finds or makes the transceiver of each section that the peer offers (RFC 8829 section 5.10).
    pub(super) fn associate(&mut self, offer: &RemoteSession) {
        for (section, used) in offer.used_sections() {
            let (Some(media), Some(mid)) = (section.media(), section.mid.as_deref()) else {
                continue;
            };
            if used != SectionUse::SharesTransport {
                continue;
            }
            let id = match self.transceiver_by_mid(mid) {
                Some(transceiver) => transceiver.id,
                None => match self.transceiver_for(mid, media) {
                    Some(id) => id,
                    None => continue,
                },
            };
            self.note_remote_streams(id, media);
        }
    }

    fn transceiver_for(&mut self, mid: &str, offered: &RtpSection) -> Option<TransceiverId> {
        let takes = offered.direction.receives();
        let waiting = self.transceivers.iter_mut().find(|transceiver| {
            takes
                && transceiver.is_from_track
                && transceiver.is_live()
                && transceiver.mid.is_none()
                && transceiver.kind == offered.kind
        });
        if let Some(transceiver) = waiting {
            transceiver.mid = Some(mid.to_owned());
            return Some(transceiver.id);
        }
        let init = TransceiverInit {
            direction: Direction::RecvOnly,
            ..TransceiverInit::default()
        };
        let id = self.new_transceiver(offered.kind, init).ok()?;
        let transceiver = self.transceiver_mut(id).ok()?;
        transceiver.mid = Some(mid.to_owned());
        transceiver.is_from_offer = true;
        transceiver.has_track = false;
        Some(id)
    }

    /// Tells the application that the peer sends, or does so no more.
    pub(super) fn note_remote_streams(&mut self, id: TransceiverId, media: &RtpSection) {
        let Ok(transceiver) = self.transceiver_mut(id) else {
            return;
        };
        let receives = media.direction.sends() && transceiver.is_live();
        let streams = media.msids.iter().map(|msid| msid.stream.clone());
        transceiver.remote_streams = streams.filter(|stream| stream != "-").collect();
        let received = std::mem::replace(&mut transceiver.receives, receives);
        if receives && !received {
            self.events.push(Event::Track(id));
        } else if received && !receives {
            self.events.push(Event::TrackEnded(id));
        }
    }

    /// Undoes what a description that is taken back did to transceivers.
    pub(super) fn roll_back_transceivers(&mut self) {
        let agreed: Vec<String> = self
            .negotiation
            .sections
            .iter()
            .filter_map(|section| section.mid.clone())
            .collect();
        let is_agreed = |transceiver: &Transceiver| {
            let mid = transceiver.mid.as_ref();
            mid.is_some_and(|mid| agreed.contains(mid))
        };
        let mut gone = Vec::new();
        let mut stay = Vec::new();
        self.transceivers.retain_mut(|transceiver| {
            if is_agreed(transceiver) {
                let agreed = transceiver.agreed.as_ref();
                stay.extend(agreed.map(|agreed| (transceiver.id, agreed.peers.clone())));
                return true;
            }
            let is_known = transceiver.mid.take().is_some();
            let goes = is_known && transceiver.is_from_offer && !transceiver.is_from_track;
            if is_known && std::mem::take(&mut transceiver.receives) {
                gone.push(transceiver.id);
            }
            !goes
        });
        for id in gone {
            self.events.push(Event::TrackEnded(id));
        }
        for (id, peers) in stay {
            self.note_remote_streams(id, &peers);
        }
        self.drop_stopped();
        self.numbers.clone_from(&self.agreed_numbers);
    }

    /// Whose each of the sections is.
    pub(super) fn owners_of(&self, sections: &[Section]) -> Vec<Option<TransceiverId>> {
        let owner = |section: &Section| {
            let mut all = self.transceivers.iter();
            let owner = all.find(|known| known.mid.is_some() && known.mid == section.mid);
            owner.map(|transceiver| transceiver.id)
        };
        sections.iter().map(owner).collect()
    }

    /// What is wanted of transceivers now, which is what a description tells that is created now.
    pub(super) fn wanted_of(
        &self,
        owners: &[Option<TransceiverId>],
    ) -> Vec<(TransceiverId, Wanted)> {
        let all = self.transceivers.iter();
        all.filter(|transceiver| owners.contains(&Some(transceiver.id)))
            .map(|transceiver| (transceiver.id, transceiver.wanted()))
            .collect()
    }

    /// Notes what a description of ours says about transceivers, so that later changes show.
    pub(super) fn note_described(&mut self, local: &LocalDescription) {
        for (id, wanted) in &local.described {
            if let Ok(transceiver) = self.transceiver_mut(*id) {
                transceiver.described = Some(wanted.clone());
            }
        }
    }

    /// The transceivers of an offer of ours get the mids of their sections. One that was stopped since
    /// the offer before this one is in neither, and so at its end.
    pub(super) fn name_transceivers(&mut self, local: &LocalDescription) {
        for (section, owner) in local.sections.iter().zip(&local.owners) {
            if let Some(Ok(transceiver)) = owner.map(|id| self.transceiver_mut(id)) {
                transceiver.mid.clone_from(&section.mid);
            }
        }
        let sections = local.sections.iter().chain(&self.negotiation.sections);
        let mids: Vec<_> = sections.map(|section| section.mid.clone()).collect();
        for transceiver in &mut self.transceivers {
            if transceiver.is_stopping && !mids.contains(&transceiver.mid) {
                transceiver.mid = None;
            }
        }
        self.drop_stopped();
    }
}
