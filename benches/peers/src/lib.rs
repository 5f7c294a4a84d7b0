//! How stacks are measured beside each other: by the CPU time of the process, in turns.

pub mod clock;
pub mod turns;
