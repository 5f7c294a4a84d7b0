//! Channels of applications that are slow, or do not care.

mod common;

use std::time::Duration;

use common::{LIMIT, connect, endpoint, incoming, pair};
use tidewire_tokio::Event;
use tidewire_tokio::tidewire::{
    Configuration, DataChannelInit, MediaCapabilities, Message, SessionDescription,
};
use tokio::time::timeout;

const MEDIA: &str = include_str!("../../tidewire/testdata/chromium-156-offer-audio-video-data.sdp");

#[tokio::test]
async fn an_offer_of_media_only_is_answered_with_codecs_and_without() {
    let media = MEDIA.split("m=application").next().expect("the media");
    let offer = media.replace("BUNDLE 0 1 2", "BUNDLE 0 1");
    for (media, rejected) in [
        (MediaCapabilities::default(), 0),
        (MediaCapabilities::none(), 1),
    ] {
        let configuration = Configuration {
            media,
            ..Configuration::default()
        };
        let callee = endpoint().await.peer_connection(configuration);
        let callee = callee.expect("a connection");
        let answer = timeout(LIMIT, callee.answer(SessionDescription::offer(&offer)));
        let answer = answer.await.expect("in time").expect("an answer");
        assert_eq!(answer.sdp.matches("m=audio 0").count(), rejected);
    }
}

#[tokio::test]
async fn a_channel_that_closed_before_anybody_asked_keeps_its_label() {
    let (caller, callee) = pair().await;
    let (_ours, _theirs) = connect(&caller, &callee).await;
    let short = caller.create_data_channel("short", DataChannelInit::default());
    let short = short.expect("a channel");
    short.opened().await.expect("open");
    short.close();
    timeout(LIMIT, short.closed()).await.expect("closed");
    let announced = timeout(LIMIT, incoming(&callee)).await.expect("announced");
    assert_eq!(announced.label(), "short");
    assert_eq!(announced.receive().await, None);
}

#[tokio::test]
async fn no_channel_is_lost_to_an_application_that_is_slow_to_ask() {
    const COUNT: usize = 400;
    let (caller, callee) = pair().await;
    let (_ours, _theirs) = connect(&caller, &callee).await;
    let mut all = Vec::new();
    for number in 0..COUNT {
        let label = number.to_string();
        let channel = caller.create_data_channel(&label, DataChannelInit::default());
        let channel = channel.expect("a channel");
        channel.opened().await.expect("open");
        all.push(channel);
    }
    for number in 0..COUNT {
        let announced = timeout(LIMIT, incoming(&callee)).await.expect("announced");
        assert_eq!(announced.label(), number.to_string());
    }
}

#[tokio::test]
async fn a_closed_connection_closes_channels_with_unread_messages() {
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    ours.send("unread").await.expect("open");
    tokio::time::sleep(Duration::from_millis(50)).await;
    callee.close();
    timeout(LIMIT, theirs.closed()).await.expect("closed");
}

#[tokio::test]
async fn a_channel_that_nobody_holds_is_closed_and_stalls_no_other() {
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    let junk = caller.create_data_channel("junk", DataChannelInit::default());
    let junk = junk.expect("a channel");
    drop(timeout(LIMIT, incoming(&callee)).await.expect("announced"));
    let flood = async {
        let block = Message::Binary(vec![0; 60_000].into());
        while junk.send(block.clone()).await.is_ok() {}
    };
    timeout(LIMIT, flood).await.expect("the channel closes");
    timeout(LIMIT, junk.closed()).await.expect("here, too");
    for number in 0..50 {
        ours.send(format!("{number}")).await.expect("open");
        let message = timeout(LIMIT, theirs.receive()).await.expect("in time");
        assert_eq!(message, Some(Message::from(format!("{number}"))));
    }
}

#[tokio::test]
async fn channels_that_come_and_go_unasked_leave_nothing_behind() {
    let (caller, callee) = pair().await;
    let (_ours, _theirs) = connect(&caller, &callee).await;
    for number in 0..200 {
        let label = number.to_string();
        let channel = caller.create_data_channel(&label, DataChannelInit::default());
        let channel = channel.expect("a channel");
        channel.opened().await.expect("open");
        channel.close();
        timeout(LIMIT, channel.closed()).await.expect("closed");
    }
    callee.close();
    let mut announced = 0;
    while let Some(event) = timeout(LIMIT, callee.next_event()).await.expect("in time") {
        announced += usize::from(matches!(event, Event::DataChannel(_)));
    }
    assert!((1..=65).contains(&announced), "{announced}");
}

/// The peer accepts any length here, and the buffers are smaller than a message or hardly larger. On
/// a runtime of one thread a sender that tries again without waiting stops everything.
#[tokio::test]
async fn a_sender_whose_message_does_not_fit_waits_until_it_does() {
    const LENGTH: usize = 50_000;
    for max_buffered in [40_000, 128 << 10] {
        let (near, far) = (endpoint().await, endpoint().await);
        let mut configuration = Configuration::default();
        configuration.data_channels.max_buffered = max_buffered;
        let caller = near.peer_connection(configuration).expect("a connection");
        let callee = far.peer_connection(Configuration::default());
        let callee = callee.expect("a connection");
        let (ours, theirs) = connect(&caller, &callee).await;
        let reader = tokio::spawn(async move {
            for number in 0..20 {
                let message = theirs.receive().await.expect("a message");
                assert_eq!(message.payload(), vec![number; LENGTH].as_slice());
            }
        });
        let sends = async {
            for number in 0..20 {
                let message = Message::Binary(vec![number; LENGTH].into());
                ours.send(message).await.expect("sent");
            }
            reader.await.expect("all received");
        };
        timeout(LIMIT, sends).await.expect("in time");
    }
}
