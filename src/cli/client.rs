//! The client side: connecting, choosing the incident, reading times, building filters.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use jiff::{Timestamp, Zoned, civil::Time};
use polder_picture::attributes::timestamp;
use polder_wire::v1::{
    BoundingBox, EntryFilter, Incident, ListIncidentsRequest,
    incident_service_client::IncidentServiceClient, picture_service_client::PictureServiceClient,
};
use prost_types::Timestamp as Wire;
use tonic::transport::{Channel, Endpoint};

use super::{Misuse, args::FilterArgs, words::Words};

/// Where a node is when nobody says otherwise.
pub(super) const NODE: &str = "127.0.0.1:7420";

/// The node cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreachable(String);

/// A connection to a node.
pub(super) async fn connect(address: &str, words: Words) -> anyhow::Result<Channel> {
    let endpoint = endpoint(address)?;
    let connected = endpoint.connect().await;
    connected.map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Unreachable(format!("{} {address}: {cause}", words.unreachable())).into()
    })
}

fn endpoint(address: &str) -> anyhow::Result<Endpoint> {
    let uri =
        if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let endpoint = Endpoint::from_shared(uri).context("the node's address is no address").context(Misuse)?;
    Ok(endpoint
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20))
}

/// The picture service on a connection.
pub(super) fn picture(channel: Channel) -> PictureServiceClient<Channel> {
    PictureServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

/// The incident that was named, or else the only open one.
pub(super) async fn incident(
    channel: &Channel,
    named: Option<&str>,
    words: Words,
) -> anyhow::Result<Incident> {
    let mut client = IncidentServiceClient::new(channel.clone());
    if let Some(named) = named {
        let name = format!("incidents/{}", named.trim_start_matches("incidents/"));
        let request = polder_wire::v1::GetIncidentRequest { name };
        let found = client.get_incident(request).await?.into_inner().incident;
        return found.context("the node gave no incident");
    }
    let request = ListIncidentsRequest { page_size: 2, ..Default::default() };
    let mut incidents = client.list_incidents(request).await?.into_inner().incidents;
    match incidents.len() {
        0 => bail!("{}", words.no_incidents()),
        1 => Ok(incidents.remove(0)),
        _ => bail!("{}", words.which_incident()),
    }
}

/// A moment as people type it: RFC 3339, or a clock time of today (or of the day of `near`).
pub(super) fn moment(text: &str, near: &Zoned) -> anyhow::Result<Wire> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(timestamp(at.as_millisecond()));
    }
    let local = text.parse::<jiff::civil::DateTime>();
    let local = local.or_else(|_| text.parse::<Time>().map(|time| near.date().to_datetime(time)));
    let local = local.map_err(|_| {
        anyhow!("{text:?} is no time: write 2021-07-15T21:00:00+02:00, 2021-07-15T21:00 or 21:00")
            .context(Misuse)
    })?;
    Ok(timestamp(local.to_zoned(near.time_zone().clone())?.timestamp().as_millisecond()))
}

/// A value of an enumeration as people type it: `water` for `DISCIPLINE_WATER`.
pub(super) fn enumeration<E>(
    prefix: &str,
    word: &str,
    parse: impl Fn(&str) -> Option<E>,
) -> anyhow::Result<E> {
    let name = format!("{prefix}_{}", word.to_uppercase().replace(['-', ' '], "_"));
    parse(&name).ok_or_else(|| {
        let what = prefix.to_lowercase().replace('_', " ");
        anyhow!("{word:?} is no {what}").context(Misuse)
    })
}

/// The filter that flags describe.
pub(super) fn filter(
    args: &FilterArgs,
    incident: &Incident,
    near: &Zoned,
) -> anyhow::Result<EntryFilter> {
    use polder_wire::v1::{Discipline, Statement, Urgency};
    let mut filter = EntryFilter {
        incidents: vec![incident.name.clone()],
        kinds: args.kind.iter().map(|kind| kind.replace('-', "_")).collect(),
        text: args.text.clone().unwrap_or_default(),
        only_contradictions: args.contradictions,
        only_stale: args.stale,
        include_retracted: args.retracted,
        ..Default::default()
    };
    for word in &args.statement {
        let statement = enumeration("STATEMENT", word, Statement::from_str_name)?;
        filter.statements.push(statement.into());
    }
    for word in &args.discipline {
        let discipline = enumeration("DISCIPLINE", word, Discipline::from_str_name)?;
        filter.disciplines.push(discipline.into());
    }
    for party in &args.party {
        filter.parties.push(format!("parties/{}", party.trim_start_matches("parties/")));
    }
    if let Some(word) = &args.urgency {
        filter.urgency_floor = enumeration("URGENCY", word, Urgency::from_str_name)?.into();
    }
    if let Some(bounds) = &args.bounds {
        let [south, west, north, east] = numbers(bounds)?;
        filter.bounding_box = Some(BoundingBox { south, west, north, east });
    }
    filter.observed_from = args.from.as_deref().map(|text| moment(text, near)).transpose()?;
    filter.observed_until = args.before.as_deref().map(|text| moment(text, near)).transpose()?;
    Ok(filter)
}

/// Numbers with commas between them.
pub(super) fn numbers<const N: usize>(text: &str) -> anyhow::Result<[f64; N]> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    let numbers =
        numbers.with_context(|| format!("{text:?} should be {N} numbers with commas between them"));
    numbers.context(Misuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let near: Zoned = "2021-07-15T23:30:00+02:00[+02:00]".parse().unwrap();
        let expected = moment("2021-07-15T21:00:00+02:00", &near).unwrap();
        assert_eq!(moment("21:00", &near).unwrap(), expected);
        assert_eq!(moment("2021-07-15T21:00", &near).unwrap(), expected);
        assert_eq!(moment("2021-07-15T19:00:00Z", &near).unwrap(), expected);
        assert!(moment("nine", &near).is_err());
    }
}
