//! HTTP for examples: their page, and signalling with an offer in and the answer out.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tidewire::{NegotiationError, SessionDescription};
use tidewire_tokio::PeerConnection;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::guard::{self, Guard};

/// Session descriptions of browsers have a few kilobytes.
const MAX_OFFER_BYTES: usize = 64 << 10;
const SDP: &str = "application/sdp";
/// After this an answer goes out with the candidates that are known.
const GATHERING_LIMIT: Duration = Duration::from_secs(3);

/// A file of the page: its path, its type, its text.
pub type Page = (&'static str, &'static str, &'static str);

/// The style that the pages share.
pub const STYLE: Page = (
    "/style.css",
    "text/css",
    include_str!("../playground/style.css"),
);
/// A module with the way from offer to answer.
pub const SIGNALING: Page = (
    "/signaling.js",
    "text/javascript",
    include_str!("signaling.js"),
);

/// Answers offers, and tells how things are.
pub trait Server: Clone + Send + Sync + 'static {
    /// The answer to an offer.
    fn answer(&self, offer: String) -> impl Future<Output = Result<String, Refusal>> + Send;

    /// What the page gets under `/state`.
    fn state(&self) -> serde_json::Value;
}

/// Why an offer got no answer.
#[derive(Debug)]
pub enum Refusal {
    /// There is no place for another connection: why.
    Full(String),
    /// The offer is at fault.
    Offer(String),
    /// We are.
    Ours(String),
}

/// The page, `POST /offer` and `GET /state`.
pub fn routes<S: Server>(pages: &[Page], server: S) -> Router {
    pages
        .iter()
        .fold(Router::new(), |router, &(path, kind, text)| {
            let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
            router.route(path, get((headers, text)))
        })
        .route("/offer", post(offer::<S>))
        .route("/state", get(state::<S>))
        .layer(DefaultBodyLimit::max(MAX_OFFER_BYTES))
        .layer(middleware::from_fn_with_state(Guard::new(), guard::check))
        .with_state(server)
}

/// Opens the port of the page.
///
/// # Errors
/// With words for the user when it cannot be had.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| match error.kind() {
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
    })
}

/// Where the page is. Browsers treat localhost by name as a secure context.
pub fn url(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}/", address.port())
    } else {
        format!("http://{address}/")
    }
}

/// Until Ctrl-C. Without the signal handler, until the program is killed.
pub async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Takes an offer. What is to be set up between it and its answer comes in between.
///
/// # Errors
/// When it is no offer that we can answer.
pub fn take_offer(connection: &PeerConnection, offer: String) -> Result<(), Refusal> {
    connection
        .set_remote_description(SessionDescription::offer(offer))
        .map_err(|error| Refusal::Offer(error.to_string()))
}

/// Makes the answer, with the candidates in it.
///
/// # Errors
/// When the connection refuses.
pub async fn make_answer(connection: &PeerConnection) -> Result<String, Refusal> {
    let answer = connection.create_answer()?;
    connection.set_local_description(answer)?;
    // A server that does not reply must not keep the page waiting.
    let _ = timeout(GATHERING_LIMIT, connection.gathering_complete()).await;
    let answer = connection.local_description();
    Ok(answer.ok_or(NegotiationError::Closed)?.sdp)
}

/// Answers an offer; what goes wrong is told as plain text.
async fn offer<S: Server>(State(server): State<S>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(SDP) {
        let words = format!("the offer must come as {SDP}, not as “{kind}”\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response();
    }
    let Ok(sdp) = String::from_utf8(body.to_vec()) else {
        return (StatusCode::BAD_REQUEST, "the offer is not UTF-8\n").into_response();
    };
    match server.answer(sdp).await {
        Ok(answer) => ([(CONTENT_TYPE, SDP)], answer).into_response(),
        Err(refusal) => (refusal.status(), format!("{refusal}\n")).into_response(),
    }
}

async fn state<S: Server>(State(server): State<S>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, server.state().to_string()).into_response()
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Full(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Offer(_) => StatusCode::BAD_REQUEST,
            Self::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// It is our fault.
    pub fn ours(error: impl fmt::Display) -> Self {
        Self::Ours(error.to_string())
    }
}

impl From<NegotiationError> for Refusal {
    fn from(error: NegotiationError) -> Self {
        Self::ours(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(why) => f.write_str(why),
            Self::Offer(error) => write!(f, "this offer cannot be answered: {error}"),
            Self::Ours(error) => write!(f, "the server could not answer: {error}"),
        }
    }
}
