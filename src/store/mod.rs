//! Where records are kept.
pub mod engine;
pub mod fjall;
mod guard;
mod journal;
pub mod memory;
pub mod sled;
