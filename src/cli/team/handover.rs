//! `polder handover`.

use jiff::Zoned;
use polder_picture::attributes::millis;
use polder_wire::v1::{Entry, GetHandoverRequest, GetHandoverResponse, HandoverLine, MatterSort};
use prost::Message as _;

use super::{Asked, asked, contradictions::print_one, gaps::party_line, service};
use crate::{
    cli::{Context, args::HandoverArgs, client, say, say_json, show::Lines},
    json,
};

pub(in crate::cli) async fn handover(context: &Context, args: HandoverArgs) -> anyhow::Result<u8> {
    let Asked { channel, incident, known_at, lines } = asked(context, &args.ask).await?;
    let since = client::moment(&args.since, &Zoned::now())?;
    let request = GetHandoverRequest { incident: incident.name, known_at, since: Some(since) };
    let answer = service(channel).get_handover(request).await?.into_inner();
    if context.common.json {
        say_json(&json::from_message("GetHandoverResponse", &answer)?)?;
        return Ok(0);
    }
    print_handover(&lines, millis(&since), &answer)?;
    Ok(0)
}

/// Prints what the next shift must know.
pub(in crate::cli) fn print_handover(
    lines: &Lines,
    since_ms: i64,
    answer: &GetHandoverResponse,
) -> anyhow::Result<()> {
    let words = lines.words;
    let (now, since) = (lines.moment(lines.now()), lines.moment(since_ms));
    let title = format!("{} {now}, {} {since}", words.handover(), words.handover_since());
    say(&lines.heading(&title))?;
    let left = answer.left_out.unwrap_or_default();
    heading(lines, words.contradicting(), answer.contradictions.len(), left.contradictions)?;
    for one in &answer.contradictions {
        print_one(lines, one)?;
    }
    for (name, told, left_out) in [
        (words.overdue(), &answer.overdue, left.overdue),
        (words.still_open(), &answer.open, left.open),
        (words.decided_since(), &answer.decided, left.decided),
        (words.expected_ahead(), &answer.expected, left.expected),
        (words.changed_since(), &answer.changed, left.changed),
    ] {
        heading(lines, name, told.len(), left_out)?;
        for line in told {
            print_line(lines, line, name == words.expected_ahead())?;
        }
    }
    heading(lines, words.silent_parties(), answer.silent.len(), left.silent)?;
    for party in &answer.silent {
        say(&format!("  {}", party_line(lines, party)))?;
    }
    Ok(())
}

fn heading(lines: &Lines, name: &str, told: usize, left_out: i32) -> anyhow::Result<()> {
    say("")?;
    let words = lines.words;
    let mut text = match told {
        0 => format!("{name}: {}", words.nothing_there()),
        _ => format!("{name} ({})", told as i64 + i64::from(left_out)),
    };
    if left_out > 0 {
        text.push_str(&format!(", {left_out} {}", words.more_lines()));
    }
    say(&lines.heading(&text))
}

fn print_line(lines: &Lines, line: &HandoverLine, ahead: bool) -> anyhow::Result<()> {
    let words = lines.words;
    let entry = Entry::decode(line.entry.clone())?;
    let mut mark = words.matter(line.sort()).to_owned();
    let due = line.time.as_ref().map(|time| lines.moment(millis(time)));
    if let Some(due) = due.filter(|_| ahead || line.sort() != MatterSort::Unspecified) {
        // When a decision was taken stands in its line.
        if line.sort() != MatterSort::Decision {
            let word = if ahead { words.expected() } else { words.due() };
            mark = format!("{mark} {word} {due}").trim_start().to_owned();
        }
    }
    let shown = lines.entry(&entry);
    if mark.is_empty() {
        return say(&shown);
    }
    say(&format!("{} {shown}", lines.warn(&format!("[{mark}]"))))
}
