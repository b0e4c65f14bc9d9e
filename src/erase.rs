//! Erasing what entries said: what was erased or recalled by a record, from wherever that came, and
//! personal data whose time is over. What is left is the header, so the chain still holds, and the
//! record that erased it.
//!
//! A sweep looks for what is to go and takes it out, in small commits between those of others. An
//! engine keeps what was overwritten for a while, so a purge rewrites the store into a new one and
//! removes the old.

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc, time::Duration};

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, SealedGroup, Supersedes},
    attributes::{Attributes, millis},
    charter::Charter,
    live::RecordRef,
    record::{Id, Sealed, key_id},
};
use polder_wire::v1::{Content, Entry, ErasureCause, Lane, Retraction, content};
use prost::Message as _;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    archive::DropError,
    maintain,
    node::Node,
    present,
    publish::{PublishError, Task},
    query::cited_by,
    store::{
        engine::EngineError,
        erasures::Doomed,
        log::{Cursor, StoredRecord},
        rows::Arrival,
    },
};

/// Records that one commit of a sweep erases.
const STEP_RECORDS: usize = 256;
/// A failed purge is tried again after so long.
const AGAIN: Duration = Duration::from_secs(600);
/// The same when only something else is rewriting rows.
const SOON: Duration = Duration::from_secs(1);

/// `[erasure]`: how long personal data is kept, and how soon what was erased is gone from the disk.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ErasureConfig {
    /// How long personal data is kept when its author does not say until when.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// How often the node looks for personal data whose time is over.
    #[serde(with = "humantime_serde")]
    pub look_every: Duration,
    /// So long after the last erasing the store is rewritten, so that the disk no longer has it.
    #[serde(with = "humantime_serde")]
    pub purge_after: Duration,
}

impl Default for ErasureConfig {
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(30 * 86_400),
            look_every: Duration::from_secs(600),
            purge_after: Duration::from_secs(60),
        }
    }
}

/// Personal data is kept at most so long.
pub const RETENTION_MAX: Duration = Duration::from_secs(3_653 * 86_400);

impl ErasureConfig {
    /// Refuses what cannot be meant.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.retention.is_zero() || self.retention > RETENTION_MAX {
            anyhow::bail!("erasure.retention must be more than nothing and at most ten years");
        }
        if self.look_every < Duration::from_millis(100) {
            anyhow::bail!("erasure.look_every must be 100ms or more");
        }
        Ok(())
    }
}

/// What withdraws an entry for good.
pub(crate) fn erasure(
    (scope, entry): (u32, Uuid),
    (name, party, reason): (&str, &str, &str),
    cause: ErasureCause,
    author: &str,
) -> Draft {
    let retraction = Retraction {
        name: name.to_owned(),
        reason: reason.to_owned(),
        withdrawn: Bytes::new(),
        erased_party: party.to_owned(),
        cause: cause.into(),
    };
    let content = Content { content: Some(content::Content::Retraction(retraction)) };
    Draft {
        scope,
        entry,
        act: Act::Erase,
        // Whoever has it should hear of it before anything else.
        lane: Lane::Urgent,
        sealed: Sealed::new(rand::random(), content.encode_to_vec().into()),
        author: author.to_owned(),
        supersedes: Supersedes::AllHeld,
    }
}

/// Party and content of a record that says something for a party.
pub(crate) fn said_by(stored: &StoredRecord) -> Option<(String, Bytes)> {
    match stored.content()? {
        content::Content::Entry(bytes) => Some((present::party_of(&bytes)?, bytes)),
        content::Content::Retraction(retraction) if retraction.erased_party.is_empty() => {
            Some((present::party_of(&retraction.withdrawn)?, retraction.withdrawn))
        }
        content::Content::Retraction(retraction) => Some((retraction.erased_party, Bytes::new())),
        _ => None,
    }
}

/// Personal data of this node's own whose time is over, and which still shows.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Expired {
    scope: u32,
    entry: Uuid,
    party: String,
}

/// What a look through the log found.
#[derive(Default)]
struct Found {
    doomed: Vec<Doomed>,
    attachments: BTreeSet<[u8; 32]>,
    expired: BTreeSet<Expired>,
    /// Something of it is shown as current.
    shown: bool,
}

/// One look through the log.
struct Look<'n> {
    node: &'n Node,
    own: Vec<Id>,
    now_ms: i64,
}

impl Look<'_> {
    fn row(
        &self,
        cursor: &mut Cursor<'_>,
        row: u64,
        arrival: &Arrival,
        found: &mut Found,
    ) -> Result<(), EngineError> {
        for (at, record) in arrival.records.iter().enumerate() {
            let Some(attributes) = Attributes::decode(&record.attributes) else { continue };
            let Ok(entry) = Uuid::from_slice(&record.entry) else { continue };
            let feed = arrival.feeds.get(record.feed as usize);
            let Some(feed) = feed.and_then(|feed| feed.id()) else { continue };
            if attributes.is_opaque() || attributes.is_apart() {
                continue;
            }
            let (scope, feed, origin, erased, live) = {
                let picture = self.node.picture.read();
                let Some(index) = picture.feed_index(feed) else { continue };
                let at = picture.place(RecordRef { feed: index, sequence: record.sequence });
                let scope = picture.feed(at.feed).scope;
                let register = picture.entry(scope, entry);
                let live = register.is_some_and(|r| r.live.iter().any(|live| live.record == at));
                let erased = picture.is_erased(scope, entry, at, &attributes);
                (scope, picture.feed(at.feed).id, picture.feed(at.feed).origin, erased, live)
            };
            if !erased && !attributes.is_personal() {
                continue;
            }
            let Some(stored) = cursor.record(feed, record.sequence)? else { continue };
            let said = said_by(&stored);
            if !erased {
                let due = said.as_ref().is_some_and(|(_, bytes)| is_over(bytes, self.now_ms));
                let Some((party, _)) = said.filter(|_| due) else { continue };
                if live && origin.is_some_and(|origin| self.own.contains(&origin)) {
                    found.expired.insert(Expired { scope, entry, party });
                    continue;
                }
                found.shown |= live;
            }
            found.attachments.extend(cited_by(&stored));
            found.doomed.push(Doomed { row, at, feed, sequence: record.sequence });
        }
        Ok(())
    }
}

/// Whether an entry holds personal data whose time is over.
fn is_over(entry: &[u8], now_ms: i64) -> bool {
    let label = Entry::decode(entry).ok().and_then(|entry| entry.label);
    let until = label.filter(|label| label.personal_data).and_then(|label| label.erase_time);
    until.is_some_and(|until| millis(&until) <= now_ms)
}

impl Node {
    /// Wakes whoever erases, if a commit brought something that erases.
    pub(crate) fn hear_erasures(&self, sealed: &SealedGroup) {
        if sealed.admitted.iter().any(|one| one.change().live.attributes.erases()) {
            self.erasing.notify_one();
        }
    }

    /// Key ids that this node has, and had.
    pub(crate) fn own_keys(&self) -> Vec<Id> {
        let retired = self.identity().retired_keys.iter().filter_map(|key| {
            let key = ed25519_dalek::VerifyingKey::from_bytes(key[..].try_into().ok()?).ok()?;
            Some(key_id(&key))
        });
        retired.chain([self.key_id()]).collect()
    }

    fn look_for_erased(&self) -> Result<Found, EngineError> {
        let mut found = Found::default();
        {
            let picture = self.picture.read();
            if !picture.has_erasures() && !picture.has_personal_data() {
                return Ok(found);
            }
        }
        let look = Look { node: self, own: self.own_keys(), now_ms: self.wall.now_ms() };
        let log = self.log();
        let mut cursor = Cursor::new(&log);
        let mut failed = None;
        log.arrivals(1, &mut |row, arrival| {
            if self.is_ending() {
                return ControlFlow::Break(());
            }
            match look.row(&mut cursor, row, &arrival, &mut found) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(found), Err)
    }

    /// Takes out what is to go; says how many records it was.
    pub(crate) fn sweep(&self) -> Result<usize, EngineError> {
        // A compaction, or the dropping of an archive, rewrites rows too.
        let _only_one = self.maintenance.lock();
        let found = self.look_for_erased()?;
        if found.doomed.is_empty() {
            return Ok(0);
        }
        for step in found.doomed.chunks(STEP_RECORDS) {
            let paused = self.pen().lock();
            if self.is_ending() {
                return Ok(0);
            }
            self.log().erase(step).inspect_err(|error| self.fail(error))?;
            drop(paused);
        }
        if found.shown {
            let pen = self.pen().lock();
            let lsn = self.picture.read().lsn();
            let built = self.log().note_rebuilt(lsn);
            let built = built.and_then(|()| self.rebuild(&pen, |_| ()));
            built.inspect_err(|error| self.fail(error))?;
        }
        self.recent.lock().clear();
        self.tails.clear();
        self.boards.clear();
        crate::archive::erase(self, &found.attachments, true);
        let count = found.doomed.len();
        tracing::info!(count, "what records said was erased; their headers stay");
        Ok(count)
    }

    /// Withdraws this node's own personal data whose time is over.
    async fn expire(self: &Arc<Self>) -> Result<(), PublishError> {
        let node = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || node.look_for_erased()).await;
        let failed = |error: String| PublishError::Failed(error);
        let found = looked.map_err(|error| failed(error.to_string()))?;
        let found = found.map_err(|error| failed(error.to_string()))?;
        let mut drafts = Vec::new();
        for Expired { scope, entry, party } in found.expired {
            let own = self.key_id();
            let silent = |charter: &Charter| !charter.speaks_for(own, &party);
            if self.charter.read().as_ref().is_some_and(silent) {
                continue;
            }
            let name = {
                let picture = self.picture.read();
                present::entry_name(&picture.scope(scope).incident, entry)
            };
            let said = (&name[..], &party[..], "the time for which personal data is kept is over");
            let draft = erasure((scope, entry), said, ErasureCause::Expired, "");
            drafts.push(draft);
        }
        if drafts.is_empty() {
            return Ok(());
        }
        let weight = 256 * drafts.len();
        let task: Task =
            Box::new(move |desk| drafts.into_iter().map(|draft| desk.author(draft)).collect());
        self.submit(Lane::Urgent, None, weight, task).await.map(|_| ())
    }

    /// Rewrites the store, so that the disk no longer has what was erased.
    fn purge(self: &Arc<Self>) -> anyhow::Result<()> {
        let (_, engine) = self.directory.current()?;
        let (before, after) = maintain::compact(self, &engine, &mut |_| match self.is_ending() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })?;
        tracing::info!(before, after, "the store was rewritten without what was erased");
        Ok(())
    }
}

/// Erases what is to go, until the task is aborted.
pub(crate) async fn keep(node: Arc<Node>) {
    let ErasureConfig { look_every, purge_after, .. } = node.erasure;
    // What came before a stop, or while another program wrote.
    let mut next_look = Instant::now();
    let mut purge_at = None;
    loop {
        if node.failure().is_none() {
            if Instant::now() >= next_look {
                next_look = Instant::now() + look_every;
                if let Err(error) = node.expire().await {
                    tracing::warn!(%error, "personal data could not be withdrawn");
                }
            }
            let sweeping = Arc::clone(&node);
            let swept = tokio::task::spawn_blocking(move || {
                sweeping.sweep()?;
                sweeping.log().needs_purge()
            });
            match swept.await {
                Ok(Ok(true)) => {
                    purge_at.get_or_insert_with(|| Instant::now() + purge_after);
                }
                Ok(Ok(false)) => purge_at = None,
                Ok(Err(error)) => tracing::warn!(%error, "what was erased could not be taken out"),
                Err(error) => tracing::warn!(%error, "erasing stopped"),
            }
        }
        let due = purge_at.is_some_and(|at| Instant::now() >= at);
        if due && node.failure().is_none() {
            let purging = Arc::clone(&node);
            let purged = tokio::task::spawn_blocking(move || purging.purge()).await;
            purge_at = match purged {
                Ok(Ok(())) => None,
                // A sweep or a compaction of somebody else ends soon.
                Ok(Err(error)) if matches!(error.downcast_ref(), Some(DropError::Busy)) => {
                    Some(Instant::now() + SOON)
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the store could not be rewritten after erasing");
                    Some(Instant::now() + AGAIN)
                }
                Err(_) => Some(Instant::now() + AGAIN),
            };
        }
        let wake = purge_at.map_or(next_look, |at| at.min(next_look));
        tokio::select! {
            () = node.erasing.notified() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}
