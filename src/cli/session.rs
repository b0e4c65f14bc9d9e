//! Sessions of this person at nodes, in a file of which only they can read.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

use crate::store::directory::write_durably;

/// A connection to a node that says who calls.
pub(super) type Connection = InterceptedService<Channel, Bearer>;

/// Puts the session before each call, if there is one.
#[derive(Debug, Clone, Default)]
pub(super) struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    /// Of a token.
    pub(super) fn of(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {token}").parse().context("the session holds strange characters")?;
        value.set_sensitive(true);
        Ok(Self(Some(value)))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Who.
    pub(super) person: String,
    /// For the `authorization` header.
    pub(super) token: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    nodes: BTreeMap<String, Kept>,
}

/// Where sessions are kept: `$XDG_STATE_HOME/polder` or `~/.local/state/polder`.
fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = set("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/state")))?;
    Some(state.join("polder").join("sessions.json"))
}

fn read(path: &Path) -> anyhow::Result<File> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The session at a node, if one is kept.
pub(super) fn kept(node: &str) -> anyhow::Result<Option<Kept>> {
    let Some(path) = file() else { return Ok(None) };
    Ok(read(&path)?.nodes.remove(node))
}

/// Keeps a session at a node, or forgets it, and says where.
pub(super) fn keep(node: &str, session: Option<Kept>) -> anyhow::Result<PathBuf> {
    let path = file().context("say where to keep sessions: set HOME or XDG_STATE_HOME")?;
    let mut sessions = read(&path)?;
    match session {
        Some(session) => drop(sessions.nodes.insert(node.to_owned(), session)),
        None => drop(sessions.nodes.remove(node)),
    }
    let folder = path.parent().context("sessions are kept in a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    write_durably(&path, &serde_json::to_vec_pretty(&sessions)?, 0o600)?;
    Ok(path)
}
