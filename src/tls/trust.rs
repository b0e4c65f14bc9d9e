//! Which nodes are spoken with: those that the charter certifies and has not cut off; on a node
//! without a charter, those that its configuration names. Where nothing is said, none.

use std::sync::Arc;

use polder_picture::record::Id;
use rustls::{CertificateError, Error};

use crate::{
    links::{Accept, LinksConfig},
    node::Node,
};

/// Decides about nodes, as the charter stands now.
pub struct Trust {
    node: Arc<Node>,
    pinned: Vec<Id>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("pinned", &self.pinned).finish_non_exhaustive()
    }
}

impl Trust {
    /// Of a node, with the key ids that `[peers]` names.
    pub fn new(node: Arc<Node>, links: &LinksConfig) -> Self {
        let mut pinned: Vec<_> = links.dial.iter().filter_map(|plan| plan.node).collect();
        if let Accept::Only(nodes) = &links.accept {
            pinned.extend(nodes);
        }
        Self { node, pinned }
    }

    /// Whether a node is to be spoken with, which has proved its key.
    pub(super) fn admits(&self, node: Id) -> Result<(), Error> {
        let charter = self.node.charter.read();
        let refused = match charter.as_ref() {
            None if self.pinned.contains(&node) => return Ok(()),
            None => CertificateError::ApplicationVerificationFailure,
            Some(charter) if charter.is_certified(node) => return Ok(()),
            Some(charter) if charter.node(node).is_some_and(|row| row.cut.is_some()) => {
                CertificateError::Revoked
            }
            Some(_) => CertificateError::ApplicationVerificationFailure,
        };
        Err(refused.into())
    }

    /// Whether any other node could be trusted as things are.
    pub fn knows_anybody(&self) -> bool {
        !self.pinned.is_empty() || self.node.charter.read().is_some()
    }
}
