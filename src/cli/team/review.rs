//! `polder review`: a whole incident for whoever evaluates it. Measures, the time line, decisions
//! with what was known then, sitreps, and what was left open.

mod measures;

use std::collections::BTreeMap;

use polder_picture::{attributes::millis, entry::summary_line};
use polder_wire::v1::{
    Decision, DecisionState, Entry, GetHandoverRequest, GetHandoverResponse, GetReviewRequest,
    GetReviewResponse, HandoverLine, ListWarningsRequest, ListWarningsResponse, Mode, entry::Body,
};
use prost::Message as _;
use prost_types::Timestamp;

use self::measures::{measures, took};
use super::{
    Asked, asked,
    history::{History, history, received},
    page::{Page, Section},
    public::stage_line,
    service,
    sitrep::write,
};
use crate::{
    cli::{Context, args::ReviewArgs, say_json, show::Lines},
    json,
};

const MINUTE_MS: i64 = 60_000;
/// So much later than it was seen a report stands in the time line with both times.
const LATE_MS: i64 = 15 * MINUTE_MS;

/// All that was said in an incident, and what the node says of it.
struct Told {
    /// Every version, in the order in which the node got them, by the minute.
    versions: Vec<Entry>,
    measures: GetReviewResponse,
    handover: GetHandoverResponse,
    warnings: ListWarningsResponse,
    /// Some versions are not here: their feed came by a checkpoint.
    left_out: bool,
}

pub(in crate::cli) async fn review(context: &Context, args: ReviewArgs) -> anyhow::Result<u8> {
    let ask = asked(context, &args.ask).await?;
    let told = read(&ask).await?;
    let page = page(&ask, &told);
    if context.common.json {
        let mut value = serde_json::to_value(&page)?;
        value["measures"] = json::from_message("GetReviewResponse", &told.measures)?;
        say_json(&value)?;
        return Ok(0);
    }
    write(&page, &args.format, args.out.as_deref(), ask.lines.width)?;
    Ok(0)
}

async fn read(ask: &Asked) -> anyhow::Result<Told> {
    let Asked { channel, incident, known_at, .. } = ask;
    let (incident, known_at) = (incident.name.clone(), *known_at);
    let History { versions, left_out } = history(channel, &incident, known_at, &[]).await?;
    let versions = ordered(versions);
    let mut team = service(channel.clone());
    let request = GetReviewRequest { incident: incident.clone(), known_at };
    let measures = team.get_review(request).await?.into_inner();
    // All of it is new to whoever evaluates.
    let since = Some(Timestamp { seconds: 0, nanos: 0 });
    let request =
        ListWarningsRequest { incident: incident.clone(), known_at, only_standing: false };
    let mut public = super::warning_service(channel.clone());
    let warnings = public.list_warnings(request).await?.into_inner();
    let request = GetHandoverRequest { incident, known_at, since };
    let handover = team.get_handover(request).await?.into_inner();
    Ok(Told { versions, measures, handover, warnings, left_out })
}

/// In the order in which the node got them, by the minute, as it is read: of what came in one, the
/// words decide, but that what changes something comes after what was new.
fn ordered(mut versions: Vec<Entry>) -> Vec<Entry> {
    versions.sort_by_cached_key(|version| (received(version), version.version.clone()));
    let mut whose: BTreeMap<String, String> = BTreeMap::new();
    let mut placed = Vec::with_capacity(versions.len());
    for mut version in versions {
        let party = whose.entry(version.name.clone()).or_default();
        if version.party.is_empty() {
            // A withdrawal names nobody: it is of whose entry it is.
            version.party.clone_from(party);
        }
        party.clone_from(&version.party);
        let title = version.texts.first().map(|text| text.title.clone());
        let minute = |ms: i64| ms.div_euclid(MINUTE_MS);
        let changes = !version.supersedes.is_empty();
        let key = (minute(received(&version)), changes, minute(seen(&version)), title);
        placed.push((key, version));
    }
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    placed.into_iter().map(|(_, version)| version).collect()
}

fn ms(time: &Option<Timestamp>) -> i64 {
    time.as_ref().map_or(0, millis)
}

/// When it was seen, or else recorded.
fn seen(version: &Entry) -> i64 {
    let observed = version.times.as_ref().and_then(|times| times.observed.as_ref());
    observed.map_or_else(|| ms(&version.recorded_time), millis)
}

fn party(version: &Entry) -> &str {
    version.party.trim_start_matches("parties/")
}

/// Only says that somebody has read something.
fn acknowledges(version: &Entry) -> bool {
    let relations = &version.relations;
    relations.iter().any(|one| one.r#type() == polder_wire::v1::RelationType::Acknowledges)
}

fn page(ask: &Asked, told: &Told) -> Page {
    let lines = &ask.lines;
    let words = lines.words;
    let title = format!("{}: {}", words.review(), lines.title(&ask.incident));
    let mut facts = Vec::new();
    if ask.incident.mode() != Mode::Actual {
        facts.push((words.review_mode().to_owned(), words.mode(ask.incident.mode()).to_owned()));
    }
    if let (Some(first), Some(last)) = (told.versions.first(), told.versions.last()) {
        let period =
            format!("{} – {}", lines.moment(received(first)), lines.moment(received(last)));
        facts.push((words.review_period().to_owned(), period));
    }
    if let Some(known) = &ask.known_at {
        facts.push((words.picture_of().to_owned(), lines.moment(millis(known))));
    }
    if told.left_out {
        let (name, value) = (words.review_lacks(), words.review_lacks_versions());
        facts.push((name.to_owned(), value.to_owned()));
    }
    let section = |heading: &str, listed: Vec<String>| Section {
        heading: heading.to_owned(),
        remark: String::new(),
        note: if listed.is_empty() { words.nothing_there().to_owned() } else { String::new() },
        lines: listed.iter().map(|line| line.replace(['\n', '\t'], " ")).collect(),
    };
    let handover = &told.handover;
    let open = handover.overdue.iter().chain(&handover.open);
    let mut still_open =
        section(words.review_open(), open.filter_map(|line| open_line(lines, line)).collect());
    let left = handover.left_out.unwrap_or_default();
    if left.overdue + left.open > 0 {
        still_open.note = format!("{} {}", left.overdue + left.open, words.more_lines());
    }
    let mut public = section(words.warnings_title(), warned(lines, told));
    if told.warnings.warnings_left_out > 0 {
        public.note = format!("{} {}", told.warnings.warnings_left_out, words.warnings_more());
    }
    let sections = vec![
        section(words.review_measures(), measures(lines, &told.measures)),
        section(words.review_decisions(), decisions(lines, &told.versions)),
        section(words.review_sitreps(), sitreps(lines, &told.versions)),
        public,
        still_open,
        section(words.review_time_line(), time_line(lines, &told.versions)),
    ];
    Page { language: words.0.pick("en", "nl"), title, facts, sections }
}

/// What somebody said, in one line.
fn said(lines: &Lines, version: &Entry) -> String {
    let what = summary_line(version, lines.words.0.pick("en", "nl"));
    if version.place.is_empty() || what.contains(&version.place) {
        return what;
    }
    format!("{}: {what}", version.place)
}

/// What the public was told, the oldest first: each with its stages, and how long they took.
fn warned(lines: &Lines, told: &Told) -> Vec<String> {
    let mut listed = Vec::new();
    for warning in &told.warnings.warnings {
        let Ok(entry) = Entry::decode(warning.entry.clone()) else { continue };
        let stages = warning.stages.iter().map(|stage| stage_line(lines, stage));
        let stages: Vec<_> = stages.collect();
        let first = warning.stages.first().map_or(0, |stage| ms(&stage.recorded_time));
        // A withdrawal has no words of its own: those that it withdraws.
        let said_last = |one: &&Entry| one.name == entry.name && !one.retracted;
        let worded = match entry.retracted {
            true => told.versions.iter().rev().find(said_last).unwrap_or(&entry),
            false => &entry,
        };
        let what = said(lines, worded);
        listed.push((first, format!("{what}. {}", stages.join("; "))));
    }
    listed.sort();
    listed.into_iter().map(|(_, line)| line).collect()
}

fn open_line(lines: &Lines, line: &HandoverLine) -> Option<String> {
    let words = lines.words;
    let entry = Entry::decode(line.entry.clone()).ok()?;
    let since = lines.moment(seen(&entry));
    let mut text = format!(
        "{}: {} ({}, {since}",
        words.matter(line.sort()),
        said(lines, &entry),
        party(&entry)
    );
    if let Some(due) = &line.time {
        text.push_str(&format!(", {} {}", words.due(), lines.moment(millis(due))));
    }
    text.push(')');
    Some(text)
}

/// Everything that was said, when the node got it.
fn time_line(lines: &Lines, versions: &[Entry]) -> Vec<String> {
    let words = lines.words;
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for version in versions.iter().filter(|version| version.supersedes.is_empty()) {
        *first.entry(&version.name).or_default() += 1;
    }
    let mut listed = Vec::new();
    for version in versions {
        if acknowledges(version) {
            continue;
        }
        let at = received(version);
        let mut text = format!("{} {}: ", lines.moment(at), party(version));
        if version.retracted {
            text.push_str(&format!("{}: {}", words.retracted(), version.retraction_reason));
        } else {
            text.push_str(&said(lines, version));
        }
        let mut marks = Vec::new();
        if at - seen(version) >= LATE_MS {
            marks.push(format!("{} {}", words.review_seen(), lines.moment(seen(version))));
        }
        if !version.supersedes.is_empty() && !version.retracted {
            marks.push(words.review_changed().to_owned());
        } else if first.get(&version.name[..]).is_some_and(|count| *count > 1) {
            marks.push(words.review_rival().to_owned());
        }
        if version.erased {
            marks.push(words.review_erased().to_owned());
        }
        if !marks.is_empty() {
            text.push_str(&format!(" [{}]", marks.join(", ")));
        }
        listed.push(text);
    }
    listed
}

/// Decisions that were taken or withdrawn, with what they rest on as it was known then.
fn decisions(lines: &Lines, versions: &[Entry]) -> Vec<String> {
    let words = lines.words;
    let by_name: BTreeMap<String, &Entry> = versions
        .iter()
        .map(|version| (format!("{}/versions/{}", version.name, version.version), version))
        .collect();
    let mut listed = Vec::new();
    for version in versions {
        let Some(Body::Decision(decision)) = &version.body else { continue };
        if !matches!(decision.state(), DecisionState::Taken | DecisionState::Withdrawn) {
            continue;
        }
        let at = decided(version, decision);
        let mut text = format!("{} {}: ", lines.moment(at), decision.decided_by);
        if decision.state() == DecisionState::Withdrawn {
            text.push_str(&format!("{}: ", words.retracted()));
        }
        let tag = words.0.pick("en", "nl");
        let title = version.texts.iter().find(|text| text.language.starts_with(tag));
        let title = title.or(version.texts.first()).map(|text| text.title.as_str());
        text.push_str(title.unwrap_or_default());
        let mut more = |name: &str, value: &str| {
            if !value.is_empty() {
                text.push_str(&format!(". {name}: {}", value.trim_end_matches('.')));
            }
        };
        more(words.review_ground(), &decision.legal_ground);
        more(words.review_why(), &decision.rationale);
        more(words.review_weighed(), &decision.alternatives.join("; "));
        let basis = decision.basis.iter().map(|name| {
            by_name.get(name).map_or_else(
                || words.review_unseen().to_owned(),
                |basis| known_then(lines, basis, at, versions),
            )
        });
        let basis: Vec<_> = basis.collect();
        let rests_on =
            if basis.is_empty() { words.review_no_basis().to_owned() } else { basis.join("; ") };
        more(words.review_basis(), &rests_on);
        text.push('.');
        listed.push((at.div_euclid(MINUTE_MS), text));
    }
    listed.sort();
    listed.into_iter().map(|(_, text)| text).collect()
}

fn decided(version: &Entry, decision: &Decision) -> i64 {
    decision.decided_time.as_ref().map_or_else(|| seen(version), millis)
}

/// A version as whoever decided had it: how old it was, and whether something newer was here.
fn known_then(lines: &Lines, basis: &Entry, at_ms: i64, versions: &[Entry]) -> String {
    let words = lines.words;
    let age = took(words, at_ms - seen(basis));
    let mut text =
        format!("{} ({}, {age} {}", said(lines, basis), party(basis), words.review_old_then());
    let newer = |one: &&Entry| {
        one.name == basis.name && one.supersedes.contains(&basis.version) && received(one) <= at_ms
    };
    if versions.iter().any(|one| newer(&one)) {
        text.push_str(&format!(", {}", words.review_newer_then()));
    }
    text.push(')');
    text
}

fn sitreps(lines: &Lines, versions: &[Entry]) -> Vec<String> {
    let words = lines.words;
    let issued = versions.iter().filter_map(|version| {
        let sitrep = version.sitrep.as_ref()?;
        let number = format!("{}.{}", sitrep.number, sitrep.version);
        let (team, by) = (&sitrep.team, &sitrep.issued_by);
        let mut text = format!("{} {number} {team} · {by}", lines.moment(ms(&sitrep.issued_time)));
        let recalled = |one: &Entry| one.name == version.name && one.retracted;
        if versions.iter().any(recalled) {
            text.push_str(&format!(" [{}]", words.sitrep_recalled()));
        }
        Some(text)
    });
    issued.collect()
}
