//! What a request must be like before anything is done for it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Requests that are dealt with at once.
const MAX_REQUESTS: usize = 64;
/// How long one may take, its body included.
const LIMIT: Duration = Duration::from_secs(10);

/// Limits requests in number and time.
#[derive(Clone)]
pub struct Guard(Arc<Semaphore>);

impl Default for Guard {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard {
    /// With every place free.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_REQUESTS)))
    }
}

/// Lets a request through, or answers it with the reason why not.
pub async fn check(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    if !is_for_us(request.headers()) {
        let words = "this server answers to localhost and to its IP address only\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let Ok(_place) = guard.0.try_acquire() else {
        let words = "there are too many requests at once\n";
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    };
    match timeout(LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
    }
}

/// A page from elsewhere must not reach us through a name that it has made ours (DNS rebinding), nor
/// from its own origin.
fn is_for_us(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let Some(host) = text(HOST).filter(|host| is_address(host)) else {
        return false;
    };
    text(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

/// `localhost` or an IP address, perhaps with a port: names that nobody else can give us.
fn is_address(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let ip = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || ip.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(host: Option<&'static str>, origin: Option<&'static str>) -> HeaderMap {
        let lines = [(HOST, host), (ORIGIN, origin)];
        let lines = lines.into_iter().filter_map(|(name, value)| {
            let value = HeaderValue::from_static(value?);
            Some((name, value))
        });
        lines.collect()
    }

    #[test]
    fn requests_for_other_names_or_from_other_origins_are_refused() {
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]:8080"] {
            assert!(is_for_us(&headers(Some(host), None)), "{host}");
        }
        for host in [
            "evil.example:8080",
            "localhost.evil.example",
            "",
            "[::1",
            "1.2.3",
        ] {
            assert!(!is_for_us(&headers(Some(host), None)), "{host}");
        }
        assert!(!is_for_us(&headers(None, None)));
        let host = Some("localhost:8080");
        assert!(is_for_us(&headers(host, Some("http://localhost:8080"))));
        for origin in [
            "http://evil.example",
            "http://localhost:80",
            "null",
            "https://localhost:8080",
        ] {
            assert!(!is_for_us(&headers(host, Some(origin))), "{origin}");
        }
    }
}
