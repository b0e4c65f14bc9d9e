//! `polder issue`: issues a warning that another person drafted, word for word.

use polder_wire::v1::{
    Entry, GetEntryRequest, PublishItem, VersionList, WarningState, entry::Body,
};
use prost::Message as _;

use super::{Context, Misuse, args::IssueArgs, client, session::Connection, team, write::Sender};

pub(super) async fn issue(context: &Context, args: IssueArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let incident = args.incident.as_deref();
    let mut draft = read(context, &channel, incident, &args.draft).await?;
    let replaced = match &args.corrects {
        Some(name) => Some(read(context, &channel, incident, name).await?),
        None => None,
    };
    let Some(Body::Warning(warning)) = &mut draft.body else {
        return Err(anyhow::anyhow!("{}", context.words.no_warning()).context(Misuse));
    };
    let state = if replaced.is_some() { WarningState::Corrected } else { WarningState::Issued };
    warning.state = state.into();
    warning.unchecked_reason = args.unchecked.unwrap_or_default();
    let of = draft.name.split("/entries/").next().unwrap_or_default();
    for cited in team::cite(&channel, of, &args.contact).await? {
        if !warning.contacts.contains(&cited) {
            warning.contacts.push(cited);
        }
    }
    let replaced = replaced.unwrap_or_else(|| draft.clone());
    let mut versions = vec![replaced.version.clone()];
    versions.extend(replaced.rivals.iter().cloned());
    let audience = replaced.audience.clone();
    let entry = Entry { name: replaced.name, ..draft };
    let item = PublishItem {
        entry: entry.encode_to_vec().into(),
        supersedes: Some(VersionList { versions }),
        require_current: true,
    };
    let audience = Some(audience).filter(|audience| !audience.is_empty());
    let mut sender = Sender::new(context, channel, audience.as_deref(), None);
    sender.push(item, None).await?;
    sender.end().await
}

async fn read(
    context: &Context,
    channel: &Connection,
    incident: Option<&str>,
    name: &str,
) -> anyhow::Result<Entry> {
    let name = if name.starts_with("incidents/") {
        name.to_owned()
    } else {
        let incident = client::incident(channel, incident, context.words).await?;
        format!("{}/entries/{name}", incident.name)
    };
    let request = GetEntryRequest { name };
    let answer = client::picture(channel.clone()).get_entry(request).await?.into_inner();
    Ok(Entry::decode(answer.entry)?)
}
