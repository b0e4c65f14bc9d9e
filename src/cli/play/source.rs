//! What is played: every version of an incident, of a node or of an archive file.

use std::path::Path;

use polder_picture::charter::EVERYBODY;
use polder_wire::v1::{Entry, Geometry, Header, Incident, Text, content::Content};
use prost::Message as _;

use crate::{
    bundle::check::Found,
    cli::{Context, archive, client, session::Connection, team},
    present::{self, Mark, Place},
    store::log::StoredRecord,
};

/// An incident of then.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// `incidents/{incident}`.
    pub(super) incident: String,
    pub(super) titles: Vec<Text>,
    pub(super) hazards: Vec<i32>,
    pub(super) area: Option<Geometry>,
    /// In the order in which they were recorded.
    pub(super) versions: Vec<Entry>,
    /// Some are not here.
    pub(super) left_out: bool,
}

impl Source {
    fn describe(&mut self, incident: Incident) {
        (self.titles, self.hazards, self.area) = (incident.titles, incident.hazards, incident.area);
    }
}

/// An archive if there is such a file, else an incident of the node.
pub(super) async fn read(
    context: &Context,
    channel: &Connection,
    source: &str,
) -> anyhow::Result<Source> {
    let path = Path::new(source);
    let mut read = match path.is_file() {
        true => of_archive(path)?,
        false => of_node(context, channel, source).await?,
    };
    // By the clocks of who wrote: nothing comes before what it replaces, which its author had seen.
    read.versions.sort_by_cached_key(|version| {
        let time = version.recorded_time.unwrap_or_default();
        (time.seconds, time.nanos, version.version.clone())
    });
    Ok(read)
}

async fn of_node(context: &Context, channel: &Connection, source: &str) -> anyhow::Result<Source> {
    let incident = client::incident(channel, Some(source), context.words).await?;
    let (versions, left_out) = team::whole_history(channel, &incident.name).await?;
    let mut read =
        Source { incident: incident.name.clone(), versions, left_out, ..Source::default() };
    read.describe(incident);
    Ok(read)
}

/// Every record is verified before it is looked at.
fn of_archive(path: &Path) -> anyhow::Result<Source> {
    let mut read = Source::default();
    let mut described = 0;
    let mut records = Vec::new();
    let checked = archive::check_with(path, &mut |found: Found<'_>| {
        let header = Header::decode(found.envelope.header.clone()).unwrap_or_default();
        let (envelope, feed) = (found.envelope.clone(), found.feed);
        let stored = StoredRecord { feed, envelope, received_ms: 0 };
        match stored.content() {
            Some(Content::Incident(data)) => {
                if let Some(incident) = data.incident.filter(|_| header.hlc >= described) {
                    described = header.hlc;
                    read.describe(incident);
                }
            }
            _ if header.entry.iter().any(|byte| *byte != 0) => records.push(stored),
            _ => {}
        }
        Ok(())
    })?;
    let summary = checked.summary;
    read.incident = summary.incident;
    read.left_out = !summary.follows.is_empty();
    let audience = summary.audience.trim_start_matches("audiences/");
    let audience = if audience == EVERYBODY { "" } else { audience };
    let id = read.incident.trim_start_matches("incidents/");
    let place = Place { incident: id.into(), audience: audience.into() };
    let view = polder_wire::v1::EntryView::Full;
    let shown = records
        .iter()
        .filter_map(|stored| present::encode(stored, Mark::default(), &place, &[], view));
    read.versions = shown.filter_map(|bytes| Entry::decode(bytes).ok()).collect();
    if read.titles.is_empty() {
        let (language, title) = ("nl".to_owned(), summary.title);
        read.titles = vec![Text { language, title, ..Text::default() }];
    }
    Ok(read)
}
