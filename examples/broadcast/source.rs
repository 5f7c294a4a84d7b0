//! The file, read at its own pace, over and over.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use examples::webm::{Packet, ReadError, Reader, Track};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep_until};

use crate::hub::{Frame, Hub};

/// Frames that are read ahead.
const READ_AHEAD: usize = 64;
/// After a pause of the machine the broadcast goes on where it was.
const MAX_LATE: Duration = Duration::from_secs(1);
/// A file without duration to speak of would be sent as fast as it can be read.
const MIN_PASS: Duration = Duration::from_millis(100);

/// What the file has: one track of video, one of audio, or either.
pub(crate) fn tracks(file: &Path) -> Result<Vec<Track>, ReadError> {
    let tracks = open(file)?.tracks().to_vec();
    if tracks.is_empty() {
        return Err(ReadError::Format(
            "it has no track in VP8, VP9, AV1 or Opus",
        ));
    }
    Ok(tracks)
}

/// Plays the file until it cannot be read any more.
pub(crate) async fn play(file: PathBuf, hub: Arc<Hub>) -> Result<(), ReadError> {
    let (sender, packets) = channel(READ_AHEAD);
    // Disks are slow at times: reading has a thread of its own.
    let reading = tokio::task::spawn_blocking(move || read(&file, &sender));
    pace(packets, &hub).await;
    reading.await.unwrap_or(Ok(()))
}

fn open(file: &Path) -> Result<Reader<BufReader<File>>, ReadError> {
    Reader::new(BufReader::new(File::open(file)?))
}

/// Reads the file again and again, as long as somebody takes what it has.
fn read(file: &Path, packets: &Sender<Packet>) -> Result<(), ReadError> {
    let mut begin = Duration::ZERO;
    loop {
        let mut reader = open(file)?;
        let mut pass = Pass::new(reader.tracks().len());
        while let Some(mut packet) = reader.read()? {
            pass.note(&packet);
            packet.time += begin;
            if packets.blocking_send(packet).is_err() {
                return Ok(());
            }
        }
        begin += pass.length();
    }
}

/// How long a pass through the file is: to the end of its last frame.
struct Pass {
    /// The time of the last frame of each track, and how long the one before it was.
    last: Vec<Option<(Duration, Duration)>>,
}

impl Pass {
    fn new(tracks: usize) -> Self {
        Self {
            last: vec![None; tracks],
        }
    }

    fn note(&mut self, packet: &Packet) {
        let last = &mut self.last[packet.track];
        let length = last.map(|(time, _)| packet.time.saturating_sub(time));
        *last = Some((packet.time, length.unwrap_or_default()));
    }

    fn length(&self) -> Duration {
        let ends = self.last.iter().flatten();
        let end = ends.map(|(time, length)| *time + *length).max();
        end.unwrap_or_default().max(MIN_PASS)
    }
}

/// Publishes each frame when it is due.
async fn pace(mut packets: Receiver<Packet>, hub: &Hub) {
    let mut start = Instant::now();
    while let Some(packet) = packets.recv().await {
        let mut due = start + packet.time;
        let now = Instant::now();
        if now > due + MAX_LATE {
            start += now - due;
            due = now;
        }
        sleep_until(due).await;
        hub.publish(Frame {
            number: 0,
            track: packet.track,
            position: packet.time,
            due: due.into_std(),
            is_key: packet.is_key,
            data: packet.data,
        });
    }
}
