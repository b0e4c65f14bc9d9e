//! What the flood by itself gives a crisis team to work with, at moments that mattered.

use polder_picture::attributes::timestamp;
use polder_wire::v1::{GetHandoverRequest, ListContradictionsRequest};

use crate::cli::{Context, say, session::Connection, show::Lines, team};

/// The night after the dike at Voulwames, with most contradictions open.
const CONTRADICTING: &str = "2021-07-16T21:00:00Z";

/// The evening of 15 July, when the day's shift goes home, and when that had begun.
const EVENING: &str = "2021-07-15T19:55:00Z";
const MORNING: &str = "2021-07-15T05:30:00Z";

/// When the highest point had left Limburg.
const AFTER: &str = "2021-07-19T18:00:00Z";

/// Prints it.
pub(super) async fn show(
    context: &Context,
    incident: &str,
    channel: Connection,
) -> anyhow::Result<()> {
    let words = context.words;
    let (ms, lines) = at(context, CONTRADICTING)?;
    let heading = format!("{} ({})", words.open_contradictions(), lines.moment(ms));
    say(&lines.heading(&heading))?;
    let request = ListContradictionsRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        only_open: true,
    };
    let answer = team::service(channel.clone()).list_contradictions(request).await?.into_inner();
    team::print_contradictions(&lines, &answer)?;
    say("")?;
    let (evening_ms, lines) = at(context, EVENING)?;
    let (morning_ms, _) = at(context, MORNING)?;
    let request = GetHandoverRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(evening_ms)),
        since: Some(timestamp(morning_ms)),
    };
    let answer = team::service(channel.clone()).get_handover(request).await?.into_inner();
    team::print_handover(&lines, morning_ms, &answer)?;
    say("")?;
    let (_, lines) = at(context, CONTRADICTING)?;
    team::print_sitreps(channel.clone(), incident, &lines).await?;
    say("")?;
    let (after_ms, lines) = at(context, AFTER)?;
    say(&lines.heading(&format!("{} ({})", words.forecast_title(), lines.moment(after_ms))))?;
    team::print_forecasts(channel, incident, Some(timestamp(after_ms)), &lines).await
}

/// A moment, and lines that judge by it.
fn at(context: &Context, moment: &str) -> anyhow::Result<(i64, Lines)> {
    let ms = moment.parse::<jiff::Timestamp>()?.as_millisecond();
    Ok((ms, Lines { now_ms: Some(ms), ..context.lines.clone() }))
}
