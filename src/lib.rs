//! The Polder node.
pub mod store;
