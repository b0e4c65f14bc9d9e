//! `polder forecasts`: how forecasts moved, and what came true.

use polder_picture::{attributes::millis, kinds::service_word, language::Language};
use polder_wire::v1::{
    Forecast, ForecastFigure, ForecastOutcome, ForecastSource, ForecastTrack, ListForecastsRequest,
    VitalService,
};
use prost_types::Timestamp;

use super::{Asked, asked, service};
use crate::{
    cli::{Context, args::AskArgs, say, say_json, session::Connection, show::Lines},
    json,
};

pub(in crate::cli) async fn forecasts(context: &Context, args: AskArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args).await?;
    if context.common.json {
        let request = ListForecastsRequest { incident: incident.name, known_at };
        let answer = service(channel).list_forecasts(request).await?.into_inner();
        say_json(&json::from_message("ListForecastsResponse", &answer)?)?;
        return Ok(0);
    }
    print_forecasts(channel, &incident.name, known_at, &lines).await?;
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
    let request = ListForecastsRequest { incident: incident.to_owned(), known_at };
    let answer = service(channel).list_forecasts(request).await?.into_inner();
    if answer.earlier_versions_left_out {
        say(&lines.warn(words.review_lacks_versions()))?;
    }
    if answer.tracks.is_empty() {
        return say(words.no_forecasts());
    }
    for (number, track) in answer.tracks.iter().enumerate() {
        if number > 0 {
            say("")?;
        }
        say(&lines.heading(&format!("{}: {}", track.place, named(lines, track))))?;
        for forecast in &track.forecasts {
            print_one(lines, track, forecast)?;
        }
    }
    match answer.tracks_left_out {
        0 => Ok(()),
        more => say(&lines.faint(&format!("({more} {})", words.more_lines()))),
    }
}

fn print_one(lines: &Lines, track: &ForecastTrack, forecast: &Forecast) -> anyhow::Result<()> {
    let words = lines.words;
    let by = said_by(lines, forecast.source.as_ref());
    let mut text = format!("{by}, {}", figure(lines, track, forecast.figure.as_ref()));
    if let Some(from) = &forecast.from {
        let from = millis(from);
        let at = (from, forecast.until.as_ref().map_or(from, millis));
        text.push_str(&format!(", {} {}", words.forecast_for(), window(lines, at)));
    }
    if let Some(moved) = forecast.moved {
        let (more, less) = match track.of_time {
            true => (words.forecast_later(), words.forecast_earlier()),
            false => (words.forecast_higher(), words.forecast_lower()),
        };
        let moved = difference(lines, track, moved, (more, less), words.forecast_same());
        text.push_str(&format!(" · {moved}"));
    }
    if forecast.replaced {
        text.push_str(&format!(" {}", lines.faint(&format!("[{}]", words.forecast_replaced()))));
    }
    say(&format!("  {text}"))?;
    if forecast.outcomes.is_empty() {
        let open = match track.aspect.starts_with("water_level.") {
            true => words.forecast_open(),
            false => words.forecast_untold(),
        };
        return say(&lines.faint(&format!("    {open}")));
    }
    for outcome in &forecast.outcomes {
        print_outcome(lines, track, outcome)?;
    }
    Ok(())
}

fn print_outcome(
    lines: &Lines,
    track: &ForecastTrack,
    outcome: &ForecastOutcome,
) -> anyhow::Result<()> {
    let words = lines.words;
    let (more, less) = match track.of_time {
        true => (words.forecast_too_late(), words.forecast_too_early()),
        false => (words.forecast_too_high(), words.forecast_too_low()),
    };
    let error = difference(lines, track, outcome.error, (more, less), words.forecast_right());
    let figure = figure(lines, track, outcome.figure.as_ref());
    let by = said_by(lines, outcome.source.as_ref());
    say(&format!("    {} {figure} ({by}): {error}", words.forecast_came()))
}

fn said_by(lines: &Lines, source: Option<&ForecastSource>) -> String {
    let Some(source) = source else { return String::new() };
    let recorded = source.recorded_time.as_ref().map_or(0, millis);
    format!("{} {}", lines.moment(recorded), source.party.trim_start_matches("parties/"))
}

/// What is forecast, with its unit and what else tells it apart.
fn named(lines: &Lines, track: &ForecastTrack) -> String {
    let unit = match &track.aspect[..] {
        "water_level.discharge_m3_s" => "m3/s".to_owned(),
        "water_level.level_m" => format!("m {}", track.detail),
        "water_level.depth_m" => "m".to_owned(),
        _ => match VitalService::from_str_name(&track.detail) {
            Some(service) => service_word(service, language(lines)).to_owned(),
            // A name of the contract is no word that people read, and a period stands beside.
            None if track.detail.contains('_') || is_period(&track.detail) => String::new(),
            None => track.detail.clone(),
        },
    };
    let aspect = lines.words.aspect(&track.aspect);
    if unit.is_empty() { aspect } else { format!("{aspect} ({unit})") }
}

/// Two moments, by which sums over different times are told apart.
fn is_period(detail: &str) -> bool {
    detail.chars().all(|sign| sign.is_ascii_digit() || sign == '-')
}

fn language(lines: &Lines) -> Language {
    lines.words.0.pick(Language::English, Language::Dutch)
}

fn figure(lines: &Lines, track: &ForecastTrack, figure: Option<&ForecastFigure>) -> String {
    let Some(figure) = figure else { return String::new() };
    if track.of_time {
        let at = |time: &Option<Timestamp>| time.as_ref().map_or(0, millis);
        return window(lines, (at(&figure.low_time), at(&figure.high_time)));
    }
    let number = |value| language(lines).number(value);
    if figure.low < figure.high {
        format!("{}–{}", number(figure.low), number(figure.high))
    } else {
        number(figure.low)
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
    track: &ForecastTrack,
    by: f64,
    (more, less): (&str, &str),
    same: &str,
) -> String {
    if by == 0.0 {
        return same.to_owned();
    }
    let much = match track.of_time {
        true => duration(lines, (by.abs() * 1_000.0) as i64),
        // What was written with two decimals does not differ by the millionth.
        false => language(lines).number((by.abs() * 1e4).round() / 1e4),
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
