//! Commands for crisis teams: what contradicts what, and decisions about it.

mod assistance;
mod attention;
mod capacity;
mod contradictions;
mod daily;
mod forecasts;
mod gaps;
mod handover;
mod history;
mod impact;
mod nation;
mod page;
mod pdf;
mod public;
mod reports;
mod review;
mod scaling;
mod scenarios;
mod signals;
mod sitrep;
mod situation;
mod words;

use anyhow::bail;
use jiff::Zoned;
use polder_wire::v1::{
    CountBasis, Entry, Incident, PublishEntriesRequest, PublishItem, entry::Body,
    publish_result::Outcome,
};
use prost::Message as _;
use prost_types::Timestamp;

use super::{Context, args::AskArgs, client, session::Connection, show::Lines};
use polder_wire::v1::team_service_client::TeamServiceClient;

pub(super) use self::{
    assistance::assistance,
    attention::{acknowledge, attention_json, waiting},
    capacity::{capacity, print_capacity, service as capacity_service},
    contradictions::{contradictions, decide, print_contradictions},
    daily::daily,
    forecasts::{forecasts, print_forecasts},
    gaps::{gaps, print_gaps},
    handover::{handover, print_handover},
    history::whole as whole_history,
    impact::{Supposes, impact, print_impact, service as impact_service},
    nation::{national, print_national},
    public::{
        cite, contacts, print_contacts, print_warnings, service as warning_service, warnings,
    },
    reports::{print_reports, reports, service as report_service},
    review::review,
    scaling::{history as incident_history, print_scaling},
    scenarios::{print_scenarios, scenarios},
    signals::{print_signals, service as signal_service, signals},
    situation::{digest, print_digest, print_situation, service as situation_service, situation},
};

pub(super) use self::sitrep::{issue_sitrep, print_sitreps, sitrep};

pub(super) type Client = TeamServiceClient<Connection>;

pub(super) fn service(channel: Connection) -> Client {
    TeamServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

/// What a command asks of: the incident, and the moment at which it was known.
struct Asked {
    channel: Connection,
    incident: Incident,
    known_at: Option<Timestamp>,
    lines: Lines,
}

async fn asked(context: &Context, args: &AskArgs) -> anyhow::Result<Asked> {
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.incident.as_deref(), context.words).await?;
    let near = Zoned::now();
    let known_at = args.known.as_deref().map(|text| client::moment(text, &near)).transpose()?;
    let node = super::read::at_node_time(context, channel.clone()).await;
    let known_ms = known_at.as_ref().map(polder_picture::attributes::millis);
    let now_ms = node.now_ms.into_iter().chain(known_ms).min();
    Ok(Asked { channel, incident, known_at, lines: Lines { now_ms, ..node } })
}

/// Publishes an entry; what the node refuses is the error.
async fn publish_item(channel: Connection, item: PublishItem) -> anyhow::Result<String> {
    publish_item_to(channel, item, "").await
}

/// The same for an audience, by its full name; empty: everybody who takes part.
async fn publish_item_to(
    channel: Connection,
    item: PublishItem,
    audience: &str,
) -> anyhow::Result<String> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let audience = audience.to_owned();
    let items = vec![item];
    let request = PublishEntriesRequest { request_id, items, audience, ..Default::default() };
    let answer = client::picture(channel).publish_entries(request).await?.into_inner();
    match answer.results.into_iter().next().and_then(|result| result.outcome) {
        Some(Outcome::Published(published)) => Ok(published.name),
        Some(Outcome::Refused(status)) => {
            let details = status.encode_to_vec().into();
            Err(tonic::Status::with_details(status.code.into(), status.message, details).into())
        }
        None => bail!("the node said nothing about an item"),
    }
}

/// Where a version comes from, how its figure was come by, and how old it is.
fn grounds(lines: &Lines, entry: &Entry) -> String {
    let words = lines.words;
    let when = entry.times.as_ref().and_then(|times| times.observed.as_ref());
    let when = when.or(entry.recorded_time.as_ref()).map_or(0, polder_picture::attributes::millis);
    let mut parts = vec![format!("{} {}", words.age(lines.now() - when), words.old())];
    let systems: Vec<_> = entry.sources.iter().map(|source| source.system.as_str()).collect();
    if !systems.is_empty() {
        parts.push(format!("{}: {}", words.source(), systems.join("; ")));
    }
    let basis = words.count_basis(basis(entry));
    if !basis.is_empty() {
        parts.push(format!("{}: {basis}", words.basis()));
    }
    parts.join(" · ")
}

/// What the main count of an entry rests on.
fn basis(entry: &Entry) -> CountBasis {
    let count = match &entry.body {
        Some(Body::Outage(body)) => body.customers.as_ref(),
        Some(Body::Evacuation(body)) => body.people.as_ref().or(body.homes.as_ref()),
        Some(Body::CareCapacity(body)) => body.patients.as_ref(),
        Some(Body::Reception(body)) => body.present.as_ref().or(body.capacity.as_ref()),
        Some(Body::Resource(body)) => body.quantity.as_ref(),
        Some(Body::Facility(body)) => body.people.as_ref().or(body.customers.as_ref()),
        Some(Body::Casualties(body)) => body.figures.first().and_then(|f| f.count.as_ref()),
        _ => None,
    };
    count.map(polder_wire::v1::Count::basis).unwrap_or_default()
}
