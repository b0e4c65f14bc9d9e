//! What all Polder nodes must agree on: the form of records, the door they enter by, the picture
//! that they add up to, and the questions that can be asked of it. No I/O, no clock, no runtime:
//! time and randomness come in as arguments, so that every node computes the same and a test can
//! replay anything.
//!
//! The way through, whoever speaks:
//!
//! ```text
//! entry bytes -> entry::check_entry, Attributes::of_entry      (any thread)
//!             -> admit::Group::author -> Admitted              (one after the other)
//!             -> admit::Group::seal   -> SealedGroup           (hashed, chained, signed)
//!             -> the node's store makes it durable
//!             -> picture::Picture::install                     (now it shows)
//! ```
//!
//! Records of another node enter as a [`suffix::Suffix`] by [`admit::Group::receive`]; what they
//! say is judged by [`judge`], from the record alone.
//!
//! Where to look: [`record`] for the bytes that are signed, [`live`] for what makes a
//! contradiction, [`kinds`] for what an entry can be about, [`filter`] for what can be asked.
//!
//! ```
//! use polder_picture::{
//!     admit::{Act, Draft, Group, NewScope, Supersedes},
//!     attributes::Attributes,
//!     clock::Clock,
//!     picture::Picture,
//!     record::{Sealed, Signer},
//! };
//! use polder_wire::v1::{IncidentData, Lane, Mode};
//!
//! let (mut picture, mut clock) = (Picture::default(), Clock::default());
//! let signer = Signer::new(&[7; 32]);
//! let mut group = Group::new(&picture, &signer, &mut clock);
//! let scope = group.open_scope(NewScope {
//!     incident: "flood".into(),
//!     mode: Mode::Exercise,
//!     audience: "all".into(),
//! })?;
//! let draft = |entry: u128, act: Act| Draft {
//!     scope,
//!     entry: uuid::Uuid::from_u128(entry),
//!     act,
//!     lane: Lane::Routine,
//!     sealed: Sealed::new([0; 16], bytes::Bytes::from_static(b"content")),
//!     author: String::new(),
//!     supersedes: Supersedes::AllHeld,
//! };
//! group.author(draft(0, Act::Incident(Box::new(IncidentData::default()))), 1_000)?;
//! group.author(draft(1, Act::Put(Attributes::bare(Lane::Routine))), 1_001)?;
//! let sealed = group.seal();
//!
//! picture.install(&sealed);
//! assert_eq!(picture.entries().len(), 1);
//! # Ok::<(), polder_picture::refusal::Refusal>(())
//! ```

pub mod account;
pub mod admit;
pub mod attributes;
pub mod changes;
pub mod charter;
pub mod check;
pub mod checkpoint;
pub mod clock;
pub mod entry;
pub mod fields;
pub mod fill;
pub mod filter;
pub mod forks;
pub mod impact;
pub mod judge;
pub mod jump;
pub mod kinds;
pub mod language;
pub mod link;
pub mod live;
pub mod names;
pub mod pages;
pub mod picture;
pub mod record;
pub mod refusal;
pub mod seal;
pub mod sight;
pub mod standing;
pub mod suffix;
pub mod team;
