//! Records a browser's camera and microphone: `cargo run --release --example record -- out.webm`, then
//! open the address that it prints.
//!
//! The program serves the page, answers its offer, and writes the frames that arrive into a WebM file as
//! they are: nothing is decoded. The file is complete when the page is closed or Ctrl-C is pressed.

mod recorder;
mod session;
#[cfg(test)]
mod tests;
mod timeline;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use examples::web::{self, Page};
use tidewire_tokio::{Endpoint, EndpointConfig};

use session::Sessions;

/// Records a browser's camera and microphone into a WebM file.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The file to write; one that exists is overwritten
    file: PathBuf,
    /// The video codec that is asked for first
    #[arg(long, value_enum, default_value_t = Preference::Vp8)]
    codec: Preference,
    /// The TCP port of the page; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The address to listen on; browsers give pages from elsewhere than localhost no camera
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Preference {
    Vp8,
    Vp9,
    Av1,
}

const PAGES: [Page; 4] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/record.js", "text/javascript", include_str!("record.js")),
    web::SIGNALING,
    web::STYLE,
];

#[tokio::main]
#[expect(clippy::print_stderr, reason = "this is where a program complains")]
async fn main() -> ExitCode {
    match record(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("record: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the user wants to know where the page is"
)]
async fn record(args: Args) -> Result<(), Box<dyn Error>> {
    let listener = web::listen(SocketAddr::new(args.bind, args.port)).await?;
    let endpoint = Endpoint::bind(EndpointConfig::default())
        .await
        .map_err(|error| format!("no UDP socket could be opened: {error}"))?;
    let codecs = match args.codec {
        Preference::Vp8 => ["VP8", "VP9", "AV1"],
        Preference::Vp9 => ["VP9", "VP8", "AV1"],
        Preference::Av1 => ["AV1", "VP9", "VP8"],
    };
    let path = args.file.display().to_string();
    let (sessions, done) = Sessions::new(endpoint, args.file, codecs);
    let url = web::url(listener.local_addr()?);
    println!("Open {url} to record into {path} (Ctrl-C ends it)");
    let mut server = tokio::spawn({
        let routes = web::routes(&PAGES, sessions.clone());
        async move { axum::serve(listener, routes).await }
    });
    tokio::pin!(done);
    let outcome = tokio::select! {
        outcome = &mut done => outcome?,
        served = &mut server => return Ok(served??),
        () = web::interrupted() => {
            if !sessions.stop() {
                println!("Nothing was recorded.");
                return Ok(());
            }
            done.await?
        }
    };
    println!("{}", outcome?);
    server.abort();
    Ok(())
}
