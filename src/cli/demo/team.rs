//! What the flood by itself gives a crisis team to work with, at moments that mattered.

use polder_picture::attributes::timestamp;
use polder_wire::v1::{
    CompareScenariosRequest, Discipline, GetDigestRequest, GetHandoverRequest, GetImpactRequest,
    GetNationalPictureRequest, GetNationalPictureResponse, GetSituationRequest,
    ListCapacityRequest, ListContactsRequest, ListContradictionsRequest, ListGapsRequest,
    ListReportGroupsRequest, ListScalingRequest, ListSignalsRequest, ListWarningsRequest,
};

use crate::cli::{Context, say, session::Connection, show::Lines, team};

/// The night after the dike at Voulwames, with most contradictions open.
const CONTRADICTING: &str = "2021-07-16T21:00:00Z";

/// The evening of 15 July, when the day's shift goes home, and when that had begun.
const EVENING: &str = "2021-07-15T19:55:00Z";
const MORNING: &str = "2021-07-15T05:30:00Z";

/// When the north had drawn up a worst case of its own.
const COMPARED: &str = "2021-07-16T22:00:00Z";

/// The morning on which Valkenburg was under water.
const FLOODED: &str = "2021-07-15T06:30:00Z";

/// Who is longer on duty lacks rest.
const DUTY_MAX_S: i64 = 12 * 3_600;

/// When the highest point had left Limburg.
const AFTER: &str = "2021-07-19T18:00:00Z";

/// An hour and a half after GRIP 4.
const SCALED: &str = "2021-07-14T13:00:00Z";

/// What the nation saw at a moment.
pub(super) struct Seen {
    at_ms: i64,
    answer: GetNationalPictureResponse,
}

/// What the national centre sees at this moment, while a region is cut off.
pub(super) async fn see(channel: Connection, incident: &str, at_ms: i64) -> anyhow::Result<Seen> {
    let request = GetNationalPictureRequest {
        incident: incident.to_owned(),
        lines: 4,
        ..GetNationalPictureRequest::default()
    };
    let answer = team::situation_service(channel).get_national_picture(request).await?.into_inner();
    Ok(Seen { at_ms, answer })
}

/// How the crisis organisation grew, what the law gave time for, and the nation with a region cut
/// off.
async fn show_situation(
    context: &Context,
    incident: &str,
    channel: Connection,
    seen: Option<&Seen>,
) -> anyhow::Result<()> {
    let words = context.words;
    let mut client = team::situation_service(channel);
    say(&context.lines.heading(words.scaling_title()))?;
    let request = ListScalingRequest { incident: incident.to_owned(), known_at: None };
    let answer = client.list_scaling(request).await?.into_inner();
    team::print_scaling(&context.lines, &answer)?;
    say("")?;
    let (scaled_ms, lines) = at(context, SCALED)?;
    say(&lines.heading(&format!("{} ({})", words.situation(), lines.moment(scaled_ms))))?;
    let request = GetSituationRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(scaled_ms)),
        lines: 3,
        ..GetSituationRequest::default()
    };
    team::print_situation(&lines, &client.get_situation(request).await?.into_inner())?;
    say("")?;
    let (evening_ms, lines) = at(context, EVENING)?;
    let (morning_ms, _) = at(context, MORNING)?;
    let title = format!("{} defensie ({})", words.digest_title(), lines.moment(evening_ms));
    say(&lines.heading(&title))?;
    let request = GetDigestRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(evening_ms)),
        party: "parties/defensie".into(),
        discipline: Discipline::Defence.into(),
        since: Some(timestamp(morning_ms)),
        lines: 8,
    };
    team::print_digest(&lines, &client.get_digest(request).await?.into_inner())?;
    let Some(Seen { at_ms, answer }) = seen else { return Ok(()) };
    say("")?;
    let lines = Lines { now_ms: Some(*at_ms), ..context.lines.clone() };
    team::print_national(&lines, answer)
}

/// Prints it.
pub(super) async fn show(
    context: &Context,
    incident: &str,
    channel: Connection,
    seen: Option<&Seen>,
) -> anyhow::Result<()> {
    let words = context.words;
    show_situation(context, incident, channel.clone(), seen).await?;
    say("")?;
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
    let (scaled_ms, lines) = at(context, SCALED)?;
    say(&lines.heading(&format!("{} ({})", words.gaps_title(), lines.moment(scaled_ms))))?;
    let request = ListGapsRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(scaled_ms)),
        ..ListGapsRequest::default()
    };
    let answer = team::service(channel.clone()).list_gaps(request).await?.into_inner();
    team::print_gaps(&lines, &answer)?;
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
    show_impact(context, incident, channel.clone()).await?;
    let (after_ms, lines) = at(context, AFTER)?;
    say(&lines.heading(&format!("{} ({})", words.forecast_title(), lines.moment(after_ms))))?;
    team::print_forecasts(channel.clone(), incident, Some(timestamp(after_ms)), &lines).await?;
    watch(context, incident, channel.clone()).await?;
    show_public(context, incident, channel).await
}

/// Prints what the public had been told by the night after the dike, and the book behind it.
async fn show_public(context: &Context, incident: &str, channel: Connection) -> anyhow::Result<()> {
    let words = context.words;
    say("")?;
    let (ms, lines) = at(context, CONTRADICTING)?;
    let mut client = team::warning_service(channel);
    say(&lines.heading(&format!("{} ({})", words.warnings_title(), lines.moment(ms))))?;
    let (incident, known_at) = (incident.to_owned(), Some(timestamp(ms)));
    let request = ListWarningsRequest { incident: incident.clone(), known_at, only_standing: true };
    team::print_warnings(&lines, &client.list_warnings(request).await?.into_inner())?;
    say("")?;
    say(&lines.heading(&format!("{} ({})", words.contacts_title(), lines.moment(ms))))?;
    let request = ListContactsRequest { incident, known_at };
    team::print_contacts(&lines, &client.list_contacts(request).await?.into_inner())
}

/// Prints what citizens told, which thresholds were passed, and who could be sent.
async fn watch(context: &Context, incident: &str, channel: Connection) -> anyhow::Result<()> {
    let words = context.words;
    say("")?;
    let (ms, lines) = at(context, FLOODED)?;
    let heading = format!("{} ({})", words.reports_title(), lines.moment(ms));
    say(&lines.heading(&heading))?;
    let request = ListReportGroupsRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        only_waiting: false,
    };
    let answer = team::report_service(channel.clone()).list_report_groups(request).await?;
    team::print_reports(&lines, &answer.into_inner())?;
    say("")?;
    let (ms, lines) = at(context, EVENING)?;
    let heading = format!("{} ({})", words.signals_title(), lines.moment(ms));
    say(&lines.heading(&heading))?;
    let request = ListSignalsRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        ..ListSignalsRequest::default()
    };
    let answer = team::signal_service(channel.clone()).list_signals(request).await?;
    team::print_signals(&lines, &answer.into_inner())?;
    say("")?;
    let heading = format!("{} ({})", words.capacity_title(), lines.moment(ms));
    say(&lines.heading(&heading))?;
    let request = ListCapacityRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        ..ListCapacityRequest::default()
    };
    let answer = team::capacity_service(channel).list_capacity(request).await?;
    team::print_capacity(&lines, &answer.into_inner(), DUTY_MAX_S)
}

/// Prints what the outages took down by the evening of 15 July, and scenarios of a day later.
async fn show_impact(context: &Context, incident: &str, channel: Connection) -> anyhow::Result<()> {
    let words = context.words;
    let (ms, lines) = at(context, EVENING)?;
    say(&lines.heading(&format!("{} ({})", words.impact_title(), lines.moment(ms))))?;
    let mut service = team::impact_service(channel);
    let request = GetImpactRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        ..GetImpactRequest::default()
    };
    let answer = service.get_impact(request).await?.into_inner();
    team::print_impact(&lines, &answer, team::Supposes::Nothing)?;
    say("")?;
    let (ms, lines) = at(context, COMPARED)?;
    say(&lines.heading(&format!("{} ({})", words.scenarios_title(), lines.moment(ms))))?;
    let request = CompareScenariosRequest {
        incident: incident.to_owned(),
        known_at: Some(timestamp(ms)),
        ..CompareScenariosRequest::default()
    };
    let answer = service.compare_scenarios(request).await?.into_inner();
    team::print_scenarios(&lines, &answer)?;
    say("")
}

/// A moment, and lines that judge by it.
fn at(context: &Context, moment: &str) -> anyhow::Result<(i64, Lines)> {
    let ms = moment.parse::<jiff::Timestamp>()?.as_millisecond();
    Ok((ms, Lines { now_ms: Some(ms), ..context.lines.clone() }))
}
