//! The side of the node that joins.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use polder_picture::{
    charter::Charter,
    language::Language,
    record::{Id, key_id},
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    BeginJoinRequest, CharterStatement, FinishJoinRequest, join_service_client::JoinServiceClient,
};
use tonic::Status;

use super::{Code, GUEST, HOST, SharedKey, guest_half};
use crate::{
    node::Node,
    publish::PublishError,
    tls::{DialError, reach_any},
};

/// Bytes of a charter that are taken at most: all its signatures with bodies of a usual size.
const CHARTER_BYTES_MAX: usize = 256 << 20;

/// What became of joining.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Key id of the node that invited.
    pub node: Id,
    /// Its name.
    pub display_name: String,
    /// Name of the charter.
    pub charter: String,
}

/// Why a node did not join.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// Something here does not allow it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The other side refused it.
    #[error("{0}")]
    Status(Box<Status>),
    /// The store refused it.
    #[error("{0}")]
    Store(#[from] PublishError),
}

impl From<Status> for EnrolError {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

fn refuse(reason: &'static str, sentence: impl Into<String>) -> EnrolError {
    Refusal::new(Class::FailedPrecondition, reason, sentence).into()
}

/// Joins at another node with a code that was read out.
pub async fn enrol(node: &Arc<Node>, address: &str, typed: &str) -> Result<Enrolled, EnrolError> {
    let code = Code::parse(typed).ok_or_else(|| {
        let sentence = "is no code, or has a letter wrong: ten letters and digits, as read out";
        Refusal::field("code", "CODE_MALFORMED", sentence)
    })?;
    let unreachable = |error: DialError| {
        Status::unavailable(format!("{address}: {}", error.sentence(Language::English)))
    };
    let dialled = reach_any(address).await.map_err(unreachable)?;
    let host = dialled.node.ok_or_else(|| refuse("HOST_UNPROVEN", "no node answers there"))?;
    let mut client = JoinServiceClient::new(dialled.channel).max_decoding_message_size(64 << 20);

    let (half, message) = guest_half(&code, host);
    let begin = BeginJoinRequest { slot: code.slot_text(), message: message.into() };
    let begun = client.begin_join(begin).await?.into_inner();
    let unproven = || {
        refuse("HOST_UNPROVEN", "the node that answers does not know the code: it did not give it")
    };
    let key = SharedKey::of(half, &begun.message).ok_or_else(unproven)?;
    let signer = node.directory.read_key().map_err(|error| Status::internal(error.to_string()))?;
    let identity = node.identity();
    let (name, party) = (&identity.display_name, format!("parties/{}", identity.party));
    let finish = FinishJoinRequest {
        attempt: begun.attempt,
        confirmation: key.confirmation(GUEST).to_vec().into(),
        public_key: signer.public().as_bytes().to_vec().into(),
        display_name: name.clone(),
        signature: key.sign(&signer, name, &party).to_vec().into(),
        party,
    };
    let mut answers = client.finish_join(finish).await?.into_inner();
    let first = answers.message().await?.ok_or_else(unproven)?;
    if !key.confirms(HOST, &first.confirmation) {
        return Err(unproven());
    }
    let (mut statements, mut bytes) = (first.statements, 0);
    while let Some(more) = answers.message().await? {
        bytes += more.statements.iter().map(prost::Message::encoded_len).sum::<usize>();
        if bytes > CHARTER_BYTES_MAX {
            return Err(refuse("CHARTER_FULL", "the charter is larger than a node takes"));
        }
        statements.extend(more.statements);
    }
    let charter = take(node, statements).await?;
    Ok(Enrolled { node: host, display_name: first.display_name, charter })
}

/// Makes the charter this node's own, if it certifies it; returns its name.
async fn take(node: &Arc<Node>, statements: Vec<CharterStatement>) -> Result<String, EnrolError> {
    let founds = |one: &CharterStatement| Charter::of_unchecked(one).is_some_and(|of| of.1);
    let founding = statements.iter().find(|one| founds(one));
    let mut charter = Charter::found(
        founding.ok_or_else(|| refuse("CHARTER_NOT_FOUND", "the other node sent no charter"))?,
    )?;
    let own = node.charter.read().as_ref().map(Charter::id);
    if own.is_some_and(|own| own != charter.id()) {
        return Err(refuse("CHARTER_DIFFERS", "this node has a charter of its own already"));
    }
    charter.add(&statements);
    if !charter.is_certified(node.key_id()) {
        let sentence = "the charter that came does not certify this node";
        return Err(refuse("NODE_NOT_CERTIFIED", sentence));
    }
    let mut ordered = statements;
    ordered.sort_by_key(|one| !founds(one));
    for some in ordered.chunks(100) {
        node.add_statements(some.to_vec(), None).await?;
    }
    Ok(charter.founding().display_name.clone())
}

/// Key id of a public key in bytes.
pub(crate) fn id_of(public_key: &[u8]) -> Option<Id> {
    let key = VerifyingKey::from_bytes(public_key.try_into().ok()?).ok()?;
    Some(key_id(&key))
}
