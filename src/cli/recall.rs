//! `polder recall` and `polder erase`: taking back for good.

use polder_wire::v1::{Entry, EraseEntryRequest, RecallEntryRequest};
use prost::Message as _;
use serde_json::json;
use uuid::Uuid;

use super::{
    Context,
    args::{EraseArgs, RecallArgs},
    client, say, say_json,
};
use crate::json as convert;

/// Tells whose versions stay.
fn kept(context: &Context, parties: &[String]) -> anyhow::Result<()> {
    if !parties.is_empty() {
        say(&format!("{}: {}", context.words.kept_by_others(), parties.join(", ")))?;
    }
    Ok(())
}

/// `recall`.
pub(super) async fn recall(context: &Context, args: RecallArgs) -> anyhow::Result<u8> {
    let mut client = client::picture(context.connect().await?);
    let request = RecallEntryRequest {
        request_id: Uuid::new_v4().to_string(),
        name: args.name.clone(),
        audience: args.audience.as_deref().map(client::audience_name).unwrap_or_default(),
        reason: args.reason,
    };
    let answer = client.recall_entry(request).await?.into_inner();
    if context.common.json {
        let mut value = json!({"recall": convert::from_bytes("Entry", &answer.recall)?});
        if !answer.entry.is_empty() {
            value["entry"] = convert::from_bytes("Entry", &answer.entry)?;
        }
        value["keptParties"] = json!(answer.kept_parties);
        say_json(&value)?;
        return Ok(0);
    }
    say(&format!("{}: {}", context.words.recalled(), args.name))?;
    if !answer.entry.is_empty() {
        let entry = Entry::decode(answer.entry)?;
        say(&format!("{}: {}", context.words.said_again(), entry.name))?;
    }
    kept(context, &answer.kept_parties)?;
    Ok(0)
}

/// `erase`.
pub(super) async fn erase(context: &Context, args: EraseArgs) -> anyhow::Result<u8> {
    let mut client = client::picture(context.connect().await?);
    let request = EraseEntryRequest {
        request_id: Uuid::new_v4().to_string(),
        name: args.name.clone(),
        reason: args.reason,
    };
    let answer = client.erase_entry(request).await?.into_inner();
    if context.common.json {
        let mut value = json!({"erasure": convert::from_bytes("Entry", &answer.erasure)?});
        value["keptParties"] = json!(answer.kept_parties);
        say_json(&value)?;
        return Ok(0);
    }
    say(&format!("{}: {}", context.words.entry_erased(), args.name))?;
    kept(context, &answer.kept_parties)?;
    Ok(0)
}
