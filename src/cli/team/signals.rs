//! `polder signals`: which figures passed a threshold, are expected to, or no longer do.

use anyhow::anyhow;
use jiff::Zoned;
use polder_picture::{
    attributes::millis, entry::summary_line, kinds::threshold::watched, language::Language,
};
use polder_wire::v1::{
    Entry, ListSignalsRequest, ListSignalsResponse, Mode, Signal, SignalState, Urgency,
    WatchSignalsRequest, entry::Body, signal_service_client::SignalServiceClient,
};
use prost::Message as _;
use prost_types::Timestamp;

use crate::{
    cli::{
        Context, Misuse, args::SignalsArgs, client, read::at_node_time, say, say_json,
        session::Connection, show::Lines,
    },
    json,
};

pub(in crate::cli) async fn signals(context: &Context, args: SignalsArgs) -> anyhow::Result<u8> {
    let channel = context.connect().await?;
    let mode = match &args.mode {
        Some(mode) => client::enumeration("MODE", mode, Mode::from_str_name)?,
        None => Mode::Unspecified,
    };
    if args.watch {
        if args.known.is_some() || args.raised {
            return Err(anyhow!("{}", context.words.watch_is_now()).context(Misuse));
        }
        return watch(context, channel, args, mode).await;
    }
    let near = Zoned::now();
    let known_at = args.known.as_deref().map(|text| client::moment(text, &near)).transpose()?;
    let id = |name: &str, kind: &str| format!("{kind}{}", name.trim_start_matches(kind));
    let request = ListSignalsRequest {
        incident: args.incident.map(|name| id(&name, "incidents/")).unwrap_or_default(),
        mode: mode.into(),
        known_at,
        region: args.region.map(|name| id(&name, "parties/")).unwrap_or_default(),
        only_raised: args.raised,
    };
    let node = at_node_time(context, channel.clone()).await;
    let answer = service(channel).list_signals(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListSignalsResponse", &answer)?)?;
        return Ok(0);
    }
    let now_ms = answer.known_at.as_ref().map(millis);
    print_signals(&Lines { now_ms, ..node }, &answer)?;
    Ok(0)
}

/// Prints what is raised, and then each change, until the node ends it.
async fn watch(
    context: &Context,
    channel: Connection,
    args: SignalsArgs,
    mode: Mode,
) -> anyhow::Result<u8> {
    let id = |name: &str, kind: &str| format!("{kind}{}", name.trim_start_matches(kind));
    let request = WatchSignalsRequest {
        incident: args.incident.map(|name| id(&name, "incidents/")).unwrap_or_default(),
        mode: mode.into(),
        region: args.region.map(|name| id(&name, "parties/")).unwrap_or_default(),
    };
    let node = at_node_time(context, channel.clone()).await;
    let mut stream = service(channel).watch_signals(request).await?.into_inner();
    while let Some(message) = stream.message().await? {
        if context.common.json {
            say_json(&json::from_message("WatchSignalsResponse", &message)?)?;
            continue;
        }
        let lines = Lines { now_ms: message.known_at.as_ref().map(millis), ..node.clone() };
        if message.complete && message.signals.is_empty() {
            say(lines.words.no_signals())?;
        }
        for signal in &message.signals {
            match signal.threshold.is_empty() {
                true => {
                    let place = signal.subject.as_ref().map_or("", |subject| &subject.place[..]);
                    let state = format!("[{}]", lines.words.signal_state(signal.state()));
                    say(&format!("{} {place}", lines.faint(&state)))?;
                }
                false => print_signal(&lines, signal)?,
            }
        }
    }
    // Whoever is to be woken must know that nobody watches any more.
    anyhow::bail!("{}", context.words.watch_ended())
}

pub(in crate::cli) fn service(
    channel: crate::cli::session::Connection,
) -> SignalServiceClient<crate::cli::session::Connection> {
    SignalServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

/// Prints signals, and what nobody reports.
pub(in crate::cli) fn print_signals(
    lines: &Lines,
    answer: &ListSignalsResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    match answer.threshold_count {
        0 => say(words.no_thresholds())?,
        1 => say(&lines.faint(&format!("1 {}", words.threshold_watches())))?,
        count => say(&lines.faint(&format!("{count} {}", words.thresholds_watch())))?,
    }
    if answer.threshold_count > 0 && answer.signals.is_empty() {
        say(words.no_signals())?;
    }
    for signal in &answer.signals {
        print_signal(lines, signal)?;
    }
    let more = |count: i32, what: &str| match count {
        0 => Ok(()),
        _ => say(&lines.faint(&format!("({count} {what})"))),
    };
    more(answer.signals_left_out, words.signals_more())?;
    if !answer.unheard.is_empty() {
        say(&lines.heading(words.nobody_reports()))?;
    }
    for threshold in &answer.unheard {
        let threshold = Entry::decode(threshold.clone())?;
        say(&format!("  {}", watch_line(lines, &threshold, "")))?;
    }
    more(answer.unheard_left_out, words.thresholds_more())?;
    more(answer.incidents_left_out, words.incidents_unlooked())
}

fn language(lines: &Lines) -> Language {
    lines.words.0.pick(Language::English, Language::Dutch)
}

/// What is watched, and for whom. `named`: the place that a figure is of.
fn watch_line(lines: &Lines, threshold: &Entry, named: &str) -> String {
    let Some(Body::Threshold(body)) = &threshold.body else { return String::new() };
    let place = match if named.is_empty() { &body.place[..] } else { named } {
        "" => String::new(),
        place => format!("{place}: "),
    };
    let detail = match &body.detail[..] {
        "" => String::new(),
        detail => format!(" ({detail})"),
    };
    let region = match body.region.trim_start_matches("parties/") {
        "" => lines.words.signal_national(),
        region => region,
    };
    format!("{place}{}{detail} · {region}", watched(body, language(lines)))
}

pub(super) fn print_signal(lines: &Lines, signal: &Signal) -> anyhow::Result<()> {
    let words = lines.words;
    let threshold = Entry::decode(signal.threshold.clone())?;
    let entry = Entry::decode(signal.entry.clone())?;
    let state = format!("[{}]", words.signal_state(signal.state()));
    let state = match signal.state() {
        SignalState::Passed => lines.alarm(&state),
        SignalState::Expected => lines.warn(&state),
        SignalState::Over | SignalState::Unspecified => lines.faint(&state),
    };
    let urgency = threshold.assessment.as_ref().map(|one| one.urgency());
    let urgent = match urgency == Some(Urgency::Immediate) && signal.state() != SignalState::Over {
        true => format!(" {}", lines.alarm(&format!(" {} ", words.urgent()))),
        false => String::new(),
    };
    let marks = [(signal.stale, words.signal_stale()), (signal.disputed, words.signal_disputed())];
    let marks = marks.iter().filter(|(is, _)| *is);
    let marks: String =
        marks.map(|(_, word)| format!(" {}", lines.warn(&format!("[{word}]")))).collect();
    let means = title(lines, &threshold);
    say(&format!("{state}{urgent} {means}{marks}"))?;
    let named = signal.subject.as_ref().map_or("", |subject| &subject.place[..]);
    say(&format!("    {}", watch_line(lines, &threshold, named)))?;
    say(&format!("    {}", how_far(lines, signal)))?;
    say(&format!("    {}", lines.entry(&entry).replace('\n', "\n    ")))
}

/// What the threshold says it means.
pub(super) fn title(lines: &Lines, threshold: &Entry) -> String {
    let tag = lines.words.0.pick("en", "nl");
    let own = threshold.texts.iter().find(|text| text.language.starts_with(tag));
    match own.or(threshold.texts.first()).filter(|text| !text.title.is_empty()) {
        Some(text) => text.title.clone(),
        None => summary_line(threshold, tag),
    }
}

pub(super) fn how_far(lines: &Lines, signal: &Signal) -> String {
    let words = lines.words;
    let number = |value: f64| language(lines).number((value * 1e4).round() / 1e4);
    let at = |time: &Option<Timestamp>| time.as_ref().map(millis);
    let told = |word: &str, time: &Option<Timestamp>| {
        at(time).map(|ms| format!("{word} {}", lines.moment(ms)))
    };
    let mut parts = vec![format!("{} {}", words.signal_told(), number(signal.value))];
    parts.push(match signal.beyond < 0.0 {
        true => format!("{} {}", words.signal_within(), number(-signal.beyond)),
        false => format!("{} {}", words.signal_beyond(), number(signal.beyond)),
    });
    let expected = signal.state() == SignalState::Expected;
    let since = if expected { words.forecast_since() } else { words.signal_since() };
    parts.extend(told(words.signal_expected(), &signal.expected_time));
    parts.extend(told(since, &signal.since_time));
    parts.extend(told(words.signal_over(), &signal.over_time));
    if signal.state() == SignalState::Passed
        && let Some(since) = at(&signal.since_time)
    {
        parts.push(words.age(lines.now() - since));
    }
    parts.join(" · ")
}
