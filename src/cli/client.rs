//! The client side: connecting, choosing the incident, reading times, building filters.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use jiff::{Timestamp, Zoned, civil::Time};
use polder_picture::{attributes::timestamp, record::Id};
use polder_wire::v1::{
    BoundingBox, EntryFilter, Incident, ListIncidentsRequest,
    incident_service_client::IncidentServiceClient, picture_service_client::PictureServiceClient,
};
use prost_types::Timestamp as Wire;
use tonic::transport::{Channel, Endpoint};

use super::{
    Misuse,
    args::{Common, FilterArgs},
    session::{Bearer, Connection},
    words::Words,
};
use crate::tls::{DialError, Dialled, Reach, anchors, certified, is_loopback, reach, read};

/// Where a node is when nobody says otherwise.
pub(super) const NODE: &str = "127.0.0.1:7420";

/// The node cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreachable(String);

/// A connection to a node of this machine, in plain text.
pub(super) async fn connect(address: &str, words: Words) -> anyhow::Result<Channel> {
    Ok(dial(address, &Reach::Plain, words).await?.channel)
}

/// A connection to a node, in the way that is asked for.
pub(super) async fn dial(address: &str, how: &Reach, words: Words) -> anyhow::Result<Dialled> {
    let scheme = |scheme| address.strip_prefix(scheme);
    let bare = scheme("http://").or_else(|| scheme("https://")).unwrap_or(address);
    // Off this machine with the handshake, over whatever line.
    let patience = Duration::from_secs(if matches!(how, Reach::Plain) { 5 } else { 30 });
    let tuned = |endpoint| tuned(endpoint).connect_timeout(patience);
    let dialled = reach(bare.trim_end_matches('/'), how, tuned).await;
    dialled.map_err(|error| match error {
        DialError::Unusable(error) => error.context(Misuse),
        error => unreachable(address, &error.sentence(words.0), words),
    })
}

/// A connection that says nothing of who calls, for nodes that this program made itself.
pub(super) async fn connect_unsigned(address: &str, words: Words) -> anyhow::Result<Connection> {
    Ok(Connection::new(connect(address, words).await?, Bearer::default()))
}

/// That a node cannot be reached, and why.
pub(super) fn unreachable(address: &str, why: &str, words: Words) -> anyhow::Error {
    Unreachable(format!("{} {address}: {why}", words.unreachable())).into()
}

fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
}

/// How the flags say that a node is reached. Off this machine nothing goes in plain text.
pub(super) fn how(common: &Common, address: &str, words: Words) -> anyhow::Result<Reach> {
    let own = match (&common.client_cert, &common.client_key) {
        (Some(chain), Some(key)) => {
            Some(certified((chain, &read(chain)?), (key, &read(key)?)).context(Misuse)?)
        }
        (None, None) => None,
        _ => return Err(anyhow!("--client-cert and --client-key go together").context(Misuse)),
    };
    if common.node_key.is_some() && common.ca.is_some() {
        let told = "--node-key and --ca are two ways to trust a node: say one";
        return Err(anyhow!(told).context(Misuse));
    }
    if let Some(key) = &common.node_key {
        let id = Id::parse(key.strip_prefix("nodes/").unwrap_or(key));
        let id = id.ok_or_else(|| anyhow!("--node-key is a key id of 32 hex digits"));
        return Ok(Reach::Node(id.context(Misuse)?, own));
    }
    if let Some(ca) = &common.ca {
        let anchors = read(ca).and_then(|bytes| anchors(ca, &bytes)).context(Misuse)?;
        return Ok(Reach::Host(anchors, own));
    }
    let https = address.starts_with("https://");
    if own.is_none() && !https && is_loopback(address.trim_start_matches("http://")) {
        return Ok(Reach::Plain);
    }
    Err(anyhow!("{address}: {}", words.whom_to_trust()).context(Misuse))
}

/// The picture service on a connection.
pub(super) fn picture(channel: Connection) -> PictureServiceClient<Connection> {
    PictureServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

/// The incident that was named, or else the only open one.
pub(super) async fn incident(
    channel: &Connection,
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
        audiences: args.audience.iter().map(|id| audience_name(id)).collect(),
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

/// Full name of an audience that was typed by its id.
pub(super) fn audience_name(id: &str) -> String {
    format!("audiences/{}", id.trim_start_matches("audiences/"))
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
