//! What is played: every version of an incident, of a node or of an archive file.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    path::Path,
};

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
    read.versions = in_order(read.versions);
    Ok(read)
}

/// By the clocks of who wrote, which show milliseconds: of one moment, nothing comes before what it
/// replaces.
fn in_order(versions: Vec<Entry>) -> Vec<Entry> {
    let places = versions.iter().enumerate().map(|(at, one)| (one.version.clone(), at));
    let places: HashMap<String, usize> = places.collect();
    let mut followers = vec![Vec::new(); versions.len()];
    let mut waits = vec![0_usize; versions.len()];
    for (at, version) in versions.iter().enumerate() {
        for replaced in version.supersedes.iter().filter_map(|one| places.get(one)) {
            followers[*replaced].push(at);
            waits[at] += 1;
        }
    }
    let key = |at: usize| {
        let time = versions[at].recorded_time.unwrap_or_default();
        Reverse((time.seconds, time.nanos, at))
    };
    let first = (0..versions.len()).filter(|at| waits[*at] == 0);
    let mut next: BinaryHeap<_> = first.map(key).collect();
    let mut order = Vec::with_capacity(versions.len());
    while let Some(Reverse((.., at))) = next.pop() {
        order.push(at);
        for follower in &followers[at] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                next.push(key(*follower));
            }
        }
    }
    let mut versions: Vec<_> = versions.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| versions[at].take()).collect()
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

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;

    use super::*;

    fn version(name: &str, replaces: &[&str], nanos: i32) -> Entry {
        Entry {
            version: name.into(),
            supersedes: replaces.iter().map(|one| (*one).into()).collect(),
            recorded_time: Some(Timestamp { seconds: 1, nanos }),
            ..Entry::default()
        }
    }

    #[test]
    fn of_one_moment_nothing_is_played_before_what_it_replaces() {
        let said = [
            version("a", &["b", "gone"], 5),
            version("b", &["c"], 5),
            version("later", &["a"], 7),
            version("sooner", &[], 2),
            version("c", &[], 5),
            version("beside", &[], 6),
        ];
        let names: Vec<_> = in_order(said.into()).into_iter().map(|one| one.version).collect();
        assert_eq!(names, ["sooner", "c", "b", "a", "beside", "later"]);
    }
}
