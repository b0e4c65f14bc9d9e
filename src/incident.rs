//! Incidents: opening, changing, closing and showing them. An incident's data is a register like
//! an entry's, so changes made apart from each other show as rivals until somebody decides.

use bytes::Bytes;
use polder_picture::{
    admit::{Act, Draft, NewScope, Supersedes},
    attributes::{millis, timestamp},
    charter::{self, EVERYBODY},
    check::Checker,
    clock::Hlc,
    entry,
    live::Live,
    names::{IncidentName, PartyName},
    picture::{Feed, Picture, Scope},
    record::Sealed,
    refusal::{Class, Refusal},
    seal::{self, Closing, Seals},
    sight::Sight,
    team::tally::SECTIONS,
};
use polder_wire::v1::{
    AudienceEnding, Content, CreateIncidentRequest, GripLevel, Hazard, Incident, IncidentArchive,
    IncidentData, IncidentSeal, IncidentState, Lane, Mode, Phase, Section, Team,
    UpdateIncidentRequest, content,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{present, publish::Desk};

/// Audiences of which an incident tells how they ended.
const ENDINGS_MAX: usize = 200;

/// Shows an incident to somebody who sees a part of it; `None` while its data has not arrived, and
/// for what may not be seen. Who sees one of its audiences may know of the incident itself.
pub fn view(picture: &Picture, index: u32, sight: &Sight) -> Option<Incident> {
    let scope = picture.scope(index);
    if picture.root(index) != index {
        return None;
    }
    let own = |other: &u32| picture.root(*other) == index;
    let seen = picture.audiences(&scope.incident).filter(|other| sight.covers(*other));
    let mut seen: Vec<_> = seen.filter(own).collect();
    if seen.is_empty() && sight.covers(index) {
        // Another incident of this name means another mode.
        seen.push(index);
    }
    let (live, data) = picture.current(index).filter(|_| !seen.is_empty())?;
    let mut incident = shown(picture, scope, live, data);
    let counts = seen.iter().map(|other| picture.scope(*other).entry_count);
    incident.entry_count = counts.sum::<u64>() as i64;
    let narrower = seen.into_iter().filter(|other| *other != index);
    let endings = narrower.filter_map(|other| ending(picture, other));
    incident.audience_endings = endings.take(ENDINGS_MAX).collect();
    Some(incident)
}

/// How an audience ended; `None` when it did not, or nobody who held it closed the incident.
fn ending(picture: &Picture, index: u32) -> Option<AudienceEnding> {
    let scope = picture.scope(index);
    let (seal, archive) = (sealed(picture, scope), dropped(picture, scope));
    let ended = seal.is_some() || archive.is_some();
    ended.then(|| AudienceEnding {
        audience: format!("audiences/{}", scope.audience),
        seal,
        archive,
    })
}

fn shown(picture: &Picture, scope: &Scope, live: &Live, data: &IncidentData) -> Incident {
    let mut incident = data.incident.clone().unwrap_or_default();
    let version =
        |live: &Live| present::version(picture.feed(live.record.feed).id, live.record.sequence);
    incident.name = format!("incidents/{}", scope.incident);
    incident.mode = scope.mode.into();
    incident.state = scope.state().unwrap_or_default().into();
    incident.version = version(live);
    incident.grip = highest_grip(&incident).into();
    incident.update_time = Some(timestamp(Hlc::millis(live.hlc)));
    let rivals = scope.data.iter().filter(|(other, _)| other.record != live.record);
    incident.rivals = rivals.map(|(other, _)| version(other)).collect();
    incident.seal = sealed(picture, scope);
    incident.archive = dropped(picture, scope);
    incident
}

/// Why what is asked of an incident is not here.
pub fn archived(incident: &str) -> Refusal {
    let sentence = format!(
        "incidents/{incident} was archived here: what it held then is in its file, and on nodes \
         that did not drop it"
    );
    Refusal::new(Class::NotFound, "INCIDENT_ARCHIVED", sentence)
}

fn dropped(picture: &Picture, scope: &Scope) -> Option<IncidentArchive> {
    let archived = scope.archived.as_ref()?;
    let index = picture.scope_index(scope.id)?;
    let since = |feed: &Feed| {
        let parent = feed.branch.as_ref().map(|branch| picture.feed(branch.parent).head.sequence);
        feed.head.sequence.saturating_sub(parent.unwrap_or(feed.base.sequence))
    };
    Some(IncidentArchive {
        time: Some(timestamp(archived.time_ms)),
        hash: Bytes::copy_from_slice(&archived.hash),
        record_count: archived.records() as i64,
        addendum_record_count: picture.feeds_of(index).map(since).sum::<u64>() as i64,
        clearing: !archived.cleared,
    })
}

/// All that is known of where an incident ends.
pub fn seals(picture: &Picture, scope: &Scope) -> Option<Seals> {
    let closing = |(live, data)| closing(picture, live, data);
    Seals::of(scope.id, scope.data.iter().map(|(live, data)| (live, data)).map(closing))
}

fn closing<'d>(picture: &Picture, live: &Live, data: &'d IncidentData) -> Closing<'d> {
    Closing { feed: picture.feed(live.record.feed).id, sequence: live.record.sequence, data }
}

fn sealed(picture: &Picture, scope: &Scope) -> Option<IncidentSeal> {
    let seals = seals(picture, scope)?;
    let index = picture.scope_index(scope.id)?;
    let counts = picture.feeds_of(index).map(|feed| {
        let parent = feed.branch.as_ref().map(|branch| picture.feed(branch.parent).head.sequence);
        seals.count(feed.id, parent.unwrap_or_default(), feed.head.sequence)
    });
    let sum = |(sealed, late), (more, later)| (sealed + more, late + later);
    let (records, late) = counts.fold((0, 0), sum);
    let closed = scope.data.iter().filter(|(_, data)| data.seal.is_some());
    let time = closed.map(|(live, _)| timestamp(Hlc::millis(live.hlc))).max_by_key(millis);
    Some(IncidentSeal {
        time,
        record_count: records as i64,
        late_record_count: late as i64,
        feeds_left_out: seals.left_out as i64,
    })
}

fn highest_grip(incident: &Incident) -> GripLevel {
    let levels = incident.scalings.iter().map(|scaling| scaling.grip());
    levels.max_by_key(|level| *level as i32).unwrap_or_default()
}

/// Whether nodes write down who reads entries of an incident. One current version that says so is
/// enough. `scope`: the one for everybody.
pub fn logs_reading(picture: &Picture, scope: u32) -> bool {
    let asks = |data: &IncidentData| data.incident.as_ref().is_none_or(|i| i.log_reading);
    picture.scope(scope).data.iter().any(|(_, data)| asks(data))
}

/// Checks a new incident and says what its id will be.
pub fn check_new(request: &CreateIncidentRequest) -> Result<(String, Mode), Refusal> {
    let missing = Incident::default();
    let incident = request.incident.as_ref().unwrap_or(&missing);
    let mut check = Checker::new("incident");
    check.enumeration::<Mode>("mode", incident.mode, true);
    check_data(incident, &mut check);
    if !incident.name.is_empty() && IncidentName::parse(&incident.name).is_none() {
        let sentence = "must be incidents/{incident}, 1 to 63 of a-z 0-9 -, a letter first";
        check.wrong("name", "MALFORMED_NAME", sentence);
    }
    if IncidentName::parse(&incident.name).is_some_and(|name| name.id() == charter::INCIDENT) {
        check.wrong("name", "MALFORMED_NAME", "is kept for the charter: choose another id");
    }
    check.finish()?;
    let id = match IncidentName::parse(&incident.name) {
        Some(name) => name.id().to_owned(),
        None => id_from_title(&incident.titles[0].title),
    };
    Ok((id, incident.mode()))
}

/// A readable id that two incidents of the same title do not share.
fn id_from_title(title: &str) -> String {
    let mut id = String::from("i");
    for c in title.to_lowercase().chars().take(40) {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        if c != '-' || !id.ends_with('-') {
            id.push(c);
        }
    }
    let id = id[1..].trim_matches('-').to_owned();
    let unique = Uuid::new_v4().simple().to_string();
    let starts_with_letter = id.starts_with(|c: char| c.is_ascii_lowercase());
    let stem = if starts_with_letter { id } else { format!("incident-{id}") };
    format!("{}-{}", stem.trim_end_matches('-'), &unique[..6])
}

fn check_data(incident: &Incident, check: &mut Checker<'_>) {
    entry::check_texts("titles", &incident.titles, true, check);
    for title in &incident.titles {
        if title.title.is_empty() {
            check.wrong("titles", "REQUIRED", "needs a title in every language it has");
            break;
        }
    }
    check.enumerations::<Hazard>("hazards", &incident.hazards, 15);
    check.enumeration::<Phase>("phase", incident.phase, false);
    let mut regions = Vec::new();
    check.each("scalings", &incident.scalings, 0..=64, |check, scaling| {
        match PartyName::parse(&scaling.region) {
            None => check.wrong("region", "MALFORMED_NAME", "must be parties/{party}"),
            Some(_) if regions.contains(&scaling.region) => {
                check.wrong("region", "DUPLICATE", "is given twice");
            }
            Some(_) => regions.push(scaling.region.clone()),
        }
        check.enumeration::<GripLevel>("grip", scaling.grip, false);
        check.enumerations::<Team>("teams", &scaling.teams, 16);
    });
    let mut kept = Vec::new();
    check.each("owners", &incident.owners, 0..=SECTIONS.len(), |check, owner| {
        check.enumeration::<Section>("section", owner.section, true);
        if kept.contains(&owner.section) {
            check.wrong("section", "DUPLICATE", "is given twice");
        }
        kept.push(owner.section);
        check.name("party", &owner.party, true, PartyName::parse, "parties/{party}");
        check.text("role", &owner.role, 0..=200);
    });
    if let Some(area) = &incident.area {
        check.within("area", |check| entry::check_geometry(area, check));
    }
}

/// Opens an incident.
pub fn create(
    desk: &mut Desk<'_, '_>,
    id: String,
    incident: Incident,
    author: String,
) -> Result<(), Refusal> {
    let mode = incident.mode();
    let scope = NewScope { incident: id.clone(), mode, audience: EVERYBODY.into() };
    let scope = desk.open_scope(scope)?;
    let mut incident = written(incident);
    incident.name = format!("incidents/{id}");
    incident.create_time = Some(timestamp(desk.wall_ms()));
    let data = IncidentData {
        incident: Some(incident),
        state: IncidentState::Open.into(),
        audience: EVERYBODY.into(),
        ..Default::default()
    };
    put(desk, scope, data, author)
}

/// Drops what only a node may say.
fn written(incident: Incident) -> Incident {
    Incident {
        state: 0,
        version: String::new(),
        grip: 0,
        create_time: None,
        update_time: None,
        rivals: Vec::new(),
        entry_count: 0,
        seal: None,
        archive: None,
        audience_endings: Vec::new(),
        ..incident
    }
}

fn put(
    desk: &mut Desk<'_, '_>,
    scope: u32,
    data: IncidentData,
    author: String,
) -> Result<(), Refusal> {
    let content = Content { content: Some(content::Content::Incident(data.clone())) };
    desk.author(Draft {
        scope,
        entry: Uuid::nil(),
        act: Act::Incident(Box::new(data)),
        // What the crisis organisation looks like must overtake everything.
        lane: Lane::Urgent,
        sealed: Sealed::new(rand::random(), Bytes::from(content.encode_to_vec())),
        author,
        supersedes: Supersedes::AllHeld,
    })
}

/// Fields that an update may name.
const UPDATABLE: [&str; 8] =
    ["titles", "hazards", "phase", "scalings", "grip_rijk", "area", "log_reading", "owners"];

/// Checks an update, as far as that needs no state.
pub fn check_update(request: &UpdateIncidentRequest) -> Result<(), Refusal> {
    let missing = Incident::default();
    let incident = request.incident.as_ref().unwrap_or(&missing);
    let mut check = Checker::new("");
    let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths[..]);
    check.within("update_mask", |check| {
        check.each("paths", paths, 1..=UPDATABLE.len(), |check, path| {
            if !UPDATABLE.contains(&path.as_str()) {
                let sentence = format!("cannot be changed; these can: {}", UPDATABLE.join(", "));
                check.wrong("", "FIELD_NOT_UPDATABLE", sentence);
            }
        });
    });
    check.within("incident", |check| {
        if IncidentName::parse(&incident.name).is_none() {
            check.wrong("name", "MALFORMED_NAME", "must be incidents/{incident}");
        }
        // What is not in the mask is not looked at.
        let mut named = Incident { titles: vec![placeholder()], ..Default::default() };
        apply(&mut named, incident, paths);
        if paths.iter().any(|path| path == "scalings") {
            // As given: joined to what is held, a region given twice would not show.
            named.scalings.clone_from(&incident.scalings);
        }
        check_data(&named, check);
    });
    check.finish()
}

fn placeholder() -> polder_wire::v1::Text {
    let (language, title) = ("en".into(), "placeholder".into());
    polder_wire::v1::Text { language, title, ..Default::default() }
}

fn apply(to: &mut Incident, from: &Incident, paths: &[String]) {
    for path in paths {
        match path.as_str() {
            "titles" => to.titles.clone_from(&from.titles),
            "hazards" => to.hazards.clone_from(&from.hazards),
            "phase" => to.phase = from.phase,
            "grip_rijk" => to.grip_rijk = from.grip_rijk,
            "area" => to.area.clone_from(&from.area),
            "log_reading" => to.log_reading = from.log_reading,
            "owners" => {
                for owner in &from.owners {
                    to.owners.retain(|held| held.section != owner.section);
                    // Nobody any more, when nobody is named.
                    to.owners.extend(Some(owner.clone()).filter(|owner| !owner.party.is_empty()));
                }
                to.owners.sort_by_key(|owner| owner.section);
            }
            "scalings" => {
                for scaling in &from.scalings {
                    let region =
                        |other: &&mut polder_wire::v1::Scaling| other.region == scaling.region;
                    match to.scalings.iter_mut().find(region) {
                        Some(held) => held.clone_from(scaling),
                        None => to.scalings.push(scaling.clone()),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Changes an incident.
pub fn update(
    desk: &mut Desk<'_, '_>,
    scope: u32,
    request: &UpdateIncidentRequest,
    author: String,
) -> Result<(), Refusal> {
    let (version, mut data) = current_data(desk, scope)?;
    if !request.expected_version.is_empty() && version != request.expected_version {
        let sentence = "the incident has changed since you read it: read it again";
        return Err(Refusal::new(Class::Aborted, "INCIDENT_CHANGED", sentence));
    }
    let mut incident = data.incident.take().unwrap_or_default();
    let paths = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths[..]);
    apply(&mut incident, &request.incident.clone().unwrap_or_default(), paths);
    let mut check = Checker::new("incident");
    check_data(&incident, &mut check);
    check.finish()?;
    data.incident = Some(incident);
    put(desk, scope, data, author)
}

/// Seals each audience of an incident that is held here, and the incident, and closes it. The
/// outcome of the closing record comes last; an audience that could not be sealed has none.
pub fn close(
    desk: &mut Desk<'_, '_>,
    scope: u32,
    reason: String,
    author: String,
) -> Vec<Result<(), Refusal>> {
    let (_, mut data) = match current_data(desk, scope) {
        Ok(current) => current,
        Err(refusal) => return vec![Err(refusal)],
    };
    data.state = IncidentState::Closed.into();
    data.close_reason = reason;
    data.seal = Some(seal::seal(desk.heads_of(scope)));
    // Audiences first: once it is closed nothing more is taken there.
    let audiences = narrower(desk.picture(), scope).into_iter();
    let sealed = audiences.filter_map(|audience| seal_audience(desk, audience, &data, &author));
    let mut outcomes: Vec<_> = sealed.map(Ok).collect();
    outcomes.push(put(desk, scope, data, author));
    outcomes
}

/// Audiences of an incident of which records are held.
fn narrower(picture: &Picture, scope: u32) -> Vec<u32> {
    let others = picture.audiences(&picture.scope(scope).incident);
    let others = others.filter(|other| *other != scope && picture.root(*other) == scope);
    others.filter(|other| picture.feeds_of(*other).any(|feed| feed.head.sequence > 0)).collect()
}

/// Says in an audience where its feeds ended: what is said to everybody must not tell it. That this
/// node may not speak there leaves the audience unsealed, which its archive tells, and does not
/// keep the incident open.
fn seal_audience(
    desk: &mut Desk<'_, '_>,
    scope: u32,
    closing: &IncidentData,
    author: &str,
) -> Option<()> {
    let whole = closing.incident.as_ref();
    let incident = whole.map(|incident| Incident {
        name: incident.name.clone(),
        mode: incident.mode,
        titles: incident.titles.clone(),
        ..Default::default()
    });
    let audience = desk.picture().scope(scope).audience.clone();
    let data = IncidentData {
        incident,
        state: closing.state,
        close_reason: closing.close_reason.clone(),
        seal: Some(seal::seal(desk.heads_of(scope))),
        audience,
    };
    let said = put(desk, scope, data, author.to_owned());
    said.inspect_err(|refusal| {
        tracing::info!(%refusal, "an audience of a closed incident is not sealed");
    })
    .ok()
}

fn current_data(desk: &Desk<'_, '_>, scope: u32) -> Result<(String, IncidentData), Refusal> {
    let (feed, sequence, data) = desk.incident_data(scope).ok_or_else(|| {
        let sentence = "the incident's own data has not arrived here yet";
        Refusal::new(Class::FailedPrecondition, "INCIDENT_DATA_MISSING", sentence)
    })?;
    Ok((present::version(feed, sequence), data))
}

/// Finds an incident's scope by its resource name.
pub fn find(picture: &Picture, name: &str, field: &str) -> Result<u32, Refusal> {
    let parsed = IncidentName::parse(name)
        .ok_or_else(|| Refusal::field(field, "MALFORMED_NAME", "must be incidents/{incident}"))?;
    find_id(picture, parsed.id())
}

/// Finds an incident's scope by its id.
pub fn find_id(picture: &Picture, incident: &str) -> Result<u32, Refusal> {
    picture.incident(incident).ok_or_else(|| {
        let sentence = format!("incidents/{incident} is not known here");
        Refusal::new(Class::NotFound, "INCIDENT_NOT_FOUND", sentence)
    })
}
