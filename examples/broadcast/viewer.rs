//! Those who watch, each with a connection of their own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use examples::web::{self, Refusal, Server};
use examples::webm::{Codec, Track};
use serde_json::{Value, json};
use tidewire::{
    CodecCapability, Configuration, Direction, FrameInfo, MediaCapabilities, MediaKind,
    OutgoingFrame, PeerConnectionState, TransceiverId,
};
use tidewire_tokio::{Endpoint, Event, PeerConnection};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::hub::{Frame, Hub};

/// A connection must stand after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// A viewer who lost something gets the last key frame, and what followed, at most this often.
const REPEAT_AFTER: Duration = Duration::from_secs(3);
/// The time that goodbyes get to leave the machine.
const FAREWELL: Duration = Duration::from_millis(100);
/// What the page plays in sync.
const STREAM: &str = "broadcast";
const VIDEO_RATE: u64 = 90_000;
const AUDIO_RATE: u64 = 48_000;

/// Everybody who watches.
#[derive(Clone)]
pub(crate) struct Viewers(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    hub: Arc<Hub>,
    limit: usize,
    places: Arc<Semaphore>,
    file: String,
    open: Mutex<BTreeMap<u64, PeerConnection>>,
}

impl Viewers {
    pub(crate) fn new(endpoint: Endpoint, hub: Arc<Hub>, limit: usize, file: &str) -> Self {
        let name = Path::new(file).file_name();
        Self(Arc::new(Shared {
            endpoint,
            hub,
            limit,
            places: Arc::new(Semaphore::new(limit)),
            file: name.unwrap_or_default().to_string_lossy().into_owned(),
            open: Mutex::default(),
        }))
    }

    /// Closes every connection and lets the viewers know.
    pub(crate) async fn close(&self) {
        for connection in self.open().values() {
            connection.close();
        }
        sleep(FAREWELL).await;
    }

    async fn serve(self, viewer: Viewer, place: OwnedSemaphorePermit) {
        let connection = viewer.connection.clone();
        let key = {
            let mut open = self.open();
            let key = open.last_key_value().map_or(0, |(last, _)| last + 1);
            open.insert(key, connection.clone());
            key
        };
        viewer.run().await;
        connection.close();
        self.open().remove(&key);
        drop(place);
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, PeerConnection>> {
        self.0.open.lock().expect("no holder panics")
    }
}

impl Server for Viewers {
    async fn answer(&self, offer: String) -> Result<String, Refusal> {
        let full = |_| Refusal::Full(format!("all {} places are taken", self.0.limit));
        let place = Arc::clone(&self.0.places).try_acquire_owned();
        let place = place.map_err(full)?;
        let connection = self
            .0
            .endpoint
            .peer_connection(Configuration::default())
            .map_err(Refusal::ours)?;
        let (viewer, answer) = Viewer::welcome(connection, Arc::clone(&self.0.hub), offer).await?;
        tokio::spawn(self.clone().serve(viewer, place));
        Ok(answer)
    }

    fn state(&self) -> Value {
        let tracks = self.0.hub.tracks().iter().map(describe);
        json!({
            "file": self.0.file,
            "viewers": self.open().len(),
            "limit": self.0.limit,
            "seconds": self.0.hub.position().as_secs_f64(),
            "tracks": tracks.collect::<Vec<_>>(),
        })
    }
}

fn describe(track: &Track) -> String {
    match track {
        Track::Video {
            codec,
            width,
            height,
            ..
        } => format!("{} {width}×{height}", codec.name()),
        Track::Audio { .. } => "Opus".to_owned(),
    }
}

/// One who watches.
pub(crate) struct Viewer {
    connection: PeerConnection,
    hub: Arc<Hub>,
    /// Where each of the file's tracks goes, if it goes anywhere.
    transceivers: Vec<Option<TransceiverId>>,
    /// Pictures mean nothing before a key frame.
    needs_key: bool,
    /// The browser asked for one. What it lost may be repaired meanwhile.
    wants_key: bool,
    /// When the last key frame was sent for this viewer alone.
    repeated: Option<Instant>,
    /// The timestamp of the last picture.
    last_picture: Option<u32>,
}

impl Viewer {
    /// Answers an offer to watch.
    pub(crate) async fn welcome(
        connection: PeerConnection,
        hub: Arc<Hub>,
        offer: String,
    ) -> Result<(Self, String), Refusal> {
        let transceivers = add_tracks(&connection, hub.tracks())?;
        web::take_offer(&connection, offer)?;
        let answer = web::make_answer(&connection).await?;
        let viewer = Self {
            transceivers,
            connection,
            hub,
            needs_key: true,
            wants_key: false,
            repeated: None,
            last_picture: None,
        };
        if !viewer.gets_anything() {
            viewer.connection.close();
            let names = viewer.hub.tracks().iter().map(|track| track.codec().name());
            let names: Vec<_> = names.collect();
            let missing = format!("it does not ask for {}", names.join(" and "));
            return Err(Refusal::Offer(missing));
        }
        Ok((viewer, answer))
    }

    /// Sends until the viewer is gone.
    pub(crate) async fn run(mut self) {
        // What is sent before the connection stands is lost.
        if !timeout(PATIENCE, self.connected()).await.unwrap_or(false) {
            return;
        }
        let mut frames = self.hub.subscribe();
        let connection = self.connection.clone();
        loop {
            tokio::select! {
                event = connection.next_event() => match event {
                    Some(Event::KeyFrameRequested { .. }) => self.wants_key = true,
                    Some(event) if !is_end(&event) => {}
                    _ => return,
                },
                is_on = self.forward(&mut frames) => if !is_on { return },
            }
        }
    }

    async fn connected(&self) -> bool {
        while self.connection.connection_state() != PeerConnectionState::Connected {
            match self.connection.next_event().await {
                Some(event) if !is_end(&event) => {}
                _ => return false,
            }
        }
        true
    }

    /// Sends the next frame; `false` when there will be none.
    async fn forward(&mut self, frames: &mut Receiver<Frame>) -> bool {
        match frames.recv().await {
            Ok(frame) if self.hub.tracks()[frame.track].is_video() => self.show(&frame),
            Ok(frame) => {
                let timestamp = ticks(frame.position, AUDIO_RATE);
                self.send(&frame, timestamp);
            }
            // This task was not run in time: what was missed is gone.
            Err(RecvError::Lagged(_)) => self.needs_key = true,
            Err(RecvError::Closed) => return false,
        }
        true
    }

    fn show(&mut self, frame: &Frame) {
        let lacks_key = (self.needs_key || self.wants_key) && !frame.is_key;
        let has_key = !lacks_key || self.catch_up(frame);
        if self.needs_key && !has_key {
            return;
        }
        self.needs_key = false;
        self.wants_key &= !has_key;
        let timestamp = ticks(frame.position, VIDEO_RATE);
        self.send(frame, timestamp);
        self.last_picture = Some(timestamp);
    }

    /// Sends the last key frame and what followed it, squeezed into the time since the last picture:
    /// the browser decodes all of it at once, and shows the end.
    fn catch_up(&mut self, next: &Frame) -> bool {
        let is_soon = |repeated: Instant| repeated.elapsed() < REPEAT_AFTER;
        if self.repeated.is_some_and(is_soon) {
            return false;
        }
        let missed = self.hub.before(next.number);
        let end = ticks(next.position, VIDEO_RATE);
        let gap = self
            .last_picture
            .map_or(u32::MAX, |last| end.wrapping_sub(last));
        let count = missed.len() as u32;
        let step = (gap / (count + 1)).min(VIDEO_RATE as u32 / 1000);
        if count == 0 || step == 0 {
            return false;
        }
        self.repeated = Some(Instant::now());
        for (left, frame) in (1..=count).rev().zip(&missed) {
            let frame = Frame {
                due: next.due,
                ..frame.clone()
            };
            self.send(&frame, end.wrapping_sub(left * step));
        }
        true
    }

    fn send(&self, frame: &Frame, timestamp: u32) {
        let Some(transceiver) = self.transceivers[frame.track] else {
            return;
        };
        let info = FrameInfo {
            timestamp,
            captured: Some(frame.due),
            is_key: frame.is_key,
            ..FrameInfo::default()
        };
        let outgoing = OutgoingFrame::new(frame.data.clone());
        // It never waits: a path that is too slow loses packets, and the viewer asks for a key frame.
        let _ = self.connection.send_frame(transceiver, 0, outgoing, &info);
    }

    fn gets_anything(&self) -> bool {
        let mut transceivers = self.transceivers.iter().flatten();
        transceivers.any(|id| {
            let state = self.connection.transceiver(*id);
            state.is_some_and(|state| state.current_direction == Some(Direction::SendOnly))
        })
    }
}

/// A transceiver for the first track of each kind, in that track's codec only.
fn add_tracks(
    connection: &PeerConnection,
    tracks: &[Track],
) -> Result<Vec<Option<TransceiverId>>, Refusal> {
    let mut has = [false; 2];
    let mut add = |track: &Track| {
        if std::mem::replace(&mut has[usize::from(track.is_video())], true) {
            return Ok(None);
        }
        let kind = match track.codec() {
            Codec::Opus => MediaKind::Audio,
            Codec::Vp8 | Codec::Vp9 | Codec::Av1 => MediaKind::Video,
        };
        let id = connection
            .add_track(kind, &[STREAM])
            .map_err(Refusal::ours)?;
        connection
            .set_direction(id, Direction::SendOnly)
            .map_err(Refusal::ours)?;
        connection
            .set_codec_preferences(id, &capabilities(track.codec()))
            .map_err(Refusal::ours)?;
        Ok(Some(id))
    };
    tracks.iter().map(&mut add).collect()
}

fn capabilities(codec: Codec) -> Vec<CodecCapability> {
    let known = MediaCapabilities::default().codecs.into_iter();
    let named = known.filter(|known| known.name.eq_ignore_ascii_case(codec.name()));
    named.collect()
}

/// A position in ticks of a codec's clock, which wraps.
fn ticks(position: Duration, rate: u64) -> u32 {
    (position.as_nanos() * u128::from(rate) / 1_000_000_000) as u32
}

fn is_end(event: &Event) -> bool {
    use PeerConnectionState::{Closed, Failed};
    match event {
        Event::DtlsClosed => true,
        Event::ConnectionStateChange(state) => matches!(state, Failed | Closed),
        _ => false,
    }
}
