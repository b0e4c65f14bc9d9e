//! `polder methane`: the first report of whoever is there first, by letter. What is not given is asked
//! when somebody sits at a terminal; each thing that is known becomes an entry of its own.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::anyhow;
use polder_wire::v1::{
    Assessment, AssistanceRequest, Casualties, CasualtyCategory, CasualtyFigure, Count,
    CountQualifier, Discipline, Entry, Geometry, Observation, Position, PublishItem, Relation,
    RelationType, RequestState, Statement, Text, Theme, Times, Urgency, entry::Body,
    geometry::Shape,
};
use prost::Message as _;
use uuid::Uuid;

use super::{
    Context, Misuse,
    args::MethaneArgs,
    client::{self, enumeration},
    read::at_node_time,
    write::Sender,
};

pub(super) async fn methane(context: &Context, mut args: MethaneArgs) -> anyhow::Result<u8> {
    let words = context.words;
    if args.kind.is_none() && std::io::stdin().is_terminal() {
        ask(context, &mut args)?;
    }
    if args.kind.as_deref().is_none_or(|kind| kind.trim().is_empty()) {
        return Err(anyhow!("{}", words.methane_needs_type()).context(Misuse));
    }
    let channel = context.connect().await?;
    let incident = client::incident(&channel, args.incident.as_deref(), words).await?;
    let lines = at_node_time(context, channel.clone()).await;
    let entries = report(context, &args, &incident.name, lines.now())?;
    let mut sender = Sender::new(context, channel, args.audience.as_deref(), None);
    for entry in entries {
        let item = PublishItem { entry: entry.encode_to_vec().into(), ..PublishItem::default() };
        sender.push(item, None).await?;
    }
    sender.end().await
}

/// Asks letter by letter; an empty line leaves it open.
fn ask(context: &Context, args: &mut MethaneArgs) -> anyhow::Result<()> {
    let words = context.words;
    let mut lines = std::io::stdin().lock().lines();
    let mut next = |question: &str| -> anyhow::Result<Option<String>> {
        eprint!("{question}: ");
        std::io::stderr().flush()?;
        let line = lines.next().transpose()?.unwrap_or_default();
        Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty()))
    };
    let yes = |answer: &Option<String>| {
        answer.as_ref().is_some_and(|answer| {
            ["y", "j"].iter().any(|letter| answer.to_lowercase().starts_with(letter))
        })
    };
    let question = |letter: char, words: &str| format!("{letter} {words}");
    if !args.major {
        args.major = yes(&next(&question('M', words.methane_major()))?);
    }
    let fill = |held: &mut Option<String>, answer: Option<String>| {
        if held.is_none() {
            *held = answer;
        }
    };
    fill(&mut args.exact, next(&question('E', words.methane_exact()))?);
    fill(&mut args.kind, next(&question('T', words.methane_type()))?);
    fill(&mut args.hazards, next(&question('H', words.methane_hazards()))?);
    fill(&mut args.access, next(&question('A', words.methane_access()))?);
    for (held, name) in [
        (&mut args.t1, "T1"),
        (&mut args.t2, "T2"),
        (&mut args.t3, "T3"),
        (&mut args.dead, words.methane_dead()),
    ] {
        if held.is_none()
            && let Some(answer) = next(&format!("N {} {name}", words.methane_number()))?
        {
            let wrong = || anyhow!("{answer:?}: {}", words.methane_no_number()).context(Misuse);
            *held = Some(answer.parse().map_err(|_| wrong())?);
        }
    }
    fill(&mut args.services, next(&question('E', words.methane_services()))?);
    Ok(())
}

fn report(
    context: &Context,
    args: &MethaneArgs,
    incident: &str,
    now_ms: i64,
) -> anyhow::Result<Vec<Entry>> {
    let words = context.words;
    let discipline = match &args.discipline {
        Some(word) => enumeration("DISCIPLINE", word, Discipline::from_str_name)?.into(),
        None => 0,
    };
    let geometry = match &args.at {
        Some(at) => {
            let [latitude, longitude] = client::numbers(at)?;
            let shape = Some(Shape::Point(Position { latitude, longitude }));
            Some(Geometry { shape, ..Geometry::default() })
        }
        None => None,
    };
    let cut = |text: &str| text.trim().chars().take(200).collect::<String>();
    let exact = cut(args.exact.as_deref().unwrap_or_default());
    let main = format!("{incident}/entries/{}", Uuid::new_v4());
    let assessment = args
        .major
        .then(|| Assessment { urgency: Urgency::Immediate.into(), ..Assessment::default() });
    let part = Relation {
        r#type: RelationType::PartOf.into(),
        entry: main.clone(),
        ..Relation::default()
    };
    let language = words.0.pick("en", "nl");
    let entry = |title: String, body: Body, first: bool| Entry {
        name: if first { main.clone() } else { format!("{incident}/entries/{}", Uuid::new_v4()) },
        statement: Statement::Fact.into(),
        discipline,
        party: args.party.as_deref().map(full).unwrap_or_default(),
        texts: vec![Text { language: language.into(), title: cut(&title), ..Text::default() }],
        geometry: geometry.clone(),
        times: Some(Times {
            observed: Some(polder_picture::attributes::timestamp(now_ms)),
            ..Times::default()
        }),
        assessment: assessment.clone(),
        relations: if first { Vec::new() } else { vec![part.clone()] },
        place: exact.clone(),
        body: Some(body),
        ..Entry::default()
    };
    let observation = |theme: Theme| Body::Observation(Observation { theme: theme.into() });
    let kind = args.kind.as_deref().unwrap_or_default();
    let title = if exact.is_empty() { kind.to_owned() } else { format!("{kind}, {exact}") };
    let mut entries = vec![entry(title, observation(Theme::Incident), true)];
    for (said, name, theme) in [
        (&args.hazards, words.methane_hazards_title(), Theme::Environment),
        (&args.access, words.methane_access_title(), Theme::Response),
    ] {
        if let Some(said) = said {
            entries.push(entry(format!("{name}: {said}"), observation(theme), false));
        }
    }
    let figures: Vec<_> = [
        (CasualtyCategory::TriageT1, args.t1),
        (CasualtyCategory::TriageT2, args.t2),
        (CasualtyCategory::TriageT3, args.t3),
        (CasualtyCategory::Dead, args.dead),
    ]
    .into_iter()
    .filter_map(|(category, value)| {
        let qualifier = CountQualifier::About.into();
        let count = Count { value: i64::from(value?), qualifier, ..Count::default() };
        let category = category.into();
        Some(CasualtyFigure { category, count: Some(count), ..CasualtyFigure::default() })
    })
    .collect();
    if !figures.is_empty() {
        let body = Body::Casualties(Casualties { figures, ..Casualties::default() });
        entries.push(entry(words.methane_casualties_title().to_owned(), body, false));
    }
    if let Some(need) = &args.services {
        let (need, state) = (cut(need), RequestState::Asked.into());
        let title = format!("{}: {need}", words.methane_services_title());
        let body = AssistanceRequest { need, state, ..AssistanceRequest::default() };
        entries.push(entry(title, Body::AssistanceRequest(body), false));
    }
    Ok(entries)
}

fn full(party: &str) -> String {
    format!("parties/{}", party.trim_start_matches("parties/"))
}
