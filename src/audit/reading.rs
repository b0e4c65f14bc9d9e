//! What is written down of reading: of incidents that require it, and nothing of others.

use std::collections::{BTreeMap, BTreeSet};

use polder_picture::{admit::NewScope, names::EntryName, picture::Picture};
use polder_wire::v1::{Act, ActKind, EntryFilter};

use super::act;
use crate::{incident, node::Node, people::Caller};

fn audience(name: &str) -> String {
    format!("audiences/{name}")
}

/// Notes that somebody read an entry, by its name.
pub fn entry(node: &Node, caller: &Caller, kind: ActKind, name: &str) {
    let picture = node.picture.read();
    let Some(parsed) = EntryName::parse(name) else { return };
    let id = parsed.incident.id();
    let held = picture.audiences(id).find(|scope| picture.entry(*scope, parsed.entry).is_some());
    let Some(scope) = held.filter(|scope| incident::logs_reading(&picture, picture.root(*scope)))
    else {
        return;
    };
    let audiences = vec![audience(&picture.scope(scope).audience)];
    drop(picture);
    node.note(Act {
        incident: format!("incidents/{}", parsed.incident.id()),
        entry: name.to_owned(),
        audiences,
        ..act(caller, kind)
    });
}

/// Notes that somebody read what a filter lets through: one act for each incident.
pub fn list(node: &Node, caller: &Caller, kind: ActKind, filter: Option<&EntryFilter>) {
    let none = EntryFilter::default();
    let filter = filter.unwrap_or(&none);
    let acts: Vec<_> = {
        let picture = node.picture.read();
        let roots = asked(&picture, filter).into_iter();
        let logging: Vec<_> =
            roots.filter(|root| incident::logs_reading(&picture, *root)).collect();
        if logging.is_empty() {
            return;
        }
        let sight = caller.sight(&picture);
        let asked = |name: &String| filter.audiences.is_empty() || filter.audiences.contains(name);
        let seen = |root: u32| {
            let scopes = picture.audiences(&picture.scope(root).incident);
            let seen = scopes.filter(|scope| sight.covers(*scope));
            let names = seen.map(|scope| audience(&picture.scope(scope).audience));
            names.filter(asked).collect::<Vec<_>>()
        };
        let one = |root: u32| Act {
            incident: format!("incidents/{}", picture.scope(root).incident),
            audiences: seen(root),
            ..act(caller, kind)
        };
        logging.into_iter().map(one).filter(|act| !act.audiences.is_empty()).collect()
    };
    acts.into_iter().for_each(|act| node.note(act));
}

/// Scopes for everybody of the incidents that a filter names; of all when it names none.
fn asked(picture: &Picture, filter: &EntryFilter) -> BTreeSet<u32> {
    if filter.incidents.is_empty() {
        return (0..picture.scopes().len() as u32).map(|scope| picture.root(scope)).collect();
    }
    let named = filter.incidents.iter().filter_map(|name| name.strip_prefix("incidents/"));
    named.filter_map(|id| picture.incident(id)).map(|scope| picture.root(scope)).collect()
}

/// Notes that somebody read an attachment which entries of these scopes cite.
pub fn attachment(node: &Node, caller: &Caller, name: &str, citing: &[NewScope]) {
    let mut seen: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for NewScope { incident, audience: named, .. } in citing {
        if caller.sees_audience(incident, named) {
            seen.entry(incident).or_default().push(audience(named));
        }
    }
    for (id, audiences) in seen {
        let logs = {
            let picture = node.picture.read();
            let scope = picture.incident(id).map(|scope| picture.root(scope));
            scope.is_some_and(|root| incident::logs_reading(&picture, root))
        };
        if logs {
            node.note(Act {
                incident: format!("incidents/{id}"),
                subject: name.to_owned(),
                audiences,
                ..act(caller, ActKind::AttachmentRead)
            });
        }
    }
}
