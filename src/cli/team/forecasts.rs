//! `polder forecasts`: how forecasts of water moved, and what came true.

use polder_picture::{
    attributes::{millis, timestamp},
    language::Language,
    team::forecast::{Forecast, Outcome, Quantity, Span, Track, forecasts as find},
};
use polder_wire::v1::Entry;
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{asked, history::history};
use crate::cli::{Context, args::AskArgs, say, say_json, session::Connection, show::Lines};

/// Kinds that have forecasts of water.
const KINDS: [&str; 1] = ["water_level"];

pub(in crate::cli) async fn forecasts(context: &Context, args: AskArgs) -> anyhow::Result<u8> {
    let ask = asked(context, &args).await?;
    if context.common.json {
        let history = history(&ask.channel, &ask.incident.name, ask.known_at, &KINDS).await?;
        let tracks: Vec<_> = find(&history.versions).iter().map(as_json).collect();
        let told = json!({"tracks": tracks, "earlierVersionsLeftOut": history.left_out});
        say_json(&told)?;
        return Ok(0);
    }
    print_forecasts(ask.channel, &ask.incident.name, ask.known_at, &ask.lines).await?;
    Ok(0)
}

/// Prints every track, forecast by forecast.
pub(in crate::cli) async fn print_forecasts(
    channel: Connection,
    incident: &str,
    known_at: Option<Timestamp>,
    lines: &Lines,
) -> anyhow::Result<()> {
    let words = lines.words;
    let history = history(&channel, incident, known_at, &KINDS).await?;
    let tracks = find(&history.versions);
    if history.left_out {
        say(&lines.warn(words.review_lacks_versions()))?;
    }
    if tracks.is_empty() {
        return say(words.no_forecasts());
    }
    for (number, track) in tracks.iter().enumerate() {
        if number > 0 {
            say("")?;
        }
        let (aspect, unit) = named(&track.quantity);
        let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
        say(&lines.heading(&format!("{}: {}{unit}", track.gauge, words.aspect(aspect))))?;
        for forecast in &track.forecasts {
            print_one(lines, track, forecast)?;
        }
    }
    Ok(())
}

fn print_one(lines: &Lines, track: &Track<'_>, forecast: &Forecast<'_>) -> anyhow::Result<()> {
    let words = lines.words;
    let quantity = &track.quantity;
    let mut text =
        format!("{}, {}", said_by(lines, forecast.version), figure(lines, quantity, forecast.span));
    if let Some(at) = forecast.at_ms.filter(|_| *quantity != Quantity::PeakTime) {
        text.push_str(&format!(", {} {}", words.forecast_for(), window(lines, at)));
    }
    if let Some(moved) = forecast.moved {
        let (more, less) = match quantity {
            Quantity::PeakTime => (words.forecast_later(), words.forecast_earlier()),
            _ => (words.forecast_higher(), words.forecast_lower()),
        };
        text.push_str(&format!(
            " · {}",
            difference(lines, quantity, moved, (more, less), words.forecast_same())
        ));
    }
    if forecast.replaced {
        text.push_str(&format!(" {}", lines.faint(&format!("[{}]", words.forecast_replaced()))));
    }
    say(&format!("  {text}"))?;
    if forecast.outcomes.is_empty() {
        return say(&lines.faint(&format!("    {}", words.forecast_open())));
    }
    for outcome in &forecast.outcomes {
        print_outcome(lines, quantity, outcome)?;
    }
    Ok(())
}

fn print_outcome(lines: &Lines, quantity: &Quantity, outcome: &Outcome<'_>) -> anyhow::Result<()> {
    let words = lines.words;
    let (more, less) = match quantity {
        Quantity::PeakTime => (words.forecast_too_late(), words.forecast_too_early()),
        _ => (words.forecast_too_high(), words.forecast_too_low()),
    };
    let error = difference(lines, quantity, outcome.error, (more, less), words.forecast_right());
    let figure = figure(lines, quantity, outcome.span);
    let by = said_by(lines, outcome.version);
    say(&format!("    {} {figure} ({by}): {error}", words.forecast_came()))
}

fn said_by(lines: &Lines, version: &Entry) -> String {
    let recorded = version.recorded_time.as_ref().map_or(0, millis);
    format!("{} {}", lines.moment(recorded), version.party.trim_start_matches("parties/"))
}

/// Field of the contract that holds the quantity, and its unit.
fn named(quantity: &Quantity) -> (&'static str, String) {
    match quantity {
        Quantity::Discharge => ("water_level.discharge_m3_s", "m3/s".to_owned()),
        Quantity::Level(datum) => ("water_level.level_m", format!("m {datum}")),
        Quantity::Depth => ("water_level.depth_m", "m".to_owned()),
        Quantity::PeakTime => ("water_level.peak_time", String::new()),
    }
}

fn language(lines: &Lines) -> Language {
    lines.words.0.pick(Language::English, Language::Dutch)
}

fn figure(lines: &Lines, quantity: &Quantity, span: Span) -> String {
    if *quantity == Quantity::PeakTime {
        return window(lines, (span.low as i64, span.high as i64));
    }
    let number = |value| language(lines).number(value);
    if span.low < span.high {
        format!("{}–{}", number(span.low), number(span.high))
    } else {
        number(span.low)
    }
}

fn window(lines: &Lines, (from, until): (i64, i64)) -> String {
    if from == until {
        return lines.moment(from);
    }
    format!("{} – {}", lines.moment(from), lines.moment(until))
}

/// How much more or less, in words.
fn difference(
    lines: &Lines,
    quantity: &Quantity,
    by: f64,
    (more, less): (&str, &str),
    same: &str,
) -> String {
    if by == 0.0 {
        return same.to_owned();
    }
    let much = match quantity {
        Quantity::PeakTime => duration(lines, by.abs() as i64),
        // What was written with two decimals does not differ by the millionth.
        _ => language(lines).number((by.abs() * 1e4).round() / 1e4),
    };
    format!("{much} {}", if by > 0.0 { more } else { less })
}

fn duration(lines: &Lines, ms: i64) -> String {
    let minutes = (ms + 30_000) / 60_000;
    let hour = lines.words.0.pick("h", "u");
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} {hour}"),
        (hours, minutes) => format!("{hours} {hour} {minutes} min"),
    }
}

fn as_json(track: &Track<'_>) -> Value {
    let (aspect, _) = named(&track.quantity);
    let of_time = track.quantity == Quantity::PeakTime;
    let datum = match &track.quantity {
        Quantity::Level(datum) => datum.as_str(),
        _ => "",
    };
    // Times and their differences as the contract has them: RFC 3339, and seconds.
    let value = |value: f64| if of_time { moment(value as i64) } else { json!(value) };
    let much = |by: f64| if of_time { json!(by / 1_000.0) } else { json!(by) };
    let span = |span: Span| json!({"low": value(span.low), "high": value(span.high)});
    let by = |version: &Entry| {
        json!({
            "version": format!("{}/versions/{}", version.name, version.version),
            "party": version.party,
            "recordedTime": version.recorded_time.as_ref().map(|time| moment(millis(time))),
        })
    };
    let outcome = |one: &Outcome<'_>| json!({"by": by(one.version), "figure": span(one.span), "error": much(one.error)});
    let forecast = |one: &Forecast<'_>| {
        json!({
            "by": by(one.version),
            "figure": span(one.span),
            "from": one.at_ms.map(|at| moment(at.0)),
            "until": one.at_ms.map(|at| moment(at.1)),
            "moved": one.moved.map(much),
            "replaced": one.replaced,
            "outcomes": one.outcomes.iter().map(outcome).collect::<Vec<_>>(),
        })
    };
    json!({
        "gauge": track.gauge,
        "quantity": aspect,
        "datum": datum,
        "forecasts": track.forecasts.iter().map(forecast).collect::<Vec<_>>(),
    })
}

fn moment(ms: i64) -> Value {
    json!(timestamp(ms).to_string())
}
