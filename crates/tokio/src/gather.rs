//! Where we can be reached: the machine's addresses, and what STUN servers see.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tidewire::{Configuration, IceTransportPolicy};
use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::socket::Wanted;

/// How long a name server may take.
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
/// The port of STUN over UDP (RFC 7064 section 3.1).
const STUN_PORT: u16 = 3478;

/// The addresses to bind, where `wanted` may have unspecified ones, or none.
pub(crate) fn addresses(wanted: &[SocketAddr], include_loopback: bool) -> io::Result<Vec<Wanted>> {
    let anywhere = [
        SocketAddr::from(([0, 0, 0, 0], 0)),
        SocketAddr::from(([0_u16; 8], 0)),
    ];
    let wanted = if wanted.is_empty() { &anywhere } else { wanted };
    let mut found = Vec::new();
    for address in wanted {
        if address.ip().is_unspecified() {
            let interfaces = interface_addresses(address.is_ipv4(), include_loopback)?;
            found.extend(interfaces.into_iter().map(|ip| Wanted {
                address: SocketAddr::new(ip, address.port()),
                is_named: false,
            }));
        } else {
            found.push(Wanted {
                address: *address,
                is_named: true,
            });
        }
    }
    Ok(found)
}

/// Link-local addresses are left out: they need a zone that no candidate can tell (RFC 8445 section
/// 5.1.1.1).
fn interface_addresses(ipv4: bool, include_loopback: bool) -> io::Result<Vec<IpAddr>> {
    let all: Vec<_> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(|ip| ip.is_ipv4() == ipv4)
        .collect();
    let outward: Vec<_> = all.iter().copied().filter(|ip| !ip.is_loopback()).collect();
    // A machine without a network can still talk to itself.
    Ok(if include_loopback || (outward.is_empty() && ipv4) {
        all
    } else {
        outward
    })
}

/// The STUN servers of a configuration, as `host:port`.
pub(crate) fn stun_servers(configuration: &Configuration) -> Vec<String> {
    if configuration.ice_transport_policy == IceTransportPolicy::Relay {
        return Vec::new();
    }
    let urls = configuration
        .ice_servers
        .iter()
        .flat_map(|server| &server.urls);
    urls.filter_map(|url| match parse_stun(url) {
        Some(server) => Some(server),
        None => {
            tracing::warn!(url, "this server is not used: only stun: over UDP is");
            None
        }
    })
    .collect()
}

/// RFC 7064 section 3.1: `stun:host[:port]`.
fn parse_stun(url: &str) -> Option<String> {
    let host = url.strip_prefix("stun:")?;
    let is_bare_ipv6 = host.starts_with('[') && host.ends_with(']');
    let has_port = !is_bare_ipv6 && host.contains(':');
    let valid = !host.is_empty() && !host.contains(['/', '?', '@']);
    valid.then(|| {
        if has_port {
            host.to_owned()
        } else {
            format!("{host}:{STUN_PORT}")
        }
    })
}

/// Resolves the servers' names and lets the connection ask them. A name that takes too long is left
/// out.
pub(crate) async fn ask(connection: Arc<Connection>, servers: Vec<String>) {
    let mut lookups = JoinSet::new();
    for server in servers {
        let connection = Arc::clone(&connection);
        lookups.spawn(async move {
            match timeout(LOOKUP_LIMIT, lookup_host(&server)).await {
                Ok(Ok(addresses)) => connection.with(|core, now| {
                    for address in addresses {
                        core.protocol.add_stun_server(now, address);
                    }
                }),
                Ok(Err(error)) => {
                    tracing::warn!(server, %error, "the STUN server's name is not found");
                }
                Err(_) => tracing::warn!(server, "the STUN server's name is not found in time"),
            }
        });
    }
    while lookups.join_next().await.is_some() {}
    connection.with(|core, now| core.protocol.finish_gathering(now));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stun_uris_have_a_default_port() {
        let parsed = |url| parse_stun(url);
        assert_eq!(
            parsed("stun:example.org").as_deref(),
            Some("example.org:3478")
        );
        assert_eq!(
            parsed("stun:example.org:99").as_deref(),
            Some("example.org:99")
        );
        assert_eq!(
            parsed("stun:[2001:db8::1]").as_deref(),
            Some("[2001:db8::1]:3478")
        );
        assert_eq!(
            parsed("stun:[2001:db8::1]:99").as_deref(),
            Some("[2001:db8::1]:99")
        );
        for bad in [
            "turn:example.org",
            "stun:",
            "stun://example.org",
            "stun:a?transport=udp",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_unspecified_address_stands_for_the_interfaces() {
        let bound = addresses(&["0.0.0.0:0".parse().unwrap()], true).unwrap();
        assert!(
            bound.iter().any(|wanted| wanted.address.ip().is_loopback()),
            "{bound:?}"
        );
        assert!(
            bound
                .iter()
                .all(|wanted| !wanted.address.ip().is_unspecified()),
            "{bound:?}"
        );
    }
}
