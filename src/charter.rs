//! The charter of this node: found in its log at a start, added to by whoever holds a key with the
//! power, and by links.
//!
//! Statements are records like any other, of a scope that no incident has. Which charter is the
//! node's own needs no row of its own: it is the one whose founding statement this node wrote to
//! its own feed, so a backup and a compaction keep it.

use std::sync::Arc;

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, NewScope, SealedGroup, Supersedes},
    charter::{self, Charter, RoleRow},
    picture::{Feed, Picture},
    record::{Id, Sealed, key_id},
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    Act as Done, CharterStatement, Content, Envelope, Header, Lane, RecordKind, content,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    node::Node,
    people::rights::{Right, allows},
    publish::{Pen, PublishError},
    store::{
        engine::EngineError,
        log::{Log, Opened},
        rows::Identity,
    },
    wall::system_ms,
};

/// Bytes of a feed that are read at once.
const READ_BYTES: usize = 1 << 20;

fn statement(envelope: &Envelope) -> Option<CharterStatement> {
    let content = Content::decode(envelope.payload.as_ref()?.bytes.clone()).ok()?;
    match content.content {
        Some(content::Content::Statement(statement)) => Some(statement),
        _ => None,
    }
}

/// Reads the charter of this node from its log; `None` when it has none.
pub fn load(
    log: &Log,
    picture: &Picture,
    identity: &Identity,
) -> Result<Option<Charter>, EngineError> {
    let keys = std::iter::once(&identity.public_key).chain(&identity.retired_keys);
    let own: Vec<Id> = keys
        .filter_map(|key| ed25519_dalek::VerifyingKey::from_bytes(key[..].try_into().ok()?).ok())
        .map(|key| key_id(&key))
        .collect();
    for (index, scope) in picture.scopes().iter().enumerate() {
        if scope.incident != charter::INCIDENT {
            continue;
        }
        let mut founding = None;
        let mut all = Vec::new();
        for feed in picture.feeds_of(index as u32) {
            let is_own = feed.origin.is_some_and(|origin| own.contains(&origin));
            each_statement(log, feed.id, &mut |statement| {
                let of = Charter::of_unchecked(&statement);
                if is_own && of.is_some_and(|(_, founds)| founds) {
                    founding = Some(statement.clone());
                }
                all.push(statement);
            })?;
        }
        let Some(mut charter) = founding.and_then(|founding| Charter::found(&founding).ok()) else {
            continue;
        };
        if charter::scope(charter.id()).audience != scope.audience {
            continue;
        }
        count_refused(charter.add(&all));
        return Ok(Some(charter));
    }
    Ok(None)
}

/// Lets the charter decide which records count, before anything is shown.
pub fn judge(log: &Log, opened: &mut Opened, charter: Option<&Charter>) -> Result<(), EngineError> {
    let Some(standing) = charter.map(Charter::record_standing) else { return Ok(()) };
    let hash = standing.hash();
    // Statements may have been stored and their effect not: then no token of before fits.
    if log.standing_hash()?.is_none_or(|row| row[..] != hash) {
        opened.rebuilt_lsn = opened.picture.lsn();
        log.set_standing_hash(hash, Some(opened.rebuilt_lsn))?;
    }
    if opened.picture.would_differ(Some(&standing)) {
        let rebuilt_lsn = opened.rebuilt_lsn;
        *opened = Opened { rebuilt_lsn, ..log.open_under(Some(standing))? };
    } else {
        opened.picture.set_standing(Some(standing));
    }
    Ok(())
}

fn each_statement(
    log: &Log,
    feed: Id,
    visit: &mut impl FnMut(CharterStatement),
) -> Result<(), EngineError> {
    let mut after = 0;
    loop {
        let envelopes = log.read_suffix(feed, after, READ_BYTES)?;
        if envelopes.is_empty() {
            return Ok(());
        }
        after += envelopes.len() as u64;
        envelopes.iter().filter_map(statement).for_each(&mut *visit);
    }
}

/// A statement that another node let through is no reason to stop, but to be said.
fn count_refused(added: Vec<Result<bool, Refusal>>) {
    for refusal in added.into_iter().filter_map(Result::err) {
        tracing::warn!(reason = refusal.reason, "a statement is refused: {refusal}");
    }
}

/// The record that a statement travels in. `scope`: that of its charter.
pub(crate) fn record_of(scope: u32, statement: CharterStatement) -> Draft {
    let content = Content { content: Some(content::Content::Statement(statement)) };
    Draft {
        scope,
        entry: Uuid::nil(),
        act: Act::Control,
        lane: Lane::Urgent,
        sealed: Sealed::new(rand::random(), Bytes::from(content.encode_to_vec())),
        author: String::new(),
        supersedes: Supersedes::Exactly(Vec::new()),
    }
}

impl Node {
    /// Puts statements on record. Nothing is stored if one of them is refused. `by`: who brings
    /// them, for the account; `None` for the node itself.
    pub async fn add_statements(
        self: &Arc<Self>,
        statements: Vec<CharterStatement>,
        by: Option<Done>,
    ) -> Result<(), PublishError> {
        let mut ours = self.charter.read().as_ref().map(Charter::id);
        for (index, statement) in statements.iter().enumerate() {
            let (charter, founds) = Charter::of(statement)
                .map_err(|refusal| refusal.within(&format!("statements[{index}]")))?;
            if ours.is_none() && founds {
                ours = Some(charter);
            }
            if ours != Some(charter) {
                return Err(other_charter(ours, index).into());
            }
        }
        let Some(ours) = ours else { return Ok(()) };
        let held = |statement: &CharterStatement| {
            self.charter.read().as_ref().is_some_and(|charter| charter.holds(statement))
        };
        let new: Vec<_> = statements.into_iter().filter(|one| !held(one)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let weight = new.iter().map(prost::Message::encoded_len).sum();
        let (subject, count) = (format!("charters/{ours}"), new.len() as i64);
        let by = by.map(|act| Done { subject, count, ..act });
        let node = Arc::clone(self);
        let task = move |desk: &mut crate::publish::Desk<'_, '_>| {
            // Nobody changes who may do what without its standing on the account.
            let mut results: Vec<_> =
                by.map(|act| node.author_act(desk, act)).into_iter().collect();
            if results.iter().any(Result::is_err) {
                return results;
            }
            let scope = desk.charter_scope(ours);
            let one = |statement: CharterStatement| desk.author(record_of(scope, statement));
            results.extend(new.into_iter().map(one));
            results
        };
        let receipt = self.submit(Lane::Urgent, None, weight, Box::new(task)).await?;
        match receipt.results.into_iter().find_map(Result::err) {
            Some(status) => Err(PublishError::Failed(status.message)),
            None => Ok(()),
        }
    }

    /// Under a charter a node takes only what it may hold, whichever way it comes.
    pub(crate) fn may_take(&self, scope: &NewScope) -> Result<(), Refusal> {
        let (own, NewScope { incident, audience, .. }) = (self.key_id(), scope);
        let may = |charter: &Charter| {
            incident == charter::INCIDENT || charter.may_hold(own, incident, audience)
        };
        if self.charter.read().as_ref().is_none_or(may) {
            return Ok(());
        }
        let sentence = "the charter does not let this node hold what is said there";
        Err(Refusal::new(Class::FailedPrecondition, "SCOPE_NOT_ALLOWED", sentence))
    }

    /// Parties that see an incident which was opened at this node, before the charter names any
    /// member of it: those for which the node speaks, and whoever opened it may lead it. None once
    /// the charter has spoken of the incident, and none at any other node.
    pub(crate) fn openers(&self, incident: &str) -> Vec<String> {
        let unspoken = |charter: &Charter| !charter.speaks_of(incident);
        if !self.charter.read().as_ref().is_some_and(unspoken) {
            return Vec::new();
        }
        let own = self.own_keys();
        let newest = {
            // Whoever asks may hold this lock already.
            let picture = self.picture.read_recursive();
            let Some(index) = picture.incident(incident) else { return Vec::new() };
            let scope = picture.scope(index);
            let is_own = |feed: &Feed| feed.origin.is_some_and(|origin| own.contains(&origin));
            // What others said there before this node had a charter is not for the party alone.
            if scope.audience != charter::EVERYBODY || !picture.feeds_of(index).all(is_own) {
                return Vec::new();
            }
            let newest = scope.current(|feed| picture.feed(feed).id);
            newest.map(|(live, _)| (picture.feed(live.record.feed).id, live.record.sequence))
        };
        let stored = newest.and_then(|(feed, sequence)| self.log().record(feed, sequence).ok()?);
        let header = stored.and_then(|stored| Header::decode(stored.envelope.header).ok());
        let Some(author) = header.map(|header| header.author) else { return Vec::new() };
        let charter = self.charter.read();
        let Some(charter) = charter.as_ref() else { return Vec::new() };
        let parties = charter.node(self.key_id()).map(|row| &row.parties[..]).unwrap_or_default();
        if author.is_empty() {
            // The operator opened it: of several parties nobody can tell for which.
            return if parties.len() == 1 { parties.to_vec() } else { Vec::new() };
        }
        let leads = |row: &RoleRow| {
            allows(row.role, Right::Lead) && (row.incident.is_empty() || row.incident == incident)
        };
        let roles = charter.roles(&author, system_ms()).filter(|row| leads(row));
        let roles = roles.filter(|row| charter.speaks_for(self.key_id(), &row.party));
        roles.map(|row| row.party.clone()).collect()
    }

    /// Takes what a commit brought into the charter.
    pub(crate) fn hear_statements(&self, pen: &Pen, sealed: &SealedGroup) {
        let control = sealed.admitted.iter().filter(|one| one.kind() == RecordKind::Control);
        let heard: Vec<_> = control.filter_map(|one| statement(one.envelope())).collect();
        if heard.is_empty() {
            return;
        }
        if let Some(charter) = self.charter.write().as_mut() {
            let own = |one: &&CharterStatement| {
                Charter::of_unchecked(one).is_some_and(|(of, _)| of == charter.id())
            };
            let own: Vec<_> = heard.iter().filter(own).collect();
            count_refused(charter.add(own));
        } else {
            // Others may have brought statements before this node took their charter for its own.
            match load(&self.log(), &self.picture.read(), self.identity()) {
                Ok(loaded) => *self.charter.write() = loaded,
                Err(error) => return self.fail(&error),
            }
        }
        if let Err(error) = self.apply_standing(pen) {
            return self.fail(&error);
        }
        self.charter_changed.send_modify(|changes| *changes += 1);
    }

    /// Lets the charter decide which records count. Where that changes what is shown, the picture
    /// is built anew.
    pub(crate) fn apply_standing(&self, pen: &Pen) -> Result<(), EngineError> {
        let standing = self.charter.read().as_ref().map(Charter::record_standing);
        let (same, differs, lsn) = {
            let picture = self.picture.read();
            let differs = picture.would_differ(standing.as_ref());
            (picture.standing() == standing.as_ref(), differs, picture.lsn())
        };
        if let Some(standing) = &standing {
            let (log, hash) = (self.log(), standing.hash());
            if !same {
                log.set_standing_hash(hash, Some(lsn).filter(|_| differs))?;
            }
        }
        if differs {
            return self.rebuild(pen, |picture| picture.set_standing(standing));
        }
        if !same {
            self.picture.write().set_standing(standing);
        }
        Ok(())
    }
}

fn other_charter(ours: Option<Id>, index: usize) -> Refusal {
    let field = format!("statements[{index}].body.charter");
    match ours {
        Some(_) => Refusal::field(field, "CHARTER_DIFFERS", "belongs to another charter"),
        None => {
            let sentence = "this node has no charter yet: send the statement that founds it first";
            Refusal::new(Class::FailedPrecondition, "CHARTER_NOT_FOUND", sentence)
        }
    }
}
