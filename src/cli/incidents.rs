//! `polder incident …`.

use polder_wire::v1::{
    CloseIncidentRequest, CreateIncidentRequest, GripLevel, Incident, ListIncidentsRequest, Mode,
    Phase, Scaling, Section, SectionOwner, Team, Text, UpdateIncidentRequest,
    incident_service_client::IncidentServiceClient,
};
use uuid::Uuid;

use super::{
    Context, Misuse,
    args::{CreateArgs, IncidentCommand, ModeArg, UpdateArgs},
    client::{self, enumeration},
    say, say_json, team,
};
use crate::json;

pub(super) async fn run(context: &Context, command: IncidentCommand) -> anyhow::Result<u8> {
    let command = match command {
        IncidentCommand::History(args) => return team::incident_history(context, args).await,
        other => other,
    };
    if let IncidentCommand::Update(args) = &command
        && args.region.is_none()
        && (args.grip.is_some() || !args.teams.is_empty())
    {
        return Err(anyhow::anyhow!("--grip and --teams need --region").context(Misuse));
    }
    let channel = context.connect().await?;
    let mut client = IncidentServiceClient::new(channel.clone());
    let words = context.words;
    match command {
        IncidentCommand::Create(args) => {
            let request = create_request(args)?;
            let made = client.create_incident(request).await?.into_inner();
            let id = made.incident.as_ref().map(|made| made.name.clone()).unwrap_or_default();
            let code = shown(context, words.created(), made.incident)?;
            if made.needs_members {
                let id = id.trim_start_matches("incidents/");
                eprintln!("{}", words.needs_members().replace("{id}", id));
            }
            Ok(code)
        }
        IncidentCommand::Show(name) => {
            let incident = client::incident(&channel, Some(&name.id), words).await?;
            shown(context, "", Some(incident))
        }
        IncidentCommand::Update(args) => {
            let request = update_request(args)?;
            let changed = client.update_incident(request).await?.into_inner().incident;
            shown(context, words.updated(), changed)
        }
        // Answered above: another service tells it.
        IncidentCommand::History(_) => Ok(0),
        IncidentCommand::Close(args) => {
            let request = CloseIncidentRequest {
                request_id: Uuid::new_v4().to_string(),
                name: full_name(&args.id),
                reason: args.reason,
            };
            let closed = client.close_incident(request).await?.into_inner().incident;
            shown(context, words.closed(), closed)
        }
        IncidentCommand::List(args) => {
            let mut page_token = String::new();
            let mut any = false;
            loop {
                let request = ListIncidentsRequest {
                    include_closed: args.all,
                    page_token,
                    ..Default::default()
                };
                let response = client.list_incidents(request).await?.into_inner();
                for incident in response.incidents {
                    any = true;
                    shown(context, "", Some(incident))?;
                }
                page_token = response.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            if !any && !context.common.json {
                say(words.no_incidents())?;
            }
            Ok(0)
        }
    }
}

fn shown(context: &Context, what: &str, incident: Option<Incident>) -> anyhow::Result<u8> {
    let incident = incident.unwrap_or_default();
    if context.common.json {
        say_json(&json::from_message("Incident", &incident)?)?;
        return Ok(0);
    }
    let separator = if what.is_empty() { "" } else { ": " };
    say(&format!("{what}{separator}{}", context.lines.incident(&incident)))?;
    Ok(0)
}

fn full_name(id: &str) -> String {
    format!("incidents/{}", id.trim_start_matches("incidents/"))
}

fn text(language: String, title: String) -> Text {
    Text { language, title, ..Default::default() }
}

fn phase(word: &str) -> anyhow::Result<i32> {
    Ok(enumeration("PHASE", word, Phase::from_str_name)?.into())
}

/// Who keeps a section, from `response=politie:head of section`.
fn owner(given: &str) -> anyhow::Result<SectionOwner> {
    let wrong =
        || anyhow::anyhow!("{given:?} is not of the form SECTION=PARTY:ROLE").context(Misuse);
    let (section, rest) = given.split_once('=').ok_or_else(wrong)?;
    let (party, role) = rest.split_once(':').unwrap_or((rest, ""));
    let party = party.trim().trim_start_matches("parties/");
    Ok(SectionOwner {
        section: enumeration("SECTION", section.trim(), Section::from_str_name)?.into(),
        party: if party.is_empty() { String::new() } else { format!("parties/{party}") },
        role: role.trim().to_owned(),
    })
}

fn create_request(args: CreateArgs) -> anyhow::Result<CreateIncidentRequest> {
    let mode = match args.mode {
        ModeArg::Actual => Mode::Actual,
        ModeArg::Exercise => Mode::Exercise,
        ModeArg::Test => Mode::Test,
    };
    let incident = Incident {
        name: args.id.as_deref().map(full_name).unwrap_or_default(),
        mode: mode.into(),
        titles: vec![text(args.text_lang, args.title)],
        phase: args.phase.as_deref().map(phase).transpose()?.unwrap_or_default(),
        ..Default::default()
    };
    let request_id = Uuid::new_v4().to_string();
    Ok(CreateIncidentRequest { request_id, incident: Some(incident) })
}

fn update_request(args: UpdateArgs) -> anyhow::Result<UpdateIncidentRequest> {
    let mut incident = Incident { name: full_name(&args.id), ..Default::default() };
    let mut paths = Vec::new();
    if let Some(title) = args.title {
        incident.titles = vec![text(args.text_lang, title)];
        paths.push("titles");
    }
    if let Some(word) = &args.phase {
        incident.phase = phase(word)?;
        paths.push("phase");
    }
    if let Some(grip_rijk) = args.grip_rijk {
        incident.grip_rijk = grip_rijk;
        paths.push("grip_rijk");
    }
    if let Some(log_reading) = args.log_reading {
        incident.log_reading = log_reading;
        paths.push("log_reading");
    }
    for given in &args.owner {
        incident.owners.push(owner(given)?);
    }
    if !args.owner.is_empty() {
        paths.push("owners");
    }
    // A region alone changes nothing: it may stand in the file for every update.
    if let Some(region) = args.region.filter(|_| args.grip.is_some() || !args.teams.is_empty()) {
        let team = |word: &String| -> anyhow::Result<i32> {
            Ok(enumeration("TEAM", word, Team::from_str_name)?.into())
        };
        let level = args.grip.map_or(0, |level| i32::from(level) + 1);
        incident.scalings = vec![Scaling {
            region: format!("parties/{}", region.trim_start_matches("parties/")),
            grip: GripLevel::try_from(level).unwrap_or_default().into(),
            teams: args.teams.iter().map(team).collect::<Result<_, _>>()?,
        }];
        paths.push("scalings");
    }
    let paths = paths.into_iter().map(str::to_owned).collect();
    Ok(UpdateIncidentRequest {
        request_id: Uuid::new_v4().to_string(),
        incident: Some(incident),
        update_mask: Some(prost_types::FieldMask { paths }),
        expected_version: String::new(),
    })
}
