//! `polder review`: a whole incident for whoever evaluates it. Measures, the time line, decisions
//! with what was known then, sitreps, and what was left open.

use std::collections::{BTreeMap, BTreeSet};

use polder_picture::{attributes::millis, entry::summary_line};
use polder_wire::v1::{
    Contradiction, Decision, DecisionState, Entry, GetHandoverRequest, GetHandoverResponse,
    HandoverLine, ListAttentionRequest, ListAttentionResponse, ListContradictionsRequest,
    ListGapsRequest, ListGapsResponse, ListWarningsRequest, ListWarningsResponse, MatterSort, Mode,
    entry::Body,
};
use prost::Message as _;
use prost_types::Timestamp;

use super::{
    Asked, asked,
    history::{History, history, received},
    page::{Page, Section},
    public::stage_line,
    service,
    sitrep::write,
};
use crate::cli::{Context, args::ReviewArgs, say_json, show::Lines, words::Words};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Parties that are named with how much they said.
const PARTIES_MAX: usize = 10;
/// So much later than it was seen a report stands in the time line with both times.
const LATE_MS: i64 = 15 * MINUTE_MS;

/// All that was said in an incident, and what the node says of it.
struct Told {
    /// Every version, in the order in which the node got them, by the minute.
    versions: Vec<Entry>,
    contradictions: Vec<Contradiction>,
    attention: ListAttentionResponse,
    gaps: ListGapsResponse,
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
        say_json(&serde_json::to_value(&page)?)?;
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
    let request = ListContradictionsRequest {
        incident: incident.clone(),
        known_at,
        ..ListContradictionsRequest::default()
    };
    let contradictions = team.list_contradictions(request).await?.into_inner().contradictions;
    let request = ListAttentionRequest {
        incident: incident.clone(),
        known_at,
        ..ListAttentionRequest::default()
    };
    let attention = team.list_attention(request).await?.into_inner();
    let request =
        ListGapsRequest { incident: incident.clone(), known_at, ..ListGapsRequest::default() };
    let gaps = team.list_gaps(request).await?.into_inner();
    // All of it is new to whoever evaluates.
    let since = Some(Timestamp { seconds: 0, nanos: 0 });
    let request =
        ListWarningsRequest { incident: incident.clone(), known_at, only_standing: false };
    let mut public = super::warning_service(channel.clone());
    let warnings = public.list_warnings(request).await?.into_inner();
    let request = GetHandoverRequest { incident, known_at, since };
    let handover = team.get_handover(request).await?.into_inner();
    Ok(Told { versions, contradictions, attention, gaps, handover, warnings, left_out })
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
        section(words.review_measures(), measures(ask, told)),
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

/// How long something took, to the nearest minute.
fn took(words: Words, ms: i64) -> String {
    words.age(ms + MINUTE_MS / 2)
}

/// The share of some times that matters: half are below, one in ten above.
fn spread(words: Words, mut times: Vec<i64>) -> Option<String> {
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    let at = |percent: usize| times[(times.len() * percent / 100).min(last)];
    let (half, most) = (at(50), at(90));
    let (within, above) = (words.review_half_within(), words.review_tenth_above());
    Some(format!("{within} {}, {above} {}", took(words, half), took(words, most)))
}

fn measures(ask: &Asked, told: &Told) -> Vec<String> {
    let words = ask.lines.words;
    let spoken: Vec<_> = told.versions.iter().filter(|one| !acknowledges(one)).collect();
    let mut listed = Vec::new();
    let mut measure = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            listed.push(format!("{name}: {value}"));
        }
    };
    let opened = ask.incident.create_time.as_ref().map(millis);
    let first = spoken.first().zip(opened);
    measure(words.review_first(), first.map(|(first, opened)| words.age(received(first) - opened)));
    let entries: BTreeSet<_> = spoken.iter().map(|version| &version.name).collect();
    let (count, of) = (spoken.len(), entries.len());
    measure(
        words.review_said(),
        Some(format!("{count} {} {of} {}", words.review_versions_of(), words.review_entries())),
    );
    let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
    let mut parties: BTreeMap<&str, usize> = BTreeMap::new();
    for version in &spoken {
        *hours.entry(received(version).div_euclid(HOUR_MS)).or_default() += 1;
        *parties.entry(party(version)).or_default() += 1;
    }
    // The earlier of two busy hours.
    let busiest = hours.iter().max_by_key(|(hour, count)| (**count, std::cmp::Reverse(**hour)));
    measure(
        words.review_busiest(),
        busiest.map(|(hour, count)| format!("{count}, {}", ask.lines.moment(hour * HOUR_MS))),
    );
    let mut ranked: Vec<_> = parties.into_iter().collect();
    ranked.sort_by_key(|(party, count)| (std::cmp::Reverse(*count), *party));
    let more = ranked.len().saturating_sub(PARTIES_MAX);
    let mut named: Vec<_> =
        ranked.iter().take(PARTIES_MAX).map(|(party, count)| format!("{party} {count}")).collect();
    if more > 0 {
        named.push(format!("{more} {}", words.parties_more()));
    }
    measure(words.review_parties(), Some(named.join(", ")).filter(|named| !named.is_empty()));
    let observed = spoken.iter().filter(|one| !one.retracted);
    let observed =
        observed.filter(|one| one.times.as_ref().is_some_and(|times| times.observed.is_some()));
    let written = observed.map(|one| (ms(&one.recorded_time) - seen(one)).max(0));
    measure(words.review_written_after(), spread(words, written.collect()));
    let arrived = spoken.iter().map(|one| (received(one) - ms(&one.recorded_time)).max(0));
    measure(words.review_here_after(), spread(words, arrived.collect()));
    measure(words.review_attention(), attention(words, &told.attention));
    let decided = told.contradictions.iter().filter(|one| !one.decisions.is_empty()).count();
    let all = told.contradictions.len();
    measure(
        words.contradicting(),
        Some(format!("{all}, {} {}", words.of_which_open(), all - decided)),
    );
    measure(words.review_decided_after(), spread(words, decided_after(&told.contradictions)));
    let handover = &told.handover;
    let open = handover.overdue.iter().chain(&handover.open);
    let questions = open.filter(|line| line.sort() == MatterSort::Question).count();
    measure(words.review_unanswered(), Some(questions.to_string()));
    let sums =
        told.gaps.sections.iter().fold((0, 0), |sums, section| {
            (sums.0 + section.stale_count, sums.1 + section.entry_count)
        });
    measure(words.review_stale(), Some(format!("{} {} {}", sums.0, words.review_of(), sums.1)));
    listed
}

/// How many were asked to see something, how many did, and how soon.
fn attention(words: Words, attention: &ListAttentionResponse) -> Option<String> {
    let (mut asked, mut late, mut times) = (0, 0, Vec::new());
    for one in &attention.entries {
        let entry = Entry::decode(one.entry.clone()).ok()?;
        for addressee in &one.addressees {
            asked += 1;
            late += usize::from(addressee.overdue);
            if let Some(read) = &addressee.read_time {
                times.push((millis(read) - ms(&entry.recorded_time)).max(0));
            }
        }
    }
    (asked > 0).then(|| {
        let mut text = format!(
            "{asked} {}, {} {}, {late} {}",
            words.review_asked(),
            times.len(),
            words.read_by(),
            words.too_late().to_lowercase()
        );
        if let Some(spread) = spread(words, times) {
            text.push_str(&format!(" ({spread})"));
        }
        text
    })
}

/// From the last of the versions that contradict to the first decision that rests on them.
fn decided_after(contradictions: &[Contradiction]) -> Vec<i64> {
    let decode = |all: &[bytes::Bytes]| -> Vec<i64> {
        all.iter().filter_map(|one| Entry::decode(one.clone()).ok()).map(|e| received(&e)).collect()
    };
    let one = |one: &Contradiction| {
        let last = decode(&one.versions).into_iter().max()?;
        let decided = decode(&one.decisions).into_iter().min()?;
        Some((decided - last).max(0))
    };
    contradictions.iter().filter_map(one).collect()
}
