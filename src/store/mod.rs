//! Where records are kept: the layout of a data directory, and opening it.
//!
//! ```text
//! DIR/lock             held by the one process that has the store open
//! DIR/current          name and engine of the store in use: `store-000001 fjall`
//! DIR/store-000001/    the engine's files
//! DIR/attachments/     photos and documents, named by their SHA-256
//! DIR/identity/        the node's key; never part of a backup
//! ```

pub mod archives;
pub mod branches;
pub mod covered;
pub mod directory;
pub mod engine;
pub mod erasures;
pub mod feeds;
pub mod fills;
pub mod fjall;
mod guard;
mod journal;
pub mod jumps;
pub mod log;
pub mod memory;
pub mod replay;
pub mod requests;
pub mod rows;
pub mod sled;
