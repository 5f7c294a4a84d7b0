//! Media that is sent back as it comes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tidewire::rtp::extension::VideoOrientation;
use tidewire::{
    Direction, FrameInfo, Media, OutgoingFrame, ReceivedFrame, ReceivedMedia, TransceiverId,
};
use tidewire_tokio::{Event, PeerConnection};

/// Sends back what a peer sends: of simulcast one layer, which can be chosen.
#[derive(Debug, Default)]
pub struct Echo(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The layers of simulcast, by stream.
    rids: BTreeMap<(TransceiverId, u32), Arc<str>>,
    /// The layer to send back; the first that comes, unless told which.
    wanted: Option<String>,
    senders: BTreeMap<TransceiverId, Sender>,
}

/// What is sent back by one transceiver.
#[derive(Debug, Default)]
struct Sender {
    /// The stream that it comes from.
    source: Option<u32>,
    /// What to add to its timestamps.
    offset: u32,
    last_timestamp: u32,
}

/// Whatever the peer offers to send, it gets back: to be called between its offer and our answer.
pub fn accept(connection: &PeerConnection) {
    for transceiver in connection.transceivers() {
        if transceiver.direction == Direction::RecvOnly {
            // Neither can fail: it is there, and nobody has stopped it.
            let _ = connection.set_direction(transceiver.id, Direction::SendRecv);
            let _ = connection.replace_track(transceiver.id, true);
        }
    }
}

impl Echo {
    /// Sends back every frame, until the connection is closed.
    pub async fn run(&self, connection: &PeerConnection) {
        while let Some(received) = connection.receive_media().await {
            self.send_back(connection, received);
        }
    }

    /// Takes notice of what concerns it.
    pub fn handle_event(&self, connection: &PeerConnection, event: &Event) {
        match event {
            Event::StreamEnded { transceiver, ssrc } => {
                let mut state = self.state();
                let gone = state.rids.remove(&(*transceiver, *ssrc));
                let wanted = state.wanted.as_deref();
                if gone.is_some_and(|gone| Some(&*gone) == wanted) {
                    // Another layer is better than none.
                    state.wanted = None;
                }
            }
            Event::TransceiverStopped(transceiver) => {
                self.state().senders.remove(transceiver);
            }
            // What the peer cannot decode from is its own camera's to send anew.
            Event::KeyFrameRequested { transceiver, .. } => {
                connection.request_key_frame(*transceiver, None);
            }
            _ => {}
        }
    }

    /// Chooses the layer of simulcast that is sent back.
    pub fn choose_layer(&self, connection: &PeerConnection, rid: &str) {
        let mut state = self.state();
        state.wanted = Some(rid.to_owned());
        for ((transceiver, ssrc), known) in &state.rids {
            if **known == *rid {
                connection.request_key_frame(*transceiver, Some(*ssrc));
            }
        }
    }

    fn send_back(&self, connection: &PeerConnection, received: ReceivedMedia) {
        let ReceivedMedia {
            transceiver,
            ssrc,
            rid,
            ..
        } = received;
        let Media::Frame(frame) = received.media else {
            return;
        };
        // While the codec changes, frames of the old one may still come.
        let state = connection.transceiver(transceiver);
        let codec = state.and_then(|state| state.send_codec);
        if codec.is_none_or(|codec| codec.format != frame.format) {
            return;
        }
        let layer = (transceiver, ssrc, rid);
        if let Some((frame, info)) = self.prepare(layer, frame) {
            // What cannot be sent now is of no use later.
            let _ = connection.send_frame(transceiver, 0, frame, &info);
        }
    }

    fn prepare(
        &self,
        (transceiver, ssrc, rid): (TransceiverId, u32, Option<Arc<str>>),
        received: ReceivedFrame,
    ) -> Option<(OutgoingFrame, FrameInfo)> {
        let mut state = self.state();
        let is_layer = rid.is_some();
        if let Some(rid) = rid {
            let is_wanted = *state.wanted.get_or_insert_with(|| rid.to_string()) == *rid;
            state.rids.entry((transceiver, ssrc)).or_insert(rid);
            if !is_wanted {
                return None;
            }
        }
        let ReceivedFrame {
            frame,
            first_extensions,
            extensions,
            ..
        } = received;
        // What depends on what is told with the first packet, how the camera is held with the last.
        let orientation: Option<VideoOrientation> = extensions.get();
        let extensions = match orientation {
            Some(orientation) => first_extensions.with(&orientation),
            None => first_extensions,
        };
        let sender = state.senders.entry(transceiver).or_default();
        if sender.source != Some(ssrc) {
            if sender.source.is_some() && !frame.is_key {
                return None;
            }
            sender.switch_to(ssrc, frame.timestamp);
        }
        sender.last_timestamp = frame.timestamp.wrapping_add(sender.offset);
        let info = FrameInfo {
            timestamp: sender.last_timestamp,
            captured: None,
            is_key: frame.is_key,
            starts_talkspurt: frame.marker,
            extensions,
        };
        let mut returned = OutgoingFrame::new(frame.data);
        if !is_layer {
            returned.details = frame.details;
        }
        Some((returned, info))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }
}

impl Sender {
    /// The streams of layers have timestamps of their own: what is sent goes on from where it was.
    fn switch_to(&mut self, ssrc: u32, timestamp: u32) {
        /// A thirtieth of a second of video.
        const STEP: u32 = 3000;
        self.offset = match self.source {
            Some(_) => self
                .last_timestamp
                .wrapping_add(STEP)
                .wrapping_sub(timestamp),
            None => 0,
        };
        self.source = Some(ssrc);
    }
}
