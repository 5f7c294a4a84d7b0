//! Connections over real sockets on the loopback interface.

mod common;

use std::time::Duration;

use common::{LIMIT, connect, endpoint, pair};
use tidewire_tokio::tidewire::{Configuration, Message, PeerConnectionState};
use tidewire_tokio::{DataChannel, Event};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_megabytes_go_each_way_at_once() {
    const MESSAGE: usize = 64 << 10;
    const COUNT: usize = 160;
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    let run = |channel: DataChannel, from: u8| async move {
        let sender = channel.clone();
        let sending = tokio::spawn(async move {
            for number in 0..COUNT {
                let fill = from.wrapping_add(number as u8);
                sender
                    .send(Message::Binary(vec![fill; MESSAGE].into()))
                    .await
                    .unwrap();
            }
        });
        for number in 0..COUNT {
            let message = channel.receive().await.expect("a message");
            let expected = (255 - from).wrapping_add(number as u8);
            assert!(message.payload().len() == MESSAGE);
            assert!(message.payload().iter().all(|byte| *byte == expected));
        }
        sending.await.unwrap();
    };
    let both = async { tokio::join!(run(ours, 0), run(theirs, 255)) };
    timeout(LIMIT, both).await.expect("in time");
}

#[tokio::test]
async fn many_connections_share_one_socket() {
    let server = endpoint().await;
    let mut channels = Vec::new();
    for _ in 0..40 {
        let caller = endpoint()
            .await
            .peer_connection(Configuration::default())
            .unwrap();
        let callee = server.peer_connection(Configuration::default()).unwrap();
        let (ours, theirs) = connect(&caller, &callee).await;
        channels.push((ours, theirs, caller, callee));
    }
    for (number, (ours, ..)) in channels.iter().enumerate() {
        ours.send(format!("hello {number}")).await.unwrap();
    }
    for (number, (_, theirs, ..)) in channels.iter().enumerate() {
        let message = timeout(LIMIT, theirs.receive())
            .await
            .expect("in time")
            .expect("a message");
        assert_eq!(message.as_text(), Some(format!("hello {number}").as_str()));
    }
    assert_eq!(server.connections(), 40);
    drop(channels);
    let gone = async {
        while server.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, gone)
        .await
        .expect("dropped connections are closed and forgotten");
}

#[tokio::test]
async fn both_sides_see_a_channel_close_after_all_messages() {
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    for number in 0..50 {
        ours.send(format!("{number}")).await.unwrap();
    }
    ours.close();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for number in 0..50 {
        let message = timeout(LIMIT, theirs.receive()).await.expect("in time");
        let message = message.expect("what was sent before the end");
        assert_eq!(message.as_text(), Some(format!("{number}").as_str()));
    }
    assert!(
        timeout(LIMIT, theirs.receive())
            .await
            .expect("in time")
            .is_none()
    );
    assert!(ours.send("late").await.is_err());
}

#[tokio::test]
async fn the_peer_hears_of_a_closed_connection() {
    let (caller, callee) = pair().await;
    let (_ours, theirs) = connect(&caller, &callee).await;
    caller.close();
    assert_eq!(caller.connection_state(), PeerConnectionState::Closed);
    timeout(LIMIT, theirs.closed()).await.expect("in time");
    let told = async {
        while let Some(event) = callee.next_event().await {
            if matches!(event, Event::DtlsClosed) {
                return true;
            }
        }
        false
    };
    assert!(timeout(LIMIT, told).await.expect("in time"));
    callee.close();
    let end = async { while callee.next_event().await.is_some() {} };
    timeout(LIMIT, end)
        .await
        .expect("events end with the connection");
}

#[tokio::test]
async fn a_sender_waits_for_room() {
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    let sender = ours.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..400 {
            sender
                .send(Message::Binary(vec![1; 64 << 10].into()))
                .await
                .unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!sending.is_finished(), "nobody reads");
    assert!(
        ours.buffered_amount() <= 2 << 20,
        "{}",
        ours.buffered_amount()
    );
    for _ in 0..400 {
        timeout(LIMIT, theirs.receive())
            .await
            .expect("in time")
            .expect("a message");
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_half_way_loses_nothing() {
    let (caller, callee) = pair().await;
    let (ours, theirs) = connect(&caller, &callee).await;
    for _ in 0..20 {
        let nothing = timeout(Duration::from_millis(1), theirs.receive()).await;
        assert!(nothing.is_err(), "nothing was sent");
    }
    ours.send("one").await.unwrap();
    let waiting = tokio::spawn({
        let theirs = theirs.clone();
        async move { theirs.receive().await }
    });
    assert_eq!(waiting.await.unwrap(), Some(Message::from("one")));
    ours.send("two").await.unwrap();
    let message = timeout(LIMIT, theirs.receive()).await.expect("in time");
    assert_eq!(message, Some(Message::from("two")));
}

#[tokio::test]
async fn a_connection_outlives_the_handle_of_its_endpoint() {
    let near = endpoint().await;
    let caller = near.peer_connection(Configuration::default()).unwrap();
    drop(near);
    let far = endpoint().await;
    let callee = far.peer_connection(Configuration::default()).unwrap();
    let (ours, theirs) = connect(&caller, &callee).await;
    drop((caller, far, callee));
    ours.send("still here").await.unwrap();
    let message = timeout(LIMIT, theirs.receive()).await.expect("in time");
    assert_eq!(message, Some(Message::from("still here")));
}
