//! The short-term credentials of one generation and their HMAC states: RFC 8445 section 7.2.2.

use std::sync::Arc;

use tidewire_crypto::{CryptoProvider, HashAlgorithm, HmacKey};

use crate::credentials::Credentials;

/// The credentials of both agents. The HMAC states are computed once, not for each message.
#[derive(Debug)]
pub(crate) struct Keys {
    crypto: Arc<dyn CryptoProvider>,
    local: Credentials,
    local_key: Box<dyn HmacKey>,
    remote: Option<RemoteKeys>,
}

#[derive(Debug)]
struct RemoteKeys {
    credentials: Credentials,
    key: Box<dyn HmacKey>,
    /// USERNAME of the requests to the peer.
    username: String,
}

/// Whom the USERNAME of a request names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Addressee {
    /// This agent, in this generation.
    Us,
    /// This agent, but the sender is not the peer we know.
    UsFromStranger,
    /// Somebody else.
    Other,
}

impl Keys {
    pub(crate) fn new(crypto: Arc<dyn CryptoProvider>, local: Credentials) -> Self {
        Self {
            local_key: hmac(&*crypto, &local),
            local,
            remote: None,
            crypto,
        }
    }

    pub(crate) fn local(&self) -> &Credentials {
        &self.local
    }

    pub(crate) fn remote(&self) -> Option<&Credentials> {
        self.remote.as_ref().map(|remote| &remote.credentials)
    }

    pub(crate) fn set_remote(&mut self, credentials: Credentials) {
        self.remote = Some(RemoteKeys {
            key: hmac(&*self.crypto, &credentials),
            username: format!("{}:{}", credentials.ufrag, self.local.ufrag),
            credentials,
        });
    }

    /// The key of requests to us and of our responses.
    pub(crate) fn local_key(&self) -> &dyn HmacKey {
        &*self.local_key
    }

    /// The key of our requests and of the responses to them.
    pub(crate) fn remote_key(&self) -> Option<&dyn HmacKey> {
        self.remote.as_ref().map(|remote| &*remote.key)
    }

    /// USERNAME and key of a request to the peer.
    pub(crate) fn outgoing(&self) -> Option<(&str, &dyn HmacKey)> {
        let remote = self.remote.as_ref()?;
        Some((&remote.username, &*remote.key))
    }

    /// The user name fragment of the sender of a request.
    pub(crate) fn sender(username: &str) -> &str {
        username.split_once(':').map_or("", |(_, from)| from)
    }

    /// Whom `username` names; RFC 8445 section 7.2.2 puts the receiver's fragment first.
    pub(crate) fn addressee(&self, username: &str) -> Addressee {
        let Some((to, from)) = username.split_once(':') else {
            return Addressee::Other;
        };
        if to != self.local.ufrag {
            return Addressee::Other;
        }
        match self.remote() {
            Some(remote) if remote.ufrag != from => Addressee::UsFromStranger,
            _ => Addressee::Us,
        }
    }
}

fn hmac(crypto: &dyn CryptoProvider, credentials: &Credentials) -> Box<dyn HmacKey> {
    crypto.hmac(HashAlgorithm::Sha1, credentials.pwd.as_bytes())
}
