//! What an endpoint finds out about where it can be reached.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod common;

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;

use common::{LIMIT, connect, endpoint};
use tidewire_tokio::tidewire::{Configuration, DataChannelInit, IceServer, stun};
use tidewire_tokio::{Endpoint, EndpointConfig, PeerConnection};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Where the server claims to see everybody.
const MAPPED: &str = "203.0.113.7:4000";

/// A STUN server; answers its address.
async fn server() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
            let request = stun::Message::parse(&buffer[..len]).unwrap();
            let mut reply = Vec::new();
            let id = request.transaction_id();
            let (class, method) = (stun::Class::SuccessResponse, stun::Method::BINDING);
            stun::MessageBuilder::new(&mut reply, class, method, id)
                .xor_mapped_address(MAPPED.parse().unwrap())
                .finish()
                .unwrap();
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    address
}

fn with_servers(endpoint: &Endpoint, urls: &[String]) -> PeerConnection {
    let configuration = Configuration {
        ice_servers: vec![IceServer {
            urls: urls.to_vec(),
            ..IceServer::default()
        }],
        ..Configuration::default()
    };
    endpoint.peer_connection(configuration).unwrap()
}

/// The local description once everything is gathered.
async fn gathered(connection: &PeerConnection) -> String {
    connection
        .create_data_channel("test", DataChannelInit::default())
        .unwrap();
    let offer = connection.create_offer().unwrap();
    connection.set_local_description(offer).unwrap();
    timeout(LIMIT, connection.gathering_complete())
        .await
        .expect("in time");
    connection.local_description().unwrap().sdp
}

#[tokio::test]
async fn what_a_stun_server_sees_becomes_a_candidate() {
    let server = server().await;
    let connection = with_servers(&endpoint().await, &[format!("stun:{server}")]);
    let sdp = gathered(&connection).await;
    let reflexive: Vec<_> = sdp
        .lines()
        .filter(|line| line.contains("typ srflx"))
        .collect();
    assert_eq!(reflexive.len(), 1, "{sdp}");
    assert!(reflexive[0].contains("203.0.113.7 4000"), "{sdp}");
    assert!(reflexive[0].contains("raddr 127.0.0.1"), "{sdp}");
    assert!(sdp.contains("typ host"), "{sdp}");
    assert!(sdp.contains("a=end-of-candidates"), "{sdp}");
}

#[tokio::test]
async fn servers_that_cannot_be_asked_hold_nothing_up() {
    let urls = [
        "stun:127.0.0.1:no-port".to_owned(),
        "turn:turn.invalid?transport=tcp".to_owned(),
        "nonsense".to_owned(),
    ];
    let connection = with_servers(&endpoint().await, &urls);
    let sdp = gathered(&connection).await;
    assert!(sdp.contains("typ host"), "{sdp}");
    assert!(!sdp.contains("typ srflx"), "{sdp}");
}

#[tokio::test]
async fn connections_run_over_ipv6() {
    let bind = || async {
        let address = "[::1]:0".parse().unwrap();
        Endpoint::bind(EndpointConfig::bound_to([address])).await
    };
    let (Ok(near), Ok(far)) = (bind().await, bind().await) else {
        // Containers often lack it. Not through `eprintln!`, which the test harness keeps to itself.
        let words = b"NOT RUN: connections over IPv6, as this machine has no IPv6\n";
        io::stderr().write_all(words).unwrap();
        let is_required = env::var_os("TIDEWIRE_REQUIRE_IPV6").is_some();
        assert!(!is_required, "IPv6 is required here");
        return;
    };
    let caller = near.peer_connection(Configuration::default()).unwrap();
    let callee = far.peer_connection(Configuration::default()).unwrap();
    let (ours, theirs) = connect(&caller, &callee).await;
    ours.send("over IPv6").await.unwrap();
    let message = timeout(LIMIT, theirs.receive()).await.expect("in time");
    assert_eq!(message.unwrap().as_text(), Some("over IPv6"));
    let pair = caller.stats().selected_pair.unwrap();
    assert!(pair.local.is_ipv6() && pair.remote.is_ipv6(), "{pair:?}");
}

#[tokio::test]
async fn an_address_that_is_not_ours_cannot_be_bound() {
    let address = "192.0.2.1:0".parse().unwrap();
    let refused = Endpoint::bind(EndpointConfig::bound_to([address])).await;
    assert!(refused.is_err());
}
