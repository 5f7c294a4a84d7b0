//! What is offered to be sent and received.

use std::sync::Mutex;

use serde_json::Value;
use tidewire::{Configuration, Direction, MediaKind, TransceiverId};
use tidewire_tokio::PeerConnection;

/// The stream that all of our media belongs to.
pub(crate) const STREAM: &str = "stdio_peer";

/// Which kinds have been offered.
#[derive(Debug, Default)]
pub(crate) struct Tracks(Mutex<Vec<MediaKind>>);

impl Tracks {
    /// Offers each kind that is wanted, once. `video` may name its codec.
    pub(crate) fn want(
        &self,
        connection: &PeerConnection,
        audio: bool,
        video: &Value,
    ) -> Result<(), String> {
        if audio {
            self.add(connection, MediaKind::Audio)?;
        }
        match video {
            Value::Null | Value::Bool(false) => return Ok(()),
            _ => self.add(connection, MediaKind::Video)?,
        }
        match video.as_str() {
            Some(name) => prefer(connection, MediaKind::Video, name),
            None => Ok(()),
        }
    }

    fn add(&self, connection: &PeerConnection, kind: MediaKind) -> Result<(), String> {
        let mut offered = self.0.lock().expect("no holder panics");
        if !offered.contains(&kind) {
            offered.push(kind);
            let added = connection.add_track(kind, &[STREAM]);
            added.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// The transceiver of a kind that is in use: the last one.
pub(crate) fn of_kind(
    connection: &PeerConnection,
    kind: MediaKind,
) -> Result<TransceiverId, String> {
    let all = connection.transceivers();
    let mut of_kind = all.iter().rev().filter(|state| state.kind == kind);
    let found = of_kind.find(|state| !state.is_stopped);
    found
        .map(|state| state.id)
        .ok_or_else(|| format!("there is no {kind:?} transceiver"))
}

/// Likes a codec most.
pub(crate) fn prefer(
    connection: &PeerConnection,
    kind: MediaKind,
    name: &str,
) -> Result<(), String> {
    let mut codecs = Configuration::default().media.codecs;
    codecs.retain(|codec| codec.kind == kind);
    if !codecs
        .iter()
        .any(|codec| codec.name.eq_ignore_ascii_case(name))
    {
        return Err(format!("there is no codec {name}"));
    }
    codecs.sort_by_key(|codec| !codec.name.eq_ignore_ascii_case(name));
    connection
        .set_codec_preferences(of_kind(connection, kind)?, &codecs)
        .map_err(|error| error.to_string())
}

/// What `state` tells of one kind: packets and frames that arrived, and what was done about losses.
pub(crate) fn describe(connection: &PeerConnection, kind: MediaKind) -> Value {
    let all = connection.transceivers();
    let of_kind = all.iter().filter(|state| state.kind == kind);
    let mut total = Totals::default();
    for state in of_kind {
        total.add(connection, state.id);
        total.direction = state.current_direction;
        total.codec = state.send_codec.as_ref().map(|codec| codec.name.clone());
    }
    total.to_json()
}

#[derive(Debug, Default)]
struct Totals {
    packets: u64,
    frames: u64,
    lost: i64,
    recovered: u64,
    nacks_sent: u64,
    key_frame_requests: u32,
    packets_sent: u64,
    frames_sent: u64,
    retransmitted: u64,
    nacks_received: u64,
    layers: Vec<Value>,
    direction: Option<Direction>,
    codec: Option<String>,
}

impl Totals {
    fn add(&mut self, connection: &PeerConnection, id: TransceiverId) {
        let stats = connection.stream_stats(id);
        for stream in stats.inbound {
            self.packets += stream.packets;
            self.frames += stream.frames;
            self.lost += stream.lost;
            self.recovered += stream.recovered;
            self.nacks_sent += stream.nacks;
            self.key_frame_requests += stream.key_frame_requests;
            self.layers.extend(stream.rid.map(|rid| {
                serde_json::json!({ "rid": &*rid, "frames": stream.frames, "packets": stream.packets })
            }));
        }
        for stream in stats.outbound {
            self.packets_sent += stream.packets;
            self.frames_sent += stream.frames;
            self.retransmitted += stream.retransmitted_packets;
            self.nacks_received += stream.nacks;
        }
    }

    fn to_json(&self) -> Value {
        serde_json::json!({
            "packets": self.packets,
            "frames": self.frames,
            "lost": self.lost,
            "recovered": self.recovered,
            "nacksSent": self.nacks_sent,
            "keyFrameRequests": self.key_frame_requests,
            "packetsSent": self.packets_sent,
            "framesSent": self.frames_sent,
            "retransmitted": self.retransmitted,
            "nacksReceived": self.nacks_received,
            "layers": self.layers,
            "direction": self.direction.map(Direction::as_str),
            "codec": self.codec,
        })
    }
}
