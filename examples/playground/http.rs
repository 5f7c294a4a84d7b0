//! The page, and signalling: an offer in, the answer out.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use examples::guard::{self, Guard};

use crate::session::{Refusal, Sessions};

/// Session descriptions of browsers have a few kilobytes.
const MAX_OFFER_BYTES: usize = 64 << 10;
const SDP: &str = "application/sdp";

const FILES: [(&str, &str, &str); 10] = [
    ("/", "text/html; charset=utf-8", include_str!("index.html")),
    ("/style.css", "text/css", include_str!("style.css")),
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
    ("/units.js", "text/javascript", include_str!("units.js")),
];

pub(crate) fn routes(sessions: Sessions) -> Router {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, text)| {
            router.route(
                path,
                get(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text)),
            )
        })
        .route("/offer", post(offer))
        .layer(DefaultBodyLimit::max(MAX_OFFER_BYTES))
        .layer(middleware::from_fn_with_state(Guard::new(), guard::check))
        .with_state(sessions)
}

/// Answers an offer; what goes wrong is told as plain text.
async fn offer(State(sessions): State<Sessions>, headers: HeaderMap, body: Bytes) -> Response {
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
    match sessions.answer(sdp).await {
        Ok(answer) => ([(CONTENT_TYPE, SDP)], answer).into_response(),
        Err(refusal) => (status(&refusal), format!("{refusal}\n")).into_response(),
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Full { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Offer(_) => StatusCode::BAD_REQUEST,
        Refusal::Ours(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
