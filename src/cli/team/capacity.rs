//! `polder capacity`: what can be sent and for how long.

use polder_picture::attributes::millis;
use polder_wire::v1::{
    Entry, ListCapacityRequest, ListCapacityResponse, ResourceCapacity, StaffCapacity,
    capacity_service_client::CapacityServiceClient,
};
use prost::Message as _;
use prost_types::Duration;

use super::{Asked, asked};
use crate::{
    cli::{Context, args::CapacityArgs, say, say_json, session::Connection, show::Lines},
    json,
};

pub(in crate::cli) async fn capacity(context: &Context, args: CapacityArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let party = args.party.map(|id| format!("parties/{}", id.trim_start_matches("parties/")));
    let duty_max = Duration { seconds: args.duty_max.as_secs() as i64, nanos: 0 };
    let request = ListCapacityRequest {
        incident: incident.name,
        known_at,
        party: party.unwrap_or_default(),
        duty_max: Some(duty_max),
    };
    let answer = service(channel).list_capacity(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("ListCapacityResponse", &answer)?)?;
    } else {
        print_capacity(&lines, &answer, duty_max.seconds)?;
    }
    Ok(0)
}

pub(in crate::cli) fn service(channel: Connection) -> CapacityServiceClient<Connection> {
    CapacityServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

/// Prints what can be sent. `duty_max_s`: who is longer on duty lacks rest.
pub(in crate::cli) fn print_capacity(
    lines: &Lines,
    answer: &ListCapacityResponse,
    duty_max_s: i64,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.resources.is_empty() && answer.staff.is_empty() {
        return say(words.no_capacity());
    }
    let more = |count: i32| match count {
        0 => Ok(()),
        _ => say(&lines.faint(&format!("  ({count} {})", words.more_lines()))),
    };
    if !answer.resources.is_empty() {
        say(&lines.heading(words.capacity_units()))?;
    }
    for row in &answer.resources {
        say(&format!("  {} · {}: {}", bare(&row.party), row.r#type, units(lines, row)))?;
    }
    more(answer.resources_left_out)?;
    if !answer.staff.is_empty() {
        say(&lines.heading(words.capacity_staff()))?;
    }
    for row in &answer.staff {
        let sort = words.staff_sort(row.sort());
        let what = match &row.function[..] {
            "" => sort.to_owned(),
            function => format!("{function} ({sort})"),
        };
        say(&format!("  {} · {what}: {}", bare(&row.party), staff(lines, row)))?;
    }
    more(answer.staff_left_out)?;
    if !answer.ends.is_empty() {
        say(&lines.heading(words.capacity_ends()))?;
    }
    for end in &answer.ends {
        let when = lines.moment(end.time.as_ref().map_or(0, millis));
        let mark = match end.past {
            true => format!(" {}", lines.alarm(&format!("[{}]", words.capacity_ended()))),
            false => String::new(),
        };
        let count = words.0.whole(end.count);
        say(&format!("  {when} · {count}{mark}"))?;
        print_entry(lines, &end.entry)?;
    }
    more(answer.ends_left_out)?;
    if !answer.rest_breaches.is_empty() {
        let limit = duration(lines, duty_max_s);
        say(&lines.heading(&format!("{} {limit}", words.capacity_rest())))?;
    }
    for breach in &answer.rest_breaches {
        let duty = duration(lines, breach.duty.unwrap_or_default().seconds);
        say(&format!("  {}", lines.alarm(&duty)))?;
        print_entry(lines, &breach.entry)?;
    }
    more(answer.rest_breaches_left_out)?;
    if !answer.disputed.is_empty() {
        say(&lines.heading(words.capacity_disputed()))?;
    }
    for one in &answer.disputed {
        say(&format!("  {}", one.unit))?;
        for version in &one.versions {
            print_entry(lines, version)?;
        }
    }
    more(answer.disputed_left_out)
}

fn print_entry(lines: &Lines, entry: &[u8]) -> anyhow::Result<()> {
    let line = lines.entry(&Entry::decode(entry)?);
    say(&format!("    {}", line.replace('\n', "\n    ")))
}

fn bare(party: &str) -> &str {
    party.trim_start_matches("parties/")
}

fn units(lines: &Lines, row: &ResourceCapacity) -> String {
    let words = lines.words;
    let counts = [
        (words.count_available(), row.available),
        (words.count_alerted(), row.alerted),
        (words.en_route(), row.en_route),
        (words.count_deployed(), row.deployed),
        (words.count_exhausted(), row.exhausted),
        (words.count_out_of_order(), row.out_of_order),
        (words.state_unsaid(), row.unstated),
        (words.count_with_people(), row.personnel),
        (words.of_old_figures(), row.stale),
    ];
    joined(lines, &counts)
}

fn staff(lines: &Lines, row: &StaffCapacity) -> String {
    let words = lines.words;
    let units = if row.units == 1 { words.group_of_people() } else { words.groups_of_people() };
    let counts = [
        (units, i64::from(row.units)),
        (words.count_present(), row.present),
        (words.count_available(), row.available),
        (words.count_on_duty(), row.on_duty),
        (words.count_resting(), row.resting),
        (words.of_old_figures(), i64::from(row.stale_units)),
    ];
    joined(lines, &counts)
}

/// What there is none of is not said.
fn joined(lines: &Lines, counts: &[(&str, i64)]) -> String {
    let some = counts.iter().filter(|(_, count)| *count > 0);
    let parts = some.map(|(word, count)| format!("{} {word}", lines.words.0.whole(*count)));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "0".to_owned() } else { parts.join(" · ") }
}

fn duration(lines: &Lines, seconds: i64) -> String {
    let minutes = (seconds + 30) / 60;
    let hour = lines.words.0.pick("h", "u");
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{hours} {hour}"),
        (hours, minutes) => format!("{hours} {hour} {minutes} min"),
    }
}
