//! What keeps a connection open.

use std::sync::Arc;

use crate::connection::Connection;

/// Closes the connection when nobody holds it any more.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) connection: Arc<Connection>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.connection.let_go(|core, now| core.protocol.close(now));
    }
}
