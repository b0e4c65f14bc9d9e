//! The services of `polder.v1`. A handler checks, calls, translates and fills; what it calls
//! stands elsewhere.

pub mod advice;
mod attachment;
mod audit;
mod author;
mod bundle;
mod charter;
mod erase;
pub(crate) mod guard;
mod impact;
pub mod incident;
pub mod join;
pub mod link;
pub mod node;
mod people;
pub mod picture;
mod release;
mod signals;
mod situation;
pub mod status;
mod team;
mod warnings;

use std::sync::Arc;

use polder_picture::refusal::Refusal;
use tokio::sync::watch;

use crate::{links::Links, node::Node, people::People, publish::RequestKey};

/// What all services share.
#[derive(Clone)]
pub struct Services {
    /// The node.
    pub node: Arc<Node>,
    /// Its links.
    pub links: Arc<Links>,
    /// Who may call it.
    pub people: Arc<People>,
    /// True when streams should end.
    pub ending: watch::Receiver<bool>,
}

/// Id and content hash of a request; `None` without an id. `content` is the request without its id.
/// Somebody else with the same id asks something else.
fn request_key(
    method: &str,
    author: &str,
    request_id: &str,
    content: impl FnOnce() -> Vec<u8>,
) -> Result<Option<RequestKey>, Refusal> {
    if request_id.is_empty() {
        return Ok(None);
    }
    let id = uuid::Uuid::try_parse(request_id)
        .map_err(|_| Refusal::field("request_id", "NOT_A_UUID", "must be a UUID"))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(method.as_bytes());
    if !author.is_empty() {
        hasher.update(author.as_bytes());
        hasher.update(&[0]);
    }
    hasher.update(&content());
    let digest = *hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes");
    Ok(Some(RequestKey { id: *id.as_bytes(), digest }))
}

/// Runs what reads from the disk where it holds up no other call.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, status::Refused> + Send + 'static,
) -> Result<T, tonic::Status> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        Err(error) => Err(status::internal(&anyhow::anyhow!("a reader stopped: {error}"))),
    }
}
