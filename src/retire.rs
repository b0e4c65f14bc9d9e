//! When a node must not go on with its key: its store was put back to an older copy, so records
//! that it signed before exist elsewhere, and the next ones would take their numbers.
//!
//! Three guards, the earliest first. A *fence* file, kept outside the volume of the store, says how
//! far the log had come: a store that is behind it was put back. Before the first record after a
//! start, neighbours are given a moment to say what they hold of this node's own. And whenever a
//! neighbour holds own records that are not held here, the key retires at once. A retired key
//! writes nothing more; the node goes on with a new one, and gets back from the others what it
//! lost.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    node::{Node, new_identity},
    store::{
        directory::{Directory, DirectoryError, write_durably},
        log::Log,
        rows::Identity,
    },
};

/// How often the fence moves, when anything was written.
const FENCE_EVERY: Duration = Duration::from_secs(5);

/// What a fence file says.
#[derive(Debug, Deserialize)]
struct Fence {
    /// Whose it is.
    store_id: String,
    /// The log came at least this far.
    lsn: u64,
}

/// Finds a store that was put back behind its fence; says so in words.
pub(crate) fn behind_fence(
    path: &Path,
    identity: &Identity,
    lsn: u64,
) -> Result<Option<String>, DirectoryError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DirectoryError::Io { path: path.to_owned(), error }),
    };
    let fence: Fence = toml::from_str(&text).map_err(|_| DirectoryError::Malformed {
        path: path.to_owned(),
        problem: "is no fence file; a new one is made when it is taken away",
    })?;
    let ours = fence.store_id == hex::encode(&identity.store_id);
    Ok((ours && lsn < fence.lsn).then(|| {
        format!("the store ends at position {lsn}, but it had come to {} before", fence.lsn)
    }))
}

fn move_fence(path: &Path, identity: &Identity, lsn: u64) -> Result<(), DirectoryError> {
    let store_id = hex::encode(&identity.store_id);
    let text = format!(
        "# Polder's fence; never put it back from a backup.\nstore_id = \"{store_id}\"\nlsn = {lsn}\n"
    );
    write_durably(path, text.as_bytes(), 0o644)
}

/// Keeps the fence where the log ends, until the task is aborted.
pub(crate) async fn keep_fence(node: Arc<Node>) {
    let Some(path) = node.fence.clone() else { return };
    let mut told = None;
    loop {
        let lsn = node.picture.read().lsn();
        if told != Some(lsn) && node.failure().is_none() {
            let (node, path) = (Arc::clone(&node), path.clone());
            let moved =
                tokio::task::spawn_blocking(move || move_fence(&path, node.identity(), lsn));
            match moved.await {
                Ok(Ok(())) => told = Some(lsn),
                Ok(Err(error)) => tracing::warn!(%error, "the fence file could not be written"),
                Err(error) => tracing::warn!(%error, "the fence file was not written"),
            }
        }
        tokio::time::sleep(FENCE_EVERY).await;
    }
}

/// Gives a store whose key retired a new one. Whatever moment it is broken off at, the next start
/// goes on with it.
pub(crate) fn renew_key(
    directory: &Directory,
    log: &Log,
    old: &Identity,
) -> Result<Identity, DirectoryError> {
    let signer = directory.create_next_key()?;
    let mut retired = old.retired_keys.clone();
    retired.push(old.public_key.clone());
    let identity = new_identity(&signer, &old.display_name, &old.party, retired);
    log.set_identity(&identity)?;
    directory.take_next_key()?;
    tracing::warn!(
        old = hex::encode(&old.public_key),
        new = hex::encode(&identity.public_key),
        "this node goes on with a new key"
    );
    Ok(identity)
}

impl Node {
    /// The key of this node wrote records that are not held here: it writes nothing more.
    pub fn retire_key(&self, problem: &str) {
        if self.key_is_retired() {
            return;
        }
        tracing::error!(problem, "the key of this node retires; the next start gives it a new one");
        if let Err(error) = self.directory.retire_key(problem) {
            tracing::error!(%error, "that the key retired could not be written down");
        }
        self.fail_because(format!("the key of this node has retired: {problem}"));
    }

    /// Whether the next start gives this node a new key.
    pub fn key_is_retired(&self) -> bool {
        self.directory.key_is_retired()
    }
}
