//! Where records are kept.
pub mod engine;
