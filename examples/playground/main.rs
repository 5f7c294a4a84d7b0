//! A page to play with: `cargo run --release --example playground`, then open the address it prints.
//!
//! The program serves the page, answers its offer over HTTP, and then talks to it over WebRTC data
//! channels only: chat, files in both directions, round trips, throughput, and how the connection
//! looks from this end. Any client may offer: `POST /offer` with `application/sdp`.

mod file;
mod handlers;
mod http;
mod session;
mod view;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use clap::Parser;
use tidewire_tokio::{Endpoint, EndpointConfig};
use tokio::net::TcpListener;

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
    let address = SocketAddr::new(args.bind, args.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| explain(address, &error))?;
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
        url(listener.local_addr()?)
    );
    axum::serve(listener, http::routes(sessions.clone()))
        .with_graceful_shutdown(async {
            // Without the signal handler the program runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    sessions.close().await;
    Ok(())
}

fn explain(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; choose another port with --port")
        }
        io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on {address}; choose a port above 1023 with --port")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{} is no address of this machine; see --bind", address.ip())
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}

/// Browsers treat localhost by name as a secure context.
fn url(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}/", address.port())
    } else {
        format!("http://{address}/")
    }
}
