//! Whoever is called in by the plan of a region says, some minutes later, that they saw it.

use polder_wire::v1::{AcknowledgeRequest, Entry, ListAttentionRequest};
use prost::Message as _;
use tonic::Code;

use super::super::{session::Connection, team};

/// How long they take.
pub(super) const AFTER_MS: i64 = 4 * 60_000;

/// Acknowledges what waits for parties for which the node speaks. Says whether anything did.
pub(super) async fn acknowledge(channel: Connection, incident: &str) -> anyhow::Result<bool> {
    let mut team = team::service(channel);
    let request = ListAttentionRequest {
        incident: incident.to_owned(),
        only_waiting: true,
        ..ListAttentionRequest::default()
    };
    let waiting = match team.list_attention(request).await {
        Ok(answer) => answer.into_inner().entries,
        // The incident has not come here yet.
        Err(status) if status.code() == Code::NotFound => return Ok(false),
        Err(status) => return Err(status.into()),
    };
    let mut any = false;
    for attended in waiting {
        let name = Entry::decode(attended.entry)?.name;
        for addressee in attended.addressees.iter().filter(|one| one.read_time.is_none()) {
            let (name, party) = (name.clone(), addressee.party.clone());
            let request = AcknowledgeRequest { name, party, ..AcknowledgeRequest::default() };
            match team.acknowledge(request).await {
                Ok(_) => any = true,
                // Another node speaks for them.
                Err(status) if status.code() == Code::InvalidArgument => {}
                Err(status) => return Err(status.into()),
            }
        }
    }
    Ok(any)
}
