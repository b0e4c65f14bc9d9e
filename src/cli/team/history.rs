//! Everything that was said in an incident, version by version.

use std::collections::BTreeSet;

use anyhow::Context as _;
use polder_picture::attributes::millis;
use polder_wire::v1::{
    Entry, EntryFilter, EntryView, ListEntriesRequest, ListEntryVersionsRequest,
};
use prost::Message as _;
use prost_types::Timestamp;

use crate::cli::{client, session::Connection};

/// Versions of entries.
pub(super) struct History {
    /// In no order.
    pub(super) versions: Vec<Entry>,
    /// Some are not here: their feed came to the node by a checkpoint.
    pub(super) left_out: bool,
}

/// Every version of entries of some kinds, or of all, that the node knew at the moment asked for.
pub(super) async fn history(
    channel: &Connection,
    incident: &str,
    known_at: Option<Timestamp>,
    kinds: &[&str],
) -> anyhow::Result<History> {
    let mut history = History { versions: Vec::new(), left_out: false };
    for name in names(channel, incident, kinds).await? {
        history.left_out |= add_versions(channel, name, &mut history.versions).await?;
    }
    if let Some(known) = &known_at {
        history.versions.retain(|version| received(version) <= millis(known));
    }
    Ok(history)
}

/// Every version of an incident, in no order, and whether some are not here.
pub(in crate::cli) async fn whole(
    channel: &Connection,
    incident: &str,
) -> anyhow::Result<(Vec<Entry>, bool)> {
    let History { versions, left_out } = history(channel, incident, None, &[]).await?;
    Ok((versions, left_out))
}

/// Names of the entries, also of those that were withdrawn.
async fn names(
    channel: &Connection,
    incident: &str,
    kinds: &[&str],
) -> anyhow::Result<BTreeSet<String>> {
    let mut client = client::picture(channel.clone());
    let (mut names, mut page_token) = (BTreeSet::new(), String::new());
    loop {
        let filter = EntryFilter {
            incidents: vec![incident.to_owned()],
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            include_retracted: true,
            ..EntryFilter::default()
        };
        let request = ListEntriesRequest {
            filter: Some(filter),
            view: EntryView::Basic.into(),
            page_size: 1_000,
            page_token,
        };
        let answer = client.list_entries(request).await?.into_inner();
        for bytes in answer.entries {
            names.insert(Entry::decode(bytes)?.name);
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(names);
        }
    }
}

async fn add_versions(
    channel: &Connection,
    name: String,
    versions: &mut Vec<Entry>,
) -> anyhow::Result<bool> {
    let mut client = client::picture(channel.clone());
    let (mut left_out, mut page_token) = (false, String::new());
    loop {
        let request = ListEntryVersionsRequest { name: name.clone(), page_size: 1_000, page_token };
        let answer = client.list_entry_versions(request).await?.into_inner();
        left_out |= answer.earlier_versions_left_out;
        for bytes in answer.versions {
            versions.push(Entry::decode(bytes).context("a version")?);
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(left_out);
        }
    }
}

/// When the node got it.
pub(super) fn received(version: &Entry) -> i64 {
    version.received_time.as_ref().map_or(0, millis)
}
