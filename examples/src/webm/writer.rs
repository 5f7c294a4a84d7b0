//! Writing.

use std::io::{self, Seek, SeekFrom, Write};
use std::time::Duration;

use super::ebml::{UNKNOWN_SIZE, element, float, long_size, master, put_id, uint};
use super::ids;
use super::packet::Packet;
use super::track::Track;

/// Writes a file: clusters that begin at key frames, then an index of them.
///
/// What was written is playable at any time; [`Writer::finish`] makes it seekable.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    tracks: Vec<Progress>,
    has_video: bool,
    places: Places,
    cluster: Option<Cluster>,
    /// Time and place of the clusters that begin with a key frame.
    cues: Vec<Cue>,
}

/// Where that stands which is known in the end only.
#[derive(Debug)]
struct Places {
    segment_size: u64,
    /// Of the segment's payload, by which all else in it is told.
    segment: u64,
    duration: u64,
    info: u64,
    tracks: u64,
}

#[derive(Debug)]
struct Cluster {
    begin: u64,
    /// It can be begun with.
    is_entry: bool,
    /// The track that it can be begun with.
    track: usize,
    blocks: Vec<u8>,
}

#[derive(Debug)]
struct Cue {
    time: u64,
    track: usize,
    position: u64,
}

/// How far a track has come, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    is_video: bool,
    last: Option<u64>,
    end: u64,
}

/// A cluster without a key frame in it ends after this; a block's time is told in 16 bits.
const MAX_CLUSTER_MILLISECONDS: u64 = 5_000;
/// Or after this, so that little waits in memory.
const MAX_CLUSTER_BYTES: usize = 4 << 20;
/// The room for the SeekHead: three entries, each with a position of eight bytes.
const SEEK_HEAD_BYTES: usize = 5 + 3 * 21;
const APPLICATION: &str = "tidewire";

impl<W: Write + Seek> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, tracks: &[Track]) -> io::Result<Self> {
        let mut head = Vec::new();
        put_header(&mut head);
        put_id(&mut head, ids::SEGMENT);
        let segment_size = head.len() as u64;
        head.extend_from_slice(&UNKNOWN_SIZE);
        let segment = head.len() as u64;
        element(&mut head, ids::VOID, &[0; SEEK_HEAD_BYTES - 2]);
        let info = head.len() as u64;
        master(&mut head, ids::INFO, |out| {
            uint(out, ids::TIMESTAMP_SCALE, 1_000_000);
            element(out, ids::MUXING_APP, APPLICATION.as_bytes());
            element(out, ids::WRITING_APP, APPLICATION.as_bytes());
            float(out, ids::DURATION, 0.0);
        });
        let places = Places {
            segment_size,
            segment,
            duration: head.len() as u64 - 8,
            info,
            tracks: head.len() as u64,
        };
        master(&mut head, ids::TRACKS, |out| {
            for (number, track) in (1..).zip(tracks) {
                put_track(out, number, track);
            }
        });
        out.write_all(&head)?;
        let progress = tracks.iter().map(|track| Progress {
            is_video: track.is_video(),
            ..Progress::default()
        });
        Ok(Self {
            out,
            tracks: progress.collect(),
            has_video: tracks.iter().any(Track::is_video),
            places,
            cluster: None,
            cues: Vec::new(),
        })
    }

    /// Adds a frame. Its time is not before that of the frame that was added last.
    ///
    /// # Errors
    /// When it cannot be written, or there is no such track.
    pub fn write(&mut self, packet: &Packet) -> io::Result<()> {
        let time = packet.time.as_millis() as u64;
        let Some(progress) = self.tracks.get_mut(packet.track) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is no such track",
            ));
        };
        let length = progress
            .last
            .map_or(0, |last| time.saturating_sub(last).min(1_000));
        progress.last = Some(time);
        progress.end = time + length;
        let is_entry = packet.is_key && (progress.is_video || !self.has_video);
        let starts = self.cluster.as_ref().is_none_or(|cluster| {
            let elapsed = time.saturating_sub(cluster.begin);
            // Sound alone can be begun with anywhere, but a cluster for each frame is a waste.
            (is_entry && (self.has_video || elapsed >= MAX_CLUSTER_MILLISECONDS / 2))
                || elapsed >= MAX_CLUSTER_MILLISECONDS
                || cluster.blocks.len() >= MAX_CLUSTER_BYTES
        });
        if starts {
            self.close_cluster()?;
        }
        let cluster = self.cluster.get_or_insert_with(|| Cluster {
            begin: time,
            is_entry,
            track: packet.track,
            blocks: Vec::new(),
        });
        let relative = time.saturating_sub(cluster.begin) as i16;
        let flags = if packet.is_key { 0x80 } else { 0 };
        // Numbers of tracks are few: one byte, marked as such (RFC 9559 section 10.2).
        let mut block = vec![0x80 | (packet.track as u8 + 1)];
        block.extend_from_slice(&relative.to_be_bytes());
        block.push(flags);
        block.extend_from_slice(&packet.data);
        element(&mut cluster.blocks, ids::SIMPLE_BLOCK, &block);
        Ok(())
    }

    /// How long the file is.
    pub fn duration(&self) -> Duration {
        let ends = self.tracks.iter().map(|track| track.end);
        Duration::from_millis(ends.max().unwrap_or_default())
    }

    /// Ends the file: adds the index, and puts duration and sizes where they belong.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.close_cluster()?;
        let cues_at = self.out.stream_position()?;
        let mut cues = Vec::new();
        master(&mut cues, ids::CUES, |out| {
            for cue in &self.cues {
                put_cue(out, cue);
            }
        });
        if !self.cues.is_empty() {
            self.out.write_all(&cues)?;
        }
        let end = self.out.stream_position()?;
        let places = &self.places;
        let mut seek_head = Vec::new();
        master(&mut seek_head, ids::SEEK_HEAD, |out| {
            put_seek(out, ids::INFO, places.info - places.segment);
            put_seek(out, ids::TRACKS, places.tracks - places.segment);
            if !self.cues.is_empty() {
                put_seek(out, ids::CUES, cues_at - places.segment);
            }
        });
        // What is left of the room stays void.
        let rest = SEEK_HEAD_BYTES - seek_head.len();
        if rest >= 2 {
            element(&mut seek_head, ids::VOID, &vec![0; rest - 2]);
        }
        let duration = self.duration().as_millis() as f64;
        let patches = [
            (places.segment_size, &long_size(end - places.segment)[..]),
            (places.segment, &seek_head),
            (places.duration, &duration.to_be_bytes()),
        ];
        for (position, bytes) in patches {
            self.out.seek(SeekFrom::Start(position))?;
            self.out.write_all(bytes)?;
        }
        self.out.seek(SeekFrom::Start(end))?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// The file as it is on the disk after a crash.
    #[cfg(test)]
    pub(super) fn into_unfinished(self) -> W {
        self.out
    }

    fn close_cluster(&mut self) -> io::Result<()> {
        let Some(cluster) = self.cluster.take() else {
            return Ok(());
        };
        if cluster.is_entry {
            let position = self.out.stream_position()? - self.places.segment;
            self.cues.push(Cue {
                time: cluster.begin,
                track: cluster.track,
                position,
            });
        }
        let mut bytes = Vec::with_capacity(cluster.blocks.len() + 32);
        master(&mut bytes, ids::CLUSTER, |out| {
            uint(out, ids::TIMESTAMP, cluster.begin);
            out.extend_from_slice(&cluster.blocks);
        });
        self.out.write_all(&bytes)?;
        self.out.flush()
    }
}

fn put_header(out: &mut Vec<u8>) {
    master(out, ids::EBML, |out| {
        uint(out, ids::EBML_VERSION, 1);
        uint(out, ids::EBML_READ_VERSION, 1);
        uint(out, ids::EBML_MAX_ID_LENGTH, 4);
        uint(out, ids::EBML_MAX_SIZE_LENGTH, 8);
        element(out, ids::DOC_TYPE, b"webm");
        uint(out, ids::DOC_TYPE_VERSION, 4);
        uint(out, ids::DOC_TYPE_READ_VERSION, 2);
    });
}

fn put_track(out: &mut Vec<u8>, number: u64, track: &Track) {
    master(out, ids::TRACK_ENTRY, |out| {
        uint(out, ids::TRACK_NUMBER, number);
        uint(out, ids::TRACK_UID, number);
        uint(out, ids::FLAG_LACING, 0);
        element(out, ids::CODEC_ID, track.codec().id().as_bytes());
        match track {
            Track::Video {
                width,
                height,
                private,
                ..
            } => {
                uint(out, ids::TRACK_TYPE, 1);
                if !private.is_empty() {
                    element(out, ids::CODEC_PRIVATE, private);
                }
                master(out, ids::VIDEO, |out| {
                    uint(out, ids::PIXEL_WIDTH, (*width).into());
                    uint(out, ids::PIXEL_HEIGHT, (*height).into());
                });
            }
            Track::Audio { channels } => {
                uint(out, ids::TRACK_TYPE, 2);
                element(out, ids::CODEC_PRIVATE, &opus_head(*channels));
                // A decoder of Opus needs 80 ms to converge (RFC 7845 section 4.6).
                uint(out, ids::SEEK_PRE_ROLL, 80_000_000);
                master(out, ids::AUDIO, |out| {
                    float(out, ids::SAMPLING_FREQUENCY, 48_000.0);
                    uint(out, ids::CHANNELS, (*channels).into());
                });
            }
        }
    });
}

/// The identification header, without pre-skip: what came over RTP was cut from the middle of a sound
/// (RFC 7845 section 5.1).
fn opus_head(channels: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend_from_slice(&0u16.to_le_bytes());
    head.extend_from_slice(&48_000u32.to_le_bytes());
    head.extend_from_slice(&[0, 0, 0]);
    head
}

fn put_seek(out: &mut Vec<u8>, id: u32, position: u64) {
    master(out, ids::SEEK, |out| {
        element(out, ids::SEEK_ID, &id.to_be_bytes());
        element(out, ids::SEEK_POSITION, &position.to_be_bytes());
    });
}

fn put_cue(out: &mut Vec<u8>, cue: &Cue) {
    master(out, ids::CUE_POINT, |out| {
        uint(out, ids::CUE_TIME, cue.time);
        master(out, ids::CUE_TRACK_POSITIONS, |out| {
            uint(out, ids::CUE_TRACK, cue.track as u64 + 1);
            uint(out, ids::CUE_CLUSTER_POSITION, cue.position);
        });
    });
}
