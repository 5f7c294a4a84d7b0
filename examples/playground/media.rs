//! Camera and microphone, sent back as they come.

use tidewire::{Direction, FrameInfo, Media, OutgoingFrame, ReceivedFrame};
use tidewire_tokio::PeerConnection;

/// Whatever the page offers to send, it gets back.
pub(crate) fn offer_echo(connection: &PeerConnection) {
    for transceiver in connection.transceivers() {
        // Neither can fail: it is there, and nobody has stopped it.
        let _ = connection.set_direction(transceiver.id, Direction::SendRecv);
        let _ = connection.replace_track(transceiver.id, true);
    }
}

/// Sends back every frame.
pub(crate) async fn echo(connection: PeerConnection) {
    while let Some(received) = connection.receive_media().await {
        if let Media::Frame(received_frame) = received.media {
            let (frame, info) = returned(received_frame);
            // What cannot be sent now is of no use later.
            let _ = connection.send_frame(received.transceiver, 0, frame, &info);
        }
    }
}

/// A received frame as one to be sent.
fn returned(received: ReceivedFrame) -> (OutgoingFrame, FrameInfo) {
    let ReceivedFrame {
        frame, extensions, ..
    } = received;
    let info = FrameInfo {
        timestamp: frame.timestamp,
        captured: None,
        is_key: frame.is_key,
        starts_talkspurt: frame.marker,
        extensions,
    };
    let mut returned = OutgoingFrame::new(frame.data);
    returned.details = frame.details;
    (returned, info)
}
