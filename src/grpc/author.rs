//! Who may write what: for which party, to which audience, and over whose entries.

use std::sync::Arc;

use polder_picture::{
    admit::NewScope,
    charter::EVERYBODY,
    live::Register,
    names::{AudienceName, EntryName},
    record::scope_id,
    refusal::{Class, Refusal},
};
use polder_wire::v1::{Entry, PublishItem, Role};
use prost::Message as _;

use super::{Services, blocking, status::Refused};
use crate::{
    intake::{Checked, Usual},
    node::Node,
    people::{Caller, rights::Right},
    query,
    subscribe::SubscribeError,
};

/// An item: sound and waiting for the writer, or refused already.
pub(super) type Item = Result<Checked, Refusal>;

/// The party of the node: the one that it was given, or else the first for which the charter lets
/// it speak.
fn own_party(node: &Node) -> String {
    let given = node.identity().party.clone();
    let charter = node.charter.read();
    let Some(charter) = charter.as_ref() else { return given };
    if charter.speaks_for(node.key_id(), &given) {
        return given;
    }
    let certified = charter.node(node.key_id()).and_then(|row| row.parties.first().cloned());
    certified.unwrap_or(given)
}

/// What the node fills in where a caller says nothing.
pub(super) fn usual<'a>(node: &Node, party: &'a str) -> Usual<'a> {
    let (now_ms, retention) = (node.wall.now_ms(), node.erasure.retention);
    Usual { party, now_ms, retention }
}

/// The party for which somebody writes who does not say so: that of the node, or the only one for
/// which they may.
pub(super) fn usual_party(node: &Node, caller: &Caller, items: &[PublishItem]) -> String {
    let own = &own_party(node);
    if caller.is_operator() {
        return own.clone();
    }
    // The same incident as that of the first item: all are of one.
    let first = items.first().and_then(|item| Entry::decode(item.entry.clone()).ok());
    let name = first.map(|entry| entry.name).unwrap_or_default();
    let incident = name.strip_prefix("incidents/").unwrap_or_default();
    let incident = incident.split('/').next().unwrap_or_default();
    let mut parties = caller.parties(Right::Publish, incident);
    if parties.contains(own) || parties.is_empty() { own.clone() } else { parties.swap_remove(0) }
}

/// Reads an audience and checks that the node may hold, and the caller may see, what is said there.
pub(super) fn to_audience(
    services: &Services,
    caller: &Caller,
    scope: u32,
    name: &str,
) -> Result<String, Refusal> {
    let audience = if name.is_empty() {
        EVERYBODY
    } else {
        let parsed = AudienceName::parse(name);
        let wrong = || Refusal::field("audience", "MALFORMED_NAME", "must be audiences/{audience}");
        parsed.ok_or_else(wrong)?.id()
    };
    let node = &services.node;
    let wanted = {
        let picture = node.picture.read();
        caller.require_in(Right::Publish, &picture, scope)?;
        NewScope { audience: audience.into(), ..picture.scope(scope).name() }
    };
    if audience == EVERYBODY {
        // What a caller says to everybody they must be able to read, too.
        return match caller.sees_audience(&wanted.incident, audience) {
            true => Ok(audience.into()),
            false => Err(no_audience(name)),
        };
    }
    let known = node.charter.read().is_some() && node.may_take(&wanted).is_ok();
    if known && caller.sees_audience(&wanted.incident, audience) {
        return Ok(audience.into());
    }
    Err(no_audience(name))
}

fn no_audience(name: &str) -> Refusal {
    let name = if name.is_empty() { "audiences/all" } else { name };
    let sentence = format!("{name} is no audience to which you belong in this incident");
    Refusal::field("audience", "AUDIENCE_NOT_FOUND", sentence)
}

/// Refuses items for parties, or over entries, that are not the caller's.
pub(super) async fn may_write(
    services: &Services,
    caller: &Caller,
    root: u32,
    audience: &str,
    items: Vec<Item>,
) -> Result<Vec<Item>, Refused> {
    let (node, by, audience) = (Arc::clone(&services.node), caller.clone(), audience.to_owned());
    let checked = blocking(move || {
        let one = |(at, item): (usize, Item)| {
            let item = item?;
            check_item(&node, &by, root, &audience, &item).map_err(|error| match error {
                SubscribeError::Refused(refusal) => refusal.within(&format!("items[{at}]")),
                SubscribeError::Store(error) => {
                    let class = Class::FailedPrecondition;
                    Refusal::new(class, "STORE_FAILED", error.to_string())
                }
            })?;
            Ok(item)
        };
        Ok(items.into_iter().enumerate().map(one).collect())
    });
    checked.await.map_err(Refused)
}

fn check_item(
    node: &Node,
    caller: &Caller,
    root: u32,
    audience: &str,
    item: &Checked,
) -> Result<(), SubscribeError> {
    check_party(node, caller, &item.incident, &item.party)?;
    if caller.is_operator() {
        return Ok(());
    }
    if item.is_sitrep {
        // A sitrep speaks for a team, not for a party.
        caller.require_in(Right::Lead, &node.picture.read(), root)?;
    }
    let register = {
        let picture = node.picture.read();
        let NewScope { incident, mode, .. } = picture.scope(root).name();
        let scope = picture.scope_index(scope_id(&incident, mode, audience));
        scope.and_then(|scope| picture.entry(scope, item.entry).cloned())
    };
    let Some(register) = register else { return Ok(()) };
    owned(node, caller, &register, std::slice::from_ref(&item.party), "entry.name")
}

/// Whether the node and the caller may speak for a party.
pub(super) fn check_party(
    node: &Node,
    caller: &Caller,
    incident: &str,
    party: &str,
) -> Result<(), Refusal> {
    let charter = node.charter.read();
    if charter.as_ref().is_some_and(|charter| !charter.speaks_for(node.key_id(), party)) {
        let sentence = format!("the charter does not let this node speak for parties/{party}");
        return Err(Refusal::field("entry.party", "PARTY_NOT_OF_NODE", sentence));
    }
    drop(charter);
    let parties = || caller.parties(Right::Publish, incident);
    if caller.is_operator() || parties().iter().any(|own| own == party) {
        return Ok(());
    }
    let sentence = format!("you may not speak for parties/{party} in this incident");
    Err(Refusal::field("entry.party", "PARTY_NOT_YOURS", sentence))
}

/// Whether the node speaks for a party, and the caller does too or leads the information of the
/// incident.
pub(super) fn speaks_or_leads(node: &Node, caller: &Caller, incident: &str, party: &str) -> bool {
    let charter = node.charter.read();
    if charter.as_ref().is_some_and(|charter| !charter.speaks_for(node.key_id(), party)) {
        return false;
    }
    drop(charter);
    let own = caller.parties(Right::Publish, incident);
    caller.is_operator() || own.iter().any(|own| own == party) || is_delegate(caller, incident)
}

/// Refuses who changes or withdraws an entry that is another party's.
pub(super) fn check_owner(
    node: &Node,
    caller: &Caller,
    register: &Register,
) -> Result<(), SubscribeError> {
    if caller.is_operator() {
        return Ok(());
    }
    let incident = node.picture.read().scope(register.scope).incident.clone();
    let parties = caller.parties(Right::Publish, &incident);
    owned(node, caller, register, &parties, "name")
}

fn owned(
    node: &Node,
    caller: &Caller,
    register: &Register,
    parties: &[String],
    field: &str,
) -> Result<(), SubscribeError> {
    let owners = query::owners(node, register)?;
    let incident = node.picture.read().scope(register.scope).incident.clone();
    let own = owners.is_empty() || owners.iter().all(|owner| parties.contains(owner));
    if own || is_delegate(caller, &incident) {
        return Ok(());
    }
    let owners: Vec<_> = owners.iter().map(|owner| format!("parties/{owner}")).collect();
    let sentence = format!(
        "is an entry of {}, which alone may change it: say what you know in an entry of your own, \
         with a relation that contradicts, supports or annotates this one",
        owners.join(" and ")
    );
    Err(Refusal::field(field, "NOT_OWNER", sentence).into())
}

/// The information coordinator of an incident may change what others said in it: an information
/// manager whose role is for that very incident.
fn is_delegate(caller: &Caller, incident: &str) -> bool {
    caller.grants().iter().any(|grant| {
        grant.role == i32::from(Role::InformationManager)
            && grant.incident.as_deref() == Some(incident)
    })
}

/// Reads the name of an entry.
pub(super) fn entry_name(name: &str) -> Result<EntryName<'_>, Refusal> {
    EntryName::parse(name).ok_or_else(|| {
        let sentence = "must be incidents/{incident}/entries/{lower-case UUID}";
        Refusal::field("name", "MALFORMED_NAME", sentence)
    })
}
