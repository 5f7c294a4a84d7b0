use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use examples::webm::{Codec, Reader};
use tidewire::{
    Configuration, FrameInfo, MediaKind, OutgoingFrame, PeerConnectionState, TransceiverInit,
};
use tidewire_tokio::{Endpoint, EndpointConfig, PeerConnection};
use tokio::time::{Instant, sleep, sleep_until};

use crate::session::{Session, prepare};

const FRAMES: u32 = 90;

async fn peer() -> PeerConnection {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let endpoint = Endpoint::bind(EndpointConfig::bound_to([address])).await;
    let connection = endpoint.unwrap().peer_connection(Configuration::default());
    connection.unwrap()
}

/// The header of a VP8 key frame of 64 by 48, or of one between key frames, and its number again and
/// again.
fn vp8(is_key: bool, number: u32) -> Bytes {
    let header: &[u8] = match is_key {
        true => &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0],
        false => &[0x11, 0, 0],
    };
    let mut frame = header.to_vec();
    frame.resize(1500, number as u8);
    Bytes::from(frame)
}

/// Three seconds of pictures and sound that were captured together; the sound leaves 150 ms late.
async fn send(connection: PeerConnection) {
    while connection.connection_state() != PeerConnectionState::Connected {
        sleep(Duration::from_millis(10)).await;
    }
    let ids: Vec<_> = connection
        .transceivers()
        .iter()
        .map(|state| state.id)
        .collect();
    let start = Instant::now();
    for number in 0..FRAMES {
        let elapsed = Duration::from_secs(1) / 30 * number;
        sleep_until(start + elapsed).await;
        let is_key = number % 30 == 0;
        let video = FrameInfo {
            timestamp: 7_000 + number * 3_000,
            captured: Some((start + elapsed).into_std()),
            is_key,
            ..FrameInfo::default()
        };
        let _ = connection.send_frame(ids[0], 0, OutgoingFrame::new(vp8(is_key, number)), &video);
        let late = Duration::from_millis(150);
        if elapsed >= late {
            let audio = FrameInfo {
                timestamp: (u32::MAX - 20_000).wrapping_add(number * 1_600),
                captured: Some((start + elapsed - late).into_std()),
                is_key: true,
                ..FrameInfo::default()
            };
            let frame = OutgoingFrame::new(Bytes::from(vec![0xfc, 0xff, number as u8]));
            let _ = connection.send_frame(ids[1], 0, frame, &audio);
        }
    }
    connection.close();
}

#[tokio::test]
async fn what_a_peer_sends_is_in_the_file_and_in_sync() {
    let (sender, receiver) = (peer().await, peer().await);
    for kind in [MediaKind::Video, MediaKind::Audio] {
        let init = TransceiverInit::default();
        sender.add_transceiver(kind, init).unwrap();
    }
    sender
        .set_local_description(sender.create_offer().unwrap())
        .unwrap();
    sender.gathering_complete().await;
    let offer = sender.local_description().unwrap();
    receiver.set_remote_description(offer).unwrap();
    let streams = prepare(&receiver, ["VP8", "VP9", "AV1"]);
    let answer = receiver.create_answer().unwrap();
    receiver.set_local_description(answer).unwrap();
    receiver.gathering_complete().await;
    sender
        .set_remote_description(receiver.local_description().unwrap())
        .unwrap();
    let session = Session {
        connection: receiver,
        streams,
        status: Default::default(),
        stop: Default::default(),
    };
    let mut file = Cursor::new(Vec::new());
    let (summary, ()) = tokio::join!(session.run(&mut file), send(sender));
    let summary = summary.unwrap();
    let file = file.into_inner();

    let mut reader = Reader::new(&file[..]).unwrap();
    let codecs: Vec<_> = reader.tracks().iter().map(|track| track.codec()).collect();
    assert_eq!(codecs, [Codec::Vp8, Codec::Opus]);
    let mut times = [const { BTreeMap::new() }; 2];
    let mut last = Duration::ZERO;
    while let Some(packet) = reader.read().unwrap() {
        assert!(packet.time >= last);
        last = packet.time;
        let expected = if packet.track == 0 { 1500 } else { 3 };
        assert_eq!(packet.data.len(), expected);
        let number = packet.data.last().copied().unwrap();
        times[packet.track].insert(number, packet.time.as_secs_f64());
    }
    let [video, audio] = times;
    assert_eq!(video.len() as u64, summary.counts.video);
    assert!(video.len() > 25, "{summary}");
    assert!(audio.len() > 25, "{summary}");
    // Sound was captured 150 ms before the picture of the same number.
    let pairs = video
        .iter()
        .filter_map(|(number, time)| Some((time, audio.get(number)?)));
    let offsets: Vec<_> = pairs.map(|(video, audio)| video - audio).collect();
    assert!(offsets.len() > 20);
    for offset in offsets {
        assert!((offset - 0.15).abs() < 0.02, "{offset}");
    }
}
