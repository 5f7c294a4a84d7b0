//! An in-memory network with a virtual clock, for tests.
#![forbid(unsafe_code)]
