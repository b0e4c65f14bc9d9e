//! `polder daily`: the report of the daily watch, for a region or the nation. Signals, incidents that
//! are open, what changed in each, what is missing and what is ahead.

use jiff::Zoned;
use polder_picture::{
    attributes::{millis, timestamp},
    entry::summary_line,
};
use polder_wire::v1::{
    Entry, GetHandoverRequest, GetHandoverResponse, HandoverLine, Incident, ListGapsRequest,
    ListGapsResponse, ListIncidentsRequest, ListSignalsRequest, Mode, Phase, SignalState,
    incident_service_client::IncidentServiceClient,
};
use prost::Message as _;

use super::{
    page::{Page, Section},
    service,
    signals::{how_far, service as signal_service, title},
    sitrep::write,
};
use crate::cli::{
    Context, args::DailyArgs, client, read::at_node_time, say_json, session::Connection,
    show::Lines, words::grip,
};

const DAY_MS: i64 = 86_400_000;
/// Of what changed and what is ahead in one incident.
const LINES_MAX: usize = 8;
/// More incidents than this are not looked at.
const INCIDENTS_MAX: usize = 100;

pub(in crate::cli) async fn daily(context: &Context, args: DailyArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let mode = client::enumeration("MODE", &args.mode, Mode::from_str_name)?;
    let lines = at_node_time(context, channel.clone()).await;
    let near = Zoned::now();
    let since_ms = match &args.since {
        Some(text) => millis(&client::moment(text, &near)?),
        None => lines.now() - DAY_MS,
    };
    let region = args.region.as_deref().map(|name| name.trim_start_matches("parties/"));
    let page = page(&lines, channel, mode, region, since_ms).await?;
    if context.common.json {
        say_json(&serde_json::to_value(&page)?)?;
        return Ok(0);
    }
    write(&page, &args.format, args.out.as_deref(), lines.width)?;
    Ok(0)
}

async fn page(
    lines: &Lines,
    channel: Connection,
    mode: Mode,
    region: Option<&str>,
    since_ms: i64,
) -> anyhow::Result<Page> {
    let words = lines.words;
    let of = region.unwrap_or(words.signal_national());
    let mut facts = vec![(
        words.review_period().to_owned(),
        format!("{} – {}", lines.moment(since_ms), lines.moment(lines.now())),
    )];
    if mode != Mode::Actual {
        facts.push((words.review_mode().to_owned(), words.mode(mode).to_owned()));
    }
    let mut sections = vec![signals(lines, channel.clone(), mode, region, since_ms).await?];
    let open = incidents(channel.clone(), mode).await?;
    let left_out = open.len().saturating_sub(INCIDENTS_MAX);
    for incident in open.iter().take(INCIDENTS_MAX) {
        let since = Some(timestamp(since_ms));
        let name = incident.name.clone();
        let request = GetHandoverRequest { incident: name.clone(), known_at: None, since };
        let mut team = service(channel.clone());
        let handover = team.get_handover(request).await?.into_inner();
        let request = ListGapsRequest { incident: name, ..ListGapsRequest::default() };
        let gaps = team.list_gaps(request).await?.into_inner();
        if region.is_none_or(|region| concerns(incident, &gaps, region)) {
            sections.push(section(lines, incident, &handover, &gaps, since_ms));
        }
    }
    if let [_] = &sections[..] {
        sections.push(plain(words.incidents_heading(), Vec::new(), words.daily_none()));
    }
    if left_out > 0 {
        let note = format!("{left_out} {}", words.incidents_unlooked());
        sections.push(plain(words.incidents_heading(), Vec::new(), &note));
    }
    let title = format!("{}: {of}", words.daily_title());
    Ok(Page { language: words.0.pick("en", "nl"), title, facts, sections })
}

fn plain(heading: &str, listed: Vec<String>, note: &str) -> Section {
    let lines = listed.into_iter().map(|line| line.replace(['\n', '\t'], " ")).collect();
    Section { heading: heading.to_owned(), remark: String::new(), lines, note: note.to_owned() }
}

/// A region is scaled up in an incident, or has spoken in it.
fn concerns(incident: &Incident, gaps: &ListGapsResponse, region: &str) -> bool {
    let is = |name: &str| name.trim_start_matches("parties/") == region;
    incident.scalings.iter().any(|one| is(&one.region))
        || gaps.parties.iter().any(|party| is(&party.party) && party.last_time.is_some())
}

async fn incidents(channel: Connection, mode: Mode) -> anyhow::Result<Vec<Incident>> {
    let mut client = IncidentServiceClient::new(channel);
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let mode = mode.into();
        let request = ListIncidentsRequest { mode, page_token, ..ListIncidentsRequest::default() };
        let answer = client.list_incidents(request).await?.into_inner();
        all.extend(answer.incidents);
        page_token = answer.next_page_token;
        if page_token.is_empty() || all.len() > INCIDENTS_MAX {
            return Ok(all);
        }
    }
}

/// What passes a threshold, is expected to, or no longer does since the report before.
async fn signals(
    lines: &Lines,
    channel: Connection,
    mode: Mode,
    region: Option<&str>,
    since_ms: i64,
) -> anyhow::Result<Section> {
    let words = lines.words;
    let request = ListSignalsRequest {
        mode: mode.into(),
        region: region.map(|region| format!("parties/{region}")).unwrap_or_default(),
        ..ListSignalsRequest::default()
    };
    let answer = signal_service(channel).list_signals(request).await?.into_inner();
    let mut listed = Vec::new();
    for signal in &answer.signals {
        let over = signal.over_time.as_ref().map(millis);
        if signal.state() == SignalState::Over && over.is_some_and(|over| over < since_ms) {
            continue;
        }
        let threshold = Entry::decode(signal.threshold.clone())?;
        let place = signal.subject.as_ref().map_or("", |subject| &subject.place[..]);
        let state = words.signal_state(signal.state());
        let (means, far) = (title(lines, &threshold), how_far(lines, signal));
        listed.push(format!("[{state}] {place}: {means} ({far})"));
    }
    let note = match (listed.is_empty(), answer.signals_left_out) {
        (true, _) => words.daily_quiet().to_owned(),
        (false, 0) => String::new(),
        (false, more) => format!("{more} {}", words.signals_more()),
    };
    Ok(plain(words.daily_signals(), listed, &note))
}

fn section(
    lines: &Lines,
    incident: &Incident,
    handover: &GetHandoverResponse,
    gaps: &ListGapsResponse,
    since_ms: i64,
) -> Section {
    let words = lines.words;
    let left = handover.left_out.unwrap_or_default();
    let mut listed = Vec::new();
    let mut state = Vec::new();
    if incident.phase() != Phase::Unspecified {
        state.push(words.phase_name(incident.phase()).to_owned());
    }
    for scaling in &incident.scalings {
        let region = scaling.region.trim_start_matches("parties/");
        state.push(format!("{region} {}", grip(scaling.grip())));
    }
    if incident.create_time.as_ref().map(millis).is_some_and(|at| at >= since_ms) {
        let at = incident.create_time.as_ref().map_or(0, millis);
        state.push(format!("{} {}", words.daily_opened(), lines.moment(at)));
    }
    let count = |told: usize, left: i32| told as i32 + left;
    for (number, what) in [
        (count(handover.changed.len(), left.changed), words.daily_changed()),
        (count(handover.contradictions.len(), left.contradictions), words.daily_contradicting()),
        (count(handover.overdue.len(), left.overdue), words.daily_late()),
    ] {
        if number > 0 {
            state.push(format!("{number} {what}"));
        }
    }
    if !state.is_empty() {
        listed.push(state.join(" · "));
    }
    let told = |line: &HandoverLine, what: &str| -> Option<String> {
        let entry = Entry::decode(line.entry.clone()).ok()?;
        let at = line.time.as_ref().map(|time| format!(" {}", lines.moment(millis(time))));
        let party = entry.party.trim_start_matches("parties/");
        let said = summary_line(&entry, words.0.pick("en", "nl"));
        Some(format!("{what}{}: {said} ({party})", at.unwrap_or_default()))
    };
    let decided = handover.decided.iter().take(LINES_MAX);
    listed.extend(decided.filter_map(|line| told(line, words.decided_since())));
    let changed = handover.changed.iter().take(LINES_MAX);
    listed.extend(changed.filter_map(|line| told(line, words.daily_changed())));
    let ahead = handover.expected.iter().take(LINES_MAX);
    listed.extend(ahead.filter_map(|line| told(line, words.daily_ahead())));
    let empty = gaps.sections.iter().filter(|section| section.last_time.is_none());
    let empty: Vec<_> = empty.map(|one| words.section(one.section())).collect();
    let silent = handover.silent.iter().map(|one| one.party.trim_start_matches("parties/"));
    let silent: Vec<_> = silent.take(LINES_MAX).collect();
    for (names, what) in [(empty, words.daily_gaps()), (silent, words.daily_silent())] {
        if !names.is_empty() {
            listed.push(format!("{what} {}", names.join(", ")));
        }
    }
    let note = if listed.is_empty() { words.nothing_there() } else { "" };
    plain(lines.title(incident), listed, note)
}
