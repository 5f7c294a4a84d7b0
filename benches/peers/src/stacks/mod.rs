//! The stacks, each behind the same small trait.

mod rtc;
mod str0m;
mod tidewire;

pub use rtc::Rtc;
pub use str0m::Str0m;
pub use tidewire::{AwsLcRs, RustCrypto, Tidewire};
