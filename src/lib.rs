//! The Polder node: everything that waits. What nodes must agree on stands in `polder_picture`.
//!
//! The file to open first is [`publish`]: the one writer that everything enters through.

pub mod archive;
pub mod attachments;
pub mod audit;
pub mod backup;
pub mod bundle;
pub mod charter;
pub mod checkpoints;
pub mod cli;
pub mod config;
pub mod disk;
pub mod erase;
pub mod grpc;
pub mod incident;
pub mod intake;
pub mod join;
pub mod json;
mod leaps;
pub mod links;
pub mod maintain;
pub mod metrics;
pub mod node;
pub mod people;
pub mod present;
pub mod publish;
pub mod query;
mod rebuild;
mod recent;
mod retire;
mod scaling;
pub mod serve;
pub mod slow_line;
pub mod store;
pub mod subscribe;
mod tail;
pub(crate) mod team;
pub mod tls;
pub mod token;
pub mod wall;
pub mod web;
