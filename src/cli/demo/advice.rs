//! The public was told to go upstairs, and ten minutes later to leave. Whoever published the second
//! did not at first say that it withdraws the first; the node asks for that.

use anyhow::{Context as _, bail};
use polder_wire::v1::{
    Entry, GetEntryRequest, PublishItem, RelationType, WarningState, entry::Body,
};
use prost::Message as _;

use super::super::{
    Context, client, say,
    scenario::{Act, Player, Step},
    session::Connection,
};

/// What was refused until its author said what it withdraws.
pub(super) struct Refused {
    at_ms: i64,
    entry: Entry,
    status: tonic::Status,
}

/// Tries a step that withdraws its entry's own earlier advice without saying so, while that stands.
/// The node must refuse it.
pub(super) async fn try_without_citing(
    channel: Connection,
    player: &mut Player,
    step: &Step,
    audience: &str,
) -> anyhow::Result<Option<Refused>> {
    let Act::Publish(item) = &step.act else { return Ok(None) };
    let mut entry = Entry::decode(item.entry.clone())?;
    let Some(Body::Warning(_)) = &entry.body else { return Ok(None) };
    let name = entry.name.clone();
    let own = |relation: &polder_wire::v1::Relation| {
        relation.r#type() == RelationType::Withdraws && relation.entry == name
    };
    if !entry.relations.iter().any(own) {
        return Ok(None);
    }
    let request = GetEntryRequest { name: name.clone() };
    let stands = client::picture(channel).get_entry(request).await?.into_inner();
    let stands = Entry::decode(stands.entry)?;
    let Some(Body::Warning(warning)) = &stands.body else { return Ok(None) };
    // In a directory where the scenario was played before, it stands no longer.
    if warning.state() != WarningState::Issued {
        return Ok(None);
    }
    entry.relations.retain(|relation| !own(relation));
    let item = PublishItem { entry: entry.encode_to_vec().into(), ..item.clone() };
    let without = Step { act: Act::Publish(item), ..step.clone() };
    let Err(error) = player.play_to(without, audience.to_owned()).await else {
        bail!("an advice that contradicts {name} was not refused");
    };
    let status = error.downcast::<tonic::Status>().context("the advice was not answered")?;
    Ok(Some(Refused { at_ms: step.at_ms, entry, status }))
}

/// Prints it.
pub(super) fn show(context: &Context, refused: &[Refused]) -> anyhow::Result<()> {
    let (words, lines) = (context.words, &context.lines);
    for Refused { at_ms, entry, status } in refused {
        let heading = format!("{} ({})", words.advice_asked(), lines.moment(*at_ms));
        say(&lines.heading(&heading))?;
        say(&lines.entry(entry))?;
        let (_, told) = super::super::explain_status(status, words);
        // Once is enough of what is wrong.
        let mut told = told.lines().filter(|line| !line.starts_with("  items["));
        told.try_for_each(|line| say(&format!("    {}", line.trim())))?;
        say(&format!("  {}", words.advice_cited()))?;
        say("")?;
    }
    Ok(())
}
