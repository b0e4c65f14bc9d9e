//! `polder situation` and `polder digest`.

use jiff::Zoned;
use polder_picture::{attributes::millis, team::scaling::team_name};
use polder_wire::v1::{
    Clock, ClockKind, DigestReason, Discipline, Entry, GetDigestRequest, GetDigestResponse,
    GetSituationRequest, GetSituationResponse, SectionPicture, SectionState, SituationLine,
    situation_service_client::SituationServiceClient,
};
use prost::Message as _;

use super::{Asked, asked};
use crate::{
    cli::{
        Context,
        args::{DigestArgs, SituationArgs},
        client::{self, enumeration},
        say, say_json,
        session::Connection,
        show::Lines,
        words::grip,
    },
    json,
};

pub(in crate::cli) fn service(channel: Connection) -> SituationServiceClient<Connection> {
    SituationServiceClient::new(channel).max_decoding_message_size(8 << 20)
}

pub(super) fn party_name(name: &str) -> String {
    format!("parties/{}", name.trim_start_matches("parties/"))
}

fn bare(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

fn disciplines(words: &[String]) -> anyhow::Result<Vec<i32>> {
    let one = |word: &String| -> anyhow::Result<i32> {
        Ok(enumeration("DISCIPLINE", word, Discipline::from_str_name)?.into())
    };
    words.iter().map(one).collect()
}

pub(in crate::cli) async fn situation(
    context: &Context,
    args: SituationArgs,
) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let request = GetSituationRequest {
        incident: incident.name.clone(),
        known_at,
        parties: args.party.iter().map(|party| party_name(party)).collect(),
        disciplines: disciplines(&args.discipline)?,
        lines: args.lines,
    };
    let answer = service(channel).get_situation(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("GetSituationResponse", &answer)?)?;
        return Ok(0);
    }
    let title = format!("{} {}", lines.words.situation(), lines.title(&incident));
    say(&lines.heading(&format!("{title} · {}", lines.moment(lines.now()))))?;
    print_situation(&lines, &answer)?;
    Ok(0)
}

/// Prints a situation picture.
pub(in crate::cli) fn print_situation(
    lines: &Lines,
    answer: &GetSituationResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    let mut head = format!("    {} {}", words.phase(), words.phase_name(answer.phase()));
    for scaling in &answer.scalings {
        head.push_str(&format!(" · {} {}", bare(&scaling.region), grip(scaling.grip())));
        let dutch = words.0.pick(false, true);
        let teams: Vec<_> = scaling.teams().map(|team| team_name(team, dutch)).collect();
        if !teams.is_empty() {
            head.push_str(&format!(" ({})", teams.join(", ")));
        }
    }
    if answer.grip_rijk {
        head.push_str(" · GRIP Rijk");
    }
    say(&head)?;
    if let Some(counts) = &answer.counts {
        let marked = |count: i32, word: &str| {
            let text = format!("{word} {count}");
            if count > 0 { lines.warn(&text) } else { text }
        };
        say(&format!(
            "    {} · {} · {}",
            marked(counts.open_contradictions, words.contradicting()),
            marked(counts.overdue, words.overdue()),
            marked(counts.parties_without_word, words.without_word())
        ))?;
    }
    print_clocks(lines, &answer.clocks)?;
    for section in &answer.sections {
        print_section(lines, section)?;
    }
    Ok(())
}

fn print_clocks(lines: &Lines, clocks: &[Clock]) -> anyhow::Result<()> {
    let words = lines.words;
    let shown: Vec<_> =
        clocks.iter().filter(|clock| clock.late || clock.met_time.is_none()).collect();
    if clocks.is_empty() {
        return Ok(());
    }
    say("")?;
    let in_time = clocks.len() - shown.len();
    say(&lines.heading(&format!("{} ({} {})", words.clocks(), words.in_time(), in_time)))?;
    for clock in shown {
        say(&format!("  {}", clock_line(lines, clock)))?;
    }
    Ok(())
}

/// Something for which time is given: for what, until when, and how it stands.
fn clock_line(lines: &Lines, clock: &Clock) -> String {
    let words = lines.words;
    let what = match clock.kind() {
        ClockKind::Description => words.clock_description().to_owned(),
        ClockKind::Processing => {
            format!("{}: {}", words.section(clock.section()), words.clock_processing())
        }
        ClockKind::Team => {
            let dutch = words.0.pick(false, true);
            format!("{} {}", team_name(clock.team(), dutch), bare(&clock.region))
        }
        ClockKind::Unspecified => "?".to_owned(),
    };
    let due_ms = clock.due_time.as_ref().map_or(0, millis);
    let due = format!("{} {}", words.due(), lines.moment(due_ms));
    if clock.kind() == ClockKind::Processing && clock.late_count > 0 {
        let late = format!("[{} {}]", clock.late_count, words.clock_too_late());
        return format!("{what} {}", lines.alarm(&late));
    }
    let over = |ms: i64| words.age(ms - due_ms);
    match (&clock.met_time, clock.late) {
        (Some(met), true) => {
            let met = millis(met);
            let late = format!("[{} {}]", over(met), words.clock_too_late());
            format!(
                "{what} {due} · {} {} {}",
                words.clock_met(),
                lines.moment(met),
                lines.warn(&late)
            )
        }
        (None, true) => {
            let late = format!("[{} {}]", over(lines.now()), words.clock_too_late());
            format!("{what} {due} {}", lines.alarm(&late))
        }
        _ => {
            let left = words.age(due_ms - lines.now());
            format!("{what} {due} · {} {left}", words.clock_left())
        }
    }
}

/// The heading of a section: what is in it, and how old.
pub(super) fn section_heading(lines: &Lines, state: &SectionState) -> String {
    let words = lines.words;
    let mut text = capital(words.section(state.section()));
    if state.entry_count == 0 {
        text.push_str(&format!(" [{}]", words.nobody_filled()));
    } else {
        text.push_str(&format!(" ({} {}", state.entry_count, words.entries()));
        if state.stale_count > 0 {
            text.push_str(&format!(", {} {}", words.of_which_stale(), state.stale_count));
        }
        text.push(')');
    }
    text
}

/// Whose a section is.
pub(super) fn owner_of(lines: &Lines, state: &SectionState) -> String {
    match &state.owner {
        Some(owner) if owner.role.is_empty() => bare(&owner.party).to_owned(),
        Some(owner) => format!("{}, {}", bare(&owner.party), owner.role),
        None => lines.warn(lines.words.no_owner()),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A section with its lines.
fn print_section(lines: &Lines, section: &SectionPicture) -> anyhow::Result<()> {
    say("")?;
    let state = section.state.clone().unwrap_or_default();
    let owner = owner_of(lines, &state);
    say(&lines.heading(&format!("{} · {owner}", section_heading(lines, &state))))?;
    print_lines(lines, section)
}

/// The lines of a section, and how many more there are.
pub(super) fn print_lines(lines: &Lines, section: &SectionPicture) -> anyhow::Result<()> {
    let words = lines.words;
    for line in &section.lines {
        print_line(lines, line)?;
    }
    if section.left_out > 0 || section.stale_left_out > 0 {
        let text = format!(
            "({} {}, {} {})",
            section.left_out,
            words.more_lines(),
            section.stale_left_out,
            words.stale_not_shown()
        );
        say(&lines.faint(&text))?;
    }
    Ok(())
}

/// One line, with its age and the source to look it up by.
pub(super) fn print_line(lines: &Lines, line: &SituationLine) -> anyhow::Result<()> {
    let entry = Entry::decode(line.entry.clone())?;
    let (mut shown, word) = (lines.entry(&entry), lines.words.contradiction());
    if line.contradicts && !shown.contains(word) {
        shown.push_str(&format!(" {}", lines.alarm(&format!("[{word}]"))));
    }
    say(&shown)?;
    say(&lines.faint(&format!("    {} · {}", super::grounds(lines, &entry), short(&entry.name))))
}

/// The start of an entry's id: enough to find it by.
fn short(name: &str) -> &str {
    let id = name.rsplit('/').next().unwrap_or(name);
    id.get(..8).unwrap_or(id)
}

pub(in crate::cli) async fn digest(context: &Context, args: DigestArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let near = Zoned::now();
    let request = GetDigestRequest {
        incident: incident.name,
        known_at,
        party: args.party.as_deref().map(party_name).unwrap_or_default(),
        discipline: disciplines(args.discipline.as_slice())?.first().copied().unwrap_or_default(),
        since: args.since.as_deref().map(|at| client::moment(at, &near)).transpose()?,
        lines: args.lines,
    };
    let answer = service(channel).get_digest(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("GetDigestResponse", &answer)?)?;
        return Ok(0);
    }
    print_digest(&lines, &answer)?;
    Ok(0)
}

/// Prints what one reader should see first.
pub(in crate::cli) fn print_digest(
    lines: &Lines,
    answer: &GetDigestResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    if answer.lines.is_empty() && answer.held_back.is_empty() {
        return say(words.digest_empty());
    }
    let mut last = DigestReason::Unspecified;
    for line in &answer.lines {
        if line.reason() != last {
            if last != DigestReason::Unspecified {
                say("")?;
            }
            last = line.reason();
            say(&lines.heading(words.digest_reason(last)))?;
        }
        let entry = Entry::decode(line.entry.clone())?;
        let due = line.due_time.as_ref().map(|due| lines.moment(millis(due)));
        let due = due.map(|due| format!("[{} {due}] ", words.due()));
        say(&format!("{}{}", lines.warn(&due.unwrap_or_default()), lines.entry(&entry)))?;
    }
    let all: i32 = answer.held_back.iter().map(|held| held.count).sum();
    if all > 0 {
        say("")?;
        say(&lines.heading(&format!("{} ({all})", words.held_back())))?;
        let mut reasons: Vec<_> = answer.held_back.iter().map(|held| held.reason()).collect();
        reasons.dedup();
        for reason in reasons {
            let of = answer.held_back.iter().filter(|held| held.reason() == reason);
            let columns =
                of.map(|held| format!("{} {}", words.discipline(held.discipline()), held.count));
            let columns: Vec<_> = columns.collect();
            say(&format!("  {}: {}", words.digest_reason(reason), columns.join(" · ")))?;
        }
    }
    Ok(())
}
