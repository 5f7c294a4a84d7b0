//! The one connection that is recorded, from its offer to the end of the file.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use examples::web::{self, Refusal, Server};
use serde_json::{Value, json};
use tidewire::{
    CodecCapability, Configuration, Direction, Media, MediaCapabilities, MediaKind,
    PeerConnectionState, ReceivedMedia, TransceiverId,
};
use tidewire_tokio::{Endpoint, Event, PeerConnection};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, interval, sleep_until};

use crate::recorder::{Counts, Incoming, Recorder};

/// A page that sends nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(10);
/// A page must have begun to send after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// One can seek to key frames only, and browsers send none unasked.
const KEY_FRAME_EVERY: Duration = Duration::from_secs(5);

/// Takes the first connection that comes, and records it.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    file: PathBuf,
    codecs: [&'static str; 3],
    stop: Arc<Notify>,
    status: Arc<Mutex<Status>>,
    /// Taken by the connection that is recorded.
    done: Mutex<Option<oneshot::Sender<io::Result<Summary>>>>,
}

/// What the page is shown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Status {
    state: &'static str,
    counts: Counts,
    duration: Duration,
}

/// What was recorded.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) counts: Counts,
    pub(crate) duration: Duration,
}

impl Sessions {
    /// With a way to learn the outcome.
    pub(crate) fn new(
        endpoint: Endpoint,
        file: PathBuf,
        codecs: [&'static str; 3],
    ) -> (Self, oneshot::Receiver<io::Result<Summary>>) {
        let (done, outcome) = oneshot::channel();
        let status = Status {
            state: "waiting",
            ..Status::default()
        };
        let shared = Shared {
            endpoint,
            file,
            codecs,
            stop: Arc::default(),
            status: Arc::new(Mutex::new(status)),
            done: Mutex::new(Some(done)),
        };
        (Self(Arc::new(shared)), outcome)
    }

    /// Ends the recording; `false` when there is none.
    pub(crate) fn stop(&self) -> bool {
        let is_recording = lock(&self.0.done).is_none();
        self.0.stop.notify_one();
        is_recording
    }

    /// Takes the place of the one that is recorded.
    fn begin(
        &self,
        connection: PeerConnection,
        streams: Vec<(TransceiverId, MediaKind)>,
    ) -> Result<(), Refusal> {
        let mut done = lock(&self.0.done);
        if done.is_none() {
            return Err(taken());
        }
        let file = File::create(&self.0.file).map_err(|error| {
            Refusal::Ours(format!(
                "{} cannot be written: {error}",
                self.0.file.display()
            ))
        })?;
        let Some(done) = done.take() else {
            return Err(taken());
        };
        let session = Session {
            connection,
            streams,
            status: Arc::clone(&self.0.status),
            stop: Arc::clone(&self.0.stop),
        };
        tokio::spawn(async move {
            // The receiver is gone when the program is ending.
            let _ = done.send(session.run(BufWriter::new(file)).await);
        });
        Ok(())
    }
}

fn taken() -> Refusal {
    Refusal::Full("somebody is being recorded already".to_owned())
}

impl Server for Sessions {
    async fn answer(&self, offer: String) -> Result<String, Refusal> {
        if lock(&self.0.done).is_none() {
            return Err(taken());
        }
        let connection = self
            .0
            .endpoint
            .peer_connection(Configuration::default())
            .map_err(Refusal::ours)?;
        web::take_offer(&connection, offer)?;
        let streams = prepare(&connection, self.0.codecs);
        let answer = web::make_answer(&connection).await?;
        let receives = |id| {
            let state = connection.transceiver(id);
            state.is_some_and(|state| state.current_direction == Some(Direction::RecvOnly))
        };
        let streams: Vec<_> = streams
            .into_iter()
            .filter(|(id, _)| receives(*id))
            .collect();
        if streams.is_empty() {
            let missing = "it sends neither VP8, VP9, AV1 nor Opus";
            return Err(Refusal::Offer(missing.to_owned()));
        }
        self.begin(connection, streams)?;
        Ok(answer)
    }

    fn state(&self) -> Value {
        let status = *lock(&self.0.status);
        json!({
            "state": status.state,
            "seconds": status.duration.as_secs_f64(),
            "video": status.counts.video,
            "audio": status.counts.audio,
            "leftOut": status.counts.left_out,
            "file": self.0.file.file_name().map(|name| name.to_string_lossy()),
        })
    }
}

/// Accepts one stream of video and one of audio, in codecs that WebM has; the rest is not for us.
pub(crate) fn prepare(
    connection: &PeerConnection,
    codecs: [&str; 3],
) -> Vec<(TransceiverId, MediaKind)> {
    let mut streams: Vec<(TransceiverId, MediaKind)> = Vec::new();
    for transceiver in connection.transceivers() {
        let (id, kind) = (transceiver.id, transceiver.kind);
        let is_first = streams.iter().all(|(_, known)| *known != kind);
        let direction = match is_first {
            true => Direction::RecvOnly,
            false => Direction::Inactive,
        };
        let names: &[&str] = match kind {
            MediaKind::Video => &codecs,
            MediaKind::Audio => &["opus"],
        };
        // Neither can fail: it is there, nobody has stopped it, and the codecs are of its kind.
        let _ = connection.set_direction(id, direction);
        let _ = connection.set_codec_preferences(id, &capabilities(names));
        if is_first {
            streams.push((id, kind));
        }
    }
    streams
}

/// The codecs with these names, in this order.
fn capabilities(names: &[&str]) -> Vec<CodecCapability> {
    let known = MediaCapabilities::default().codecs;
    let named = names.iter().flat_map(|name| {
        let codecs = known.iter();
        codecs.filter(|codec| codec.name.eq_ignore_ascii_case(name))
    });
    named.cloned().collect()
}

/// A connection that is being recorded.
pub(crate) struct Session {
    pub(crate) connection: PeerConnection,
    /// What it sends, by its place.
    pub(crate) streams: Vec<(TransceiverId, MediaKind)>,
    pub(crate) status: Arc<Mutex<Status>>,
    pub(crate) stop: Arc<Notify>,
}

impl Session {
    /// Writes what comes until the page is gone or somebody says stop.
    pub(crate) async fn run(self, out: impl Write + Seek) -> io::Result<Summary> {
        let kinds: Vec<_> = self.streams.iter().map(|(_, kind)| *kind).collect();
        let mut recorder = Recorder::new(out, &kinds);
        let outcome = self.record(&mut recorder).await;
        self.connection.close();
        // What was written is worth an index even when the last of it failed.
        let finished = recorder.finish();
        lock(&self.status).state = "done";
        outcome?;
        let (counts, duration) = finished?;
        Ok(Summary { counts, duration })
    }

    async fn record(&self, recorder: &mut Recorder<impl Write + Seek>) -> io::Result<()> {
        let mut key_frames = interval(KEY_FRAME_EVERY);
        let gone = sleep_until(Instant::now() + PATIENCE);
        tokio::pin!(gone);
        loop {
            tokio::select! {
                media = self.connection.receive_media() => {
                    let Some(media) = media else { return Ok(()) };
                    gone.as_mut().reset(Instant::now() + SILENCE);
                    self.take(recorder, media)?;
                }
                event = self.connection.next_event() => {
                    if event.is_none_or(|event| is_end(&event)) {
                        return Ok(());
                    }
                }
                _ = key_frames.tick() => self.request_key_frame(),
                () = self.stop.notified() => return Ok(()),
                () = &mut gone => return Ok(()),
            }
        }
    }

    /// A disk is fast enough for some megabits a second to be written right here.
    fn take(
        &self,
        recorder: &mut Recorder<impl Write + Seek>,
        media: ReceivedMedia,
    ) -> io::Result<()> {
        let mut streams = self.streams.iter();
        let place = streams.position(|(id, _)| *id == media.transceiver);
        if let (Some(place), Media::Frame(frame)) = (place, media.media) {
            recorder.handle_frame(place, Incoming::new(media.ssrc, frame))?;
            let state = match recorder.is_writing() {
                true => "recording",
                false => "starting",
            };
            *lock(&self.status) = Status {
                state,
                counts: recorder.counts,
                duration: recorder.duration(),
            };
        }
        Ok(())
    }

    fn request_key_frame(&self) {
        for (id, kind) in &self.streams {
            if *kind == MediaKind::Video {
                self.connection.request_key_frame(*id, None);
            }
        }
    }
}

fn is_end(event: &Event) -> bool {
    let is_over = |state| {
        matches!(
            state,
            PeerConnectionState::Failed | PeerConnectionState::Closed
        )
    };
    match event {
        Event::DtlsClosed => true,
        Event::ConnectionStateChange(state) => is_over(*state),
        _ => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            video,
            audio,
            left_out,
        } = self.counts;
        write!(
            f,
            "Recorded {:.1} s: {video} frames of video, {audio} of audio; {left_out} were left out.",
            self.duration.as_secs_f64()
        )
    }
}
