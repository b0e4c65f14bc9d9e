//! `polder impact`: what fails next, when, along which chain, what comes back, and whom that hits.

mod returns;
pub(super) mod words;

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use jiff::Zoned;
use polder_picture::{attributes::millis, entry::summary_line, kinds::service_word};
use polder_wire::v1::{
    Circle, Danger, Effect, EffectState, Entry, EntryFilter, EntryView, Exposure, Geometry,
    GetImpactRequest, GetImpactResponse, ImpactStep, ListEntriesRequest, Position, RepairIf,
    VitalService, WhatIf, entry::Body, geometry::Shape, impact_service_client::ImpactServiceClient,
};
use prost::Message as _;
use prost_types::Timestamp;

use super::{Asked, asked};
use crate::{
    cli::{
        Context, Misuse, args::ImpactArgs, client, say, say_json, session::Connection, show::Lines,
        words::Words,
    },
    json,
};

pub(in crate::cli) fn service(channel: Connection) -> ImpactServiceClient<Connection> {
    ImpactServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

pub(in crate::cli) async fn impact(context: &Context, args: ImpactArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let named = async |name: &str, kinds: &[&str]| {
        full_name(context, &channel, &incident.name, name, kinds).await
    };
    let outage = match &args.outage {
        Some(name) => named(name, &["outage", "facility"]).await?,
        None => String::new(),
    };
    let facility = match &args.facility {
        Some(name) => named(name, &["facility"]).await?,
        None => String::new(),
    };
    let what_if = supposed(&args, facility, context.words)?;
    let back = match &args.back {
        Some(name) => named(name, &["outage", "facility"]).await?,
        None => String::new(),
    };
    let repair_if = match back.is_empty() {
        true => None,
        false => Some(RepairIf { entry: back, time: moment_of(&args.from)? }),
    };
    let supposes = match (&what_if, &repair_if) {
        (Some(_), _) => Supposes::Failure,
        (None, Some(_)) => Supposes::Repair,
        (None, None) => Supposes::Nothing,
    };
    let incident = incident.name.clone();
    let request = GetImpactRequest { incident, known_at, outage, what_if, repair_if };
    let answer = service(channel).get_impact(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("GetImpactResponse", &answer)?)?;
    } else {
        print_impact(&lines, &answer, supposes)?;
    }
    Ok(0)
}

/// What is supposed, besides what was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Supposes {
    Nothing,
    Failure,
    Repair,
}

fn moment_of(text: &Option<String>) -> anyhow::Result<Option<Timestamp>> {
    text.as_deref().map(|text| client::moment(text, &Zoned::now())).transpose()
}

/// What the flags suppose to fail; nothing when they name neither a service nor a facility.
fn supposed(args: &ImpactArgs, facility: String, words: Words) -> anyhow::Result<Option<WhatIf>> {
    check(args, words)?;
    if args.what_if.is_none() && facility.is_empty() {
        return Ok(None);
    }
    let service = match &args.what_if {
        Some(word) => client::enumeration("VITAL_SERVICE", word, VitalService::from_str_name)?,
        None => VitalService::Unspecified,
    };
    Ok(Some(WhatIf {
        service: service.into(),
        area: args.near.as_deref().map(around).transpose()?,
        place: args.place.clone().unwrap_or_default(),
        facility,
        start_time: moment_of(&args.from)?,
        repair_time: moment_of(&args.until)?,
    }))
}

/// Flags that do not go together.
fn check(args: &ImpactArgs, words: Words) -> anyhow::Result<()> {
    let supposes = args.what_if.is_some() || args.facility.is_some();
    let somewhere = args.near.is_some() || args.place.is_some();
    let when = args.from.is_some() || args.until.is_some();
    let wrong = if args.back.is_some() && supposes {
        words.back_stands_alone()
    } else if args.outage.is_some() && supposes {
        words.outage_or_what_if()
    } else if args.what_if.is_some() && args.facility.is_some() {
        words.what_if_or_facility()
    } else if args.what_if.is_some() && !somewhere {
        words.what_if_needs_where()
    } else if args.what_if.is_none() && somewhere {
        words.where_needs_what_if()
    } else if !supposes && when && (args.back.is_none() || args.until.is_some()) {
        words.when_needs_what_if()
    } else {
        return Ok(());
    };
    Err(anyhow::anyhow!(wrong).context(Misuse))
}

/// A circle as people type it: latitude, longitude and radius, the last in km or m.
fn around(text: &str) -> anyhow::Result<Geometry> {
    let read = || {
        let (place, radius) = text.rsplit_once(',')?;
        let radius = radius.trim();
        let (number, metres) = match (radius.strip_suffix("km"), radius.strip_suffix('m')) {
            (Some(number), _) => (number, 1_000.0),
            (None, Some(number)) => (number, 1.0),
            (None, None) => (radius, 1.0),
        };
        Some((place, number.trim().parse::<f64>().ok()? * metres))
    };
    let wrong = || format!("{text:?} should be like 50.86,5.83,5km");
    let (place, radius_m) = read().with_context(wrong).context(Misuse)?;
    let [latitude, longitude] = client::numbers(place)?;
    let center = Some(Position { latitude, longitude });
    Ok(Geometry { shape: Some(Shape::Circle(Circle { center, radius_m })), accuracy_m: 0.0 })
}

/// The full name of the one entry of some kinds whose id begins so.
async fn full_name(
    context: &Context,
    channel: &Connection,
    incident: &str,
    wanted: &str,
    kinds: &[&str],
) -> anyhow::Result<String> {
    if wanted.contains('/') {
        return Ok(wanted.to_owned());
    }
    let wanted = wanted.to_lowercase();
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let filter = EntryFilter {
            incidents: vec![incident.to_owned()],
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..EntryFilter::default()
        };
        let request = ListEntriesRequest {
            filter: Some(filter),
            view: EntryView::Basic.into(),
            page_size: 1_000,
            page_token,
        };
        let answer = client::picture(channel.clone()).list_entries(request).await?.into_inner();
        for bytes in answer.entries {
            let name = Entry::decode(bytes)?.name;
            let begins = short(&name).starts_with(&wanted) || id(&name).starts_with(&wanted);
            if begins && !found.contains(&name) {
                found.push(name);
            }
        }
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    match (found.len(), wanted.is_empty()) {
        (1, false) => Ok(found.remove(0)),
        (0, _) | (_, true) => bail!("{} {wanted}", context.words.no_such_facility()),
        _ => bail!("{} {wanted}", context.words.several_facilities()),
    }
}

fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

fn short(name: &str) -> &str {
    id(name).split('-').next().unwrap_or_default()
}

/// The entries of an answer by name.
type Known = HashMap<String, Entry>;

/// Prints what goes down, what comes back and who is in danger. With a supposition only what that
/// changes.
pub(in crate::cli) fn print_impact(
    lines: &Lines,
    answer: &GetImpactResponse,
    supposes: Supposes,
) -> anyhow::Result<()> {
    let words = lines.words;
    let entries = answer.entries.iter().map(|bytes| {
        let entry = Entry::decode(bytes.clone())?;
        Ok((entry.name.clone(), entry))
    });
    let known = entries.collect::<anyhow::Result<Known>>()?;
    let totals = answer.totals.unwrap_or_default();
    let number = |number: i64| words.0.whole(number);
    let counts = [
        (totals.down_count, words.is_down()),
        (totals.will_fail_count, words.will_fail()),
        (totals.may_fail_count, words.may_fail()),
    ];
    let counts = counts.map(|(count, word)| format!("{} {word}", number(count.into())));
    let mut head = format!("{}: {}", words.goes_down(), counts.join(", "));
    if totals.people > 0 {
        head.push_str(&format!(" · {} {}", number(totals.people), words.people_in_them()));
    }
    say(&lines.heading(&head))?;
    let changed = |effect: &&Effect| supposes == Supposes::Nothing || effect.by_what_if;
    let effects: Vec<_> = answer.effects.iter().filter(changed).collect();
    if supposes == Supposes::Failure && effects.is_empty() {
        say(words.what_if_changes_nothing())?;
    }
    for effect in effects {
        print_effect(lines, &known, effect)?;
    }
    left_out(lines, answer.effects_left_out)?;
    if answer.unseen_supplier_count > 0 {
        let count = number(answer.unseen_supplier_count.into());
        say(&lines.warn(&format!("({count} {})", words.suppliers_unseen())))?;
    }
    returns::print(lines, &known, answer, supposes)?;
    if supposes == Supposes::Repair {
        return Ok(());
    }
    let exposed = |one: &&Exposure| {
        supposes == Supposes::Nothing || one.dangers.iter().any(|danger| danger.entry.is_empty())
    };
    let exposures: Vec<_> = answer.exposures.iter().filter(exposed).collect();
    let mut head = format!("{}: {}", words.vulnerable(), number(totals.exposed_count.into()));
    if totals.exposed_people > 0 || totals.exposed_less_self_reliant > 0 {
        let people = format!("{} {}", number(totals.exposed_people), words.people_there());
        let some = number(totals.exposed_less_self_reliant);
        head.push_str(&format!(" · {people}, {} {some}", words.of_whom_less_self_reliant()));
    }
    if totals.uncounted > 0 {
        let count = number(totals.uncounted.into());
        head.push_str(&format!(" · {count} {}", words.uncounted()));
    }
    say("")?;
    say(&lines.heading(&head))?;
    for exposure in exposures {
        print_exposure(lines, &known, exposure)?;
    }
    left_out(lines, answer.exposures_left_out)
}

fn left_out(lines: &Lines, count: i32) -> anyhow::Result<()> {
    if count == 0 {
        return Ok(());
    }
    say(&lines.faint(&format!("({count} {})", lines.words.more_lines())))
}

fn designation(known: &Known, name: &str) -> String {
    match known.get(name).and_then(|entry| entry.body.as_ref()) {
        Some(Body::Facility(body)) => body.designation.clone(),
        _ => short(name).to_owned(),
    }
}

fn moment(lines: &Lines, time: Option<&Timestamp>) -> String {
    time.map_or_else(String::new, |time| lines.moment(millis(time)))
}

fn print_effect(lines: &Lines, known: &Known, effect: &Effect) -> anyhow::Result<()> {
    let words = lines.words;
    let state = format!("[{}]", words.effect_state(effect.state()));
    let state = match effect.state() {
        EffectState::Down => lines.alarm(&state),
        EffectState::WillFail => lines.warn(&state),
        _ => lines.faint(&state),
    };
    let time = moment(lines, effect.down_time.as_ref());
    let mut head = format!("{state} {time} {}", designation(known, &effect.facility));
    if !effect.services.is_empty() {
        let services = effect.services().map(|service| service_word(service, words.0));
        let services: Vec<_> = services.collect();
        head.push_str(&format!(" · {} {}", words.takes_down(), services.join(", ")));
    }
    if effect.possible_time.is_some() {
        let time = moment(lines, effect.possible_time.as_ref());
        head.push_str(&format!(" · {} {time}", words.perhaps_already()));
    }
    match (&effect.otherwise_time, effect.by_what_if) {
        (Some(time), _) => {
            let time = lines.moment(millis(time));
            head.push_str(&format!(" · {} {time}", words.otherwise()));
        }
        (None, true) => head.push_str(&format!(" · {}", words.otherwise_not())),
        (None, false) => {}
    }
    if effect.disputed {
        head.push_str(&format!(" {}", lines.alarm(&format!("[{}]", words.contradiction()))));
    }
    say(&head)?;
    let middle = (effect.steps.len() / 2, effect.steps_left_out);
    for (number, step) in effect.steps.iter().enumerate() {
        if middle.1 > 0 && number == middle.0 {
            left_out(lines, middle.1)?;
        }
        print_step(lines, known, step, number == 0)?;
    }
    Ok(())
}

fn print_step(lines: &Lines, known: &Known, step: &ImpactStep, first: bool) -> anyhow::Result<()> {
    let words = lines.words;
    let service = service_word(step.service(), words.0);
    let time = moment(lines, step.time.as_ref());
    let arrow = if first { "" } else { "→ " };
    let mut text = format!("    {arrow}{time} ");
    if step.facility.is_empty() {
        text.push_str(&format!("{service} {}", words.fails()));
        if let Some(entry) = known.get(&step.entry) {
            text.push_str(&format!(": {}", told(lines, entry)));
        }
    } else {
        text.push_str(&format!("{}: ", designation(known, &step.facility)));
        if step.service() == VitalService::Unspecified {
            let how = if step.entry.is_empty() { "" } else { words.by_its_own_words() };
            text.push_str(how);
        } else {
            text.push_str(&format!("{} {service}", words.without_service()));
            match &step.holds_out {
                Some(time) if time.seconds == 0 => {
                    text.push_str(&format!(", {}", words.holds_out_not()));
                }
                Some(time) => {
                    let ms = time.seconds.saturating_mul(1_000);
                    text.push_str(&format!(", {} {}", words.holds_out(), words.age(ms)));
                }
                None => text.push_str(&format!(", {}", words.holds_out_unknown())),
            }
            text.push_str(&format!(" · {}", words.found(step.r#match())));
        }
    }
    if step.entry.is_empty() {
        text.push_str(&format!(" [{}]", words.supposed()));
    }
    if let Some(time) = &step.repair_time {
        let time = lines.moment(millis(time));
        text.push_str(&format!(" · {} {time}", words.repair_expected()));
    }
    text.push_str(&marks(lines, step.stale, step.disputed));
    if !step.entry.is_empty() {
        text.push_str(&format!(" {}", lines.faint(short(&step.entry))));
    }
    say(&text)
}

fn marks(lines: &Lines, stale: bool, disputed: bool) -> String {
    let mut marks = String::new();
    if stale {
        marks.push_str(&format!(" {}", lines.warn(&format!("[{}]", lines.words.stale()))));
    }
    if disputed {
        let mark = format!("[{}]", lines.words.contradiction());
        marks.push_str(&format!(" {}", lines.alarm(&mark)));
    }
    marks
}

/// Who says what, where.
fn told(lines: &Lines, entry: &Entry) -> String {
    let party = entry.party.trim_start_matches("parties/");
    let what = summary_line(entry, lines.words.0.pick("en", "nl"));
    if entry.place.is_empty() || what.contains(&entry.place) {
        return format!("{party}, {what}");
    }
    format!("{party}, {} — {what}", entry.place)
}

fn print_exposure(lines: &Lines, known: &Known, exposure: &Exposure) -> anyhow::Result<()> {
    let words = lines.words;
    let facility = match known.get(&exposure.facility) {
        Some(entry) => summary_line(entry, words.0.pick("en", "nl")),
        None => String::new(),
    };
    say(&format!("{facility} {}", lines.faint(short(&exposure.facility))))?;
    for danger in &exposure.dangers {
        print_danger(lines, known, danger)?;
    }
    left_out(lines, exposure.dangers_left_out)
}

fn print_danger(lines: &Lines, known: &Known, danger: &Danger) -> anyhow::Result<()> {
    let words = lines.words;
    let mut text = match known.get(&danger.entry) {
        Some(entry) => format!("    {}", told(lines, entry)),
        None => format!("    [{}]", words.supposed()),
    };
    text.push_str(&format!(" · {}", words.found(danger.r#match())));
    if danger.expected {
        text.push_str(&format!(" [{}]", words.expected()));
    }
    text.push_str(&marks(lines, danger.stale, false));
    if !danger.entry.is_empty() {
        text.push_str(&format!(" {}", lines.faint(short(&danger.entry))));
    }
    say(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_read_as_people_type_it() {
        let read = |text: &str| match around(text).ok()?.shape? {
            Shape::Circle(circle) => Some((circle.center?.latitude, circle.radius_m)),
            _ => None,
        };
        assert_eq!(read("50.86,5.83,5km"), Some((50.86, 5_000.0)));
        assert_eq!(read("50.86, 5.83, 800 m"), Some((50.86, 800.0)));
        assert_eq!(read("50.86,5.83,1200"), Some((50.86, 1_200.0)));
        for wrong in ["", "50.86,5.83", "50.86,5.83,near", "5km"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
