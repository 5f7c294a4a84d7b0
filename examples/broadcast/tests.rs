use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use examples::web::Server;
use examples::webm::{Codec, Track};
use tidewire::{Direction, Media, MediaKind, SessionDescription, TransceiverInit};
use tidewire_tokio::{Endpoint, EndpointConfig, PeerConnection};
use tokio::time::{sleep, timeout};

use crate::hub::{Frame, Hub};
use crate::viewer::Viewers;

async fn endpoint() -> Endpoint {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let endpoint = Endpoint::bind(EndpointConfig::bound_to([address])).await;
    endpoint.unwrap()
}

/// The header of a VP8 frame, and its number.
fn vp8(number: u8) -> Bytes {
    let header: &[u8] = match number.is_multiple_of(100) {
        true => &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0],
        false => &[0x11, 0, 0],
    };
    Bytes::from([header, &[number]].concat())
}

async fn watch(viewers: &Viewers) -> PeerConnection {
    let connection = endpoint()
        .await
        .peer_connection(Default::default())
        .unwrap();
    for kind in [MediaKind::Video, MediaKind::Audio] {
        let init = TransceiverInit {
            direction: Direction::RecvOnly,
            ..Default::default()
        };
        connection.add_transceiver(kind, init).unwrap();
    }
    connection
        .set_local_description(connection.create_offer().unwrap())
        .unwrap();
    connection.gathering_complete().await;
    let offer = connection.local_description().unwrap();
    let answer = viewers.answer(offer.sdp).await.unwrap();
    connection
        .set_remote_description(SessionDescription::answer(answer))
        .unwrap();
    connection
}

/// The numbers of the first few pictures that arrive.
async fn pictures(connection: &PeerConnection, count: usize) -> Vec<u8> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let media = timeout(Duration::from_secs(10), connection.receive_media()).await;
        if let Media::Frame(received) = media.unwrap().unwrap().media
            && received.frame.data.len() < 20
        {
            numbers.extend(received.frame.data.last());
        }
    }
    numbers
}

#[tokio::test]
async fn viewers_get_the_last_key_frame_and_all_after_it_whenever_they_join() {
    let video = Track::Video {
        codec: Codec::Vp8,
        width: 64,
        height: 48,
        private: Vec::new(),
    };
    let hub = Arc::new(Hub::new(vec![video, Track::Audio { channels: 2 }]));
    let viewers = Viewers::new(endpoint().await, Arc::clone(&hub), 2, "a.webm");
    let start = Instant::now();
    let playing = tokio::spawn(async move {
        for number in 0..100 {
            let position = Duration::from_millis(u64::from(number) * 33);
            let frame = Frame {
                number: 0,
                track: 0,
                position,
                due: start + position,
                is_key: number == 0,
                data: vp8(number),
            };
            hub.publish(frame.clone());
            hub.publish(Frame {
                track: 1,
                data: Bytes::from_static(&[0xfc; 40]),
                ..frame
            });
            sleep(Duration::from_millis(33)).await;
        }
    });
    let first = watch(&viewers).await;
    assert_eq!(pictures(&first, 5).await, [0, 1, 2, 3, 4]);
    let second = watch(&viewers).await;
    assert_eq!(pictures(&second, 20).await, (0..20).collect::<Vec<_>>());
    assert_eq!(viewers.state()["viewers"], 2);
    let offer = second.local_description().unwrap();
    assert!(
        viewers.answer(offer.sdp).await.is_err(),
        "there are two places"
    );
    second.close();
    for _ in 0..100 {
        if viewers.state()["viewers"] == 1 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(viewers.state()["viewers"], 1);
    playing.abort();
}
