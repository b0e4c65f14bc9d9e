//! What `polder charter show` prints: a page that an administrator can read aloud.

use std::{collections::BTreeMap, fmt::Write as _};

use polder_picture::{
    attributes::millis,
    charter::{ANY_PARTY, Charter, Item, Standing},
    record::{Id, key_id},
};
use polder_wire::v1::{
    CharterChange, DisplayName, GripLevel, PlanLevel, Power, Role, charter_change::Change,
};

use super::{super::say, Context, plan::level_line, say_json, standing_of};
use crate::json;

pub(super) fn show(context: &Context, charter: &Charter, all: bool) -> anyhow::Result<u8> {
    if context.common.json {
        return show_json(charter, all);
    }
    let page = Page { context, charter };
    let mut text = format!(
        "{} {} · {}\n",
        context.words.charter(),
        charter.founding().display_name,
        charter.id()
    );
    page.keys(&mut text);
    page.subjects(&mut text);
    page.nodes(&mut text);
    if all {
        page.rest(&mut text);
    }
    say(text.trim_end())?;
    Ok(0)
}

fn show_json(charter: &Charter, all: bool) -> anyhow::Result<u8> {
    let items = charter.items().filter(|item| all || item.counts);
    for item in items {
        say_json(&serde_json::json!({
            "item": item.id.to_string(),
            "statement": hex::encode(item.statement),
            "counts": item.counts,
            "change": json::from_message("CharterChange", item.change)?,
        }))?;
    }
    Ok(0)
}

/// The first digits of an id: enough to name it.
fn short(item: &Item<'_>) -> String {
    item.id.to_string()[..8].to_owned()
}

pub(super) fn id(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

fn ids(names: &[String]) -> String {
    names.iter().map(|name| id(name)).collect::<Vec<_>>().join(", ")
}

fn id_of(public_key: &[u8]) -> Option<Id> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(public_key.try_into().ok()?).ok()?;
    Some(key_id(&key))
}

struct Page<'a> {
    context: &'a Context,
    charter: &'a Charter,
}

impl Page<'_> {
    fn counting(&self) -> impl Iterator<Item = Item<'_>> {
        self.charter.items().filter(|item| item.counts)
    }

    fn named<'a>(&self, names: &'a [DisplayName]) -> &'a str {
        let tag = self.context.words.0.pick("en", "nl");
        let own = names.iter().find(|name| name.language == tag).or(names.first());
        own.map_or("", |name| &name.text)
    }

    fn keys(&self, text: &mut String) {
        let words = self.context.words;
        let founding = self.charter.founding();
        let _ = writeln!(
            text,
            "\n{} ({} {})",
            words.anchors(),
            words.needed(),
            founding.anchors_needed
        );
        let added = self.counting().filter_map(|item| match &item.change.change {
            Some(Change::Anchor(anchor)) => Some(anchor),
            _ => None,
        });
        for anchor in founding.anchors.iter().chain(added) {
            self.key(text, &anchor.public_key, &anchor.display_name, "");
        }
        let powers: Vec<_> = self
            .counting()
            .filter_map(|item| match &item.change.change {
                Some(Change::Power(power)) => Some(power),
                _ => None,
            })
            .collect();
        if !powers.is_empty() {
            let _ = writeln!(text, "\n{}", words.powers());
        }
        for power in powers {
            self.key(text, &power.public_key, &power.display_name, &self.may(power));
        }
    }

    fn may(&self, power: &Power) -> String {
        let words = self.context.words;
        let mut parts = Vec::new();
        if power.charter {
            parts.push(words.everything().to_owned());
        }
        if !power.parties.is_empty() {
            parts.push(format!("{} {}", words.nodes_and_roles_of(), ids(&power.parties)));
        }
        if !power.incidents.is_empty() {
            let which = ids(&power.incidents).replace('-', words.all());
            let which = if power.incidents.iter().any(|one| id(one) == "-") {
                which
            } else {
                ids(&power.incidents)
            };
            parts.push(format!("{} {which}", words.members_of()));
        }
        format!(": {}", parts.join("; "))
    }

    fn key(&self, text: &mut String, key: &[u8], holder: &str, may: &str) {
        let words = self.context.words;
        let Some(id) = id_of(key) else { return };
        let _ = write!(text, "  {id} {holder}{may}");
        if let Some(last) = self.charter.keys_cut().get(&id) {
            let _ = write!(text, "  {} {last}", words.cut_after());
        }
        if let Some(first) = self.charter.keys_used_twice().get(&id) {
            let _ = write!(text, "  {} {first}", words.used_twice());
        }
        text.push('\n');
    }

    /// Parties, audiences, incidents and people.
    fn subjects(&self, text: &mut String) {
        let words = self.context.words;
        let mut sections: BTreeMap<usize, Vec<(String, String)>> = BTreeMap::new();
        for item in self.counting() {
            if let Some((section, line)) = self.subject(item.change) {
                let line = format!("  {}  {line}", short(&item));
                sections.entry(section).or_default().push((line[10..].to_owned(), line));
            }
        }
        let headings = [
            words.parties(),
            words.audiences(),
            words.incident_members(),
            words.people(),
            words.plans(),
            words.plan_calls(),
        ];
        for (section, mut lines) in sections {
            lines.sort();
            let _ = writeln!(text, "\n{}", headings[section]);
            text.extend(lines.into_iter().map(|(_, line)| line + "\n"));
        }
    }

    fn subject(&self, change: &CharterChange) -> Option<(usize, String)> {
        let words = self.context.words;
        Some(match change.change.as_ref()? {
            Change::Party(party) => {
                let names = self.named(&party.display_names);
                let discipline = words.discipline(party.discipline());
                let mut line =
                    format!("{}: {names} · {discipline} · {}", id(&party.name), party.country);
                if !party.contact.is_empty() {
                    let _ = write!(line, " · {}", party.contact);
                }
                let disputed = self.charter.parties().find(|(known, _)| *known == id(&party.name));
                if disputed.is_some_and(|(_, row)| row.disputed) {
                    let _ = write!(line, " [{}]", words.contradiction());
                }
                (0, line)
            }
            Change::Audience(audience) => {
                let names = self.named(&audience.display_names);
                (1, format!("{} ({names}): {}", id(&audience.name), ids(&audience.parties)))
            }
            Change::Membership(membership) => {
                let who = match membership.party.as_str() {
                    ANY_PARTY => words.every_party(),
                    party => id(party),
                };
                (2, format!("{}: {who}", id(&membership.incident)))
            }
            Change::Role(grant) => {
                let mut line = format!(
                    "{}: {} · {}",
                    grant.person,
                    words.role(Role::try_from(grant.role).unwrap_or_default()),
                    id(&grant.party)
                );
                if !grant.incident.is_empty() {
                    let _ = write!(line, " · {}", id(&grant.incident));
                }
                if let Some(end) = &grant.expire_time {
                    let until = self.context.lines.moment(millis(end));
                    let _ = write!(line, " · {} {until}", words.until());
                }
                (3, line)
            }
            Change::Plan(plan) => {
                let dutch = words.0.pick(false, true);
                let level = |level: &PlanLevel| {
                    let parties: Vec<_> =
                        level.parties.iter().map(|name| id(name).to_owned()).collect();
                    level_line(level.grip, &parties, &level.teams, dutch)
                };
                let levels: Vec<_> = plan.levels.iter().map(level).collect();
                (4, format!("{}: {}", id(&plan.region), levels.join("; ")))
            }
            Change::Call(call) => {
                let (incident, region) = (id(&call.incident), id(&call.region));
                let level = call.grip - i32::from(GripLevel::GripLevel0);
                (5, format!("{incident}: {region} GRIP {level}"))
            }
            _ => return None,
        })
    }

    fn nodes(&self, text: &mut String) {
        let words = self.context.words;
        let mut nodes: BTreeMap<String, String> = BTreeMap::new();
        for item in self.counting() {
            match &item.change.change {
                Some(Change::Node(node)) => {
                    let Some(key) = id_of(&node.public_key) else { continue };
                    let Some(row) = self.charter.node(key) else { continue };
                    let parties = row.parties.join(", ");
                    let line = format!("  {key} {}: {parties}", node.display_name);
                    nodes.entry(key.to_string()).or_insert(line);
                }
                Some(Change::NodeCut(cut)) => {
                    let Some(key) = Id::from_slice(&cut.node) else { continue };
                    let name = self.charter.node(key).map_or("", |row| &row.display_name);
                    let cut_off = words.revoked();
                    let line = format!("  {key} {name}  {cut_off}: {}", cut.reason);
                    nodes.insert(key.to_string(), line);
                }
                _ => {}
            }
        }
        if !nodes.is_empty() {
            let _ = writeln!(text, "\n{}", words.nodes_heading());
        }
        text.extend(nodes.into_values().map(|line| line + "\n"));
    }

    /// What counts no more, or not yet.
    fn rest(&self, text: &mut String) {
        let words = self.context.words;
        let _ = writeln!(text, "\n{}", words.not_counting());
        for item in self.charter.items().filter(|item| !item.counts) {
            let why = match standing_of(self.charter, &item) {
                Standing::Counts => words.withdrawn().to_owned(),
                Standing::Disputed => words.disputed().to_owned(),
                Standing::CountsForNothing => {
                    format!("{} {}", words.too_few_signatures(), hex::encode(&item.statement[..4]))
                }
            };
            let what = self.subject(item.change).map(|(_, line)| line);
            let what = what.or_else(|| self.other(item.change)).unwrap_or_default();
            let _ = writeln!(text, "  {}  {what}  [{why}]", short(&item));
        }
    }

    fn other(&self, change: &CharterChange) -> Option<String> {
        let words = self.context.words;
        Some(match change.change.as_ref()? {
            Change::Anchor(anchor) => format!("{}: {}", words.anchors(), anchor.display_name),
            Change::Power(power) => format!("{}{}", power.display_name, self.may(power)),
            Change::Node(node) => format!("{}: {}", node.display_name, ids(&node.parties)),
            Change::KeyCut(cut) => {
                let key = hex::encode(&cut.key);
                format!("{key} {} {}: {}", words.cut_after(), cut.last_sequence, cut.reason)
            }
            Change::NodeCut(cut) => {
                format!("{} {}: {}", hex::encode(&cut.node), words.revoked(), cut.reason)
            }
            Change::Withdrawal(one) => {
                format!("{} {}: {}", hex::encode(&one.item), words.withdrawn(), one.reason)
            }
            _ => return None,
        })
    }
}
