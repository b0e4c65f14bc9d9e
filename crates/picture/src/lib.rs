//! What all Polder nodes must agree on.
pub mod check;
pub mod entry;
pub mod kinds;
pub mod language;
pub mod names;
pub mod refusal;
