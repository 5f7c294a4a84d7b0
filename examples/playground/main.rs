//! A page to play with: `cargo run --release --example playground`, then open the address it prints.
//!
//! The program serves the page, answers its offer over HTTP, and then talks to it over WebRTC data
//! channels only: chat, files in both directions, round trips, throughput, and how the connection
//! looks from this end. Any client may offer: `POST /offer` with `application/sdp`.

mod file;
mod handlers;
mod session;
mod view;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use examples::web::{self, Page};
use tidewire_tokio::{Endpoint, EndpointConfig};

use session::{Limits, Sessions};

/// Serves a page that talks to this program over WebRTC.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The TCP port of the page; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on; browsers let pages from elsewhere than localhost compute no SHA-256
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// How many connections are served at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    max_connections: u16,
    /// How many megabytes of files are kept in memory, over all connections
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65536))]
    max_file_memory: u32,
}

const PAGES: [Page; 10] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/app.js", "text/javascript", include_str!("app.js")),
    ("/camera.js", "text/javascript", include_str!("camera.js")),
    ("/chart.js", "text/javascript", include_str!("chart.js")),
    (
        "/connection.js",
        "text/javascript",
        include_str!("connection.js"),
    ),
    ("/measure.js", "text/javascript", include_str!("measure.js")),
    ("/stats.js", "text/javascript", include_str!("stats.js")),
    (
        "/transfer.js",
        "text/javascript",
        include_str!("transfer.js"),
    ),
    web::STYLE,
    ("/units.js", "text/javascript", include_str!("units.js")),
];

#[tokio::main]
#[expect(clippy::print_stderr, reason = "this is where a program complains")]
async fn main() -> ExitCode {
    match serve(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("playground: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the user wants to know where the page is"
)]
async fn serve(args: &Args) -> Result<(), Box<dyn Error>> {
    let listener = web::listen(SocketAddr::new(args.bind, args.port)).await?;
    let endpoint = Endpoint::bind(EndpointConfig::default())
        .await
        .map_err(|error| format!("no UDP socket could be opened: {error}"))?;
    let limits = Limits {
        connections: args.max_connections.into(),
        file_memory: u64::from(args.max_file_memory) << 20,
    };
    let sessions = Sessions::new(endpoint, &limits);
    println!(
        "The playground is at {} (Ctrl-C ends it)",
        web::url(listener.local_addr()?)
    );
    axum::serve(listener, web::routes(&PAGES, sessions.clone()))
        .with_graceful_shutdown(web::interrupted())
        .await?;
    sessions.close().await;
    Ok(())
}
