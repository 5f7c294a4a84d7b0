//! Sends a file to many browsers at once: `cargo run --release --example broadcast -- file.webm`, then
//! open the address that it prints, as often as you like.
//!
//! The file is read once for all viewers, at its own pace, over and over. Nothing is encoded: its frames
//! (VP8, VP9 or AV1, and Opus) go out as they are.

mod hub;
mod source;
#[cfg(test)]
mod tests;
mod viewer;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use examples::web::{self, Page};
use tidewire_tokio::{Endpoint, EndpointConfig};

use hub::Hub;
use viewer::Viewers;

/// Sends a file to many browsers at once.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// A WebM or Matroska file with VP8, VP9 or AV1, and Opus
    file: PathBuf,
    /// The TCP port of the page; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// How many may watch at once
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4096))]
    max_viewers: u16,
}

const PAGES: [Page; 4] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/watch.js", "text/javascript", include_str!("watch.js")),
    web::SIGNALING,
    web::STYLE,
];

#[tokio::main]
#[expect(clippy::print_stderr, reason = "this is where a program complains")]
async fn main() -> ExitCode {
    match broadcast(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("broadcast: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the user wants to know where the page is"
)]
async fn broadcast(args: Args) -> Result<(), Box<dyn Error>> {
    let name = args.file.display().to_string();
    let unusable = |error| format!("{name} cannot be sent: {error}");
    let tracks = source::tracks(&args.file).map_err(unusable)?;
    let listener = web::listen(SocketAddr::new(args.bind, args.port)).await?;
    let endpoint = Endpoint::bind(EndpointConfig::default())
        .await
        .map_err(|error| format!("no UDP socket could be opened: {error}"))?;
    let hub = Arc::new(Hub::new(tracks));
    let viewers = Viewers::new(endpoint, Arc::clone(&hub), args.max_viewers.into(), &name);
    let url = web::url(listener.local_addr()?);
    println!("{name} is on at {url} (Ctrl-C ends it)");
    let routes = web::routes(&PAGES, viewers.clone());
    tokio::select! {
        ended = source::play(args.file, hub) => ended.map_err(unusable)?,
        served = async { axum::serve(listener, routes).await } => served?,
        () = web::interrupted() => {}
    }
    viewers.close().await;
    Ok(())
}
