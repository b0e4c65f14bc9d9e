//! `polder demo`: two regions and the national centre play the flood of July 2021, on clocks that
//! say what the clocks said then. While the Maas is at its highest, the north is cut off.

mod advice;
mod called;
mod charter;
mod nation;
mod team;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use indicatif::ProgressBar;
use polder_picture::attributes::timestamp;
use polder_wire::v1::{
    Changes, Entry, EntryFilter, EntryView, GetPictureAsOfRequest, Incident, NowStart,
    SubscribeRequest, SubscribeStart, subscribe_response::Event, subscribe_start::At,
};
use prost::Message as _;

use self::nation::{CUT, NATION, NORTH, Nation, PLACES, Place, open_port};
use super::{
    Context, Misuse,
    args::DemoArgs,
    client, say, say_json,
    scenario::{self, Step},
    session::Connection,
    show::Lines,
    store::bar,
};
use crate::{
    node::Node,
    serve::{Addresses, check_addresses},
    store::engine::ENGINES,
};

/// Part of the program, so that the demo needs no file.
const SCENARIO: &str = include_str!("../../scenarios/limburg2021.jsonl");

/// Longest pause between two steps; the scenario itself pauses for months.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// How often the pages are told how the nodes stand.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Moments at which the summary looks at the picture, each after all steps of its minute: the
/// first evening, the peak, the evacuation of Venlo, the end of the crisis phase.
const MOMENTS: [&str; 4] = [
    "2021-07-14T20:00:59Z",
    "2021-07-15T20:00:59Z",
    "2021-07-16T17:00:59Z",
    "2021-07-20T18:00:59Z",
];

pub(super) async fn run(context: &Context, args: DemoArgs) -> anyhow::Result<u8> {
    let steps = scenario::parse(SCENARIO)?;
    let addresses = Addresses { listen: args.listen, admin: args.admin, local: None };
    // Everybody may play with it, so nobody off this machine may reach it.
    let open = Addresses { local: Some(args.listen), ..addresses };
    check_addresses(&open).context(Misuse)?;
    let engine = context.engine(args.engine.clone())?;
    let engine = engine.unwrap_or_else(|| ENGINES[0].0.to_owned());
    let (dir, temporary) = directory(args.data.clone())?;
    // With --once nobody else asks, so any ports will do.
    let wanted = (!args.once).then_some(addresses);
    let mut nation = Nation::start(context, &dir, &engine, wanted, &steps).await?;
    nation.settle().await?;
    let played = if args.once {
        play_at_once(context, &mut nation, steps).await
    } else {
        play(context, &mut nation, steps, args.speed).await
    };
    nation.stop().await?;
    drop(temporary);
    played.map(|()| 0)
}

fn directory(data: Option<PathBuf>) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    match data {
        Some(data) => {
            std::fs::create_dir_all(&data)?;
            Ok((data, None))
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("polder-demo-").tempdir()?;
            Ok((temporary.path().to_owned(), Some(temporary)))
        }
    }
}

/// The north is cut off by the scenario; `None`: nothing changes at this step.
fn cut_at(step: &Step, cut: bool) -> Option<bool> {
    let row = step.row?;
    match (CUT.contains(&row), cut) {
        (true, false) => Some(true),
        (false, true) if row > *CUT.end() => Some(false),
        _ => None,
    }
}

async fn play_at_once(
    context: &Context,
    nation: &mut Nation,
    steps: Vec<Step>,
) -> anyhow::Result<()> {
    let bar = bar(steps.len() as u64, "steps");
    for step in steps {
        if let Some(cut) = cut_at(&step, nation.is_cut(NORTH)) {
            nation.cut(NORTH, cut);
        }
        nation.report_before(&step).await?;
        nation.settle().await?;
        nation.set_clock(step.at_ms);
        nation.play(step).await?;
        bar.inc(1);
    }
    nation.settle().await?;
    bar.finish_and_clear();
    summarise(context, nation).await?;
    if !context.common.json {
        let (records, _) = nation.records();
        say(&format!("\n{} ({} records)", context.words.demo_one(), records[NATION]))?;
    }
    Ok(())
}

async fn play(
    context: &Context,
    nation: &mut Nation,
    steps: Vec<Step>,
    speed: f64,
) -> anyhow::Result<()> {
    let words = context.words;
    charter::let_in(nation.places[NATION].channel.clone()).await?;
    introduce(context, nation)?;
    let bar = bar(steps.len() as u64, "");
    let Place { node, channel, .. } = &nation.places[NATION];
    let watching =
        tokio::spawn(follow(context.lines.clone(), channel.clone(), bar.clone(), Arc::clone(node)));
    let mut typed = typed();
    let mut last_ms = steps[0].at_ms;
    let mut were_one = true;
    // What somebody switched stays so until the scenario itself has something to say of it.
    let mut scripted = false;
    let mut stopped = None;
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::pin!(interrupted);
    for step in steps {
        if let Some(cut) = cut_at(&step, scripted) {
            scripted = cut;
            nation.cut(NORTH, cut);
            let told = if cut { words.demo_cut_off() } else { words.demo_back() };
            print(&bar, &context.lines.heading(told));
        }
        let pause = (step.at_ms - last_ms).max(0) as f64 / 1000.0 / speed.max(0.001);
        let pause = Duration::from_secs_f64(pause.min(PAUSE_MAX.as_secs_f64()));
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut interrupted => {
                    watching.abort();
                    bar.finish_and_clear();
                    return Ok(());
                }
                line = order(&mut typed, nation) => obey(context, nation, &bar, &line),
                () = &mut over => break,
            }
        }
        let (records, one) = nation.records();
        if one && !were_one {
            print(&bar, &context.lines.heading(words.demo_one()));
        }
        // The last step may still be on its way: only a cut parts the pictures.
        were_one = one || (were_one && !(0..3).any(|place| nation.is_cut(place)));
        last_ms = step.at_ms;
        // Whoever plays with it may close the incident, or take a right away that a step needs.
        if let Err(error) = take(nation, step).await {
            stopped = Some(error);
            break;
        }
        bar.set_message(format!("{} · {}", context.lines.moment(last_ms), counts(records)));
        bar.inc(1);
    }
    let over = match stopped {
        Some(error) => Err(error),
        None => nation.settle().await,
    };
    // The last changes are on their way to the screen.
    tokio::time::sleep(Duration::from_millis(300)).await;
    watching.abort();
    bar.finish_and_clear();
    let told = if let Err(error) = over {
        eprintln!("{}", super::explain(&error, words).1);
        words.demo_stopped()
    } else {
        summarise(context, nation).await?;
        say(&format!("\n{} ({})", words.demo_one(), counts(nation.records().0)))?;
        words.demo_done()
    };
    let listen = open_port(&nation.places[NATION].serving);
    say(&format!("{told} {} {listen}.", words.listening()))?;
    say(&format!("{} http://{listen}/", words.page_at()))?;
    say(words.press_ctrl_c())?;
    loop {
        tokio::select! {
            () = &mut interrupted => return Ok(()),
            line = order(&mut typed, nation) => obey(context, nation, &bar, &line),
        }
    }
}

/// One step of the scenario.
async fn take(nation: &mut Nation, step: Step) -> anyhow::Result<()> {
    nation.report_before(&step).await?;
    nation.set_clock(step.at_ms);
    nation.play(step).await
}

fn introduce(context: &Context, nation: &Nation) -> anyhow::Result<()> {
    let words = context.words;
    say(&context.lines.heading(words.demo_intro()))?;
    for place in &nation.places {
        let (listen, admin) = (open_port(&place.serving), place.serving.addresses.admin);
        let name = place.name;
        say(&format!(
            "  {name:<8} http://{listen}/   {} http://{admin}/metrics",
            words.admin_on()
        ))?;
    }
    let bound = open_port(&nation.places[NATION].serving);
    say(&context.lines.heading(&format!("{} http://{}/", words.page_at(), bound)))?;
    let ask = if bound.port() == 7420 { String::new() } else { format!(" --node {bound}") };
    say(&format!("{}: polder watch{ask} · polder links{ask}", words.demo_try()))?;
    say(&format!("  polder as-of{ask} --known 2021-07-15T21:00 --valid 2021-07-16T06:00"))?;
    let who: Vec<_> = charter::PEOPLE.iter().map(|(name, ..)| *name).collect();
    say(&format!("{}: {}", words.demo_people(), who.join(", ")))?;
    say(&format!("  polder login politie{ask}   ({})", charter::PASSPHRASE))?;
    say(&format!("{} {}\n", words.demo_type(), words.press_ctrl_c()))
}

/// Records of the three.
fn counts(records: [u64; 3]) -> String {
    let counts = PLACES.iter().zip(records).map(|((name, _), count)| format!("{name} {count}"));
    counts.collect::<Vec<_>>().join(" · ")
}

/// Lines that are typed while the demo runs.
fn typed() -> tokio::sync::mpsc::Receiver<String> {
    let (sender, typed) = tokio::sync::mpsc::channel(4);
    // A thread of its own: reading a terminal cannot be given up, and must not hold up the end.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}

/// The next line that is typed, or what somebody switched on a page, as such a line. Pages are told
/// meanwhile how the nodes stand.
async fn order(typed: &mut tokio::sync::mpsc::Receiver<String>, nation: &mut Nation) -> String {
    loop {
        nation.tell();
        tokio::select! {
            Some(line) = typed.recv() => return line,
            Some(switch) = nation.switched.recv() => {
                let verb = if switch.cut { "cut" } else { "restore" };
                return format!("{verb} {}", PLACES[switch.place].0);
            }
            () = tokio::time::sleep(TELL_EVERY) => {}
        }
    }
}

/// `cut noord`, `restore noord`, in English or Dutch.
fn obey(context: &Context, nation: &mut Nation, bar: &ProgressBar, line: &str) {
    let mut parts = line.split_whitespace();
    let (verb, place) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let cut = match verb {
        "cut" | "knip" => Some(true),
        "restore" | "herstel" => Some(false),
        _ => None,
    };
    let known = PLACES.iter().position(|(name, _)| *name == place);
    let (Some(cut), Some(place)) = (cut, known) else {
        print(bar, context.words.demo_type());
        return;
    };
    nation.cut(place, cut);
    let (records, one) = nation.records();
    let state = if one { context.words.demo_same() } else { context.words.demo_apart() };
    print(bar, &format!("{line}: {} · {state}", counts(records)));
}

/// Prints changes above the progress line.
async fn follow(
    lines: Lines,
    channel: Connection,
    bar: ProgressBar,
    node: Arc<Node>,
) -> anyhow::Result<()> {
    let request = SubscribeRequest {
        filter: Some(EntryFilter {
            mode: polder_wire::v1::Mode::Exercise.into(),
            ..Default::default()
        }),
        start: Some(SubscribeStart { at: Some(At::Now(NowStart {})) }),
        client_id: "polder demo".into(),
        ..Default::default()
    };
    let mut stream = client::picture(channel).subscribe(request).await?.into_inner();
    while let Some(message) = stream.message().await? {
        let lines = Lines { now_ms: Some(node.wall.now_ms()), ..lines.clone() };
        match message.event {
            Some(Event::Changes(changes)) => {
                for change in Changes::decode(changes)?.changes {
                    for version in change.versions {
                        print(&bar, &lines.entry(&Entry::decode(version)?));
                    }
                }
            }
            Some(Event::Incident(incident)) => print(&bar, &lines.incident(&incident)),
            _ => {}
        }
    }
    Ok(())
}

fn print(bar: &ProgressBar, line: &str) {
    // Without a terminal the bar is hidden and would swallow the line.
    if bar.is_hidden() {
        println!("{line}");
    } else {
        bar.println(line);
    }
}

/// The picture at one moment.
#[derive(Debug, Default)]
struct Picture {
    entries: i64,
    contradictions: i64,
    stale: i64,
    versions: Vec<Entry>,
    incident: Incident,
}

async fn picture_at(
    channel: &Connection,
    incident: &str,
    known_ms: i64,
) -> anyhow::Result<Picture> {
    let mut picture = Picture::default();
    let ask = |only_stale: bool| GetPictureAsOfRequest {
        filter: Some(EntryFilter {
            incidents: vec![incident.to_owned()],
            only_stale,
            ..Default::default()
        }),
        known_at: Some(timestamp(known_ms)),
        valid_at: None,
        view: EntryView::Full.into(),
    };
    let mut client = client::picture(channel.clone());
    let mut stream = client.get_picture_as_of(ask(false)).await?.into_inner();
    while let Some(message) = stream.message().await? {
        for entry in message.entries {
            picture.versions.push(Entry::decode(entry)?);
        }
        if let Some(summary) = message.summary {
            picture.entries = summary.entry_count;
            picture.contradictions = summary.contradiction_count;
            picture.incident = summary.incident.unwrap_or_default();
        }
    }
    let mut stream = client.get_picture_as_of(ask(true)).await?.into_inner();
    while let Some(message) = stream.message().await? {
        picture.stale = message.summary.map_or(picture.stale, |summary| summary.entry_count);
    }
    Ok(picture)
}

const INCIDENT: &str = "incidents/limburg-2021";

async fn summarise(context: &Context, nation: &Nation) -> anyhow::Result<()> {
    let Place { node, channel, .. } = &nation.places[NATION];
    let end_ms = node.wall.now_ms();
    let mut moments = Vec::new();
    for moment in MOMENTS {
        let at: jiff::Timestamp = moment.parse().context("a moment of the summary")?;
        moments
            .push((at.as_millisecond(), picture_at(channel, INCIDENT, at.as_millisecond()).await?));
    }
    let last = picture_at(channel, INCIDENT, end_ms).await?;
    if context.common.json {
        return summary_json(node, &moments, end_ms, &last);
    }
    let (words, lines) = (context.words, Lines { now_ms: Some(end_ms), ..context.lines.clone() });
    say(&lines.incident(&last.incident))?;
    say("")?;
    let columns = [words.entries(), words.contradictions(), words.stale_items(), "GRIP"];
    let heading = format!(
        "{:<18}{:>9}{:>16}{:>12}  {}",
        words.as_known_at(),
        columns[0],
        columns[1],
        columns[2],
        columns[3]
    );
    say(&lines.heading(&heading))?;
    for (ms, picture) in moments.iter().map(|(ms, picture)| (*ms, picture)).chain([(end_ms, &last)])
    {
        let grip = picture.incident.scalings.iter().map(|scaling| {
            let region = scaling.region.trim_start_matches("parties/");
            format!("{region} {}", super::words::grip(scaling.grip()).trim_start_matches("GRIP "))
        });
        let grip = grip.collect::<Vec<_>>().join(", ");
        let (entries, contradictions, stale) =
            (picture.entries, picture.contradictions, picture.stale);
        say(&format!(
            "{:<18}{entries:>9}{contradictions:>16}{stale:>12}  {grip}",
            lines.moment(ms)
        ))?;
    }
    say("")?;
    let counted = |name: &dyn Fn(&Entry) -> String| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        last.versions.iter().for_each(|entry| *counts.entry(name(entry)).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(" · ")
    };
    let by_discipline = counted(&|entry| words.discipline(entry.discipline()).to_owned());
    let by_kind = counted(&|entry| words.kind(&entry.kind));
    let by_statement = counted(&|entry| words.statement(entry.statement()).to_owned());
    for (heading, text) in [
        (words.by_discipline(), by_discipline),
        (words.by_kind(), by_kind),
        (words.by_statement(), by_statement),
    ] {
        let options =
            textwrap::Options::new(lines.width).initial_indent("  ").subsequent_indent("  ");
        say(&format!("{}\n{}", lines.heading(heading), textwrap::fill(&text, options)))?;
    }
    say("")?;
    advice::show(context, &nation.refused)?;
    team::show(context, INCIDENT, channel.clone(), nation.seen.as_ref()).await
}

/// Entries with rivals, or that contradict another, by name.
fn contradictions(versions: &[Entry]) -> BTreeMap<&str, Vec<&Entry>> {
    use polder_wire::v1::RelationType;
    let mut found: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in versions {
        let says = entry.relations.iter().any(|r| r.r#type() == RelationType::Contradicts);
        if !entry.rivals.is_empty() || says {
            found.entry(&entry.name).or_default().push(entry);
        }
    }
    found
}

fn summary_json(
    node: &Arc<Node>,
    moments: &[(i64, Picture)],
    end_ms: i64,
    last: &Picture,
) -> anyhow::Result<()> {
    let row = |ms: i64, picture: &Picture| {
        serde_json::json!({
            "knownAt": jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).ok(),
            "entries": picture.entries,
            "contradictions": picture.contradictions,
            "stale": picture.stale,
        })
    };
    let mut rows: Vec<_> = moments.iter().map(|(ms, picture)| row(*ms, picture)).collect();
    rows.push(row(end_ms, last));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut disciplines: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &last.versions {
        *kinds.entry(entry.kind.as_str()).or_default() += 1;
        *disciplines.entry(entry.discipline().as_str_name()).or_default() += 1;
    }
    let records = node.picture.read().lsn();
    say_json(&serde_json::json!({
        "records": records, "moments": rows, "kinds": kinds, "disciplines": disciplines,
        "contradictions": contradictions(&last.versions).keys().collect::<Vec<_>>(),
    }))
}
