//! The `polder.v1` contract as Rust types, generated from `proto/` at build time. Nothing else.
//!
//! ```
//! use polder_wire::v1::{Entry, Statement};
//!
//! let entry = Entry { statement: Statement::Fact.into(), ..Default::default() };
//! assert_eq!(entry.statement(), Statement::Fact);
//! ```

/// `google.rpc`, as far as the contract uses it.
#[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
pub mod google {
    pub mod rpc {
        include!(concat!(env!("OUT_DIR"), "/google.rpc.rs"));
    }
}

/// Generated code refers to its packages by this path; use [`v1`].
#[doc(hidden)]
#[allow(missing_docs, rustdoc::all, clippy::all, clippy::pedantic)]
pub mod polder {
    /// `polder.v1`: messages, clients and servers.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/polder.v1.rs"));
    }
}

pub use polder::v1;

/// The contract's descriptors, as a `FileDescriptorSet` with comments, for reflection and JSON.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
