//! `polder bench team`: what the views of crisis teams cost with 1,000, 10,000 and 100,000 entries:
//! an update of the board by itself, and the team picture asked of a node over gRPC.

use std::time::Instant;

use anyhow::Context as _;
use polder_picture::{
    attributes::Attributes,
    kinds,
    names::VersionId,
    record::Id,
    team::{
        board::{Board, EntryRef, Version},
        said::Said,
    },
};
use polder_wire::v1::{
    Action, ActionState, Circle, Count, Dependency, Entry, Facility, FacilityType, Geometry,
    GetDigestRequest, GetHandoverRequest, GetImpactRequest, GetNationalPictureRequest,
    GetSituationRequest, Lane, ListAttentionRequest, ListContradictionsRequest, ListGapsRequest,
    Outage, Position, PublishEntriesRequest, PublishItem, Statement, Text, VitalService,
    WaterLevel, entry::Body, geometry::Shape,
};
use prost::Message as _;
use uuid::Uuid;

use super::{Bench, load, quantile, server::Server};
use crate::cli::{client, session::Connection, team};

const SIZES: [u64; 3] = [1_000, 10_000, 100_000];
const INCIDENT: &str = "incidents/bench";
/// Entries on one subject: what an update is compared with.
const ON_ONE_SUBJECT: u64 = 10;
/// Updates that are timed.
const UPDATES: u64 = 2_000;
/// Times that the team picture is opened.
const OPENINGS: usize = 20;
/// One place in so many has entries that contradict each other.
const DISPUTED: u64 = 100;

/// The entry of a number: outages of ten at each place, water levels, actions and facilities between
/// them.
fn entry(number: u64, shift: i64) -> Entry {
    let place = number / ON_ONE_SUBJECT;
    let odd = place.is_multiple_of(DISPUTED) && number.is_multiple_of(2);
    let (statement, body) = match number % 4 {
        0 | 1 => {
            let value = 400 + if odd { 100 } else { 0 } + shift;
            let customers = Some(Count { value, ..Count::default() });
            let service = VitalService::Power.into();
            (Statement::Fact, Body::Outage(Outage { service, customers, ..Outage::default() }))
        }
        2 => {
            let gauge = format!("Gauge {place}");
            let discharge_m3_s = Some(100.0 + shift as f64);
            let body = WaterLevel { gauge, discharge_m3_s, ..WaterLevel::default() };
            (Statement::Fact, Body::WaterLevel(body))
        }
        _ if number % 40 == 7 => {
            let service = VitalService::Power.into();
            let power = Dependency { service, ..Dependency::default() };
            let body = Facility {
                designation: format!("Station {place}"),
                r#type: FacilityType::PumpingStation.into(),
                dependencies: vec![power],
                ..Facility::default()
            };
            (Statement::Fact, Body::Facility(body))
        }
        _ => {
            let state = if number % 40 == 3 { ActionState::Open } else { ActionState::Done };
            let (owner, state) = ("ROT".to_owned(), state.into());
            (Statement::Action, Body::Action(Action { owner, state, ..Action::default() }))
        }
    };
    let title = format!("Entry {number}");
    Entry {
        name: format!("{INCIDENT}/entries/{}", Uuid::from_u128(u128::from(number) + 1)),
        statement: statement.into(),
        party: format!("parties/p{}", number % 50),
        texts: vec![Text { language: "nl".into(), title, ..Text::default() }],
        place: format!("Place {place}"),
        geometry: geometry(number, place),
        body: Some(body),
        ..Entry::default()
    }
}

/// One outage in ten has an area, in which one of the facilities lies.
fn geometry(number: u64, place: u64) -> Option<Geometry> {
    let (row, column) = (place / 100, place % 100);
    let at = Position { latitude: 50.7 + row as f64 * 0.01, longitude: 4.0 + column as f64 * 0.02 };
    let shape = match number % 40 {
        4 => Shape::Circle(Circle { center: Some(at), radius_m: 1_000.0 }),
        7 => Shape::Point(at),
        _ => return None,
    };
    Some(Geometry { shape: Some(shape), accuracy_m: 0.0 })
}

fn version(entry: &Entry, sequence: u64, now_ms: i64) -> Version {
    let field = kinds::of(entry).map_or(0, |kind| kind.field);
    let attributes = Attributes::of_entry(entry, &entry.party, field, Lane::Routine);
    let said = Said::of(entry, &attributes.recorded_at(now_ms), now_ms);
    let id = VersionId { feed: [1; 16], sequence };
    Version { id, said, author: String::new(), received_ms: now_ms }
}

fn at(number: u64) -> EntryRef {
    EntryRef { entry: Uuid::from_u128(u128::from(number) + 1), scope: Id([1; 16]) }
}

/// Microseconds of each of some updates of a board with so many entries.
fn updates(entries: u64) -> Vec<f64> {
    let now_ms = crate::wall::system_ms();
    let mut board = Board::default();
    for number in 0..entries {
        board.update(at(number), vec![version(&entry(number, 0), number + 1, now_ms)]);
    }
    let one = |step: u64| {
        let number = step * 7_919 % entries;
        let made = version(&entry(number, 1), entries + step + 1, now_ms);
        let start = Instant::now();
        board.update(at(number), vec![made]);
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..UPDATES).map(one).collect()
}

impl Bench<'_> {
    pub(super) async fn team(&mut self) -> anyhow::Result<()> {
        for entries in SIZES {
            let mut times = tokio::task::spawn_blocking(move || updates(entries)).await?;
            let (half, most) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
            self.note(&format!("team_update_p50_{entries}"), "us", vec![half]);
            self.note(&format!("team_update_p99_{entries}"), "us", vec![most]);
        }
        let server = Server::node(&self.fresh("team")?)?;
        let channel = server.channels(self.context.words, 1).await?.remove(0);
        load::open_incident(&channel).await?;
        let mut filled = 0;
        for entries in SIZES {
            while filled < entries {
                let until = (filled + 1_000).min(entries);
                put(&channel, filled..until, 0).await?;
                filled = until;
            }
            // The first question takes what came since the last one.
            let (first, _) = opened(&channel).await?;
            self.note(&format!("team_catch_up_{entries}"), "ms", vec![first]);
            let (mut whole, mut after, mut impact) = (Vec::new(), Vec::new(), Vec::new());
            let mut looked = Vec::new();
            for round in 0..OPENINGS {
                let number = round as u64 * 7_919 % entries;
                put(&channel, number..number + 1, 1).await?;
                let (contradictions, all) = opened(&channel).await?;
                whole.push(all);
                after.push(contradictions);
                looked.push(situation(&channel).await?);
                impact.push(failing(&channel).await?);
            }
            self.note(&format!("team_contradictions_{entries}"), "ms", after);
            self.note(&format!("team_picture_{entries}"), "ms", whole);
            let (situations, rest): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
            let (digests, nations): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
            self.note(&format!("team_situation_{entries}"), "ms", situations);
            self.note(&format!("team_digest_{entries}"), "ms", digests);
            self.note(&format!("team_national_{entries}"), "ms", nations);
            self.note(&format!("team_impact_{entries}"), "ms", impact);
        }
        Ok(())
    }
}

/// Milliseconds of the situation picture, of a digest of the last minute, and of the nation.
async fn situation(channel: &Connection) -> anyhow::Result<(f64, (f64, f64))> {
    let incident = INCIDENT.to_owned();
    let mut service = team::situation_service(channel.clone());
    let ms = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let request = GetSituationRequest { incident: incident.clone(), ..Default::default() };
    service.get_situation(request).await?;
    let situation = ms(start);
    let start = Instant::now();
    let minute_ago = crate::wall::system_ms().checked_sub(60_000).context("a clock")?;
    let since = Some(polder_picture::attributes::timestamp(minute_ago));
    let request = GetDigestRequest { incident: incident.clone(), since, ..Default::default() };
    service.get_digest(request).await?;
    let digest = ms(start);
    let start = Instant::now();
    let request = GetNationalPictureRequest { incident, ..Default::default() };
    service.get_national_picture(request).await?;
    Ok((situation, (digest, ms(start))))
}

async fn put(
    channel: &Connection,
    numbers: std::ops::Range<u64>,
    shift: i64,
) -> anyhow::Result<()> {
    let item = |number| {
        let entry = entry(number, shift).encode_to_vec().into();
        PublishItem { entry, ..PublishItem::default() }
    };
    let request =
        PublishEntriesRequest { items: numbers.map(item).collect(), ..Default::default() };
    client::picture(channel.clone()).publish_entries(request).await?;
    Ok(())
}

/// Milliseconds until it is there what fails next.
async fn failing(channel: &Connection) -> anyhow::Result<f64> {
    let start = Instant::now();
    let request = GetImpactRequest { incident: INCIDENT.to_owned(), ..Default::default() };
    team::impact_service(channel.clone()).get_impact(request).await?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Milliseconds until the contradictions are there, and until the whole team picture is: gaps, what
/// must be seen and the hand-over of the last minute besides.
async fn opened(channel: &Connection) -> anyhow::Result<(f64, f64)> {
    let incident = INCIDENT.to_owned();
    let mut service = team::service(channel.clone());
    let start = Instant::now();
    let ms = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    let request = ListContradictionsRequest { incident: incident.clone(), ..Default::default() };
    service.list_contradictions(request).await?;
    let contradictions = ms(start);
    let request = ListGapsRequest { incident: incident.clone(), ..Default::default() };
    service.list_gaps(request).await?;
    let request = ListAttentionRequest { incident: incident.clone(), ..Default::default() };
    service.list_attention(request).await?;
    let minute_ago = crate::wall::system_ms().checked_sub(60_000).context("a clock")?;
    let since = Some(polder_picture::attributes::timestamp(minute_ago));
    service.get_handover(GetHandoverRequest { incident, since, known_at: None }).await?;
    Ok((contradictions, ms(start)))
}
