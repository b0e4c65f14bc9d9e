//! `publish --wait`: not done before other nodes hold what was published.

use std::time::Duration;

use anyhow::anyhow;
use indicatif::ProgressBar;
use polder_wire::v1::{
    Link, PublishEntriesRequest, PublishEntriesResponse, WaitForHolders, publish_result::Outcome,
};
use tokio::time::Instant;

use super::{Context, Misuse, args::WaitArgs, client, links, say, say_json, session::Connection};

/// One look at who holds it takes at most so long; then the reader hears how far it is.
const LOOK: Duration = Duration::from_secs(1);

/// Stored here, but not yet known to be held as asked.
const NOT_YET_HELD: u8 = 6;

/// What to wait for.
pub(super) struct Wait {
    count: u64,
    nodes: Vec<String>,
    time: Duration,
    links: Vec<Link>,
    /// The last call that wrote each feed: who holds that record holds those before it.
    last: Vec<(String, PublishEntriesRequest)>,
}

impl Wait {
    /// What the flags ask; `None`: nothing.
    pub(super) async fn of(channel: &Connection, args: &WaitArgs) -> anyhow::Result<Option<Self>> {
        if args.wait.is_none() && args.wait_for.is_empty() {
            return Ok(None);
        }
        let links = links::report(channel).await?;
        let nodes =
            args.wait_for.iter().map(|name| node(&links, name)).collect::<Result<_, _>>()?;
        let (count, time) = (args.wait.unwrap_or(0), args.wait_time);
        Ok(Some(Self { count, nodes, time, links, last: Vec::new() }))
    }

    /// Takes note of a call, so that it can be asked about later.
    pub(super) fn note(&mut self, request: PublishEntriesRequest, answer: &PublishEntriesResponse) {
        let versions = answer.results.iter().filter_map(|result| match &result.outcome {
            Some(Outcome::Published(published)) => Some(&published.version),
            _ => None,
        });
        let feeds = versions.filter_map(|version| Some(version.split_once('-')?.0.to_owned()));
        for feed in feeds {
            self.last.retain(|(known, _)| *known != feed);
            self.last.push((feed, request.clone()));
        }
    }

    /// Waits, tells how far it is, and says with which code the program ends.
    pub(super) async fn end(
        mut self,
        context: &Context,
        channel: &Connection,
    ) -> anyhow::Result<u8> {
        self.last.dedup_by(|a, b| a.1.request_id == b.1.request_id);
        if self.last.is_empty() {
            return Ok(0);
        }
        let until = Instant::now() + self.time;
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        let (mut holders, mut satisfied) = loop {
            let left = until.saturating_duration_since(Instant::now());
            // Who holds the last record of every feed holds all.
            let mut all: Option<Vec<String>> = None;
            let mut satisfied = true;
            for (_, request) in &self.last {
                let answer = self.look(channel, request, left.min(LOOK)).await?;
                satisfied &= answer.wait_satisfied;
                let held = |node: &String| answer.holders.contains(node);
                all = Some(match all {
                    None => answer.holders,
                    Some(all) => all.into_iter().filter(held).collect(),
                });
            }
            let holders = all.unwrap_or_default();
            if satisfied || left.is_zero() {
                break (holders, satisfied);
            }
            bar.set_message(self.progress(context, &holders));
        };
        // Each feed may have enough holders, and yet not all of them the same.
        satisfied &= holders.len() >= self.count as usize;
        holders.sort();
        bar.finish_and_clear();
        self.conclude(context, &holders, satisfied)?;
        Ok(if satisfied { 0 } else { NOT_YET_HELD })
    }

    async fn look(
        &self,
        channel: &Connection,
        request: &PublishEntriesRequest,
        time: Duration,
    ) -> anyhow::Result<PublishEntriesResponse> {
        let wait = WaitForHolders {
            node_count: self.count as i32,
            nodes: self.nodes.clone(),
            timeout: prost_types::Duration::try_from(time).ok(),
        };
        // The same request id: nothing is published twice.
        let request = PublishEntriesRequest { wait: Some(wait), ..request.clone() };
        Ok(client::picture(channel.clone()).publish_entries(request).await?.into_inner())
    }

    fn progress(&self, context: &Context, holders: &[String]) -> String {
        let words = context.words;
        let missing: Vec<_> = self.nodes.iter().filter(|node| !holders.contains(node)).collect();
        let mut text = words.stored_here().to_owned();
        if self.count > 0 {
            let (held, of, all) = (words.held_by(), words.held_by_of(), self.count);
            text.push_str(&format!("; {held} {} {of} {all} {}", holders.len(), words.nodes()));
        }
        if !missing.is_empty() {
            let names: Vec<_> =
                missing.iter().map(|node| links::name_of(&self.links, node)).collect();
            text.push_str(&format!("; {} {}", words.waiting_for(), names.join(", ")));
        }
        text
    }

    fn conclude(
        &self,
        context: &Context,
        holders: &[String],
        satisfied: bool,
    ) -> anyhow::Result<()> {
        if context.common.json {
            let told = serde_json::json!({"holders": holders, "waitSatisfied": satisfied});
            return say_json(&told);
        }
        let words = context.words;
        let names = holders.iter().map(|node| links::name_of(&self.links, node));
        let names = names.collect::<Vec<_>>().join(", ");
        let names = if names.is_empty() { words.none().to_owned() } else { names };
        if satisfied {
            return say(&format!("{}: {names}.", words.also_held_by()));
        }
        let progress = self.progress(context, holders);
        let progress = progress.trim_start_matches(words.stored_here()).trim_start_matches("; ");
        let asked = format!("{} ({progress}).", words.not_yet_held());
        say(&format!("{asked} {}: {names}. {}", words.also_held_by(), words.see_holders()))
    }
}

/// The node that people mean by a name, party or key id.
fn node(links: &[Link], named: &str) -> anyhow::Result<String> {
    let id = named.trim_start_matches("nodes/");
    if id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(format!("nodes/{}", id.to_lowercase()));
    }
    let same = |text: &str| text.to_lowercase() == named.to_lowercase();
    let meant =
        |link: &&Link| same(&link.display_name) || same(link.party.trim_start_matches("parties/"));
    let mut found = links.iter().filter(|link| !link.node.is_empty()).filter(meant);
    match (found.next(), found.next()) {
        (Some(link), None) => Ok(link.node.clone()),
        (None, _) => Err(anyhow!(
            "--wait-for {named}: no node is known by this name; `polder links` shows them"
        )
        .context(Misuse)),
        _ => Err(anyhow!("--wait-for {named}: several nodes have this name; give the key id")
            .context(Misuse)),
    }
}
