//! An async driver for Tidewire peer connections.
#![forbid(unsafe_code)]
