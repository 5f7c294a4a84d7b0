//! A peer that other programs drive: JSON lines on stdin and stdout, one reply a line with the request's
//! `id`. Interoperation with browsers and other stacks is tried through it, and throughput measured.
//!
//! ```text
//! {"id":1,"cmd":"offer","data":true}     -> {"id":1,"sdp":…}     fully gathered
//! {"id":2,"cmd":"setAnswer","sdp":…}     -> {"id":2}
//! {"id":3,"cmd":"send","data":"hello"}   -> {"id":3}
//! {"id":4,"cmd":"state"}                 -> {"id":4,"conn":"connected","recv":["echo:hello"],…}
//! ```
//!
//! `{"cmd":"offer","audio":true,"video":"VP8"}` offers media; what a peer sends is sent back to it.
//! `protocol.rs` lists every verb. `"k"` tells connections apart. `ICE` in the environment, such as
//! `{"iceServers":[{"urls":"stun:192.0.2.1"}]}`, sets the ICE servers.

mod channel;
mod measure;
mod peer;
mod protocol;
mod states;
mod tracks;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use tidewire_tokio::{Endpoint, EndpointConfig};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;

use peer::Peer;
use protocol::{Command, Request, Settings};

#[tokio::main]
#[expect(clippy::print_stderr, reason = "stdout belongs to the protocol")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stdio_peer: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_environment()?;
    let endpoint = bind().await?;
    let mut peers = Peers {
        endpoint,
        settings,
        workers: BTreeMap::new(),
    };
    say(&json!({ "ready": true }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            continue;
        }
        match Request::parse(&line) {
            Ok(Request {
                id,
                command: Command::Close,
                ..
            }) => {
                peers.close().await;
                reply(&id, Ok(json!({})));
                return Ok(());
            }
            Ok(request) => peers.pass_on(request).await,
            Err((id, error)) => reply(&id, Err(error)),
        }
    }
    peers.close().await;
    Ok(())
}

/// One worker a connection: requests for the same connection keep their order, those for different
/// ones do not wait for each other.
struct Peers {
    /// For connections that answer. One that offers gets sockets of its own: between the same two
    /// sockets nothing tells the DTLS packets of two connections apart (RFC 7983), so one of the
    /// sides must not share.
    endpoint: Endpoint,
    settings: Settings,
    workers: BTreeMap<u64, Worker>,
}

struct Worker {
    requests: mpsc::UnboundedSender<Request>,
    peer: Arc<Peer>,
}

impl Peers {
    async fn pass_on(&mut self, request: Request) {
        let id = request.id.clone();
        match self.worker(&request).await {
            // The worker ends with the program only.
            Ok(worker) => worker.requests.send(request).expect("a worker lives"),
            Err(error) => reply(&id, Err(error)),
        }
    }

    async fn worker(&mut self, request: &Request) -> Result<&Worker, String> {
        let worker = match self.workers.entry(request.k) {
            Entry::Occupied(worker) => worker.into_mut(),
            Entry::Vacant(place) => {
                let endpoint = match request.command {
                    Command::Answer { .. } => self.endpoint.clone(),
                    _ => bind().await.map_err(|error| error.to_string())?,
                };
                let peer = Peer::new(&endpoint, self.settings.configuration())?;
                let (requests, queue) = mpsc::unbounded_channel();
                tokio::spawn(work(Arc::clone(&peer), queue));
                place.insert(Worker { requests, peer })
            }
        };
        Ok(worker)
    }

    async fn close(&self) {
        for worker in self.workers.values() {
            worker.peer.close();
        }
        // What tells the peers so is on its way out; the driver sends it from its own task.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn bind() -> io::Result<Endpoint> {
    Endpoint::bind(EndpointConfig::default()).await
}

async fn work(peer: Arc<Peer>, mut queue: mpsc::UnboundedReceiver<Request>) {
    while let Some(Request { id, command, .. }) = queue.recv().await {
        let peer = Arc::clone(&peer);
        let waits = command.waits();
        let answer = async move { reply(&id, peer.perform(command).await) };
        if waits {
            tokio::spawn(answer);
        } else {
            answer.await;
        }
    }
}

fn reply(id: &Value, outcome: Result<Value, String>) {
    let mut line = outcome.unwrap_or_else(|error| json!({ "error": error }));
    if !id.is_null() {
        line["id"] = id.clone();
    }
    say(&line);
}

/// A line on stdout. Nobody reading it is no trouble of ours: stdin ends soon, too.
fn say(line: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
